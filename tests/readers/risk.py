"""Counts how alone somebody stands in a Delta table, as DuckDB does.

Arguments: the table's folder, the columns that rows are found by (with commas between), the sensitive column.
Prints a JSON object: {"groups", "k_min", "under_5", "under_10", "unique", "l_min"}; the three in the middle are shares of rows.
"""

import json
import os
import sys

import duckdb
from deltalake import DeltaTable

folder, quasi, sensitive = sys.argv[1:]
files = [os.path.join(folder, path) for path in DeltaTable(folder).to_pyarrow_dataset().files]
found = duckdb.execute(
    f"""
    with t as (select * from read_parquet($files, hive_partitioning = false)),
    g as (select count(*) as k, count(distinct "{sensitive}") + max(("{sensitive}" is null)::int) as l from t group by {quasi})
    select count(*), min(k), sum(k) filter (k < 5) / sum(k), sum(k) filter (k < 10) / sum(k), sum(k) filter (k = 1) / sum(k), min(l)
    from g
    """,
    {"files": files},
).fetchone()
names = ["groups", "k_min", "under_5", "under_10", "unique", "l_min"]
print(json.dumps(dict(zip(names, (round(float(cell or 0), 6) for cell in found)))))
