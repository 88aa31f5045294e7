# An example to change: accounts, networks, groups and secrets are your own.
name = "lccc-nightferry"

# Any digest will do until an image is pushed.
image_digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

network = {
  vpc          = "vpc-0123456789abcdef0"
  subnets      = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  route_tables = ["rtb-0123456789abcdef0"]
  databases    = ["sg-0123456789abcdef0"]
}

prices = "lccc-reference/prices"

database = {
  NIGHTFERRY_PG_HOST = "settlements.abc123.eu-west-2.rds.amazonaws.com"
  NIGHTFERRY_PG_PORT = "5432"
  NIGHTFERRY_PG_USER = "nightferry_ro"
  NIGHTFERRY_PG_CA   = "certificates/rds.pem"
}

secrets = {
  NIGHTFERRY_PG_PASSWORD = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/prod/password-AbCdEf"
  NIGHTFERRY_KEY         = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/prod/key-AbCdEf"
}

told = ["nights@example.org"]

sentinel = { workspace_id = "00000000-0000-4000-8000-000000000000" }

azure = {
  subscription   = "00000000-0000-4000-8000-000000000001"
  resource_group = "nightferry"
  account        = "lcccdata"
  issuer         = "https://00000000-0000-4000-8000-000000000002.tokens.sts.global.api.aws"
  addresses      = ["203.0.113.10"]
  readers        = { analytics = ["00000000-0000-4000-8000-000000000003"] }
  log_workspace  = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/logs"
}

tags = { owner = "settlement-operations" }
