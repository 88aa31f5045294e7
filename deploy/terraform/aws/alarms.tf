# Who is told, and of what: a job that failed for good, a night that nobody saw, a job that could not be submitted, and money.
# nightferry itself tells more, and better (`[message.NAME] sns = { topic = .. }`); these speak when it cannot.
resource "aws_sns_topic" "told" {
  name              = "${local.prefix}-told"
  kms_master_key_id = aws_kms_key.service.id
  tags              = local.tags
}

resource "aws_sns_topic_subscription" "told" {
  for_each = toset(var.told)

  topic_arn = aws_sns_topic.told.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_sns_topic_policy" "told" {
  arn = aws_sns_topic.told.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Tell"
        Effect    = "Allow"
        Principal = { Service = ["events.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.told.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.told.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "failed" {
  name        = "${local.prefix}-failed"
  description = "A job of nightferry failed, and Batch will not try again."
  tags        = local.tags
  event_pattern = jsonencode({
    source      = ["aws.batch"]
    detail-type = ["Batch Job State Change"]
    detail      = { status = ["FAILED"], jobQueue = [aws_batch_job_queue.this.arn] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule      = aws_cloudwatch_event_rule.failed.name
  target_id = "told"
  arn       = aws_sns_topic.told.arn

  input_transformer {
    input_paths    = { job = "$.detail.jobName", id = "$.detail.jobId", why = "$.detail.statusReason" }
    input_template = "\"${var.environment} <job>: failed (Batch job <id>: <why>). The exit code names its runbook: deploy/runbooks.\""
  }
}

# In a day no run of the job ended well, or there was none: nothing said so, which is what this is for.
resource "aws_cloudwatch_metric_alarm" "missed" {
  for_each = var.jobs

  alarm_name          = "${local.prefix}-${each.key}-missed"
  alarm_description   = "No run of ${each.key} ended well in a day: nightferry status jobs/${each.key}.toml --env ${var.environment}"
  namespace           = "nightferry"
  metric_name         = "failed"
  dimensions          = { dataset = "${each.key}.all", environment = var.environment }
  statistic           = "Minimum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.told.arn]
  ok_actions          = [aws_sns_topic.told.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  alarm_name          = "${local.prefix}-not-started"
  alarm_description   = "EventBridge could not submit a job: the queue ${local.prefix}-not-started holds which, and why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_started.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.told.arn]
  tags                = local.tags
}

resource "aws_budgets_budget" "this" {
  count = var.budget_usd > 0 ? 1 : 0

  name         = local.prefix
  budget_type  = "COST"
  limit_amount = tostring(var.budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:project$%s", local.prefix)]
  }

  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    notification_type         = "FORECASTED"
    subscriber_sns_topic_arns = [aws_sns_topic.told.arn]
  }
}
