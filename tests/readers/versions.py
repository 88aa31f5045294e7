"""Opens a Delta table of this machine at each of its versions: rows and the sum of a column, by deltalake and by DuckDB."""

import sys

import duckdb
from deltalake import DeltaTable

table, column = sys.argv[1:]
for version in range(DeltaTable(table).version() + 1):
    at = DeltaTable(table, version=version)
    rows = at.to_pyarrow_table()
    sum_of = sum(value for value in rows.column(column).to_pylist() if value is not None)
    files = at.file_uris()
    found = duckdb.sql(f"select count(*), sum({column}) from read_parquet({files!r})").fetchall()[0]
    assert (rows.num_rows, sum_of) == (found[0], int(found[1])), (version, rows.num_rows, sum_of, found)
    print(version, rows.num_rows, sum_of)
