"""Hands out tokens as AWS STS and Microsoft Entra do, and secrets as AWS Secrets Manager and Azure Key Vault do, and checks what it is asked as they do: `tokens.py`, which prints its port.

STS: the signature of the form is computed anew by botocore from the headers that came, and compared. Entra: the token of STS is verified with
its public key; audience, subject and time are compared with those of the federated credential; or the client secret with its own. Secrets Manager: the signature
again. Key Vault: the token of Entra is verified, and what it is for. What goes wrong is said by a POST of JSON to
`/_said` ({"sts": [..], "entra": [..], "manager": [..], "vault": [..]}: a list of faults, one for each question; how the credential is; and
`secrets`, by their names); `/_seen` tells every question and
its status.

The key pair, accounts and tokens are invented at every start.
"""
import base64
import datetime
import http.server
import json
import sys
import threading
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ROLE = "arn:aws:iam::111122223333:role/lccc-nightferry-settlements"
ISSUER = "https://0a1b2c3d.tokens.sts.global.api.aws"
ACCOUNT, SECRET, SESSION = "AKIDOFTHENIGHT", "opensesame/of+the/night", "session//opensesame=="
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
lock, seen = threading.Lock(), []
said = {"sts": [], "entra": [], "audience": "api://AzureADTokenExchange", "subject": ROLE, "client": "client-1", "tenant": "tenant-1", "seconds": 3600, "ahead": 0, "secret": SECRET, "manager": [], "vault": [], "secrets": {}, "client_secret": None}
TARGETS = {"https://storage.azure.com/.default": "https://storage.azure.com", "https://vault.azure.net/.default": "https://vault.azure.net"}


def packed(of):
    return base64.urlsafe_b64encode(of if isinstance(of, bytes) else json.dumps(of).encode()).rstrip(b"=").decode()


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def now():
    return time.time() + said["ahead"]


def jwt(claims, sign=True):
    text = f"{packed({'alg': 'RS256', 'typ': 'JWT', 'kid': '1'})}.{packed(claims)}"
    return f"{text}.{packed(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()) if sign else b'none')}"


def sts_fault(status, code, message=""):
    body = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message} opensesame</Message></Error></ErrorResponse>'
    return status, "text/xml", body


def entra_fault(status, code, word):
    told = {"error": word, "error_description": f"AADSTS{code}: opensesame", "error_codes": [code], "trace_id": "0", "correlation_id": "0"}
    return status, "application/json", json.dumps(told)


def signature_is_ours(handler, body, service):
    """Whether botocore signs the same, from the headers that are named as signed."""
    told = handler.headers["authorization"] or ""
    if not told.startswith("AWS4-HMAC-SHA256 "):
        return False
    parts = dict(part.strip().split("=", 1) for part in told.split(" ", 1)[1].split(","))
    names = parts["SignedHeaders"].split(";")
    if "host" not in names or "x-amz-date" not in names:
        return False
    headers = {name: handler.headers[name] for name in names}
    request = botocore.awsrequest.AWSRequest(handler.command, f"http://{handler.headers['host']}{handler.path}", headers=headers, data=body)
    request.context["timestamp"] = handler.headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(ACCOUNT, said["secret"], SESSION), service, "eu-west-2")
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    scope = f"{ACCOUNT}/{handler.headers['x-amz-date'][:8]}/eu-west-2/{service}/aws4_request"
    return parts["Signature"] == expected and parts["Credential"] == scope


def sts(handler, body):
    moment = datetime.datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    if abs(moment - now()) > 300:
        return sts_fault(403, "SignatureDoesNotMatch", "Signature expired: 20261123T023000Z is now earlier than 20261123T023000Z (20261123T023500Z - 5 min.)")
    if handler.headers["x-amz-security-token"] != SESSION:
        return sts_fault(403, "InvalidClientTokenId")
    if not signature_is_ours(handler, body, "sts"):
        return sts_fault(403, "SignatureDoesNotMatch")
    form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
    if form.get("Action") != "GetWebIdentityToken" or form.get("Version") != "2011-06-15" or form.get("SigningAlgorithm") not in ("RS256", "ES384"):
        return sts_fault(400, "ValidationError")
    if set(form) != {"Action", "Version", "SigningAlgorithm", "Audience.member.1", "DurationSeconds"} or not 60 <= int(form["DurationSeconds"]) <= 3600:
        return sts_fault(400, "ValidationError")
    begin = int(now())
    claims = {"iss": ISSUER, "sub": ROLE, "aud": form["Audience.member.1"], "iat": begin, "exp": begin + int(form["DurationSeconds"]), "jti": "1"}
    fault = handler.fault
    claims |= {"aud": "https://somebody.example.org"} if fault == "audience" else {"iat": begin - 900, "exp": begin - 600} if fault == "over" else {}
    until = datetime.datetime.fromtimestamp(claims["exp"], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = jwt(claims, fault != "tampered")
    answer = f'<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult><Expiration>{until}</Expiration><WebIdentityToken>{token}</WebIdentityToken></GetWebIdentityTokenResult></GetWebIdentityTokenResponse>'
    return 200, "text/xml", answer


def entra(handler, body):
    form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
    if handler.path != f"/{said['tenant']}/oauth2/v2.0/token":
        return entra_fault(400, 90002, "invalid_request")
    target = TARGETS.get(form.get("scope"))
    expected = {"grant_type": "client_credentials"}
    if said["client_secret"] is None:
        expected["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    shown = "client_assertion" if said["client_secret"] is None else "client_secret"
    if not target or any(form.get(name) != value for name, value in expected.items()) or set(form) != {*expected, "scope", "client_id", shown}:
        return entra_fault(400, 900144, "invalid_request")
    if form["client_id"] != said["client"]:
        return entra_fault(400, 700016, "unauthorized_client")
    if said["client_secret"] is not None:
        return access_token(target) if form["client_secret"] == said["client_secret"] else entra_fault(401, 7000215, "invalid_client")
    head, claims, signature = form["client_assertion"].split(".")
    try:
        key.public_key().verify(unpacked(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return entra_fault(401, 50013, "invalid_client")
    claims = json.loads(unpacked(claims))
    if not claims["iat"] - 300 <= now() <= claims["exp"]:
        return entra_fault(401, 700024, "invalid_client")
    if claims["iss"] != ISSUER:
        return entra_fault(400, 700211, "invalid_request")
    if claims["aud"] != said["audience"]:
        return entra_fault(400, 700212, "invalid_request")
    if claims["sub"] != said["subject"]:
        return entra_fault(400, 700213, "invalid_request")
    return access_token(target)


def access_token(target):
    begin = int(time.time())
    token = jwt({"iss": f"https://sts.windows.net/{said['tenant']}/", "aud": target, "iat": begin, "nbf": begin - 5, "exp": begin + 3600, "appid": said["client"], "oid": "1"})
    return 200, "application/json", json.dumps({"token_type": "Bearer", "expires_in": said["seconds"], "ext_expires_in": said["seconds"], "access_token": token})


def manager_fault(status, code, message=""):
    return status, "application/x-amz-json-1.1", json.dumps({"__type": f"com.amazonaws.secretsmanager#{code}", "Message": f"{message} opensesame"})


def manager(handler, body):
    moment = datetime.datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    if abs(moment - now()) > 300:
        return manager_fault(400, "InvalidSignatureException", "Signature expired: 20261123T023000Z is now earlier than 20261123T023500Z")
    if handler.headers["x-amz-security-token"] != SESSION:
        return manager_fault(400, "UnrecognizedClientException")
    if not signature_is_ours(handler, body, "secretsmanager"):
        return manager_fault(400, "InvalidSignatureException")
    if handler.headers["content-type"] != "application/x-amz-json-1.1":
        return manager_fault(400, "SerializationException")
    asked = json.loads(body)
    if set(asked) != {"SecretId"}:
        return manager_fault(400, "InvalidParameterException")
    name = asked["SecretId"].rsplit(":secret:", 1)[-1]
    if name not in said["secrets"]:
        return manager_fault(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    value = said["secrets"][name]
    told = {"ARN": f"arn:aws:secretsmanager:eu-west-2:111122223333:secret:{name}-AbCdEf", "Name": name, "VersionId": "0", "VersionStages": ["AWSCURRENT"], "CreatedDate": 1.7e9}
    held = {"SecretBinary": base64.b64encode(value["binary"].encode()).decode()} if isinstance(value, dict) else {"SecretString": value}
    return 200, "application/x-amz-json-1.1", json.dumps(told | held)


def vault_fault(status, code, inner=None):
    told = {"code": code, "message": "opensesame"} | ({"innererror": {"code": inner}} if inner else {})
    return status, "application/json; charset=utf-8", json.dumps({"error": told})


def vault(handler):
    path, _, query = handler.path.partition("?")
    shown = (handler.headers["authorization"] or "").removeprefix("Bearer ").split(".")
    try:
        head, claims, signature = shown
        key.public_key().verify(unpacked(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(unpacked(claims))
    except (ValueError, InvalidSignature):
        return vault_fault(401, "Unauthorized")
    # A token for storage opens no vault.
    if claims["aud"] != "https://vault.azure.net" or not claims["nbf"] <= now() <= claims["exp"]:
        return vault_fault(401, "Unauthorized")
    if query != "api-version=7.4":
        return vault_fault(400, "BadParameter")
    _, kind, name, *version = path.split("/")
    if kind != "secrets" or name not in said["secrets"]:
        return vault_fault(404, "SecretNotFound")
    at = f"https://lccc.vault.azure.net/secrets/{name}/{version[0] if version else '0a1b'}"
    return 200, "application/json; charset=utf-8", json.dumps({"value": said["secrets"][name], "id": at, "attributes": {"enabled": True, "recoveryLevel": "Recoverable+Purgeable"}})


FAULTS = {
    "401": (401, "application/json", '{"error":"invalid_client","error_description":"opensesame"}'),
    "429": (429, "text/plain", "opensesame"),
    "500": (500, "text/html", "<html>opensesame</html>"),
    "garbage": (200, "text/html", "<html>opensesame</html>"),
    "expired": sts_fault(403, "ExpiredToken"),
    "denied": sts_fault(403, "AccessDenied"),
    "off": sts_fault(403, "OutboundWebIdentityFederationDisabledException"),
    "throttled": sts_fault(400, "Throttling", "Rate exceeded"),
    "redirect": (307, "text/plain", ""),
    "m-throttled": manager_fault(400, "ThrottlingException", "Rate exceeded"),
    "m-500": manager_fault(500, "InternalServiceError"),
    "m-denied": manager_fault(400, "AccessDeniedException", "User: arn:aws:sts::111122223333:assumed-role/x is not authorized to perform: secretsmanager:GetSecretValue on resource: x"),
    "m-key": manager_fault(400, "AccessDeniedException", "Access to KMS is not allowed"),
    "m-undecrypted": manager_fault(400, "DecryptionFailure"),
    "m-expired": manager_fault(400, "ExpiredTokenException", "The security token included in the request is expired"),
    "m-deleted": manager_fault(400, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion."),
    "v-401": vault_fault(401, "Unauthorized"),
    "v-denied": vault_fault(403, "Forbidden", "ForbiddenByRbac"),
    "v-network": vault_fault(403, "Forbidden", "ForbiddenByFirewall"),
    "v-disabled": vault_fault(403, "Forbidden", "SecretDisabled"),
    "v-deleted": vault_fault(409, "Conflict", "ObjectIsBeingDeleted"),
    "v-429": vault_fault(429, "Throttled"),
    "v-503": vault_fault(503, "ServiceUnavailable"),
    "large": (200, "application/json", json.dumps({"SecretString": "o" * 300000, "value": "o" * 300000})),
}


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

    def do_GET(self):
        if self.path != "/_seen":
            with lock:
                self.fault = said["vault"].pop(0) if said["vault"] else None
                answer = FAULTS.get(self.fault) or vault(self)
                seen.append(["vault", answer[0]])
            return self.faulty(answer)
        with lock:
            self.answer(200, "application/json", json.dumps(seen))

    def faulty(self, answer):
        if self.fault == "silent":
            time.sleep(30)
        self.answer(*answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/_said":
            with lock:
                said.update(json.loads(body))
                seen.clear()
            return self.answer(200, "text/plain", "")
        is_manager = self.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        who, ask = ("manager", manager) if is_manager else ("sts", sts) if self.path == "/" else ("entra", entra)
        with lock:
            self.fault = said[who].pop(0) if said[who] else None
            answer = FAULTS.get(self.fault) or ask(self, body)
            seen.append([who, answer[0]])
        self.faulty(answer)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit()
