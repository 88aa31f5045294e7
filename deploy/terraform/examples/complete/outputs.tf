output "aws" {
  description = "What the environment file and the commands of deploy/README.md ask for."
  value       = module.aws
}

output "azure" {
  description = "The same of the second cloud."
  value       = module.azure
}
