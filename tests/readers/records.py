"""Prints every record of the relay's objects below a folder, a JSON object a line: all that stands in them, and what each file says of itself."""

import json
import sys
from pathlib import Path

import duckdb


def text(value):
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {key: text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [text(part) for part in value]
    return str(value) if value is not None else None


for file in sorted(Path(sys.argv[1]).rglob("*.parquet")):
    said = duckdb.sql(f"select key, value from parquet_kv_metadata('{file}')").fetchall()
    print(json.dumps({"file": str(file), "said": {text(key): text(value) for key, value in said}}))
    rows = duckdb.sql(f"select * from read_parquet('{file}') order by \"offset\"")
    for row in rows.fetchall():
        print(json.dumps(dict(zip(rows.columns, map(text, row)))))
