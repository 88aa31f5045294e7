variable "region" {
  description = "Where everything is made."
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

variable "environment" {
  description = "`dev` or `uat`: for `prod` there is examples/complete."
  type        = string
  validation {
    condition     = contains(["dev", "uat"], var.environment)
    error_message = "dev or uat."
  }
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
    interface_endpoints = optional(set(string), ["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
  })
}

variable "prices" {
  description = "Where the reference prices lie: `bucket/prefix`."
  type        = string
}

variable "database" {
  description = "What `jobs/environments/<environment>.toml` asks of the surroundings and is no secret."
  type        = object({ NIGHTFERRY_PG_HOST = string, NIGHTFERRY_PG_PORT = string, NIGHTFERRY_PG_USER = string, NIGHTFERRY_PG_CA = string })
}

variable "secrets" {
  description = "The ARNs of the secrets that hold the rest."
  type        = object({ NIGHTFERRY_PG_PASSWORD = string, NIGHTFERRY_KEY = string })
}

variable "told" {
  description = "E-mail addresses that are told."
  type        = list(string)
  default     = []
}
