"""The same table out of PostgreSQL into Parquet by nightferry and by others, in turn, in one run on one machine.

Each gets nightferry's own SELECT over verified TLS and writes zstd Parquet into a folder. nightferry alone treats five of the nine
columns, reads back and scans what it wrote, and commits; the others copy the people as they are. `make bench-peers` installs those
that can be had from package registries (`benches/peers-install`) and leaves out, by name, those that cannot. Called by
benches/extract.py with the project, the SELECT and the rows.
"""

import os
import pathlib
import shutil
import statistics

from timed import timed, told

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "target" / "bench-peers"
PYTHON = str(PEERS / "venv" / "bin" / "python")

ODBC = (
    "Driver={{PostgreSQL Unicode}};Server={HOST};Port={PORT};Database=bench;Uid={USER};Pwd={PASSWORD};"
    "SSLmode=verify-full;pqopt={{sslrootcert={CA}}};UseDeclareFetch=1;Fetch=10000"
)

RIVET = """
source: {{ type: postgres, url_env: PEER_PLAIN_URL, tls: {{ mode: verify-full, ca_file: "{CA}" }} }}
exports:
  - name: contact
    query: '{select}'
    {mode}
    format: parquet
    compression: zstd
    destination: {{ type: local, path: "{out}" }}
"""

CONNECTORX = """
import connectorx, os, pyarrow.parquet as pq
# It knows no other mode, and verifies all the same once it has a root certificate.
url = os.environ["PEER_URL"].replace("verify-full", "require")
rows = connectorx.read_sql(url, os.environ["PEER_SELECT"], return_type="arrow", **({options}))
pq.write_table(rows, os.environ["PEER_OUT"] + "/contact.parquet", compression="zstd")
"""

ADBC = """
import adbc_driver_postgresql.dbapi as adbc, os, pyarrow.parquet as pq
with adbc.connect(os.environ["PEER_URL"]) as connection, connection.cursor() as cursor:
    cursor.execute(os.environ["PEER_SELECT"])
    rows = cursor.fetch_record_batch()
    with pq.ParquetWriter(os.environ["PEER_OUT"] + "/contact.parquet", rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
"""

DUCKDB = """
import duckdb, importlib.metadata, os
extension = next(file.locate() for file in importlib.metadata.files("duckdb-extension-postgres-scanner") if file.suffix == ".duckdb_extension")
duck = duckdb.connect()
duck.execute(f"LOAD '{extension}'")
duck.execute(f"ATTACH '{os.environ['PEER_URL']}' AS pg (TYPE postgres, READ_ONLY)")
select = os.environ["PEER_SELECT"].replace('"contracts"."contact"', 'pg."contracts"."contact"')
duck.execute(f"COPY ({select}) TO '{os.environ['PEER_OUT']}/contact.parquet' (FORMAT parquet, COMPRESSION zstd)")
"""

DLT = """
import dlt, os
from dlt.sources.sql_database import sql_table
names = [name.strip().strip('"') for name in os.environ["PEER_SELECT"].split(" FROM ")[0].removeprefix("SELECT").split(",")]
table = sql_table(os.environ["PEER_URL"].replace("postgresql:", "postgresql+psycopg2:"), table="contact", schema="contracts", backend="pyarrow", chunk_size=100_000, included_columns=names)
pipeline = dlt.pipeline("peer", destination=dlt.destinations.filesystem(os.environ["PEER_OUT"]), pipelines_dir=os.environ["PEER_OUT"] + "/state")
pipeline.run(table, loader_file_format="parquet")
"""


def peers(project, select, server, environment, rows):
    """Name -> (command, how to give it the server), of every peer that is installed."""
    out = str(project / "out")
    words = dict(server, select=select, out=out)
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/bench?sslmode=verify-full&sslrootcert={CA}".format(**server)
    given = dict(environment, PEER_URL=url, PEER_PLAIN_URL=url.split("?")[0], PEER_SELECT=select, PEER_OUT=out, RUNTIME__DLTHUB_TELEMETRY="false")

    def rivet(name, mode):
        path = project / f"{name}.yaml"
        path.write_text(RIVET.format(**words, mode=mode))
        return [str(PEERS / "bin" / "rivet"), "run", "--config", str(path)]

    halves = f"mode: chunked\n    chunk_column: Contact_Id\n    chunk_size: {rows // 2 + 1}\n    parallel: 2"
    duck = str(PEERS / "duck" / "bin" / "python")
    odbc = [str(PEERS / "bin" / "odbc2parquet"), "query", "--column-compression-default", "zstd"]
    commands = {
        "ConnectorX": [PYTHON, "-c", CONNECTORX.replace("{options}", "{}")],
        "ConnectorX, 2 ranges": [PYTHON, "-c", CONNECTORX.replace("{options}", "dict(partition_on='\"Contact_Id\"', partition_num=2)")],
        "ADBC": [PYTHON, "-c", ADBC],
        "DuckDB": [duck, "-c", DUCKDB],
        "dlt": [PYTHON, "-c", DLT],
        "odbc2parquet": [*odbc, "--connection-string", ODBC.format(**server), f"{out}/contact.parquet", select],
        "rivet": rivet("rivet", "mode: full"),
        "rivet, 2 chunks": rivet("rivet2", halves),
        "Sling": [str(PEERS / "bin" / "sling"), "run", "--src-conn", url, "--src-stream", select, "--tgt-object", f"file://{out}/contact.parquet", "--tgt-options", "{compression: zstd}"],
    }
    there = {name: command for name, command in commands.items() if shutil.which(command[0])}
    for name in commands.keys() - there.keys():
        print(f"{name}: not installed here, left out", flush=True)
    return there, given


def compare(project, select, server, environment, rows, runs, first):
    """Runs the commands of `first`, nightferry's among them, and every peer in turn, `runs` times, and prints the medians."""
    commands, given = peers(project, select, server, environment, rows)
    commands = {**first, **commands}
    figures = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            if name not in figures:
                continue
            shutil.rmtree(project / "out", ignore_errors=True)
            (project / "out").mkdir()
            try:
                figures[name].append(timed(command, project, given))
            except SystemExit as ended:
                print(f"{name}: {ended}, left out", flush=True)
                del figures[name]
                continue
            print(f"{name:<22} {told(figures[name][-1])}", flush=True)
    print(f"medians of {runs}, {rows:,} rows, {os.cpu_count()} cores")
    wall = statistics.median(seconds for seconds, _, _ in figures["nightferry"])
    for name, taken in figures.items():
        median = [statistics.median(figure) for figure in zip(*taken)]
        print(f"{name:<22} {told(median)}   {median[0] / wall:5.2f} x nightferry's wall time")
