# Tasks open connections and take none. What they may reach is named: S3 by its gateway, services by their endpoints, databases by their groups.
resource "aws_security_group" "task" {
  name        = "${local.prefix}-task"
  description = "nightferry's tasks: nothing comes in."
  vpc_id      = var.network.vpc
  tags        = local.tags
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.task.id
  description       = "S3 by the gateway"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  security_group_id            = aws_security_group.task.id
  description                  = "AWS services by their endpoints"
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  for_each = toset(var.network.databases)

  security_group_id            = aws_security_group.task.id
  description                  = "PostgreSQL"
  referenced_security_group_id = each.key
  ip_protocol                  = "tcp"
  from_port                    = var.network.database_port
  to_port                      = var.network.database_port
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = toset(var.network.databases)

  security_group_id            = each.key
  description                  = "nightferry (${local.prefix})"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = var.network.database_port
  to_port                      = var.network.database_port
}

resource "aws_vpc_security_group_egress_rule" "out" {
  count = var.reaches_out ? 1 : 0

  security_group_id = aws_security_group.task.id
  description       = "TLS to the internet: the second cloud, webhooks, services without an endpoint"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "endpoints" {
  name        = "${local.prefix}-endpoints"
  description = "The endpoints that nightferry's tasks use."
  vpc_id      = var.network.vpc
  tags        = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "nightferry's tasks"
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

locals {
  # The layers of an image come from a bucket of ECR's own.
  layers = "arn:${local.aws}:s3:::prod-${local.region}-starport-layer-bucket/*"

  reachable = distinct(concat(
    flatten([for arn in values(local.bucket_arns) : [arn, "${arn}/*"]]),
    flatten([for of in values(var.jobs) : [for place in of.reads : ["arn:${local.aws}:s3:::${split("/", place)[0]}", "arn:${local.aws}:s3:::${split("/", place)[0]}/*"]]]),
  ))
}

# Costs nothing, and keeps what is read and written off the internet.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = var.network.vpc
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.network.route_tables
  tags              = merge(local.tags, { Name = "${local.prefix}-s3" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnBuckets"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
        Resource  = local.reachable
      },
      {
        Sid       = "ImageLayers"
        Effect    = "Allow"
        Principal = "*"
        Action    = ["s3:GetObject"]
        Resource  = [local.layers]
      },
    ]
  })
}

# Each costs by the hour and zone, used or not: deploy/README.md has the sum, and when a way out is cheaper.
resource "aws_vpc_endpoint" "interface" {
  for_each = var.network.interface_endpoints

  vpc_id              = var.network.vpc
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.network.subnets
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  tags                = merge(local.tags, { Name = "${local.prefix}-${each.key}" })
}
