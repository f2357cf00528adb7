variable "region" {
  description = "AWS region of the bucket."
  type        = string
}

variable "deployment" {
  description = "Short name of the deployment, such as the province's; part of the bucket's name."
  type        = string
}

variable "player_origins" {
  description = "Origins of pages that may play from the bucket."
  type        = list(string)
  default     = ["*"]
}
