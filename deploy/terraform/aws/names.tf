# What everything is called, and which buckets there are.
locals {
  prefix  = "${var.name}-${var.environment}"
  account = data.aws_caller_identity.this.account_id
  region  = data.aws_region.this.region
  aws     = data.aws_partition.this.partition
  tags    = merge(var.tags, { project = local.prefix, environment = var.environment })

  # The warehouse is production's alone; the others publish what goes by itself.
  has_warehouse = var.environment == "prod"
  published     = local.has_warehouse ? "warehouse" : "trial"

  buckets = toset(["topics", "restricted", "security", local.published])
  bucket_names = {
    for bucket in local.buckets : bucket => "${local.prefix}-${bucket}"
  }
  bucket_arns = {
    for bucket, name in local.bucket_names : bucket => "arn:${local.aws}:s3:::${name}"
  }

  # Where an environment file's stores lie.
  stores = {
    analytics  = "${local.bucket_arns[local.published]}/analytics"
    public     = "${local.bucket_arns[local.published]}/public"
    restricted = local.bucket_arns["restricted"]
    security   = local.bucket_arns["security"]
  }
}
