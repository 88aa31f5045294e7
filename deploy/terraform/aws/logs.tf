# What the runs say: log lines and, among them, the numbers that CloudWatch takes up by itself (`--metrics emf`).
locals {
  log_group = "/nightferry/${local.prefix}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = local.log_group
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.service.arn
  tags              = local.tags
}
