"""Reads the plain copy of a table as tools do that take a folder and know no log, and the table by its log.

plain.py TABLE FOLDER COLUMN: the folder's rows by DuckDB and by pyarrow are those that deltalake and DuckDB find in the table, each
object is what `_version.json` says of it, and nothing else lies there. Prints
{"whole", "version", "rows", "sum": of COLUMN, "objects": {path: rows}, "ids": [every `id`, in order]}.
"""

import hashlib
import json
import os
import sys

import duckdb
import pyarrow.dataset
import pyarrow.parquet as parquet
from deltalake import DeltaTable

table, folder, column = sys.argv[1:]
said = json.load(open(f"{folder}/_version.json"))
there = {file for file in os.listdir(folder) if file != "_version.json"}
assert there == {of["path"] for of in said["objects"]}, (there, said)
for of in said["objects"]:
    data = open(f"{folder}/{of['path']}", "rb").read()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (of["bytes"], of["sha256"]), of
    assert parquet.ParquetFile(f"{folder}/{of['path']}").metadata.num_rows == of["rows"], of


def rows(dicts):
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in dicts)


def dicts(relation):
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


at = DeltaTable(table)
wanted = rows(at.to_pyarrow_table().to_pylist())
duck = duckdb.connect()
by_log = duck.sql("select * from read_parquet($files, hive_partitioning = false, union_by_name = true)", params={"files": at.file_uris()})
assert rows(dicts(by_log)) == wanted
by_folder = duck.sql(f"select * from read_parquet('{folder}/*.parquet', union_by_name = true)")
assert rows(dicts(by_folder)) == wanted
by_arrow = pyarrow.dataset.dataset(folder, format="parquet").to_table()
assert rows(by_arrow.to_pylist()) == wanted
assert said["version"] == at.version() and said["rows"] == len(wanted), said
total = duck.sql(f"select sum({column})::bigint from read_parquet('{folder}/*.parquet')").fetchall()[0][0]
print(
    json.dumps(
        {
            "whole": said["whole"],
            "version": said["version"],
            "rows": len(wanted),
            "sum": total,
            "objects": {of["path"]: of["rows"] for of in said["objects"]},
            "ids": sorted(row["id"] for row in by_arrow.to_pylist()),
        }
    )
)
