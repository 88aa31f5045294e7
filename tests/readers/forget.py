"""A version of the suppression list, made by the standard library alone.

python forget.py <secret> <number> <stamp> [<kind> <value in its one writing>]...

HKDF is RFC 5869 by hand: nothing of this knows our code.
"""

import hashlib
import hmac
import json
import sys

secret, number, stamp, *people = sys.argv[1:]


def tag(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


root = tag(b"nightferry/tokens/v1", secret.encode())
key = tag(root, b"forgotten" + b"\x01")
print(
    json.dumps(
        {
            "format": 1,
            "number": int(number),
            "stamp": stamp,
            "key": tag(key, b"nightferry\x00check\x002").hex()[:16],
            "made_at": "2026-11-20T09:00:00Z",
            "people": [
                {
                    "kind": kind,
                    "hmac": tag(key, kind.encode() + b"\x00" + value.encode()).hex(),
                    "case": f"EC-2026-{place:03}",
                    "ground": "b",
                    "decided_on": "2026-11-19",
                }
                for place, (kind, value) in enumerate(zip(people[::2], people[1::2]))
            ],
        }
    )
)
