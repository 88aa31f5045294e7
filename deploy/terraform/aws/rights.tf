# What each job's role may do, and nothing besides. nightferry's README has the calls; the tests hold this against what the binary calls
# and against every object that a night leaves.
locals {
  # A store is asked once whether its create-only write is exclusive, and by whom it may be written.
  stamps = flatten([for store in values(local.stores) : ["${store}/_nightferry/stamp.json", "${store}/_nightferry/probe-*"]])
  probes = [for store in values(local.stores) : "${store}/_nightferry/probe-*"]

  tables = { for job, of in var.jobs : job => concat(
    [for table in of.tables.analytics : "${local.stores.analytics}/${table}"],
    [for table in of.tables.public : "${local.stores.public}/${table}"],
    [for domain in of.vaults : "${local.stores.restricted}/token_vault_${domain}"],
  ) }

  # Folders with one object a period, of the datasets that ask for one.
  plains = { for job, of in var.jobs : job => concat(
    [for table in of.tables.analytics : "${local.stores.analytics}/plain/${table}"],
    [for table in of.tables.public : "${local.stores.public}/plain/${table}"],
  ) }

  names_of_tables = { for job, of in var.jobs : job => distinct(concat(of.tables.analytics, of.tables.public)) }

  # What a night puts aside, a folder a run.
  shelves = { for job, of in var.jobs : job => flatten([for shelf in ["quarantine", "differences", "breaches"] : [
    for table in local.names_of_tables[job] : "${local.stores.restricted}/${shelf}/${table}"
  ]]) }

  kept = { for job, of in var.jobs : job => concat(
    ["${local.stores.analytics}/nightferry_runs/*"],
    [for shelf in local.shelves[job] : "${shelf}/*"],
    [for shelf in ["_jobs", "_schedule", "reports", "papers", "lineage"] : "${local.stores.security}/${shelf}/${job}/*"],
    ["${local.stores.security}/_told/${job}.json"],
  ) }

  rights = { for job, of in var.jobs : job => {
    Version = "2012-10-17"
    Statement = [for statement in [
      {
        Sid    = "Read"
        Effect = "Allow"
        Action = ["s3:GetObject"]
        Resource = concat(
          [for place in of.reads : "arn:${local.aws}:s3:::${place}/*"],
          flatten([for table in of.looks_up : ["${local.stores.analytics}/${table}/*", "${local.stores.public}/${table}/*"]]),
          [for store in values(local.stores) : "${store}/_nightferry/epochs/*"],
        )
      },
      {
        Sid      = "ReadAndWrite"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = concat(local.stamps, [for table in local.tables[job] : "${table}/*"], [for plain in local.plains[job] : "${plain}/*"], local.kept[job])
      },
      {
        # An object that came in pieces and to no end.
        Sid      = "GiveUp"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload"]
        Resource = [for plain in local.plains[job] : "${plain}/*"]
      },
      {
        # What a refused night staged, what one put aside that a newer suppression list outran, and the probe: never a log entry, a record or a report.
        Sid      = "TakeBack"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = concat(local.probes, [for table in local.tables[job] : "${table}/run=*"], [for shelf in local.shelves[job] : "${shelf}/run=*"], [for plain in local.plains[job] : "${plain}/*"])
      },
      {
        # Names alone. Without this S3 says 403 of an object that is not there, where 404 is needed; and a GET has no prefix to compare.
        Sid      = "List"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = concat(values(local.bucket_arns), distinct([for place in of.reads : "arn:${local.aws}:s3:::${split("/", place)[0]}"]))
        Condition = { StringLikeIfExists = { "s3:prefix" = concat(
          [for place in of.reads : "${join("/", slice(split("/", place), 1, length(split("/", place))))}/*"],
          flatten([for table in concat(local.names_of_tables[job], of.looks_up, ["nightferry_runs"]) : ["analytics/${table}/*", "public/${table}/*", "analytics/plain/${table}/*", "public/plain/${table}/*"]]),
          [for domain in of.vaults : "token_vault_${domain}/*"],
          [for shelf in ["_jobs", "_schedule", "reports"] : "${shelf}/${job}/*"],
          ["*_nightferry/epochs/*"],
        ) } }
      },
      {
        Sid       = "Key"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [aws_kms_key.data.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.amazonaws.com"] } }
      },
      {
        Sid      = "LogIn"
        Effect   = "Allow"
        Action   = ["rds-db:connect"]
        Resource = of.databases
      },
      {
        # A token that says to Azure which role this is: for that audience and five minutes. This action knows no resource.
        Sid      = "GoToAzure"
        Effect   = "Allow"
        Action   = ["sts:GetWebIdentityToken"]
        Resource = contains(keys(var.identities), job) ? ["*"] : []
        Condition = {
          "ForAllValues:StringEquals" = { "sts:IdentityTokenAudience" = [lookup(lookup(var.identities, job, {}), "NIGHTFERRY_AZURE_AUDIENCE", "")] }
          Null                        = { "sts:IdentityTokenAudience" = "false" }
          NumericLessThanEquals       = { "sts:DurationSeconds" = "300" }
        }
      },
      {
        # Secrets that the environment file refers to (`aws_secret`), and no other. Those that Fargate puts into variables are the execution role's.
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = of.reads_secrets
      },
      {
        Sid       = "DecryptSecrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = of.secret_keys
        Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.${local.region}.amazonaws.com"] } }
      },
      {
        Sid      = "Tell"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.told.arn]
      },
      {
        Sid       = "TellInSecret"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [aws_kms_key.service.arn]
        Condition = { StringEquals = { "kms:ViaService" = ["sns.${local.region}.amazonaws.com"] } }
      },
    ] : statement if length(statement.Resource) > 0]
  } }

  secrets = distinct(flatten([for of in values(var.jobs) : values(of.secrets)]))

  # What Fargate does before the process begins: fetch the image, read the secrets named, open the log.
  execution_rights = {
    Version = "2012-10-17"
    Statement = [for statement in [
      {
        # This one action knows no resource.
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid      = "Pull"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [aws_ecr_repository.this.arn]
      },
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
      {
        Sid      = "Secrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = local.secrets
      },
    ] : statement if length(statement.Resource) > 0]
  }

  scheduler_rights = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Submit"
        Effect   = "Allow"
        Action   = ["batch:SubmitJob"]
        Resource = concat([aws_batch_job_queue.this.arn], [for of in aws_batch_job_definition.this : "${of.arn_prefix}:*"])
      },
      {
        Sid      = "KeepWhatCouldNotBeSubmitted"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.not_started.arn]
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [aws_kms_key.service.arn]
      },
    ]
  }
}
