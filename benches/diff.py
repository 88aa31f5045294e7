"""`nightferry diff` of two Parquet files against DuckDB's full outer join and Polars' by hand, in one run on one machine.

Makes two files of --rows rows and 12 columns (whole numbers, decimals, texts, moments, a double, a text that may be NULL), the
second in another order: 0.1 % of its rows differ in one column, 0.01 % are missing and 0.01 % are new. In turn, several times:
each tool finds what differs and writes the differing rows to a file; what each says is held against what was made. Prints
the medians of wall time, processor time and largest memory. `make bench-diff` starts it, with a release build; --binary
names another.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import shutil
import statistics
import sys

from timed import answered, told

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target" / "bench-diff"
COLUMNS = ["unit_id", "status_id", "amount", "rate", "unit", "technology", "reference", "settled_at", "updated_at", "share", "note"]
# Every thousandth row differs, in a column that depends on its place; every ten thousandth is missing; as many are new.
CHANGED, MISSING, EXTRA = 1_000, 10_000, 10_000


def make(rows):
    """Both files. Nothing is random: the truth can be counted from the rules."""
    import duckdb

    duck = duckdb.connect()
    duck.execute("set preserve_insertion_order = true")
    duck.execute(
        f"""create table base as select i as id, (i * 7919 % 100000)::int as unit_id, (i % 17)::int as status_id,
        (i * 104729 % 100000000 / 100)::decimal(18, 2) as amount, (i * 15485863 % 1000000000 / 10000)::decimal(18, 4) as rate,
        'AAA-' || (i * 31 % 5000) as unit, ['Onshore Wind', 'Offshore Wind', 'Solar PV', 'Biomass'][i % 4 + 1] as technology,
        'reference ' || md5(i::varchar) as reference, timestamp '2026-01-01' + to_microseconds(i * 1000003) as settled_at,
        timestamp '2026-06-01' + to_microseconds(i * 999983) as updated_at, i / 7.0::double as share,
        case when i % 5 = 0 then null else 'a note of row ' || (i * 13 % 1000003) end as note from range({rows}) as r(i)"""
    )
    write = "(format parquet, compression zstd, row_group_size 250000)"
    duck.execute(f"copy (select * from base order by id) to '{FOLDER}/a.parquet' {write}")
    changed = {
        "amount": "amount + 0.01",
        "reference": "reference || '!'",
        "updated_at": "updated_at + interval 1 microsecond",
        "note": "case when note is null then '' else null end",
        "unit_id": "unit_id + 1",
    }
    replaced = ", ".join(
        f"case when id % {CHANGED} = 7 and id // {CHANGED} % {len(changed)} = {place} then {value} else {name} end as {name}"
        for place, (name, value) in enumerate(changed.items())
    )
    duck.execute(
        f"""copy (select * from (select * replace ({replaced}) from base where id % {MISSING} <> 5
        union all select * replace (id + {10 * rows} as id) from base where id % {EXTRA} = 9) order by hash(id))
        to '{FOLDER}/b.parquet' {write}"""
    )
    count = lambda test: duck.execute(f"select count(*) from base where {test}").fetchone()[0]
    columns = {name: count(f"id % {CHANGED} = 7 and id // {CHANGED} % {len(changed)} = {place}") for place, name in enumerate(changed)}
    return {"missing": count(f"id % {MISSING} = 5"), "extra": count(f"id % {EXTRA} = 9"),
            "changed": count(f"id % {CHANGED} = 7"), "columns": columns}


def duckdb_join():
    import duckdb

    duck = duckdb.connect()
    differs = {name: f"a.{name} is distinct from b.{name}" for name in COLUMNS}
    both = ", ".join(f"a.{name} as a_{name}, b.{name} as b_{name}, a.id is not null and b.id is not null and {test} as d_{name}"
                     for name, test in differs.items())
    duck.execute(
        f"""copy (select a.id as a_id, b.id as b_id, {both} from '{FOLDER}/a.parquet' as a full join '{FOLDER}/b.parquet' as b
        on a.id = b.id where a.id is null or b.id is null or {' or '.join(differs.values())}) to '{FOLDER}/duckdb.parquet'"""
    )
    figures = ", ".join(f"count(*) filter (d_{name})" for name in COLUMNS)
    missing, extra, changed, *columns = duck.execute(
        f"""select count(*) filter (b_id is null), count(*) filter (a_id is null),
        count(*) filter (a_id is not null and b_id is not null), {figures} from '{FOLDER}/duckdb.parquet'"""
    ).fetchone()
    return answer(missing, extra, changed, zip(COLUMNS, columns))


def polars_join():
    import polars as pl

    a, b = (pl.scan_parquet(FOLDER / name) for name in ("a.parquet", "b.parquet"))
    a, b = a.with_columns(there=pl.lit(True)), b.with_columns(there=pl.lit(True))
    joined = a.join(b, on="id", how="full", suffix="_b", coalesce=False)
    both = pl.col("there").is_not_null() & pl.col("there_b").is_not_null()
    differs = {name: both & pl.col(name).ne_missing(pl.col(f"{name}_b")) for name in COLUMNS}
    rows = joined.with_columns(**{f"d_{name}": test for name, test in differs.items()}).filter(
        ~both | pl.any_horizontal([pl.col(f"d_{name}") for name in COLUMNS])
    ).collect(engine="streaming")
    rows.write_parquet(FOLDER / "polars.parquet")
    missing, extra = rows["there_b"].null_count(), rows["there"].null_count()
    return answer(missing, extra, rows.height - missing - extra, ((name, rows[f"d_{name}"].sum()) for name in COLUMNS))


def answer(missing, extra, changed, columns):
    return {"missing": missing, "extra": extra, "changed": changed, "columns": {name: rows for name, rows in columns if rows}}


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--binary", default=str(ROOT / "target" / "release" / "nightferry"))
    asked.add_argument("--part", choices=["make", "duckdb", "polars"], help=argparse.SUPPRESS)
    asked = asked.parse_args()
    parts = {"make": lambda: make(asked.rows), "duckdb": duckdb_join, "polars": polars_join}
    if asked.part:
        print(json.dumps(parts[asked.part]()))
        return
    # A process starts with its parent's largest memory: this one stays small.
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    this = [sys.executable, __file__, "--rows", str(asked.rows), "--part"]
    truth, _ = answered([*this, "make"], FOLDER)
    truth["columns"] = {name: rows for name, rows in truth["columns"].items() if rows}
    print(f"{asked.rows:,} rows and {1 + len(COLUMNS)} columns a side: {json.dumps(truth)}", flush=True)

    ours = [pathlib.Path(asked.binary).resolve(), "diff", "a.parquet", "b.parquet", "--key", "id", "--json"]
    tools = {"nightferry": [*ours, "--out", "rows.parquet"], "nightferry, report alone": ours, "duckdb": [*this, "duckdb"]}
    if importlib.util.find_spec("polars"):
        tools["polars"] = [*this, "polars"]
    else:
        print("polars is not installed here: left out", flush=True)
    figures = {tool: [] for tool in tools}
    # One of each before any counts: pages into memory.
    for number in range(asked.runs + 1):
        for tool, command in tools.items():
            (FOLDER / "rows.parquet").unlink(missing_ok=True)
            # 1: it went well, and the two differ.
            said, used = answered(command, FOLDER, good=(0, 1))
            columns = said["columns"]
            if isinstance(columns, list):
                columns = {column["name"]: column["changed"] for column in columns if column["changed"]}
            found = answer(said["missing"], said["extra"], said["changed"], columns.items())
            if found != truth:
                raise SystemExit(f"{tool} is wrong: {json.dumps(found)}")
            if number:
                figures[tool].append(used)
    print(f"medians of {asked.runs}, {os.cpu_count()} cores; every answer is right")
    medians = {tool: [statistics.median(figure) for figure in zip(*runs)] for tool, runs in figures.items()}
    for tool, median in medians.items():
        print(f"{tool:25} {told(median)}   {median[1] / medians['duckdb'][1]:.2f} x DuckDB's processor time")


main()
