"""Looks for the values of people in everything that nightferry said and wrote, by a road that shares no code with it.

canary.py PROJECT FOLDER...: the values are those of columns of class personal or sensitive, read with DuckDB and pyarrow from
the project's extracts and topics as its jobs and schemas name them; they are looked for in every file below each FOLDER:
as bytes, and in Parquet decoded as well; those of eight signs and more in hex, base64, reversed and as hashes without a key too. Prints one JSON object: {"values", "skipped", "folders": {folder: {"files",
"bytes", "found": [[file, column], ..]}}, "unseen": columns of people of which no value was looked for}, never a value.
"""

import base64
import datetime
import glob
import hashlib
import json
import os
import re
import sys
import tomllib

import duckdb
import pyarrow.parquet as parquet

# Shorter values are in every text by chance.
SHORT = 4
# Of a long value its beginning alone is looked for too.
LONG = 24

# Shorter values are in other writings by chance.
DISGUISED = 8
HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
HEX = re.compile(rb"[0-9a-f]{16,}")
BASE64 = re.compile(rb"[a-z0-9+/_-]{10,}")

duck = duckdb.connect()


def plain(value):
    """A value in the spellings that a text may have of it."""
    if isinstance(value, (bytes, bytearray)):
        return [bytes(value), value.hex().encode()]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return [value.isoformat().encode()]
    text = str(value)
    if text.startswith("\\x"):
        return [text[2:].encode()]
    spellings = {text, text.strip(), "".join(text.split()), json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    if len(text.strip()) > LONG:
        spellings.add(text.strip()[:LONG])
    # ASCII alone is brought to one case, in values and in what is searched: anything more would move bytes.
    return [spelling.encode().lower() for spelling in spellings]


def disguises(value):
    """A value as it is hidden from those who look for it as it is: {how: spellings}, in small letters."""
    text = str(value).strip()
    if isinstance(value, (bytes, bytearray, datetime.date)) or len(text) < DISGUISED:
        return {}
    spellings = {spelling.encode() for spelling in (text, text.lower(), "".join(text.split()))}
    return {
        "hex": {spelling.hex().encode() for spelling in spellings},
        # All but the last signs, which say what comes behind it.
        "base64": {base64.b64encode(spelling)[: len(spelling) // 3 * 4].lower() for spelling in spellings},
        # Eight digits the other way round are in a clock by chance.
        "reversed": {spelling[::-1].lower() for spelling in spellings if spelling != spelling[::-1] and (not spelling.isdigit() or len(spelling) > 12)},
        "hash": {digest for spelling in spellings for make in HASHES for digest in (make(spelling).hexdigest().encode(),)},
        "hash64": {base64.b64encode(make(spelling).digest()).rstrip(b"=").lower() for spelling in spellings for make in HASHES},
    }


def rows(path):
    """The rows of one extract, by column."""
    if ".parquet" in path:
        return parquet.read_table(path).to_pylist()
    if ".jsonl" in path:
        return [json.loads(line) for (line,) in duck.execute("select json from read_ndjson_objects(?)", [path]).fetchall()]
    # One file has a line of junk before its header.
    loose = "strict_mode = false, null_padding = true, parallel = false"
    dialect = """all_varchar = true, header = true, delim = ',', quote = '"', escape = '"'"""
    relation = duck.sql(f"select * from read_csv('{path}', {dialect}, {loose})")
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def events(path):
    """The rows of one topic object, before and after each change."""
    for (text,) in duck.execute("select json from read_ndjson_objects(?)", [path]).fetchall():
        event = json.loads(text)
        event = event.get("payload", event)
        yield from (event[side] for side in ("before", "after") if event.get(side))


def values(project):
    """{spelling: columns} of people, their columns, every other text there is, and {how: {spelling: columns}} of people in disguise."""
    people, columns, hidden = {}, set(), {}
    # What the files say themselves is no secret: column names, kinds, descriptions.
    others = {open(path, "rb").read().lower() for path in glob.glob(f"{project}/jobs/*.toml") + glob.glob(f"{project}/schemas/*.toml")}
    environment = tomllib.load(open(f"{project}/jobs/environments/dev.toml", "rb"))
    for job in glob.glob(f"{project}/jobs/*.toml"):
        for dataset in tomllib.load(open(job, "rb"))["dataset"].values():
            schema = tomllib.load(open(f"{project}/schemas/{dataset['schema']}.toml", "rb"))
            about = {}
            for name, column in schema["columns"].items():
                spellings = column.get("source", name)
                for spelling in [spellings] if isinstance(spellings, str) else spellings:
                    about[spelling] = (f"{dataset['schema']}.{name}", column["class"] in ("personal", "sensitive"), column["type"])
            folder = f"{project}/{environment['source'][dataset['from']]['files']['url']}"
            table = dataset.get("table", "settlements.difference_payment")
            columns.update(column for column, personal, _ in about.values() if personal)
            found = [row for path in glob.glob(f"{folder}/{table}.*") + glob.glob(f"{folder}/{table}/*") for row in rows(path)]
            if "reconcile" in dataset:
                topics = environment["source"][dataset["reconcile"]["against"]]["dump"]["url"]
                dumped = glob.glob(f"{project}/{topics}/{dataset['reconcile']['topic']}/*/*")
                found += [row for path in dumped for row in events(path)]
            assert found, f"no rows of {table}"
            for row in found:
                for name, value in row.items():
                    column, personal, kind = about.get(name, (name, False, ""))
                    # Debezium writes dates as days and bytes in base64: the extract has them in words.
                    if value is None or (personal and kind in ("date", "bytea") and isinstance(value, int)):
                        continue
                    if personal:
                        for how, spellings in disguises(value).items():
                            for spelling in spellings:
                                hidden.setdefault(how, {}).setdefault(spelling, set()).add(column)
                    for spelling in plain(value):
                        if personal:
                            people.setdefault(spelling, set()).add(column)
                        else:
                            others.add(spelling)
    return people, columns, others, hidden


def texts(path):
    """What a file says, as bytes and decoded."""
    raw = open(path, "rb").read()
    yield raw.lower()
    if path.endswith(".parquet"):
        table = parquet.ParquetFile(path)
        said = [repr(table.metadata.row_group(group).column(column).statistics).encode().lower()
                for group in range(table.metadata.num_row_groups) for column in range(table.metadata.num_columns)]
        said += [spelling for row in table.read().to_pylist() for value in row.values() for spelling in plain(value)]
        yield b"\n".join(said)


def disguised(text, hidden):
    """Columns whose values are in a text in another writing."""
    pieces = {"hex": HEX, "hash": HEX, "base64": BASE64, "hash64": BASE64}
    found = set()
    for how, spellings in hidden.items():
        where = b"\n".join(set(pieces[how].findall(text))) if how in pieces else text
        found.update(f"{column} ({how})" for spelling, about in spellings.items() if spelling in where for column in about)
    return found


def main():
    project, folders = sys.argv[1], sys.argv[2:]
    people, columns, others, hidden = values(project)
    everything_else = b"\n".join(others)
    # The first of a year is what a date of birth is made to.
    searched = {value: about for value, about in people.items()
                if len(value) >= SHORT and value not in everything_else and not value.endswith(b"-01-01")}
    hidden = {how: {spelling: about for spelling, about in spellings.items() if spelling not in everything_else}
              for how, spellings in hidden.items()}
    answer = {"values": len(searched), "skipped": len(people) - len(searched), "disguised": sum(map(len, hidden.values())), "folders": {}}
    for folder in folders:
        files = [path for path in glob.glob(f"{folder}/**", recursive=True, include_hidden=True) if os.path.isfile(path)]
        found, size = set(), 0
        for path in files:
            for text in texts(path):
                size += len(text)
                found.update((os.path.relpath(path, folder), column) for value, about in searched.items() if value in text for column in about)
                found.update((os.path.relpath(path, folder), column) for column in disguised(text, hidden))
        answer["folders"][folder] = {"files": len(files), "bytes": size, "found": sorted(found)}
    answer["unseen"] = sorted(columns - set().union(*searched.values()))
    print(json.dumps(answer))


main()
