# Where data lies: `topics` takes what is landed of Kafka, `restricted` and `security` are the stores that every environment has,
# `warehouse` holds what is published (in `dev` and `uat` its place is taken by `trial`, whose objects go by themselves).
resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18:What is read and written of nightferry is in its own reports; who else did is CloudTrail's, for the whole account, which keeps it where no bucket's owner can change it
  # checkov:skip=CKV_AWS_144:The second copy of what is published is in the other cloud; what is restricted has no copy elsewhere on purpose
  # checkov:skip=CKV2_AWS_62:Nobody acts on events but Sentinel, on those of `security`
  for_each = local.buckets

  bucket = local.bucket_names[each.key]
  tags   = local.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# The bucket's own key: a run needs no word about it, and S3 asks KMS once for many objects.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

locals {
  # Prefixes whose objects go by their age, and after how many days. Nothing of a published table does: `table gc` knows what a version needs.
  aged = {
    topics     = {}
    warehouse  = {}
    trial      = { "" = var.trial_days }
    security   = {}
    restricted = { "quarantine/" = var.set_aside_days, "differences/" = var.set_aside_days, "breaches/" = var.set_aside_days }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  # Nothing goes to Glacier: it bills 90 days for what is kept for 30.
  rule {
    id     = "what is no longer an object"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = local.aged[each.key]
    content {
      id     = "age of ${rule.key == "" ? "everything" : rule.key}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

locals {
  bucket_policies = { for bucket, arn in local.bucket_arns : bucket => {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      {
        # Commits are created once, whoever writes them: an entry of a table's log, a night's record, a manifest.
        Sid       = "CommitsAreCreatedOnce"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = ["${arn}/*/_delta_log/0*.json", "${arn}/*/_manifest.json", "${arn}/_jobs/*"]
        Condition = { Null = { "s3:if-none-match" = "true" } }
      },
      {
        # Whoever puts a key into a request must name the bucket's own.
        Sid       = "OwnKeyOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = ["${arn}/*"]
        Condition = { StringNotEqualsIfExists = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.data.arn } }
      },
    ]
  } }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = jsonencode(local.bucket_policies[each.key])

  depends_on = [aws_s3_bucket_public_access_block.this]
}
