# Who may do what. Each job is an identity that holds no secret: Entra gives it a token for one that AWS signed, whose issuer, audience and
# subject are exactly these.
resource "azurerm_user_assigned_identity" "job" {
  for_each = var.aws.subjects

  name                = "nightferry-${each.key}"
  resource_group_name = var.resource_group
  location            = var.location
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "job" {
  for_each = var.aws.subjects

  name                = "aws"
  resource_group_name = var.resource_group
  parent_id           = azurerm_user_assigned_identity.job[each.key].id
  issuer              = var.aws.issuer
  audience            = [var.aws.audience]
  subject             = each.value
}

# At the container, never the account.
resource "azurerm_role_assignment" "job" {
  for_each = { for pair in setproduct(keys(var.aws.subjects), local.audiences) : "${pair[0]}/${pair[1]}" => { job = pair[0], audience = pair[1] } }

  scope                = azurerm_storage_container.audience[each.value.audience].id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.job[each.value.job].principal_id
  principal_type       = "ServicePrincipal"
  description          = "nightferry's job ${each.value.job} publishes here."
}

resource "azurerm_role_assignment" "writer" {
  for_each = { for pair in setproduct(var.writers, local.audiences) : "${pair[0]}/${pair[1]}" => { writer = pair[0], audience = pair[1] } }

  scope                = azurerm_storage_container.audience[each.value.audience].id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = each.value.writer
  principal_type       = "ServicePrincipal"
  description          = "Publishes for nightferry by a secret that a job is given."
}

resource "azurerm_role_assignment" "reader" {
  for_each = merge([for audience, groups in var.readers : { for group in groups : "${audience}/${group}" => { audience = audience, group = group } }]...)

  scope                = azurerm_storage_container.audience[each.value.audience].id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = each.value.group
  principal_type       = "Group"
  description          = "Reads what nightferry publishes."
}
