# The timed work of one deployment whose functions run on Lambda.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = {
      system     = "gatepost"
      deployment = var.deployment
      concern    = "schedule"
    }
  }
}

module "schedule" {
  source       = "../../modules/schedule"
  deployment   = var.deployment
  function_arn = var.function_arn
}
