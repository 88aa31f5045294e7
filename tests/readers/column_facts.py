"""Opens Delta tables where they lie, S3 or Azure, and says of every column of their files what DuckDB finds there.

Arguments: `s3://` or `az://` addresses, each with `#<version>` behind it where it is not the newest that is wanted.

One JSON object a table: {"version", "rows", "files", "row_groups_max", "columns": {name: {"count", "min", "max", "sum"}}}; every fact is
text or null. Dates are summed in days and moments in microseconds since 1970-01-01; of text the sum is its bytes, and
smallest and largest are by bytes, as SQL has them under COLLATE "C". Sums of floats are sums of the decimal numbers that
they are written as, so that no order of adding changes them.
"""

import json
import os
import sys
import tempfile

import duckdb
import pyarrow.parquet
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
    # The emulator's account and key are built into the reader; only its address is not.
    os.environ["AZURITE_BLOB_STORAGE_URL"] = os.environ["NIGHTFERRY_AZURE_ENDPOINT"].rsplit("/", 1)[0]
    return {"azure_storage_use_emulator": "true", "azure_storage_account_name": "devstoreaccount1"}


def facts(name, kind):
    """(value, smallest and largest, sum) of a column as SQL."""
    column = f'"{name}"'
    if kind == "BOOLEAN":
        return f"{column}::int", f"{column}::int"
    if kind in ("FLOAT", "DOUBLE"):
        return column, f"{column}::varchar::decimal(38, 18)"
    if kind == "DATE":
        return column, f"({column} - date '1970-01-01')"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({column})", f"epoch_us({column})"
    if kind == "BLOB":
        return f"lower(hex({column}))", f"octet_length({column})"
    if kind == "VARCHAR":
        return column, f"octet_length(encode({column}))"
    return column, column


def show(url):
    url, _, version = url.partition("#")
    table = DeltaTable(url, version=int(version) if version else None, storage_options=options(url))
    dataset = table.to_pyarrow_dataset()
    files, groups = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(dataset.files):
            files.append(os.path.join(folder, f"{number}.parquet"))
            with dataset.filesystem.open_input_file(path) as there, open(files[-1], "wb") as here:
                here.write(there.read())
            groups = max(groups, pyarrow.parquet.ParquetFile(files[-1]).num_row_groups)
        duck = duckdb.connect()
        duck.execute("set timezone = 'UTC'")
        source = "from read_parquet($files, hive_partitioning = false)"
        relation = duck.sql(f"select * {source}", params={"files": files})
        wanted, names = ["count(*)"], relation.columns
        for name, kind in zip(names, map(str, relation.types)):
            value, number = facts(name, kind)
            wanted += [f'count("{name}")', f"min({value})", f"max({value})", f"sum({number})"]
        found = duck.execute(f"select {', '.join(f'{fact}::varchar' for fact in wanted)} {source}", {"files": files})
        found = found.fetchall()[0]
        rows, found = int(found[0]), iter(found[1:])
        columns = {name: dict(zip(["count", "min", "max", "sum"], found)) for name in names}
    print(json.dumps({
        "version": table.version(), "rows": rows, "files": len(files), "row_groups_max": groups, "columns": columns,
    }))


for url in sys.argv[1:]:
    show(url)
