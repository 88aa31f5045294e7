"""Looks for the values of people in everything that nightferry said and wrote, by a road that shares no code with it.

canary.py PROJECT FOLDER...: the values are those of columns of class personal or sensitive, read with DuckDB and pyarrow from
the project's extracts and topics as its jobs and schemas name them; they are looked for in every file below each FOLDER:
as bytes, and in Parquet decoded as well. Prints one JSON object: {"values", "skipped", "folders": {folder: {"files",
"bytes", "found": [[file, column], ..]}}, "unseen": columns of people of which no value was looked for}, never a value.
"""

import datetime
import glob
import json
import os
import sys
import tomllib

import duckdb
import pyarrow.parquet as parquet

# Shorter values are in every text by chance.
SHORT = 4
# Of a long value its beginning alone is looked for too.
LONG = 24

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
    """{spelling: columns} of people, their columns, and every other text there is."""
    people, columns = {}, set()
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
                    for spelling in plain(value):
                        if personal:
                            people.setdefault(spelling, set()).add(column)
                        else:
                            others.add(spelling)
    return people, columns, others


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


def main():
    project, folders = sys.argv[1], sys.argv[2:]
    people, columns, others = values(project)
    everything_else = b"\n".join(others)
    # The first of a year is what a date of birth is made to.
    searched = {value: about for value, about in people.items()
                if len(value) >= SHORT and value not in everything_else and not value.endswith(b"-01-01")}
    answer = {"values": len(searched), "skipped": len(people) - len(searched), "folders": {}}
    for folder in folders:
        files = [path for path in glob.glob(f"{folder}/**", recursive=True, include_hidden=True) if os.path.isfile(path)]
        found, size = set(), 0
        for path in files:
            for text in texts(path):
                size += len(text)
                found.update((os.path.relpath(path, folder), column) for value, about in searched.items() if value in text for column in about)
        answer["folders"][folder] = {"files": len(files), "bytes": size, "found": sorted(found)}
    answer["unseen"] = sorted(columns - set().union(*searched.values()))
    print(json.dumps(answer))


main()
