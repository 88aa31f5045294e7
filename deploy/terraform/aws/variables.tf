variable "name" {
  description = "Begins the name of everything here, buckets included, whose names are the world's: `lccc-nightferry`."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "Small letters, digits and dashes, 3 to 25 of them: a bucket's name has no more room."
  }
}

variable "environment" {
  description = "Which environment this is. The warehouse is there in `prod` alone; `dev` and `uat` publish into a bucket whose objects go after `trial_days`."
  type        = string
  validation {
    condition     = contains(["dev", "uat", "prod"], var.environment)
    error_message = "One of dev, uat and prod."
  }
}

variable "image_digest" {
  description = "The project's image in the repository that is made here, by its digest: a tag can be moved. Until an image is pushed, any digest will do."
  type        = string
  validation {
    condition     = can(regex("^sha256:[0-9a-f]{64}$", var.image_digest))
    error_message = "`sha256:` and 64 hex digits, as `docker push` prints them."
  }
}

variable "architecture" {
  description = "What the image was built for."
  type        = string
  default     = "X86_64"
  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "X86_64 or ARM64."
  }
}

variable "jobs" {
  description = "Each job of the project, by its name. `at` is when it begins, in London. `tables` says which tables it publishes in which store of the warehouse, `looks_up` tables of other jobs that its checks read, `reads` what it reads of S3 (`bucket/prefix`), `vaults` the domains of its tokens. `databases` are the ARNs (`rds-db:..dbuser:..`) that it logs in to by IAM, `variables` go to the process as they are, `secrets` name for a variable the secret that holds it (an ARN of Secrets Manager); `reads_secrets` are the ARNs of those that the environment file refers to itself (`aws_secret`), `secret_keys` of the KMS keys that they lie under, where those are not `aws/secretsmanager`. `vcpu` and `memory` are what Fargate sells together, `scratch_gib` is disk, `hours_max` ends an attempt."
  type = map(object({
    at            = string
    tables        = object({ analytics = list(string), public = optional(list(string), []) })
    looks_up      = optional(list(string), [])
    reads         = optional(list(string), [])
    vaults        = optional(list(string), [])
    databases     = optional(list(string), [])
    variables     = optional(map(string), {})
    secrets       = optional(map(string), {})
    reads_secrets = optional(list(string), [])
    secret_keys   = optional(list(string), [])
    vcpu          = optional(number, 1)
    memory        = optional(number, 2048)
    scratch_gib   = optional(number, 21)
    hours_max     = optional(number, 4)
  }))
  validation {
    condition     = alltrue([for job in keys(var.jobs) : can(regex("^[a-z][a-z0-9_]{0,62}$", job))])
    error_message = "A job is called as its file in `jobs/`."
  }
  validation {
    condition     = alltrue([for of in values(var.jobs) : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", of.at))])
    error_message = "`at` is a time of day: \"02:30\"."
  }
  validation {
    condition     = alltrue([for of in values(var.jobs) : contains(lookup(local.fargate, tostring(of.vcpu), []), of.memory)])
    error_message = "Fargate sells no such pair of `vcpu` and `memory`: fargate.tf has those that it sells."
  }
  validation {
    condition     = alltrue([for of in values(var.jobs) : of.scratch_gib >= 21 && of.scratch_gib <= 200])
    error_message = "`scratch_gib` is 21 to 200."
  }
  validation {
    condition     = alltrue([for of in values(var.jobs) : of.hours_max >= 1 && of.hours_max <= 24])
    error_message = "`hours_max` is 1 to 24."
  }
  validation {
    condition     = alltrue(flatten([for of in values(var.jobs) : [for arn in values(of.secrets) : can(regex("^arn:aws[a-z-]*:secretsmanager:", arn))]]))
    error_message = "A secret is named by its ARN in Secrets Manager, and its value is never here."
  }
  validation {
    condition     = alltrue(flatten([for of in values(var.jobs) : [for arn in of.reads_secrets : can(regex("^arn:aws[a-z-]*:secretsmanager:[^*]+:secret:[^*]+$", arn))]]))
    error_message = "`reads_secrets` are ARNs in Secrets Manager, each of one secret, without a `*`."
  }
  validation {
    condition     = alltrue(flatten([for of in values(var.jobs) : [for arn in of.secret_keys : can(regex("^arn:aws[a-z-]*:kms:[^*]+:key/[^*]+$", arn))]]))
    error_message = "`secret_keys` are ARNs of KMS keys, without a `*`."
  }
  validation {
    condition     = alltrue(flatten([for of in values(var.jobs) : [for arn in of.databases : can(regex("^arn:aws[a-z-]*:rds-db:[^*]+:dbuser:[^*]+/[^*]+$", arn))]]))
    error_message = "A login is `arn:aws:rds-db:<region>:<account>:dbuser:<resource id>/<role>`, without a `*`."
  }
}

variable "vcpus_max" {
  description = "vCPUs at once, of all jobs and the children of an array. An account begins with a quota of 6; more wait in the queue."
  type        = number
  default     = 6
  validation {
    condition     = var.vcpus_max >= 1 && var.vcpus_max <= 256
    error_message = "1 to 256."
  }
}

variable "identities" {
  description = "For each job, variables that are known only once others are made: the Azure module's output `identities`. Apart from `jobs`, since that module asks for this one's roles first."
  type        = map(map(string))
  default     = {}
}

variable "network" {
  description = "Where tasks run: `subnets` of `vpc` in it, and the `route_tables` of those subnets, which get the way to S3. `databases` are the security groups of the databases that are asked, on `database_port`. `interface_endpoints` are the services reached inside the network; what is not among them needs a way out (`ecr.api` and `ecr.dkr` for the image, `logs`, `secretsmanager` where a job has secrets, `sns` where it tells a topic). `public_address` gives each task an address of its own, for subnets whose way out is an internet gateway."
  type = object({
    vpc                 = string
    subnets             = list(string)
    route_tables        = list(string)
    databases           = optional(list(string), [])
    database_port       = optional(number, 5432)
    interface_endpoints = optional(set(string), ["ecr.api", "ecr.dkr", "logs", "secretsmanager"])
    public_address      = optional(bool, false)
  })
  validation {
    condition     = length(var.network.subnets) > 0 && length(var.network.route_tables) > 0
    error_message = "At least one subnet, and its route table."
  }
  validation {
    condition     = length(setsubtract(var.network.interface_endpoints, ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns", "sts"])) == 0
    error_message = "Of ecr.api, ecr.dkr, logs, secretsmanager, sns and sts."
  }
}

variable "reaches_out" {
  description = "Whether tasks may open TLS connections to the internet: for a second cloud, webhooks, or a network without `interface_endpoints`. The network itself must have a way out."
  type        = bool
  default     = false
}

variable "told" {
  description = "E-mail addresses that are told of failed jobs, missed nights and what EventBridge could not start. Each has to confirm once."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for address in var.told : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "E-mail addresses."
  }
}

variable "budget_usd" {
  description = "Dollars a month at which somebody is told, of what carries the tag `project` of this environment. 0 makes no budget."
  type        = number
  default     = 0
  validation {
    condition     = var.budget_usd >= 0
    error_message = "0 or more."
  }
}

variable "log_days" {
  description = "How long log lines are kept."
  type        = number
  default     = 365
  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "A number of days that CloudWatch Logs knows, 30 or more."
  }
}

variable "old_version_days" {
  description = "How long an object that was written over or deleted can still be brought back. It stays in S3 Standard: Glacier bills 90 days for whatever it keeps."
  type        = number
  default     = 30
  validation {
    condition     = var.old_version_days >= 7 && var.old_version_days <= 365
    error_message = "7 to 365 days."
  }
}

variable "set_aside_days" {
  description = "How long rows that were set aside or differed are kept for people (`quarantine/`, `differences/`, `breaches/`): they are personal data."
  type        = number
  default     = 30
  validation {
    condition     = var.set_aside_days >= 7 && var.set_aside_days <= 365
    error_message = "7 to 365 days."
  }
}

variable "trial_days" {
  description = "How long what `dev` and `uat` publish is kept. In `prod` nothing published goes by its age."
  type        = number
  default     = 14
  validation {
    condition     = var.trial_days >= 2 && var.trial_days <= 365
    error_message = "2 to 365 days."
  }
}

variable "sentinel" {
  description = "Lets Microsoft Sentinel read `reports/` of the security bucket: the workspace's id, and, where the account trusts Sentinel's tenant already (Defender for Cloud makes it), the ARN of that OIDC provider. `null` makes neither role nor queue."
  type = object({
    workspace_id      = string
    oidc_provider_arn = optional(string)
  })
  default = null
  validation {
    condition     = var.sentinel == null ? true : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.sentinel.workspace_id))
    error_message = "A workspace's id is a GUID in small letters."
  }
}

variable "from_azure" {
  description = "Jobs that also run in Azure, each with the identity that may take its rights there: the tenant, the object id of the managed identity or service principal, and the audience that its tokens are asked for (`NIGHTFERRY_AWS_AUDIENCE`)."
  type = map(object({
    tenant_id = string
    object_id = string
    audience  = string
  }))
  default = {}
  validation {
    condition = alltrue([for job, of in var.from_azure : contains(keys(var.jobs), job)
      && can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", of.tenant_id))
      && can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", of.object_id))
    && can(regex("^[!-~]+$", of.audience))])
    error_message = "Names of `jobs`; GUIDs in small letters."
  }
}

variable "tags" {
  description = "Tags of everything here, beside `project` and `environment`."
  type        = map(string)
  default     = {}
}
