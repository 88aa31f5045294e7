"""Opens Delta tables where they lie and prints their rows as two readers see them.

Arguments: the column that says when a row belongs, then addresses (`s3://`, `az://` or a folder), each with `#<version>`
behind it where it is not the newest that is wanted.

One JSON object a table: {"version", "columns", "rows", "deltalake", "files"}. `rows` are DuckDB's over the files, every cell as text,
in the order of all columns; `deltalake` is the number of rows that its own reader finds; `files` are [path, rows, first, last] by
that column.
"""

import json
import os
import sys
import tempfile

import duckdb
from deltalake import DeltaTable


def options(url):
    if url.startswith("s3://"):
        return {
            "AWS_ENDPOINT_URL": os.environ["NIGHTFERRY_S3_ENDPOINT"],
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
            "AWS_REGION": "eu-west-2",
            "AWS_ALLOW_HTTP": "true",
        }
    if not url.startswith("az://"):
        return None
    # The emulator's account and key are built into the reader; only its address is not.
    os.environ["AZURITE_BLOB_STORAGE_URL"] = os.environ["NIGHTFERRY_AZURE_ENDPOINT"].rsplit("/", 1)[0]
    return {"azure_storage_use_emulator": "true", "azure_storage_account_name": "devstoreaccount1"}


def show(by, url):
    url, _, version = url.partition("#")
    table = DeltaTable(url, version=int(version) if version else None, storage_options=options(url))
    dataset = table.to_pyarrow_dataset()
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    # Neither the folder `run=<id>` nor anything else in a path is a column.
    source = "read_parquet($files, hive_partitioning = false, union_by_name = true)"
    seen = {"version": table.version(), "columns": [], "rows": [], "files": []}
    with tempfile.TemporaryDirectory() as folder:
        here = {}
        for number, path in enumerate(dataset.files):
            here[path] = os.path.join(folder, f"{number}.parquet")
            with dataset.filesystem.open_input_file(path) as there, open(here[path], "wb") as out:
                out.write(there.read())
        if here:
            relation = duck.sql(f"select * from {source}", params={"files": list(here.values())})
            seen["columns"] = relation.columns
            cells = ", ".join(f'"{name}"::varchar' for name in relation.columns)
            rows = duck.execute(f"select {cells} from {source} order by all", {"files": list(here.values())})
            seen["rows"] = rows.fetchall()
        for path, file in sorted(here.items()):
            facts = f'count(*), min("{by}")::varchar, max("{by}")::varchar'
            found = duck.execute(f"select {facts} from {source}", {"files": [file]}).fetchall()[0]
            seen["files"].append([path.split("run=")[-1], *found])
    seen["deltalake"] = table.to_pyarrow_table().num_rows
    print(json.dumps(seen))


for url in sys.argv[2:]:
    show(sys.argv[1], url)
