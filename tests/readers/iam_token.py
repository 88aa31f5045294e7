"""Prints the login token that AWS's own library makes: `iam_token.py HOST PORT USER REGION MOMENT KEY SECRET [TOKEN]`.

MOMENT is seconds since 1970. Nothing is asked of the network: the credentials are given, the clock is the moment.
"""
import datetime
import sys
from unittest import mock

import botocore.auth
import botocore.session


def made(host, port, user, region, moment, key, secret, token=None):
    session = botocore.session.Session()
    session.set_credentials(key, secret, token or None)
    client = session.create_client("rds", region_name=region)
    now = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: now):
        return client.generate_db_auth_token(host, port, user)


if __name__ == "__main__":
    host, port, user, region, moment, *credentials = sys.argv[1:]
    print(made(host, int(port), user, region, int(moment), *credentials), end="")
