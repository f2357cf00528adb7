# Least privilege, one document for each who speaks to the bucket.

data "aws_iam_policy_document" "gateway" {
  statement {
    actions   = ["s3:PutObject", "s3:GetObject"]
    resources = ["${aws_s3_bucket.archive.arn}/rec/*"]
  }
  statement {
    # HeadBucket at start; without it a missing object is told as forbidden.
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.archive.arn]
  }
}

data "aws_iam_policy_document" "functions" {
  statement {
    actions   = ["s3:GetObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.archive.arn}/rec/*", "${aws_s3_bucket.archive.arn}/hold/*", "${aws_s3_bucket.archive.arn}/clip/*"]
  }
  statement {
    # What lies in the deep archive goes there under hold/.
    actions   = ["s3:RestoreObject"]
    resources = ["${aws_s3_bucket.archive.arn}/hold/*"]
  }
  statement {
    # Clips, and recordings that move: copies within the bucket.
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.archive.arn}/rec/*", "${aws_s3_bucket.archive.arn}/hold/*", "${aws_s3_bucket.archive.arn}/clip/*"]
  }
  statement {
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.archive.arn]
  }
}
