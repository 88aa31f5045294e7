output "second" {
  description = "The `second` of each store, for the environment file."
  value       = { for audience in local.audiences : audience => "abfss://${audience}@${azurerm_storage_account.this.name}.dfs.core.windows.net" }
}

output "identities" {
  description = "What a job's process is told: `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, and for which audience AWS is asked."
  value = { for job, identity in azurerm_user_assigned_identity.job : job => {
    AZURE_CLIENT_ID = identity.client_id
    AZURE_TENANT_ID = identity.tenant_id

    NIGHTFERRY_AZURE_AUDIENCE = var.aws.audience
  } }
}

output "account" {
  description = "The account's id."
  value       = azurerm_storage_account.this.id
}
