"""Opens a Delta table of this machine at each of its versions, by deltalake, DuckDB and Polars, and looks at its checkpoints.

checkpoints.py TABLE [FROM]: the versions from FROM on (0), each with the rows of one whole night (`sealed`). Of every checkpoint: what
it says of the files is what the entries said of them, statistics too, and it has no statistics of its own. Prints
{"versions", "nights": [of each], "checkpoints": [versions], "hint": the version that `_last_checkpoint` names, or null}.
"""

import glob
import json
import os
import re
import sys

import duckdb
import polars
import pyarrow.parquet as parquet
from deltalake import DeltaTable
from sealed import whole

table, first = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
duck = duckdb.connect()


def seen(version):
    at = DeltaTable(table, version=version)
    looks = {"deltalake": at.to_pyarrow_table().to_pylist(), "polars": polars.scan_delta(table, version=version).collect().to_dicts()}
    relation = duck.sql("select * from read_parquet($files, hive_partitioning = false)", params={"files": at.file_uris()})
    looks["duckdb"] = [dict(zip(relation.columns, row)) for row in relation.fetchall()]
    nights = {reader: whole(table, rows) for reader, rows in looks.items()}
    assert len(set(nights.values())) == 1, nights
    return nights["polars"]


def stats(path):
    """What the entries say of the files that a checkpoint has."""
    said = {}
    for entry in glob.glob(f"{table}/_delta_log/*.json"):
        for line in open(entry):
            add = json.loads(line).get("add", {})
            said[add.get("path")] = (add.get("size"), add.get("stats"))
    return said


newest = DeltaTable(table).version()
answer = {"versions": newest + 1, "nights": [seen(version) for version in range(first, newest + 1)], "checkpoints": [], "hint": None}
for path in sorted(glob.glob(f"{table}/_delta_log/*.checkpoint.parquet")):
    answer["checkpoints"].append(int(re.match(r"\d+", os.path.basename(path))[0]))
    file, said = parquet.ParquetFile(path), stats(path)
    adds = [row["add"] for row in file.read().to_pylist() if row["add"]]
    if first == 0:
        assert adds and all(said[add["path"]] == (add["size"], add["stats"]) for add in adds), path
    groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
    assert all(group.column(column).statistics is None for group in groups for column in range(group.num_columns)), path
hint = f"{table}/_delta_log/_last_checkpoint"
if os.path.exists(hint):
    answer["hint"] = json.load(open(hint))["version"]
print(json.dumps(answer))
