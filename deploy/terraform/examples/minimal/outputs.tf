output "aws" {
  description = "What the environment file and the commands of deploy/README.md ask for."
  value       = module.aws
}
