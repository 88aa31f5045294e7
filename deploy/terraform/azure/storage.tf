# The warehouse in Azure: one account, one container an audience that may be outside of AWS. What is `restricted` or `security` never comes here.
locals {
  audiences = toset(["analytics", "public"])
  tags      = merge(var.tags, { environment = var.environment })
}

resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV_AZURE_59:Nightly it is written from AWS, over the internet; the rules below let in the addresses that are named and nobody else
  # checkov:skip=CKV2_AZURE_33:An endpoint inside a network of Azure's is none that AWS can reach
  # checkov:skip=CKV_AZURE_33:There are no queues in it
  # checkov:skip=CKV2_AZURE_1:It holds nothing personal and is encrypted twice by Microsoft's keys; a key of our own that is lost would be the warehouse lost
  name                            = var.account
  resource_group_name             = var.resource_group
  location                        = var.location
  account_kind                    = "StorageV2"
  account_tier                    = "Standard"
  account_replication_type        = var.replication
  is_hns_enabled                  = true
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  # Nobody has a key of the account: everything goes by Entra.
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  local_user_enabled                = false
  cross_tenant_replication_enabled  = false
  infrastructure_encryption_enabled = true
  public_network_access_enabled     = true
  allowed_copy_scope                = "AAD"
  tags                              = local.tags

  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    ip_rules                   = var.addresses
    virtual_network_subnet_ids = var.subnets
  }

  # Versions are none of a hierarchical namespace's: what was deleted is kept instead.
  blob_properties {
    delete_retention_policy {
      days = var.deleted_days
    }

    container_delete_retention_policy {
      days = var.deleted_days
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "audience" {
  # checkov:skip=CKV2_AZURE_21:Reads are logged by the diagnostic setting below; checkov looks for the resource that it replaced
  for_each = local.audiences

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

# Nothing is deleted by its age: `nightferry table gc` knows what a version needs.
resource "azurerm_storage_management_policy" "this" {
  count = var.cool_after_days == null ? 0 : 1

  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "cool"
    enabled = true

    filters {
      prefix_match = [for audience in local.audiences : "${audience}/"]
      blob_types   = ["blockBlob"]
    }

    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = var.cool_after_days
      }
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "blobs" {
  name                       = "who-did-what"
  target_resource_id         = "${azurerm_storage_account.this.id}/blobServices/default"
  log_analytics_workspace_id = var.log_workspace

  enabled_log {
    category = "StorageRead"
  }

  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }

  enabled_metric {
    category = "Transaction"
  }
}
