"""A door like that of a database on RDS: TLS, then a token in the place of a password, which AWS's own library checks.

`iam_login.py CERTIFICATE KEY HOST PORT REGION ACCESS_KEY SECRET TOKEN [SERVER]` prints the port it listens on, then a line for each that comes: `user
valid MOMENT` or `user wrong MOMENT`, by when the token was made. HOST and PORT are what the token must be for; a PORT of 0 is the one listened on.
Nobody is let in, or, where there is a SERVER behind it (a port that trusts whoever comes), who is right; that takes a good second, so that the next
token is of another one, and before a second has come the first gets no more than a megabyte. It ends when its input does.
"""
import contextlib
import datetime
import os
import select
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from iam_token import made

certificate, key, host, port, region, access_key, secret, session_token, *server = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
port = int(port) or listener.getsockname()[1]
print(listener.getsockname()[1], flush=True)
judging, two_are_in, tokens = threading.Lock(), threading.Event(), []


def exactly(stream, count):
    read = b""
    while len(read) < count:
        more = stream.recv(count - len(read))
        if not more:
            raise EOFError
        read += more
    return read


def message(stream):
    return exactly(stream, struct.unpack("!I", exactly(stream, 4))[0] - 4)


def judged(user, token):
    """Whether AWS's library, at the moment that the token names, makes the same one: the order of its parts apart."""
    parts = urllib.parse.parse_qs(token.partition("?")[2])
    moment = datetime.datetime.strptime(parts["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    age = abs((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds())
    wanted = made(host, port, user, region, int(moment.timestamp()), access_key, secret, session_token)
    same = [sorted(text.partition("?")[2].split("&")) + [text.partition("?")[0]] for text in (token, wanted)]
    return "valid" if same[0] == same[1] and age < 900 else "wrong", parts["X-Amz-Date"][0]


def ends_with_input():
    sys.stdin.read()
    os._exit(0)


def carry(stream, behind):
    carried = 0
    while True:
        if carried > 1 << 20:
            two_are_in.wait(20)
        for one in [stream] if stream.pending() else select.select([stream, behind], [], [])[0]:
            read = one.recv(1 << 16)
            if not read:
                return
            (behind if one is stream else stream).sendall(read)
            carried += len(read)


def answer(plain):
    message(plain)
    plain.sendall(b"S")
    with tls.wrap_socket(plain, server_side=True) as stream:
        first = message(stream)
        startup = first[4:].split(b"\0")
        user = startup[startup.index(b"user") + 1].decode()
        stream.sendall(b"R" + struct.pack("!II", 8, 3))
        exactly(stream, 1)
        token = message(stream)[:-1].decode()
        # AWS's library is given the moment by a patch of its own clock.
        with judging:
            verdict, moment = judged(user, token)
            print(user, verdict, moment, flush=True)
            tokens.append(token)
        if len(tokens) > 1:
            two_are_in.set()
        if server and verdict == "valid":
            time.sleep(1.1)
            with socket.create_connection(("127.0.0.1", int(server[0]))) as behind, contextlib.suppress(OSError):
                behind.sendall(struct.pack("!I", 4 + len(first)) + first)
                carry(stream, behind)
            return
        fields = b"SFATAL\0C28000\0Mno\0\0"
        stream.sendall(b"E" + struct.pack("!I", 4 + len(fields)) + fields)


threading.Thread(target=ends_with_input, daemon=True).start()
while True:
    threading.Thread(target=answer, args=[listener.accept()[0]], daemon=True).start()
