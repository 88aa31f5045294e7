# Two keys: one for the data, that the jobs' roles may use by way of S3 alone; one for what services keep (log, queues, topic, image).
locals {
  key_owner = {
    Sid       = "Account"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.aws}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  # S3 tells Sentinel's queue; EventBridge and CloudWatch tell the topic.
  key_senders = ["s3.amazonaws.com", "events.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com"]

  service_key_policy = {
    Version = "2012-10-17"
    Statement = [
      local.key_owner,
      {
        Sid       = "Log"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.aws}:logs:${local.region}:${local.account}:log-group:${local.log_group}" } }
      },
      {
        Sid       = "Tell"
        Effect    = "Allow"
        Principal = { Service = local.key_senders }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  }
}

resource "aws_kms_key" "data" {
  description             = "What nightferry keeps in S3 (${local.prefix})."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode({ Version = "2012-10-17", Statement = [local.key_owner] })
  tags                    = local.tags
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.prefix}-data"
  target_key_id = aws_kms_key.data.key_id
}

resource "aws_kms_key" "service" {
  description             = "What services keep for nightferry (${local.prefix})."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.service_key_policy)
  tags                    = local.tags
}

resource "aws_kms_alias" "service" {
  name          = "alias/${local.prefix}-service"
  target_key_id = aws_kms_key.service.key_id
}
