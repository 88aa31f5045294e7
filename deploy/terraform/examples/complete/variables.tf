variable "region" {
  description = "Where everything of AWS is made."
  type        = string
  default     = "eu-west-2"
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region's name: `eu-west-2`."
  }
}

variable "name" {
  description = "Begins every name; buckets' names are the world's."
  type        = string
}

variable "image_digest" {
  description = "The project's image, by its digest."
  type        = string
}

variable "network" {
  description = "Where tasks run, as the AWS module wants it."
  type = object({
    vpc                 = string
    subnets             = list(string)
    route_tables        = list(string)
    databases           = optional(list(string), [])
    interface_endpoints = optional(set(string), ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns"])
  })
}

variable "prices" {
  description = "Where the reference prices lie: `bucket/prefix`."
  type        = string
}

variable "database" {
  description = "What `jobs/environments/prod.toml` asks of the surroundings and is no secret."
  type        = object({ NIGHTFERRY_PG_HOST = string, NIGHTFERRY_PG_PORT = string, NIGHTFERRY_PG_USER = string, NIGHTFERRY_PG_CA = string })
}

variable "secrets" {
  description = "The ARNs of the secrets that hold the rest. `AZURE_CLIENT_SECRET` is that of an app registration among `azure.writers`."
  type        = map(string)
  validation {
    condition     = alltrue([for name in ["NIGHTFERRY_PG_PASSWORD", "NIGHTFERRY_KEY"] : contains(keys(var.secrets), name)])
    error_message = "At least NIGHTFERRY_PG_PASSWORD and NIGHTFERRY_KEY."
  }
}

variable "logins" {
  description = "Logins by IAM (`arn:aws:rds-db:..:dbuser:<resource id>/<role>`), where the environment file says `auth = \"iam\"`."
  type        = list(string)
  default     = []
}

variable "told" {
  description = "E-mail addresses that are told."
  type        = list(string)
}

variable "budget_usd" {
  description = "Dollars a month at which somebody is told."
  type        = number
  default     = 80
}

variable "sentinel" {
  description = "The workspace of Microsoft Sentinel, or null."
  type        = object({ workspace_id = string, oidc_provider_arn = optional(string) })
  default     = null
}

variable "azure" {
  description = "The second cloud: where, who reads, who comes. `asks_by_token` gives each job its own identity, which asks by a token that AWS signs and holds no secret."
  type = object({
    subscription   = string
    resource_group = string
    location       = optional(string, "uksouth")
    account        = string
    issuer         = string
    addresses      = list(string)
    subnets        = optional(list(string), [])
    readers        = optional(object({ analytics = optional(set(string), []), public = optional(set(string), []) }), {})
    writers        = optional(set(string), [])
    log_workspace  = string
    asks_by_token  = optional(bool, false)
  })
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
