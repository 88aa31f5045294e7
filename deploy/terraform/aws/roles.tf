# Who the tasks and the scheduler are. Each may be taken by one service, for this account alone.
locals {
  taken_by = { for who, service in { task = "ecs-tasks.amazonaws.com", scheduler = "scheduler.amazonaws.com" } : who => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = service }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  }) }
}

resource "aws_iam_role" "execution" {
  name               = "${local.prefix}-execution"
  description        = "Fetches nightferry's image and secrets, and opens its log."
  assume_role_policy = local.taken_by.task
  tags               = local.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = jsonencode(local.execution_rights)
}

resource "aws_iam_role" "job" {
  for_each = var.jobs

  name                 = "${local.prefix}-job-${each.key}"
  description          = "What nightferry's job ${each.key} may do."
  assume_role_policy   = local.taken_by.task
  max_session_duration = 3600
  tags                 = local.tags
}

resource "aws_iam_role_policy" "job" {
  for_each = var.jobs

  name   = "night"
  role   = aws_iam_role.job[each.key].id
  policy = jsonencode(local.rights[each.key])
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.prefix}-scheduler"
  description        = "Submits nightferry's jobs when they are due."
  assume_role_policy = local.taken_by.scheduler
  tags               = local.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "submit"
  role   = aws_iam_role.scheduler.id
  policy = jsonencode(local.scheduler_rights)
}
