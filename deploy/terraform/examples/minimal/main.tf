# One job in AWS, without a second cloud: `dev` and `uat`, by `terraform apply -var-file=dev.tfvars`.
terraform {
  required_version = ">= 1.9"

  # Where the state lies is said by -backend-config: deploy/README.md.
  backend "s3" {
    use_lockfile = true
  }

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.25, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region
}

module "aws" {
  source = "../../aws"

  name         = var.name
  environment  = var.environment
  image_digest = var.image_digest
  network      = var.network
  told         = var.told

  jobs = {
    settlements = {
      at = "02:30"
      tables = {
        analytics = ["cfd_unit", "metered_output", "strike_price", "reference_price", "difference_payment", "invoice"]
        public    = ["cfd_unit"]
      }
      looks_up  = ["contract"]
      reads     = ["${var.name}-${var.environment}-topics/settlements", var.prices]
      variables = var.database
      secrets   = var.secrets
    }
  }
}
