# An example to change: accounts, networks and secrets are your own.
name        = "lccc-nightferry"
environment = "uat"

# Any digest will do until an image is pushed.
image_digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

network = {
  vpc          = "vpc-0123456789abcdef0"
  subnets      = ["subnet-0123456789abcdef0"]
  route_tables = ["rtb-0123456789abcdef0"]
  databases    = ["sg-0123456789abcdef0"]
}

prices = "lccc-reference/prices"

database = {
  NIGHTFERRY_PG_HOST = "settlements-uat.abc123.eu-west-2.rds.amazonaws.com"
  NIGHTFERRY_PG_PORT = "5432"
  NIGHTFERRY_PG_USER = "nightferry_ro"
  NIGHTFERRY_PG_CA   = "certificates/rds.pem"
}

secrets = {
  NIGHTFERRY_PG_PASSWORD = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/uat/password-AbCdEf"
  NIGHTFERRY_KEY         = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:nightferry/uat/key-AbCdEf"
}

told = ["nights@example.org"]
