"""Makes two datasets that differ, or reads two versions of a Delta table, and says by SQL in what they differ.

differences.py make FOLDER SEED ROWS: writes left and right as one Parquet file, as a folder of several, as CSV and as JSON
lines. differences.py table PATH ONE TWO KEY: two versions, as `deltalake` reads them.

Prints one JSON object: {"compared", "missing", "extra", "changed", "duplicates", "null_keys", "columns": {name: rows}}.
Everything is counted by DuckDB: a full outer join over the keys that are there once on each side.
"""

import json
import os
import sys

import duckdb

duck = duckdb.connect()
duck.execute("set timezone = 'UTC'")


def truth(key, columns):
    keys = ", ".join(key)
    is_null = " or ".join(f"{name} is null" for name in key)
    for side in ("left", "right"):
        duck.execute(
            f"create or replace view {side}_keyed as select *, count(*) over (partition by {keys}) as times "
            f"from {side}_rows where not ({is_null})"
        )
    once = " and ".join(
        f"({keys}) not in (select ({keys}) from {side}_keyed where times > 1)" for side in ("left", "right")
    )
    joined = " and ".join(f"l.{name} = r.{name}" for name in key)
    differs = {name: f"l.{name} is distinct from r.{name}" for name in columns}
    both = "l.times is not null and r.times is not null"
    counts = [f"count(*) filter ({both})", "count(*) filter (r.times is null)", "count(*) filter (l.times is null)"]
    counts += [f"count(*) filter ({both} and ({' or '.join(differs.values())}))"]
    counts += [f"count(*) filter ({both} and {test})" for test in differs.values()]
    compared, missing, extra, changed, *cells = duck.execute(
        f"select {', '.join(counts)} from (select * from left_keyed where {once}) as l "
        f"full join (select * from right_keyed where {once}) as r on {joined}"
    ).fetchone()
    one = "union all".join(
        f" select count(*) filter ({is_null}), count(*) filter (not ({is_null})) - count(distinct ({keys})) "
        f"filter (not ({is_null})) from {side}_rows "
        for side in ("left", "right")
    )
    nulls, duplicates = (sum(figures) for figures in zip(*duck.execute(one).fetchall()))
    return {"compared": compared, "missing": missing, "extra": extra, "changed": changed, "duplicates": duplicates,
            "null_keys": nulls, "columns": dict(zip(differs, cells))}


def make(folder, seed, rows):
    """Keys of two columns; every kind of value, NULL, NaN and -0.0 among them; a tenth of the keys twice where the seed is odd."""
    duck.execute(f"select setseed({(int(seed) % 1000) / 1000})")
    duck.execute("set threads = 1")
    repeats = "case when random() < 0.1 then 2 else 1 end" if int(seed) % 2 else "1"
    duck.execute(
        f"create table base as select (i // 3)::bigint as id, ['a', 'bc', 'c'][i % 3 + 1] as part, {repeats} as times, "
        f"(i * 7 / 100)::decimal(18, 2) as amount, "
        f"case i % 11 when 0 then 'nan'::double when 1 then -0.0 when 2 then null else i / 7.0 end as rate, "
        f"case when i % 5 = 0 then null else repeat('é', i % 9) || 'note ' || i end as note, "
        f"timestamptz '2026-11-22 00:00:00+00' + to_microseconds(i * 1000003) as moment, "
        f"date '2026-01-01' + (i % 400)::int as day, i % 2 = 0 as holds from range({rows}) as r(i)"
    )
    columns = "id, part, amount, rate, note, moment, day, holds"
    duck.execute(f"create table left_rows as select {columns} from base where random() > 0.02")
    duck.execute(
        "create table right_rows as select id, part, case when random() < 0.02 then amount + 0.01 else amount end as amount, "
        "case when random() < 0.02 then 0.5 when rate = 0 then 0.0 else rate end as rate, "
        "case when random() < 0.02 then null when random() < 0.02 then note || 'x' else note end as note, "
        "case when random() < 0.02 then moment + interval 1 microsecond else moment end as moment, "
        "case when random() < 0.02 then day + 1 else day end as day, "
        "case when random() < 0.02 then not holds else holds end as holds "
        "from base, range(times) where random() > 0.02 order by random()"
    )
    for side in ("left", "right"):
        rows_of = f"(select * from {side}_rows)"
        duck.execute(f"copy {rows_of} to '{folder}/{side}.parquet' (format parquet, row_group_size 2048)")
        os.mkdir(f"{folder}/{side}")
        for piece in range(3):
            duck.execute(f"copy (select * from {side}_rows where hash(id) % 3 = {piece}) to '{folder}/{side}/{piece}.parquet'")
        duck.execute(f"copy {rows_of} to '{folder}/{side}.csv' (header)")
        # JSON has no NaN.
        duck.execute(f"copy (select * exclude (rate) from {side}_rows) to '{folder}/{side}.jsonl' (format json)")
    return truth(["id", "part"], ["amount", "rate", "note", "moment", "day", "holds"])


def table(path, one, two, key):
    from deltalake import DeltaTable

    for side, version in (("left", one), ("right", two)):
        rows = DeltaTable(path, version=int(version)).to_pyarrow_table()
        duck.register(f"{side}_arrow", rows)
        duck.execute(f"create table {side}_rows as select * from {side}_arrow")
    return truth([key], [name for name in rows.column_names if name != key])


print(json.dumps({"make": make, "table": table}[sys.argv[1]](*sys.argv[2:])))
