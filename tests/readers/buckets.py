"""Makes the buckets of an S3 server of a test's own, and says who may do what in each: `buckets.py ENDPOINT`.

The policies are what `deploy/terraform/aws/rights.tf` gives a night: objects are read and written, and of them only probes and a run's parts
are taken back.
"""
import json
import os
import sys

import botocore.session

endpoint = sys.argv[1]
session = botocore.session.Session()
session.set_credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
s3 = session.create_client("s3", region_name="eu-west-2", endpoint_url=endpoint)


def allow(principal, actions, resources):
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": [f"arn:aws:s3:::{resource}" for resource in resources]}


def of_a_night(bucket):
    night = {"AWS": ["night"]}
    return [
        allow(night, ["s3:GetObject", "s3:PutObject"], [f"{bucket}/*"]),
        allow(night, ["s3:DeleteObject"], [f"{bucket}/*/_nightferry/probe-*", f"{bucket}/*/run=*"]),
        allow(night, ["s3:ListBucket"], [bucket]),
    ]


looker = {"AWS": ["looker"]}
policies = {
    "sound": [*of_a_night("sound"), allow(looker, ["s3:GetObject"], ["sound/*"]), allow(looker, ["s3:ListBucket"], ["sound"])],
    "open": [*of_a_night("open"), allow("*", ["s3:GetObject"], ["open/*"])],
    "kept": [allow({"AWS": ["night"]}, ["s3:GetObject", "s3:PutObject"], ["kept/*"]), allow({"AWS": ["night"]}, ["s3:ListBucket"], ["kept"])],
}
for bucket, statements in policies.items():
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
