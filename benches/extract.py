"""PostgreSQL to treated Parquet against the least that anybody can do with the same rows, in one run on one machine.

In turn, several times: `psql \\copy (the SELECT of nightferry's plan) to /dev/null (format binary)`, over the same verified TLS
from the same server, and `nightferry run` of benches/people, which extracts, treats, encodes, writes, reads back, scans and
publishes. Prints each pair, and the medians of wall time, processor time and largest memory. `make bench` starts it.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess

import peers
from timed import timed, told

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT = ROOT / "target" / "bench"


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--peers", action="store_true", help="against other tools instead of psql")
    asked = asked.parse_args()
    release = ROOT / "target" / "release"
    shutil.rmtree(PROJECT, ignore_errors=True)
    shutil.copytree(ROOT / "benches" / "people", PROJECT)
    (PROJECT / "schemas").mkdir()
    # The one table has no other to refer to, and one spelling: a plan, which asks nobody, then has the SELECT that is sent.
    schema = (ROOT / "schemas" / "contact.toml").read_text()
    schema = schema.replace(', references = { schema = "contract", column = "cfd_id" }', "")
    schema = schema.replace('["CfD_ID", "CFD_ID", "CFD_Id"]', '"CFD_Id"')
    (PROJECT / "schemas" / "contact.toml").write_text(schema)

    rows = ["--rows", str(asked.rows), "--postgres", "--only", "contracts.contact", "--database", "bench"]
    subprocess.run([release / "examples" / "generate", *rows], check=True, stdout=subprocess.DEVNULL)
    nightferry = release / "nightferry"
    plan = subprocess.run([nightferry, "plan", "jobs/people.toml", "--json"], cwd=PROJECT, check=True, stdout=subprocess.PIPE)
    select = json.loads(plan.stdout)["datasets"][0]["select"]
    environment = dict(os.environ, PGPASSWORD=os.environ["NIGHTFERRY_PG_PASSWORD"])
    server = "host={HOST} port={PORT} user={USER} dbname=bench sslmode=verify-full sslrootcert={CA}".format(
        **{word: os.environ[f"NIGHTFERRY_PG_{word}"] for word in ["HOST", "PORT", "USER", "CA"]}
    )
    psql = [pathlib.Path(os.environ["NIGHTFERRY_PG_BIN"]) / "psql", "-X", "-q", server]
    copy = [*psql, "-c", f"\\copy ({select}) to '/dev/null' (format binary)"]
    run = [nightferry, "run", "jobs/people.toml", "--progress", "none"]

    if asked.peers:
        server = {word: os.environ[f"NIGHTFERRY_PG_{word}"] for word in ["HOST", "PORT", "USER", "CA", "PASSWORD"]}
        peers.compare(PROJECT, select, server, environment, asked.rows, asked.runs, run)
        return

    # One of each before any counts: pages into memory, statistics into place.
    pairs = []
    for number in range(asked.runs + 1):
        theirs = timed(copy, PROJECT, environment)
        shutil.rmtree(PROJECT / "out", ignore_errors=True)
        ours = timed(run, PROJECT, environment)
        if number:
            pairs.append((theirs, ours))
            print(f"psql {told(theirs)}   nightferry {told(ours)}   ratio {ours[0] / theirs[0]:.2f}", flush=True)
    theirs, ours = ([statistics.median(figure) for figure in zip(*side)] for side in zip(*pairs))
    print(f"median of {asked.runs}, {asked.rows:,} rows, {os.cpu_count()} cores")
    print(f"psql {told(theirs)}   nightferry {told(ours)}   ratio {ours[0] / theirs[0]:.2f}")


main()
