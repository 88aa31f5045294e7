# Production: both jobs, both clouds, everybody who is told: `terraform apply -var-file=prod.tfvars`.
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
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

# By Entra and not by a key of the account, which has none.
provider "azurerm" {
  subscription_id                 = var.azure.subscription
  storage_use_azuread             = true
  resource_provider_registrations = "none"
  features {}
}

locals {
  name = "${var.name}-prod"

  # What `jobs/environments/prod.toml` asks of the surroundings; the two databases lie on one server.
  surroundings = { variables = var.database, secrets = var.secrets }
}

module "aws" {
  source = "../../aws"

  name         = var.name
  environment  = "prod"
  image_digest = var.image_digest
  network      = var.network
  # The second cloud.
  reaches_out      = true
  told             = var.told
  budget_usd       = var.budget_usd
  log_days         = 731
  old_version_days = 30
  set_aside_days   = 30
  sentinel         = var.sentinel
  identities       = var.azure.asks_by_token ? module.azure.identities : {}
  tags             = var.tags

  jobs = {
    settlements = merge(local.surroundings, {
      at = "02:30"
      tables = {
        analytics = ["cfd_unit", "metered_output", "strike_price", "reference_price", "difference_payment", "invoice"]
        public    = ["cfd_unit"]
      }
      looks_up  = ["contract"]
      reads     = ["${local.name}-topics/settlements", var.prices]
      databases = var.logins
    })
    contracts = merge(local.surroundings, {
      at        = "03:00"
      tables    = { analytics = ["counterparty", "contract", "contact", "signatory", "bank_account", "milestone"] }
      reads     = ["${local.name}-topics/contracts"]
      databases = var.logins
    })
  }
}

module "azure" {
  source = "../../azure"

  environment     = "prod"
  resource_group  = var.azure.resource_group
  location        = var.azure.location
  account         = var.azure.account
  replication     = "GZRS"
  addresses       = var.azure.addresses
  subnets         = var.azure.subnets
  readers         = var.azure.readers
  writers         = var.azure.writers
  log_workspace   = var.azure.log_workspace
  deleted_days    = 30
  cool_after_days = 90
  tags            = var.tags

  aws = {
    issuer   = var.azure.issuer
    subjects = module.aws.job_roles
  }
}
