"""A server of webhooks and of SNS for tests: `take_messages.py FOLDER KEY AWS_SECRET [STATUS..]`.

Prints its port. Each POST is kept in FOLDER as `<n>.json` (path, headers, body, and whether its signature holds), and answered with the next
STATUS of those that are given, the last of them for ever; 200 by default. A STATUS of 302 leads to /elsewhere, and 0 is no answer for a minute. Signatures are worked out
here by the standard library, and those of AWS by botocore.
"""
import datetime
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

folder, key, aws_secret, *statuses = sys.argv[1:]
statuses = [int(status) for status in statuses] or [200]
taken = 0
lock = threading.Lock()


def holds(path, headers, body):
    if headers.get("x-nightferry-signature"):
        stamp = headers["x-nightferry-timestamp"]
        wanted = "v1=" + hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        age = abs(datetime.datetime.now(datetime.timezone.utc).timestamp() - int(stamp))
        return hmac.compare_digest(wanted, headers["x-nightferry-signature"]) and age < 300
    if headers.get("authorization", "").startswith("AWS4-HMAC-SHA256"):
        access, _, region, service, _ = headers["authorization"].split("Credential=")[1].split(",")[0].split("/")
        names = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        request = botocore.awsrequest.AWSRequest(
            method="POST", url=f"http://{headers['host']}{path}", data=body,
            headers={name: headers[name] for name in names if name != "host"})
        request.context["timestamp"] = headers["x-amz-date"]
        signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(access, aws_secret), service, region)
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        return headers["authorization"].endswith("Signature=" + signature)
    return None


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with lock:
            status = self.take(body)
        if status == 0:
            time.sleep(60)

    def take(self, body):
        global taken
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = statuses[min(taken, len(statuses) - 1)]
        kept = {"path": self.path, "headers": headers, "holds": holds(self.path, headers, body), "status": status}
        if headers.get("content-type", "").startswith("application/json"):
            kept["body"] = json.loads(body)
        else:
            kept["form"] = dict(urllib.parse.parse_qsl(body.decode()))
        part = pathlib.Path(folder) / f"{taken}.part"
        part.write_text(json.dumps(kept))
        part.rename(pathlib.Path(folder) / f"{taken}.json")
        taken += 1
        if status == 0:
            return status
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()
        return status

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
print(server.server_address[1], flush=True)
server.serve_forever()
