# Microsoft Sentinel reads reports: S3 tells a queue of each, and the connector, which comes with a token of Microsoft's, fetches it.
# The token's audience and the session's name, which holds the workspace, are compared: the pair that Microsoft documents for its
# connector ("Connect Microsoft Sentinel to Amazon Web Services"), whose tokens carry no subject of ours.
locals {
  sentinel_issuer   = "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/"
  sentinel_audience = "api://1462b192-27f7-4cb9-8523-0f4ecb54b47e"
  has_sentinel      = var.sentinel != null
  sentinel_provider = local.has_sentinel ? coalesce(var.sentinel.oidc_provider_arn, one(aws_iam_openid_connect_provider.sentinel[*].arn)) : null
}

resource "aws_iam_openid_connect_provider" "sentinel" {
  count = local.has_sentinel && try(var.sentinel.oidc_provider_arn, null) == null ? 1 : 0

  url            = "https://${local.sentinel_issuer}"
  client_id_list = [local.sentinel_audience]
  tags           = local.tags
}

# The connector takes no role whose name begins otherwise.
resource "aws_iam_role" "sentinel" {
  count = local.has_sentinel ? 1 : 0

  name        = "OIDC_${local.prefix}-sentinel"
  description = "Microsoft Sentinel reads nightferry's reports."
  tags        = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.sentinel_provider }
      Condition = { StringEquals = {
        "${local.sentinel_issuer}:aud" = local.sentinel_audience
        "sts:RoleSessionName"          = "MicrosoftSentinel_${var.sentinel.workspace_id}"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "sentinel" {
  count = local.has_sentinel ? 1 : 0

  name = "read"
  role = aws_iam_role.sentinel[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Reports"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${local.stores.security}/reports/*"]
      },
      {
        Sid      = "Queue"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"]
        Resource = [aws_sqs_queue.sentinel[0].arn]
      },
      {
        Sid      = "Keys"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.data.arn, aws_kms_key.service.arn]
      },
    ]
  })
}

resource "aws_sqs_queue" "sentinel" {
  count = local.has_sentinel ? 1 : 0

  name                       = "${local.prefix}-sentinel"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  kms_master_key_id          = aws_kms_key.service.arn
  tags                       = local.tags
}

resource "aws_sqs_queue_policy" "sentinel" {
  count = local.has_sentinel ? 1 : 0

  queue_url = aws_sqs_queue.sentinel[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "S3Tells"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.sentinel[0].arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.bucket_arns["security"] }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_s3_bucket_notification" "sentinel" {
  count = local.has_sentinel ? 1 : 0

  bucket = aws_s3_bucket.this["security"].id

  queue {
    queue_arn     = aws_sqs_queue.sentinel[0].arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "reports/"
    filter_suffix = ".json"
  }

  depends_on = [aws_sqs_queue_policy.sentinel]
}
