# The archive of one deployment: a bucket and the policies of those who use it.

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
      concern    = "archive"
    }
  }
}

module "archive" {
  source         = "../../modules/archive"
  bucket         = "gatepost-${var.deployment}-archive"
  player_origins = var.player_origins
}
