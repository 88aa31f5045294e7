# What one attempt of a job is: its container, its bounds, and what becomes of it when it ends.
locals {
  # More than the 25 seconds in which a run that is told to stop is out; the most that Fargate gives.
  stop_seconds = 120

  # Exit codes are matched by decimal prefix, five rules at most, and what none matches is retried: so the last rule takes everything.
  # Never `1*`: it takes 137 and 143 as well.
  attempts = 4
  endings = [
    { reason = "OutOfMemory*", action = "EXIT" },
    { exit_code = "7*", action = "RETRY" },
    { exit_code = "137", action = "RETRY" },
    { status_reason = "Task failed to start*", action = "RETRY" },
    { reason = "*", action = "EXIT" },
  ]

  commands = { for job, of in var.jobs : job => ["run", "jobs/${job}.toml", "--env", var.environment, "--metrics", "emf"] }

  variables = { for job, of in var.jobs : job => merge({ NIGHTFERRY_LOG = "info" }, lookup(var.identities, job, {}), of.variables) }

  tasks = { for job, of in var.jobs : job => {
    taskProperties = [{
      platformVersion      = "1.4.0"
      executionRoleArn     = aws_iam_role.execution.arn
      taskRoleArn          = aws_iam_role.job[job].arn
      ephemeralStorage     = { sizeInGiB = of.scratch_gib }
      networkConfiguration = { assignPublicIp = var.network.public_address ? "ENABLED" : "DISABLED" }
      runtimePlatform      = { cpuArchitecture = var.architecture, operatingSystemFamily = "LINUX" }
      # Scratch is the task's own disk, which goes with it; the image says that everybody may write to /tmp.
      volumes = [{ name = "scratch" }]
      containers = [{
        name                   = "nightferry"
        image                  = "${aws_ecr_repository.this.repository_url}@${var.image_digest}"
        essential              = true
        command                = local.commands[job]
        user                   = "65532:65532"
        readonlyRootFilesystem = true
        mountPoints            = [{ containerPath = "/tmp", sourceVolume = "scratch", readOnly = false }]
        environment            = [for name, value in local.variables[job] : { name = name, value = value }]
        secrets                = [for name, secret in of.secrets : { name = name, valueFrom = secret }]
        resourceRequirements = [
          { type = "VCPU", value = tostring(of.vcpu) },
          { type = "MEMORY", value = tostring(of.memory) },
        ]
        stopTimeout = local.stop_seconds
        # Blocking: a line that cannot be sent stops the run rather than being lost.
        logConfiguration = {
          logDriver = "awslogs"
          options = {
            awslogs-group         = local.log_group
            awslogs-region        = local.region
            awslogs-stream-prefix = job
            mode                  = "blocking"
          }
        }
      }]
    }]
  } }
}
