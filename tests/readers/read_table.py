"""Reads one version of a Delta table with readers that share no code with nightferry, and prints what they saw.

One JSON object a line: {"reader", "types", "rows", "found"}; rows sorted by id, every value in one plain spelling.
`found` is the number of rows with the id given as third argument, by a filter that may skip files by their statistics.
"""

import datetime
import decimal
import json
import sys

import duckdb
from deltalake import DeltaTable


def plain(value):
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value))


def show(reader, names, types, rows, found):
    rows = sorted(({n: plain(v) for n, v in zip(names, row)} for row in rows), key=lambda row: row["id"])
    print(json.dumps({"reader": reader, "types": dict(zip(names, types)), "rows": rows, "found": found}))


def main():
    path, version, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    delta = DeltaTable(path, version=version)
    table = delta.to_pyarrow_table()
    found = delta.to_pyarrow_table(filters=[("id", "=", wanted)]).num_rows
    rows = [tuple(row[name] for name in table.column_names) for row in table.to_pylist()]
    types = [json.loads(delta.schema().to_json())["fields"][i]["type"] for i in range(len(table.column_names))]
    show("deltalake", table.column_names, types, rows, found)

    files = delta.file_uris()
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    # The folder `run=<id>` looks like a Hive partition, and DuckDB would add a column for it.
    source = "read_parquet($files, hive_partitioning = false)"
    if files:
        relation = duck.sql(f"select * from {source}", params={"files": files})
        names, types, rows = relation.columns, [str(t) for t in relation.types], relation.fetchall()
        count = duck.cursor().execute(f"select count(*) from {source} where id = $id", {"files": files, "id": wanted})
        show("duckdb", names, types, rows, count.fetchall()[0][0])

    print(json.dumps({
        "reader": "log",
        "version": delta.version(),
        "description": delta.metadata().description,
        "configuration": delta.metadata().configuration,
        "history": delta.history(1)[0],
        "transaction": delta.transaction_version("nightferry:settlements"),
        "comments": {f["name"]: f["metadata"].get("comment") for f in json.loads(delta.schema().to_json())["fields"]},
    }, default=str))


main()
