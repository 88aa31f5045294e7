output "repository" {
  description = "Where the image is pushed."
  value       = aws_ecr_repository.this.repository_url
}

output "stores" {
  description = "The url of each store, for the environment file. `public` and `analytics` lie in the bucket `trial` where there is no warehouse."
  value       = { for store, arn in local.stores : store => "s3://${split(":::", arn)[1]}" }
}

output "topics" {
  description = "Where topics are landed, for the environment file."
  value       = "s3://${local.bucket_names["topics"]}"
}

output "data_key" {
  description = "For `kms_key` of the environment file's buckets: the one key that the jobs' roles may use and the buckets take. They put it there by themselves too."
  value       = aws_kms_key.data.arn
}

output "job_roles" {
  description = "The role of each job: the subject of a credential in Azure, and what a bucket of others must let in."
  value       = { for job, role in aws_iam_role.job : job => role.arn }
}

output "job_definitions" {
  description = "For `aws batch submit-job --job-definition`."
  value       = { for job, of in aws_batch_job_definition.this : job => of.name }
}

output "job_queue" {
  description = "For `aws batch submit-job --job-queue`."
  value       = aws_batch_job_queue.this.name
}

output "told" {
  description = "The topic, for `[message.NAME] sns = { topic = .. }` of the environment file."
  value       = aws_sns_topic.told.arn
}

output "log_group" {
  description = "What the runs say."
  value       = aws_cloudwatch_log_group.this.name
}

output "from_azure" {
  description = "The role that each job's buckets name (`role` of a store) where it runs in Azure."
  value       = { for job, role in aws_iam_role.azure : job => role.arn }
}

output "sentinel" {
  description = "What Microsoft Sentinel's connector asks for: the role and the queue. `null` where Sentinel is not let in."
  value       = var.sentinel == null ? null : { role = aws_iam_role.sentinel[0].arn, queue = aws_sqs_queue.sentinel[0].url }
}
