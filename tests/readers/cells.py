"""Reads a Delta table with two readers that share no code with nightferry, and prints every cell as psql would.

One JSON object a line: {"reader", "types": {column: type}, "rows": [[cell or null, ...], ...]}; rows by their column `n`.
Floats are the hexadecimal digits of their bytes, so that no zero and no NaN looks like another.
"""

import datetime
import decimal
import json
import struct
import sys

import duckdb
from deltalake import DeltaTable


def plain(value, kind):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return struct.pack(">f" if kind.lower() == "float" else ">d", value).hex()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, datetime.datetime):
        # `strftime` leaves the zeros before a year out.
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat(" ", "microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value))


def show(reader, names, types, rows):
    n = names.index("n")
    rows = [[plain(cell, kind) for cell, kind in zip(row, types)] for row in sorted(rows, key=lambda row: row[n])]
    print(json.dumps({"reader": reader, "types": dict(zip(names, types)), "rows": rows}))


delta = DeltaTable(sys.argv[1])
table = delta.to_pyarrow_table()
names = table.column_names
fields = {field["name"]: field["type"] for field in json.loads(delta.schema().to_json())["fields"]}
columns = [table.column(name).to_pylist() for name in names]
show("deltalake", names, [fields[name] for name in names], list(zip(*columns)))

duck = duckdb.connect()
duck.execute("set timezone = 'UTC'")
# The folder `run=<id>` looks like a Hive partition, and DuckDB would add a column for it.
source = "read_parquet($files, hive_partitioning = false)"
relation = duck.sql(f"select * from {source}", params={"files": delta.file_uris()})
show("duckdb", relation.columns, [str(kind) for kind in relation.types], relation.fetchall())
