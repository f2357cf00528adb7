output "objects" {
  description = "What --objects takes."
  value       = "s3://${module.archive.bucket}?region=${var.region}"
}

output "gateway_policy" {
  description = "IAM policy document for gateways."
  value       = module.archive.gateway_policy
}

output "functions_policy" {
  description = "IAM policy document for the functions."
  value       = module.archive.functions_policy
}
