"""Writes what AWS DMS leaves of a table on S3, as its user guide says ("Using Amazon S3 as a target"): files of the first load, counted in
hexadecimal, and files of changes behind them, called by their time, whose first column `Op` is I, U or D.

The folder and `parquet` or `csv` are the arguments. stdin: [{"file": "LOAD00000001", "op": false, "rows": [["I", "2026-11-22 23:00:00.000000",
id, amount or null, note or null]]}]; with `"op": false` the column is left out.
"""

import csv
import datetime
import decimal
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq

folder, form = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
for file in json.load(sys.stdin):
    rows, has_op = file["rows"], file["op"]
    path = os.path.join(folder, f"{file['file']}.{form}")
    if form == "csv":
        with open(path, "w", newline="") as out:
            # `AddColumnName`, `TimestampColumnName=commit_timestamp`; `CsvNullValue` is NULL by itself.
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow((["Op"] if has_op else []) + ["commit_timestamp", "id", "amount", "note", "noted_at"])
            for op, at, key, amount, note in rows:
                cells = [at, key] + ["NULL" if cell is None else cell for cell in (amount, note)] + ["2026-11-20 10:00:00.5"]
                writer.writerow(([op] if has_op else []) + cells)
        continue
    columns = {"Op": pa.array([row[0] for row in rows], pa.string())} if has_op else {}
    columns |= {
        "commit_timestamp": pa.array([row[1] for row in rows], pa.string()),
        "id": pa.array([row[2] for row in rows], pa.int64()),
        "amount": pa.array([None if row[3] is None else decimal.Decimal(row[3]) for row in rows], pa.decimal128(38, 10)),
        "note": pa.array([row[4] for row in rows], pa.string()),
        "noted_at": pa.array([datetime.datetime(2026, 11, 20, 10, 0, 0, 500000)] * len(rows), pa.timestamp("us")),
    }
    pq.write_table(pa.table(columns), path)
