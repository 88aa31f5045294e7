"""Prints the url that a token of AWS IAM for MSK is made of, as AWS's own library signs it: `msk_token.py REGION SECONDS MOMENT KEY SECRET [TOKEN]`.

MOMENT is seconds since 1970. Nothing is asked of the network: the credentials are given, the clock is the moment.
"""
import datetime
import sys
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

region, seconds, moment, key, secret, *token = sys.argv[1:]
now = datetime.datetime.fromtimestamp(int(moment), datetime.timezone.utc).replace(tzinfo=None)
request = AWSRequest("GET", f"https://kafka.{region}.amazonaws.com/", params={"Action": "kafka-cluster:Connect"})
with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: now):
    signer = botocore.auth.SigV4QueryAuth(Credentials(key, secret, *token), "kafka-cluster", region, expires=int(seconds))
    signer.add_auth(request)
print(request.url, end="")
