# The bucket that recordings rest in. Objects are named
# rec/<retention-days>/<camera>/…, so that a lifecycle rule for each retention
# is a backstop behind the control plane's own deletion. What must stay for longer the control
# plane moves, once those days are over, to the prefix of its days or, while a
# hold keeps it, to hold/, for which there must be no rule; so does what goes to
# the deep archive.

resource "aws_s3_bucket" "archive" {
  bucket = var.bucket
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  bucket = aws_s3_bucket.archive.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
    bucket_key_enabled = true
  }
}

# Players fetch by presigned URL with a signed Range header, from pages of any
# origin that was given one.
resource "aws_s3_bucket_cors_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id
  cors_rule {
    allowed_methods = ["GET", "HEAD"]
    allowed_origins = var.player_origins
    allowed_headers = ["Range"]
    expose_headers  = ["Content-Length", "Content-Range", "ETag"]
    max_age_seconds = 86400
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  dynamic "rule" {
    for_each = var.retention_days
    content {
      id     = "rec-${rule.value}"
      status = "Enabled"
      filter {
        prefix = "rec/${rule.value}/"
      }
      expiration {
        days = rule.value + var.backstop_days
      }
    }
  }

  rule {
    id     = "clips"
    status = "Enabled"
    filter {
      prefix = "clip/"
    }
    expiration {
      days = 2
    }
  }

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
