variable "region" {
  description = "AWS region of the function."
  type        = string
}

variable "deployment" {
  description = "Short name of the deployment, such as the province's."
  type        = string
}

variable "function_arn" {
  description = "The Lambda function that runs `gatepost lambda`."
  type        = string
}
