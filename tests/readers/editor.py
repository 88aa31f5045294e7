"""Holds TOML files against JSON Schemas as an editor does: prints each file that its schema refuses, a line each.

Arguments: the folder of the schemas, then files; a file's kind is told by where it lies.
"""

import json
import pathlib
import sys
import tomllib

import jsonschema

KINDS = {"jobs": "job", "schemas": "schema", "environments": "environment"}

schemas = pathlib.Path(sys.argv[1])
checks = {}
for kind in KINDS.values():
    schema = json.loads((schemas / f"{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    checks[kind] = jsonschema.Draft202012Validator(schema)
for file in map(pathlib.Path, sys.argv[2:]):
    found = tomllib.loads(file.read_text())
    if not checks[KINDS[file.parent.name]].is_valid(found):
        print(file)
