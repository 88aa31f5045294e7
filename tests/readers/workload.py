"""Hands out tokens as Azure does to a workload, exchanges them as AWS STS does, and gives credentials as ECS does to a container; checks what it
is asked as they do: `workload.py`, which prints its port.

`/msi/token`: the endpoint of a managed identity (Container Apps). `/tenant-1/oauth2/v2.0/token`: Entra, to which the token is shown that
Kubernetes put into a file; `/_token` gives such a one. `/`: STS, AssumeRoleWithWebIdentity, which nobody signs: the token is verified with its
public key; audience, subject and time are compared with those of the identity provider and of the role's trust. `/v2/credentials`: a
container's credentials. What goes wrong is said by a POST of JSON to `/_said` ({"azure": [..], "entra": [..], "sts": [..], "container": [..]}: a
list of faults, one for each question; and how everybody is); `/_seen` tells every question and its status.

The key pair and tokens are invented at every start; `keys` are those that are handed out.
"""
import base64
import datetime
import http.server
import json
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROLE = "arn:aws:iam::111122223333:role/lccc/nightferry-azure"
ISSUER = "https://sts.windows.net/tenant-1/"
HEADER, TOKEN = "opensesame-of-the-container", "opensesame-of-the-task"
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
lock, seen = threading.Lock(), []
said = {
    "azure": [], "entra": [], "sts": [], "container": [], "audience": "api://nightferry-aws", "subject": "identity-1", "client": "client-1",
    "seconds": 3600, "ahead": 0, "keys": ["ASIAOFTHENIGHT", "opensesame/of+the/night"], "session": "session//opensesame==",
}


def packed(of):
    return base64.urlsafe_b64encode(of if isinstance(of, bytes) else json.dumps(of).encode()).rstrip(b"=").decode()


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def now():
    return time.time() + said["ahead"]


def jwt(claims, sign=True):
    text = f"{packed({'alg': 'RS256', 'typ': 'JWT', 'kid': '1'})}.{packed(claims)}"
    return f"{text}.{packed(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()) if sign else b'none')}"


def read(token):
    """The claims of a token that is ours; `None` of any other."""
    head, claims, signature = token.split(".")
    try:
        key.public_key().verify(unpacked(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return None
    return json.loads(unpacked(claims))


def as_json(status, body):
    return status, "application/json", json.dumps(body)


def sts_fault(status, code, message=""):
    body = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message} opensesame</Message></Error><RequestId>1</RequestId></ErrorResponse>'
    return status, "text/xml", body


def token_for(audience, fault):
    begin = int(time.time())
    claims = {"iss": ISSUER, "sub": said["subject"], "aud": audience, "iat": begin, "nbf": begin - 5, "exp": begin + 3600, "tid": "tenant-1"}
    claims |= {"exp": begin - 600} if fault == "over" else {"aud": "https://storage.azure.com"} if fault == "audience" else {"iss": "https://sts.windows.net/tenant-2/"} if fault == "issuer" else {}
    return jwt(claims, fault != "tampered")


def azure(handler, _):
    asked = urllib.parse.urlsplit(handler.path)
    query = dict(urllib.parse.parse_qsl(asked.query, strict_parsing=True))
    if handler.headers["x-identity-header"] != HEADER:
        return as_json(401, {"error": "unauthorized", "message": "opensesame"})
    if handler.command != "GET" or query.pop("api-version", None) != "2019-08-01" or query.pop("client_id", said["client"]) != said["client"] or set(query) != {"resource"}:
        return as_json(400, {"error": "invalid_request", "message": "opensesame"})
    if not query["resource"].startswith("api://"):
        return as_json(400, {"error": "invalid_resource", "message": "AADSTS500011 opensesame"})
    return as_json(200, {"access_token": token_for(query["resource"], handler.fault), "expires_on": str(int(time.time()) + 3600), "resource": query["resource"], "token_type": "Bearer", "client_id": said["client"]})


def entra(handler, body):
    form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
    expected = {"grant_type": "client_credentials", "client_id": said["client"], "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    if set(form) != {*expected, "scope", "client_assertion"} or any(form[name] != value for name, value in expected.items()):
        return as_json(400, {"error": "invalid_request", "error_codes": [900144]})
    claims = read(form["client_assertion"])
    if claims is None:
        return as_json(401, {"error": "invalid_client", "error_codes": [50013]})
    if claims["aud"] != "api://AzureADTokenExchange" or claims["sub"] != "system:serviceaccount:nightferry:nightferry":
        return as_json(400, {"error": "invalid_request", "error_codes": [700213]})
    if not form["scope"].endswith("/.default"):
        return as_json(400, {"error": "invalid_scope", "error_codes": [1002012]})
    audience = form["scope"].removesuffix("/.default")
    return as_json(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token_for(audience, handler.fault)})


def sts(handler, body):
    if handler.headers["authorization"] or handler.headers["x-amz-security-token"]:
        return sts_fault(400, "ValidationError", "nobody signs this")
    form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
    if set(form) != {"Action", "DurationSeconds", "RoleArn", "RoleSessionName", "Version", "WebIdentityToken"}:
        return sts_fault(400, "ValidationError")
    if form["Action"] != "AssumeRoleWithWebIdentity" or form["Version"] != "2011-06-15" or not 900 <= int(form["DurationSeconds"]) <= 43200 or not 2 <= len(form["RoleSessionName"]) <= 64:
        return sts_fault(400, "ValidationError")
    claims = read(form["WebIdentityToken"])
    if claims is None:
        return sts_fault(400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")
    if claims["iss"] != ISSUER:
        return sts_fault(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for")
    if claims["aud"] != said["audience"]:
        return sts_fault(400, "InvalidIdentityToken", "Incorrect token audience")
    if not claims["nbf"] - 300 <= now() <= claims["exp"] + (1800 if said["ahead"] else 0):
        return sts_fault(400, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
    if form["RoleArn"] != ROLE or claims["sub"] != "identity-1":
        return sts_fault(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    until = datetime.datetime.fromtimestamp(time.time() + said["seconds"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    names = f"<AccessKeyId>{said['keys'][0]}</AccessKeyId><SecretAccessKey>{said['keys'][1]}</SecretAccessKey><SessionToken>{said['session']}</SessionToken>"
    user = f"<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/nightferry-azure/nightferry</Arn><AssumedRoleId>A:nightferry</AssumedRoleId></AssumedRoleUser>"
    result = f"<SubjectFromWebIdentityToken>identity-1</SubjectFromWebIdentityToken><Audience>{claims['aud']}</Audience>{user}<Credentials>{names}<Expiration>{until}</Expiration></Credentials><Provider>{ISSUER}</Provider>"
    return 200, "text/xml", f'<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>{result}</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>'


def container(handler, _):
    if handler.headers["authorization"] != TOKEN:
        return as_json(401, {"code": "Unauthorized", "message": "opensesame"})
    until = datetime.datetime.fromtimestamp(time.time() + said["seconds"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return as_json(200, {"RoleArn": ROLE, "AccessKeyId": said["keys"][0], "SecretAccessKey": said["keys"][1], "Token": said["session"], "Expiration": until})


FAULTS = {
    "401": (401, "application/json", '{"error":"unauthorized","message":"opensesame"}'),
    "404": (404, "text/plain", "opensesame"),
    "429": (429, "text/plain", "opensesame"),
    "500": (500, "text/html", "<html>opensesame</html>"),
    "garbage": (200, "text/html", "<html>opensesame</html>"),
    "throttled": sts_fault(400, "Throttling", "Rate exceeded"),
    "provider": sts_fault(400, "IDPCommunicationError", "Error communicating with the identity provider"),
    "rejected": sts_fault(403, "IDPRejectedClaim"),
    "expired": sts_fault(400, "ExpiredTokenException", "Token expired"),
    "redirect": (307, "text/plain", ""),
}
ROADS = {"/msi/token": ("azure", azure), "/tenant-1/oauth2/v2.0/token": ("entra", entra), "/": ("sts", sts), "/v2/credentials": ("container", container)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string(now())

    def answer(self, status, kind, body):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == 307:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def road(self, body):
        who, ask = ROADS.get(urllib.parse.urlsplit(self.path).path, (None, None))
        if who is None:
            return self.answer(404, "text/plain", "")
        with lock:
            self.fault = said[who].pop(0) if said[who] else None
            answer = FAULTS.get(self.fault) or ask(self, body)
            seen.append([who, answer[0]])
        self.answer(*answer)

    def do_GET(self):
        if self.path == "/_seen":
            with lock:
                return self.answer(200, "application/json", json.dumps(seen))
        if self.path == "/_token":
            begin = int(time.time())
            return self.answer(200, "text/plain", jwt({"iss": "https://oidc.prod-aks.azure.com/1/", "sub": "system:serviceaccount:nightferry:nightferry", "aud": "api://AzureADTokenExchange", "iat": begin, "exp": begin + 3600}))
        self.road(b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/_said":
            with lock:
                said.update(json.loads(body))
                seen.clear()
            return self.answer(200, "text/plain", "")
        self.road(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
