# Where jobs run: Fargate, one definition a job.
resource "aws_batch_compute_environment" "this" {
  name  = local.prefix
  type  = "MANAGED"
  state = "ENABLED"
  tags  = local.tags

  compute_resources {
    type               = "FARGATE"
    max_vcpus          = var.vcpus_max
    subnets            = var.network.subnets
    security_group_ids = [aws_security_group.task.id]
  }
}

resource "aws_batch_job_queue" "this" {
  name     = local.prefix
  state    = "ENABLED"
  priority = 1
  tags     = local.tags

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this.arn
  }
}

resource "aws_batch_job_definition" "this" {
  for_each = var.jobs

  name                  = "${local.prefix}-${each.key}"
  type                  = "container"
  platform_capabilities = ["FARGATE"]
  propagate_tags        = true
  # `ecsProperties`, since classic container properties know no stopTimeout.
  ecs_properties = jsonencode(local.tasks[each.key])
  tags           = local.tags

  retry_strategy {
    attempts = local.attempts

    dynamic "evaluate_on_exit" {
      for_each = local.endings
      content {
        on_exit_code     = lookup(evaluate_on_exit.value, "exit_code", null)
        on_reason        = lookup(evaluate_on_exit.value, "reason", null)
        on_status_reason = lookup(evaluate_on_exit.value, "status_reason", null)
        action           = evaluate_on_exit.value.action
      }
    }
  }

  timeout {
    attempt_duration_seconds = each.value.hours_max * 3600
  }
}
