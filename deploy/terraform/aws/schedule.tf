# When jobs begin: the clock of London, summer and winter. What could not be submitted is kept in a queue, and told.
resource "aws_scheduler_schedule_group" "this" {
  name = local.prefix
  tags = local.tags
}

resource "aws_scheduler_schedule" "job" {
  for_each = var.jobs

  name                         = each.key
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "The night of ${each.key}."
  schedule_expression          = "cron(${tonumber(split(":", each.value.at)[1])} ${tonumber(split(":", each.value.at)[0])} * * ? *)"
  schedule_expression_timezone = "Europe/London"
  kms_key_arn                  = aws_kms_key.service.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${local.aws}:scheduler:::aws-sdk:batch:submitJob"
    role_arn = aws_iam_role.scheduler.arn
    # Submitted twice, a night is published once: the second run says "already published".
    input = jsonencode({
      JobName       = each.key
      JobQueue      = aws_batch_job_queue.this.arn
      JobDefinition = aws_batch_job_definition.this[each.key].arn
    })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 20
    }

    dead_letter_config {
      arn = aws_sqs_queue.not_started.arn
    }
  }
}

resource "aws_sqs_queue" "not_started" {
  name                      = "${local.prefix}-not-started"
  message_retention_seconds = 1209600
  kms_master_key_id         = aws_kms_key.service.arn
  tags                      = local.tags
}
