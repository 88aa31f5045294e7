variable "environment" {
  description = "The environment this is. The warehouse is there in `prod` alone, so this module makes nothing anywhere else: a root leaves it out."
  type        = string
  validation {
    condition     = var.environment == "prod"
    error_message = "The warehouse exists in prod only."
  }
}

variable "resource_group" {
  description = "The resource group that everything is made in. It must be there."
  type        = string
}

variable "location" {
  description = "Where the data lies: `uksouth`, `ukwest`."
  type        = string
  default     = "uksouth"
  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "A location's short name: `uksouth`."
  }
}

variable "account" {
  description = "The storage account's name, which is the world's."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.account))
    error_message = "3 to 24 small letters and digits."
  }
}

variable "replication" {
  description = "How many copies Azure keeps, and where: ZRS is three zones of one region, GZRS another region besides."
  type        = string
  default     = "ZRS"
  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS"], var.replication)
    error_message = "One of LRS, ZRS, GRS and GZRS."
  }
}

variable "aws" {
  description = "Who comes from AWS: `issuer` is the account's own (`aws iam get-outbound-web-identity-federation-info`), `subjects` are the roles of the jobs (the AWS module's output `job_roles`), `audience` is what the token must be for."
  type = object({
    issuer   = string
    subjects = map(string)
    audience = optional(string, "api://AzureADTokenExchange")
  })
  validation {
    condition     = can(regex("^https://[^*]+$", var.aws.issuer))
    error_message = "An issuer is an `https://` url."
  }
  validation {
    condition     = alltrue([for subject in values(var.aws.subjects) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[^*]+$", subject))])
    error_message = "A subject is the ARN of one role, without a `*`."
  }
  validation {
    condition     = length(var.aws.audience) > 0 && !strcontains(var.aws.audience, "*")
    error_message = "An audience, without a `*`."
  }
}

variable "addresses" {
  description = "Addresses or ranges from which the account may be reached besides Azure's own trusted services: the NAT gateway's of AWS, an office's. Ranges of /31 and /32 are written as addresses."
  type        = list(string)
  validation {
    condition     = length(var.addresses) > 0 && !contains(var.addresses, "0.0.0.0/0")
    error_message = "At least one, and never everybody."
  }
}

variable "subnets" {
  description = "Subnets of Azure whose readers may reach the account (their ids), with the service endpoint Microsoft.Storage."
  type        = list(string)
  default     = []
}

variable "readers" {
  description = "Who reads a container: object ids of groups in Entra, by audience."
  type        = object({ analytics = optional(set(string), []), public = optional(set(string), []) })
  default     = {}
}

variable "writers" {
  description = "Others that publish, by the object ids of their service principals: an app registration whose secret a job is given by reference, for as long as nightferry asks for no token of AWS's by itself."
  type        = set(string)
  default     = []
}

variable "log_workspace" {
  description = "The id of the Log Analytics workspace that gets who read, wrote and deleted what."
  type        = string
  validation {
    condition     = can(regex("(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.OperationalInsights/workspaces/[^/]+$", var.log_workspace))
    error_message = "A workspace's id: /subscriptions/../workspaces/NAME."
  }
}

variable "deleted_days" {
  description = "How long what was deleted can still be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_days >= 7 && var.deleted_days <= 365
    error_message = "7 to 365 days."
  }
}

variable "cool_after_days" {
  description = "Data files that nobody wrote for so long go to the cool tier, which costs less to keep and more to read. Its minimum is 30 days: `null` leaves everything hot."
  type        = number
  default     = null
  validation {
    condition     = var.cool_after_days == null ? true : var.cool_after_days >= 30
    error_message = "30 or more, or null."
  }
}

variable "tags" {
  description = "Tags of everything here, beside `environment`."
  type        = map(string)
  default     = {}
}
