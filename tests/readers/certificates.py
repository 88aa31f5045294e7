"""Makes a good server certificate and every bad one that can be thought of, for a server of this machine.

`certificates.py FOLDER` writes `ca.pem`, `client-ca.pem` and client certificates, and `<case>.pem` with `<case>.key` for each case; prints the
names of the cases, one a line: `good` or `bad`, then the name.
"""
import datetime
import ipaddress
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

folder = Path(sys.argv[1])
now = datetime.datetime.now(datetime.timezone.utc)
day = datetime.timedelta(days=1)
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
HERE = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Party:
    """A certificate with its key, and the chain that goes with it."""

    def __init__(self, subject, issuer=None, key=None, names=None, ca=None, usage=None, days=(-1, 2), digest=hashes.SHA256(), chain=(), extra=()):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = name(subject)
        signer = issuer or self
        builder = x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name).public_key(self.key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now + days[0] * day).not_valid_after(now + days[1] * day)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca is not False, None if isinstance(ca, bool) else ca), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage:
            builder = builder.add_extension(usage, critical=False)
        for extension in extra:
            builder = builder.add_extension(extension, critical=True)
        self.certificate = builder.sign(signer.key, digest)
        self.chain = list(chain)

    def pem(self):
        return b"".join(party.public_bytes(serialization.Encoding.PEM) for party in [self.certificate, *self.chain])

    def write(self, case):
        (folder / f"{case}.pem").write_bytes(self.pem())
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / f"{case}.key").write_bytes(key)
        (folder / f"{case}.key").chmod(0o600)


def leaf(issuer, **changed):
    return Party("localhost", issuer, **{"names": HERE, "ca": False, "usage": SERVER, **changed})


def below(issuer, **changed):
    """A leaf under an authority between, with that authority in its chain."""
    between = Party("between", issuer, **{"ca": True, **changed})
    return leaf(between, chain=[between.certificate])


ca = Party("the authority", ca=True)
another = Party("another authority", ca=True)
between = Party("between", ca, ca=True)
short = Party("short authority", ca, ca=0)
shorter = Party("shorter authority", short, ca=True)
no_authority = leaf(ca)


def altered():
    """The signature is over other bytes than these."""
    party = leaf(ca)
    der = bytearray(party.certificate.public_bytes(serialization.Encoding.DER))
    at = bytes(der).rfind(b"localhost")
    der[at : at + 9] = b"localhosT"
    party.certificate = x509.load_der_x509_certificate(bytes(der))
    return party


def weakly_signed():
    """By openssl: `cryptography` no longer signs so."""
    party = leaf(ca)
    ca.write("signer")
    request = x509.CertificateSigningRequestBuilder().subject_name(party.name)
    for extension in party.certificate.extensions:
        request = request.add_extension(extension.value, extension.critical)
    request = request.sign(party.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    sign = ["openssl", "x509", "-req", "-copy_extensions", "copyall", "-sha1", "-days", "2", "-set_serial", "7"]
    sign += ["-CA", folder / "signer.pem", "-CAkey", folder / "signer.key"]
    party.certificate = x509.load_pem_x509_certificate(subprocess.run(sign, input=request, check=True, capture_output=True).stdout)
    assert isinstance(party.certificate.signature_hash_algorithm, hashes.SHA1)
    return party


unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
only_elsewhere = x509.NameConstraints([x509.DNSName("example.org")], None)
cases = {
    "good": leaf(ca),
    "good-with-an-authority-between": below(ca),
    "expired": leaf(ca, days=(-3, -1)),
    "not-valid-yet": leaf(ca, days=(1, 3)),
    "of-another-host": leaf(ca, names=[x509.DNSName("db.example.org")]),
    "of-a-name-and-no-address": leaf(ca, names=[x509.DNSName("localhost")]),
    "of-a-wildcard-elsewhere": leaf(ca, names=[x509.DNSName("*.example.org")]),
    "named-only-in-its-subject": leaf(ca, names=None),
    "of-another-authority": leaf(another),
    "signed-by-itself": Party("a certificate of its own", names=HERE, usage=SERVER, ca=False),
    "without-the-authority-between": leaf(between),
    "signed-by-no-authority": leaf(no_authority, chain=[no_authority.certificate]),
    "below-an-expired-authority": below(ca, days=(-3, -1)),
    "below-an-authority-of-other-hosts": below(ca, extra=[only_elsewhere]),
    "below-an-authority-that-makes-none": leaf(shorter, chain=[shorter.certificate, short.certificate]),
    "for-clients": leaf(ca, usage=CLIENT),
    "that-is-an-authority": leaf(ca, ca=True),
    "with-a-critical-unknown": leaf(ca, extra=[unknown]),
    "of-a-short-key": leaf(ca, key=rsa.generate_private_key(65537, 1024)),
    "with-a-signature-of-sha1": weakly_signed(),
    "altered": altered(),
}
for case, party in cases.items():
    party.write(case)
    print("good" if case.startswith("good") else "bad", case)
(folder / "ca.pem").write_bytes(ca.pem())
clients = Party("authority of clients", ca=True)
(folder / "client-ca.pem").write_bytes(clients.pem())
Party("guarded", clients, ca=False, usage=CLIENT).write("client")
Party("guarded", another, ca=False, usage=CLIENT).write("client-of-another-authority")
Party("somebody", clients, ca=False, usage=CLIENT).write("client-of-another-name")
