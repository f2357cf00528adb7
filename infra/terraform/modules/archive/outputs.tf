output "bucket" {
  description = "Name of the bucket, for --objects s3://<bucket>?region=<region>."
  value       = aws_s3_bucket.archive.bucket
}

output "gateway_policy" {
  description = "IAM policy document of a gateway: it puts recordings and looks whether they are there."
  value       = data.aws_iam_policy_document.gateway.json
}

output "functions_policy" {
  description = "IAM policy document of the functions: they read, presign, copy, restore, delete and list."
  value       = data.aws_iam_policy_document.functions.json
}
