"""Custom data identifiers, an object a line, as the AWS SDK's own model of Macie's API takes them, and as its user guide bounds them.

    macie.py identifiers.jsonl
"""
import json
import re
import sys

import botocore.session
from botocore.validate import validate_parameters

shape = botocore.session.get_session().get_service_model("macie2").operation_model("CreateCustomDataIdentifier").input_shape
count = 0
for line in open(sys.argv[1]):
    made = json.loads(line)
    validate_parameters(made, shape)
    unknown = set(made) - set(shape.members)
    assert not unknown, unknown
    assert len(made["regex"]) <= 512 and 1 <= len(made["name"]) <= 128 and len(made["description"]) <= 512, made["name"]
    assert 1 <= len(made["keywords"]) <= 50 and all(3 <= len(word) <= 90 for word in made["keywords"]), made["name"]
    assert 1 <= made["maximumMatchDistance"] <= 300 and 1 <= len(made["severityLevels"]) <= 3, made["name"]
    # No group that captures, no reference back, no looking around.
    assert re.compile(made["regex"]).groups == 0 and not re.search(r"\(\?[=!<P]|\\[1-9]", made["regex"]), made["name"]
    count += 1
print(f"identifiers that botocore takes: {count}")
