# Jobs that also run in Azure have a role for it, with the rights of their own: it is taken with a token that Microsoft Entra signs for one
# identity and one audience, and both are compared. Nobody holds a key (nightferry's README, "From Azure to AWS without a secret").
resource "aws_iam_openid_connect_provider" "azure" {
  for_each = {
    for tenant in distinct([for of in values(var.from_azure) : of.tenant_id]) :
    tenant => distinct([for of in values(var.from_azure) : of.audience if of.tenant_id == tenant])
  }

  url            = "https://sts.windows.net/${each.key}/"
  client_id_list = each.value
  tags           = local.tags
}

resource "aws_iam_role" "azure" {
  for_each = var.from_azure

  name                 = "${local.prefix}-azure-${each.key}"
  description          = "What nightferry's job ${each.key} may do where it runs in Azure."
  max_session_duration = 3600
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.azure[each.value.tenant_id].arn }
      Condition = { StringEquals = {
        "sts.windows.net/${each.value.tenant_id}/:aud" = each.value.audience
        "sts.windows.net/${each.value.tenant_id}/:sub" = each.value.object_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "azure" {
  for_each = var.from_azure

  name   = "night"
  role   = aws_iam_role.azure[each.key].id
  policy = jsonencode(local.rights[each.key])
}
