"""`nightferry run` of a table against ten million Debezium events, against DuckDB's latest state of the same, in one run on one machine.

Makes the dump of a topic of twelve partitions in JSON lines, as Debezium 3.3 writes them: a snapshot of --events / 5 rows, four
updates of nearly every one of them, three in four of which leave a long text out, and deletions with their tombstones. And the
extract that goes with it, in which a few rows differ, are missing or are new. In turn, several times: nightferry reads the extract
and the dump, carries the long texts, looks at the stream's order and says what differs (`--dry-run`: nothing is published); DuckDB
makes the latest row of every key, the long text carried likewise, as Parquet; and DuckDB does that and joins it with the extract.
What each says is held against what was made. Prints the medians of wall time, processor time and largest memory.
`make bench-compact` starts it, with a release build; --binary names another. Ten million events take 7 GB of disk.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys

from timed import answered, told

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target" / "bench-compact"
TOPIC = "bank.app.thing"
PARTITIONS, OBJECTS = 12, 9
# Of the rows that are there: every ten thousandth differs, every twenty thousandth is missing from the extract.
CHANGED, MISSING = 10_000, 20_000
PLACEHOLDER = "__debezium_unavailable_value"

# What an event of number `n` tells of its row; of the body only where it tells it.
ROW = """'AAA-' || key % 5000 as unit, (n * 104729 % 100000000 / 100)::decimal(14, 2) as amount,
    ['due', 'settled', 'disputed'][n % 3 + 1] as status, date '2026-01-01' + (n % 300)::int as settled_on,
    timestamp '2026-06-01' + to_microseconds(n * 999983) as updated_at, case when n % 5 = 0 then null else 'note ' || n % 1000003 end as note"""
BODY = "'the terms of the event with number ' || {n} || ': ' || md5({n}::varchar) || ' ' || md5(({n} + 1)::varchar)"


def make(events, bursts):
    """Dump and extract. Nothing is random: the truth can be counted from the rules."""
    import duckdb

    duck = duckdb.connect()
    keys = events // 5
    gone = keys // 40
    changes = events - 2 * gone
    # Steps of a number that has no factor in common with the number of keys: each is updated before any is again, or all four times
    # among five hundred.
    turn = "(n // 2000 * 500 + n % 500)" if bursts else "n"
    duck.execute(
        f"""create table event as select n, key, op, key % {PARTITIONS} as part,
        row_number() over (partition by key % {PARTITIONS} order by n) - 1 as place from (
        select n, case when n < {keys} then n when n < {changes} then {turn} * 7919 % {keys}
        else (n - {changes}) // 2 * 40 end as key, case when n < {keys} then 'r' when n < {changes} then 'u'
        when (n - {changes}) % 2 = 0 then 'd' else 'tombstone' end as op from range({events}) as e(n)
        -- Behind the extract, in every partition.
        union all select {events} + p, 10 * {keys} // {PARTITIONS} * {PARTITIONS} + p, 'c' from range({PARTITIONS}) as l(p)) order by part, n"""
    )
    body = BODY.format(n="n")
    # A number of ours becomes text as it stands; texts of ours have nothing that JSON would escape.
    quoted = lambda text: f"coalesce('\"' || {text} || '\"', 'null')"
    after = f"""'{{"id":' || key || ',"unit":"' || unit || '","amount":"' || amount || '","status":"' || status || '","settled_on":'
        || (settled_on - date '1970-01-01') || ',"updated_at":' || epoch_us(updated_at) || ',"note":' || {quoted("note")} || ',"body":"'
        || case when op <> 'u' or n % 4 = 0 then {body} else '{PLACEHOLDER}' end || '"}}'"""
    millis = "1795305600000 + n"
    line = f"""case when op = 'tombstone' then 'null' else '{{"before":' || case when op = 'd' then '{{"id":' || key
        || ',"unit":null,"amount":null,"status":null,"settled_on":null,"updated_at":null,"note":null,"body":null}}' else 'null' end
        || ',"after":' || case when op = 'd' then 'null' else {after} end
        || ',"source":{{"version":"3.3.1.Final","connector":"postgresql","name":"bank","ts_ms":' || {millis} || ',"snapshot":"'
        || case when op = 'r' then 'true' else 'false' end || '","db":"bank","sequence":"[\\"' || 1000000 + n * 64 || '\\",\\"'
        || 1000032 + n * 64 || '\\"]","ts_us":' || {millis} || '000,"ts_ns":' || {millis}
        || '000000,"schema":"app","table":"thing","txId":' || 1000 + n // 4 || ',"lsn":' || 1000032 + n * 64
        || ',"xmin":null}},"transaction":null,"op":"' || op || '","ts_ms":' || {millis} + 381 || ',"ts_us":' || {millis} + 381
        || '000,"ts_ns":' || {millis} + 381 || '000000}}' end"""
    for part, rows in duck.execute("select part, count(*) from event group by part order by part").fetchall():
        folder = FOLDER / "topics" / TOPIC / f"partition={part}"
        folder.mkdir(parents=True)
        step = rows // OBJECTS + 1
        for first in range(0, rows, step):
            duck.execute(
                f"""copy (select {line} from (select *, {ROW} from event where part = {part} and place >= {first}
                and place < {first + step}) order by n) to '{folder}/{TOPIC}+{part}+{first:010}.json'
                (format csv, header false, quote '', escape '', delimiter E'\\x01')"""
            )
    duck.execute(
        f"""create table latest as select key, max(n) as n, max(n) filter (op = 'r' or n % 4 = 0) as told from event
        where n < {changes} and key not in (select key from event where op = 'd') group by key"""
    )
    (FOLDER / "in").mkdir()
    differs = f"key % {CHANGED} = 7"
    duck.execute(
        f"""copy (select key as id, * exclude (key, n, told) replace (case when {differs} then amount + 0.01 else amount end as amount)
        from (select key, n, told, {ROW}, {BODY.format(n="told")} as body from latest where key % {MISSING} <> 9)
        union all select 5 * {keys} + key, * exclude (key, n, told) from (select key, n, told, {ROW}, {body} as body from latest where key % {MISSING} = 11)
        order by id) to '{FOLDER}/in/app.thing.parquet' (format parquet)"""
    )
    (FOLDER / "in" / "extract.json").write_text(
        json.dumps({"extracted_at": "2026-11-24T00:00:00Z", "snapshot": f"{1000 + events // 4}:{1000 + events // 4}:"})
    )
    count = lambda test: duck.execute(f"select count(*) from latest where {test}").fetchone()[0]
    live, cents = duck.execute(f"select count(*), sum((n * 104729 % 100000000)::hugeint) from latest").fetchone()
    carried = count("told < n")
    write_job()
    return {"live": live, "cents": int(cents), "carried": carried, "changed": count(differs),
            "missing": count(f"key % {MISSING} = 9"), "extra": count(f"key % {MISSING} = 11")}


def write_job():
    columns = {"id": "bigint", "unit": "text", "amount": "numeric(14,2)", "status": "text", "settled_on": "date",
               "updated_at": "timestamp", "note": "text", "body": "text"}
    lines = "".join(f'{name} = {{ type = "{word}", class = "open", nullable = {str(name != "id").lower()} }}\n' for name, word in columns.items())
    store = lambda name, audience: f'[store.{name}]\nurl = "out/{name}"\naudience = "{audience}"\n\n'
    files = {
        "jobs/things.toml": f"""name = "things"
description = "Things."
owner = "Benchmarks"

[dataset.thing]
from = "app"
table = "app.thing"
schema = "thing"
to = ["restricted"]
write = "replace"

[dataset.thing.reconcile]
against = "topics"
topic = "{TOPIC}"
on_drift = "publish"
""",
        "jobs/environments/dev.toml": 'stamp = "dev"\n\n[source.app]\nfiles = { url = "in" }\n\n[source.topics]\n'
        'dump = { url = "topics", layout = "confluent", decimals = "string", times = "adaptive" }\n\n'
        + store("restricted", "restricted") + store("security", "security") + '[limits]\nmemory_max = "512MiB"\n',
        "schemas/thing.toml": f'description = "Things."\nkey = ["id"]\n\n[columns]\n{lines}',
    }
    for name, text in files.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text)


# The latest row of every key, as of the extract; the body of the last event that tells it.
LATEST = f"""select coalesce(after.id, before.id) as id, arg_max(op, source.lsn) as op, arg_max(after.unit, source.lsn) as unit,
    arg_max(after.amount, source.lsn) as amount, arg_max(after.status, source.lsn) as status,
    arg_max(after.settled_on, source.lsn) as settled_on, arg_max(after.updated_at, source.lsn) as updated_at,
    arg_max(struct_pack(v := after.note), source.lsn).v as note,
    arg_max(after.body, source.lsn) filter (after.body <> '{PLACEHOLDER}') as body,
    arg_max(after.body, source.lsn) = '{PLACEHOLDER}' as is_carried
    from read_json('{FOLDER}/topics/{TOPIC}/*/*.json', format = 'newline_delimited', columns = {{{{
      before: 'STRUCT(id BIGINT)', after: 'STRUCT(id BIGINT, unit VARCHAR, amount DECIMAL(14,2), status VARCHAR, settled_on INT,
      updated_at BIGINT, note VARCHAR, body VARCHAR)', op: 'VARCHAR', source: 'STRUCT("txId" BIGINT, lsn BIGINT)'}}}})
    where source."txId" < {{seen}} group by 1 having arg_max(op, source.lsn) <> 'd'"""


def duckdb_latest(compares):
    import duckdb

    duck = duckdb.connect()
    seen = int(json.loads((FOLDER / "in" / "extract.json").read_text())["snapshot"].split(":")[0])
    latest = FOLDER / "latest.parquet"
    duck.execute(f"copy ({LATEST.format(seen=seen)}) to '{latest}' (format parquet, compression zstd)")
    live, cents, carried = duck.execute(f"select count(*), sum(amount * 100)::bigint, count(*) filter (is_carried) from '{latest}'").fetchone()
    found = {"live": live, "cents": cents, "carried": carried}
    if compares:
        same = """a.unit is not distinct from b.unit and a.amount is not distinct from b.amount and a.status is not distinct from b.status
            and a.settled_on is not distinct from date '1970-01-01' + b.settled_on and a.note is not distinct from b.note
            and a.updated_at is not distinct from make_timestamp(b.updated_at) and a.body is not distinct from b.body"""
        missing, extra, changed = duck.execute(
            f"""select count(*) filter (a.id is null), count(*) filter (b.id is null), count(*) filter (a.id is not null and b.id is not null
            and not ({same})) from '{FOLDER}/in/app.thing.parquet' as a full join '{latest}' as b on a.id = b.id"""
        ).fetchone()
        found |= {"changed": changed, "missing": missing, "extra": extra}
    return found


def told_by_nightferry(report):
    compared = report["datasets"][0]["reconciliation"]
    stream = compared["stream"]
    # What nightferry has to have looked at besides: nothing untold, nothing out of order, every tombstone.
    assert (compared["proof"], compared["unknown_cells"], stream["by_window"]) == ("txid", 0, 0), compared
    assert stream["later"] == PARTITIONS and stream["tombstones"] > 0, stream
    return {"live": compared["compared"] + compared["missing"], "changed": compared["changed"], "missing": compared["missing"], "extra": compared["extra"]}


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=10_000_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--bursts", action="store_true", help="the four updates of a row come near one another, as a settlement run makes them")
    asked.add_argument("--keep", action="store_true", help="leave what was made, and use what is there")
    asked.add_argument("--binary", default=str(ROOT / "target" / "release" / "nightferry"))
    asked.add_argument("--part", choices=["make", "latest", "compared"], help=argparse.SUPPRESS)
    asked = asked.parse_args()
    parts = {"make": lambda: make(asked.events, asked.bursts), "latest": lambda: duckdb_latest(False), "compared": lambda: duckdb_latest(True)}
    if asked.part:
        print(json.dumps(parts[asked.part]()))
        return
    # A process starts with its parent's largest memory: this one stays small.
    this = [sys.executable, __file__, "--events", str(asked.events), *["--bursts"] * asked.bursts, "--part"]
    kept = FOLDER / "truth.json"
    if not (asked.keep and kept.exists()):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        truth, _ = answered([*this, "make"], FOLDER)
        kept.write_text(json.dumps(truth))
    truth = json.loads(kept.read_text())
    size = sum(path.stat().st_size for path in (FOLDER / "topics").rglob("*.json"))
    print(f"{asked.events:,} events, {size / 2**30:.1f} GiB: {json.dumps(truth)}", flush=True)

    ours = [pathlib.Path(asked.binary).resolve(), "run", "jobs/things.toml", "--dry-run", "--json"]
    tools = {"nightferry": ours, "duckdb, latest state": [*this, "latest"], "duckdb, compared as well": [*this, "compared"]}
    figures = {tool: [] for tool in tools}
    # One of each before any counts: pages into memory.
    for number in range(asked.runs + 1):
        for tool, command in tools.items():
            said, used = answered(command, FOLDER)
            found = told_by_nightferry(said) if tool == "nightferry" else said
            if found != {name: truth[name] for name in found}:
                raise SystemExit(f"{tool} is wrong: {json.dumps(found)}")
            if number or not asked.runs:
                figures[tool].append(used)
    if not asked.keep:
        shutil.rmtree(FOLDER)
    print(f"medians of {asked.runs}, {os.cpu_count()} cores; every answer is right")
    medians = {tool: [statistics.median(figure) for figure in zip(*runs)] for tool, runs in figures.items()}
    base = medians["duckdb, latest state"][1]
    for tool, median in medians.items():
        print(f"{tool:25} {told(median)}   {median[1] / base:.2f} x DuckDB's processor time for the latest state")


main()
