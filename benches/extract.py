"""PostgreSQL to treated Parquet against the least that anybody can do with the same rows, in one run on one machine.

In turn, several times: `psql \\copy (the SELECT of nightferry's plan) to /dev/null (format binary)`, over the same verified TLS
from the same server, and `nightferry run` of benches/people, which extracts, treats, encodes, writes, reads back, scans and
publishes. Prints each pair, and the medians of wall time, processor time and largest memory. `make bench` starts it.

`--free-text` measures what it costs to look for people in free text: the same table with two columns of notes more (60 bytes and more on
average, something about a person in every tenth), once kept for the restricted audience and once scrubbed, every cell and all that was
written scanned. Prints the ratio.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import urllib.parse

import peers
from timed import timed, told

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT = ROOT / "target" / "bench"

# A note for a row; in every tenth something about the person of the row, in the others what notes of the trade are full of.
NOTES = """
CREATE TABLE contracts.noted AS SELECT c.*, {note} AS "Call_Note", {other} AS "Visit_Note" FROM contracts.contact c;
ALTER TABLE contracts.noted ADD PRIMARY KEY ("Contact_Id");
ANALYZE contracts.noted;
"""
ABOUT_PEOPLE = [
    """'Spoke to ' || "Full_Name" || ' on 07700 900' || lpad(({n} % 1000)::text, 3, '0') || ' about the outage, will ring back on Tuesday'""",
    """'Letter came back, please write to ' || lower(replace("Full_Name", ' ', '.')) || '@example.org from now on and not to the old address'""",
    """'Asked for the form; NI number QQ ' || lpad(({n} % 1000000)::text, 6, '0') || ' C was read out over the phone and noted here'""",
]
ABOUT_TRADE = [
    """'Meter read on site, value ' || {n} || ' accepted by the agent, nothing further to do until the next settlement run'""",
    """'The unit was out of service from 3 May to 9 May for planned work on the gearbox; availability was agreed with the operator'""",
    """'Reference INV-2026-' || {n} || ' was raised and sent by post, the reply is due within thirty days of the date of the letter'""",
    """'no answer, left a message and will try again next week as the office is closed until further notice'""",
    """'Evidence for the milestone was uploaded in three parts and is with the review team; version 2 replaces the first one'""",
]


def note(salt):
    """SQL for a column of notes: which of them, by a hash of the row's key."""
    n = f"(hashint8(\"Contact_Id\" + {salt})::bigint + 2147483648)"
    of = lambda texts: "CASE " + n + " / 10 % " + str(len(texts)) + " " + " ".join(f"WHEN {at} THEN {text.format(n=n)}" for at, text in enumerate(texts)) + " END"
    return f"CASE WHEN {n} % 10 = 0 THEN {of(ABOUT_PEOPLE)} ELSE {of(ABOUT_TRADE)} END"


def free_text(run, psql, environment, runs, rows):
    """The table with notes kept and scrubbed, in turn."""
    admin = urllib.parse.urlsplit(os.environ["NIGHTFERRY_PG_ADMIN_URL"])._replace(path="/bench", query="sslmode=verify-full&sslrootcert=" + os.environ["NIGHTFERRY_PG_CA"])
    subprocess.run([psql[0], "-X", "-q", admin.geturl(), "-v", "ON_ERROR_STOP=1", "-c", NOTES.format(note=note(0), other=note(1 << 40))], check=True, env=environment)
    asked = """SELECT round(avg(length(n)), 1), round(100 * avg((n ~ '@example.org|07700|QQ ')::int), 1) FROM
        (SELECT "Call_Note" n FROM contracts.noted UNION ALL SELECT "Visit_Note" FROM contracts.noted) notes"""
    told_of = subprocess.run([*psql, "-At", "-F", " ", "-c", asked], check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.split()
    print(f"notes: {told_of[0]} bytes on average, {told_of[1]} % about a person", flush=True)
    schema = (PROJECT / "schemas" / "contact.toml").read_text()
    job = (PROJECT / "jobs" / "people.toml").read_text()
    job = job.replace("contracts.contact", "contracts.noted").replace('["warehouse"]', '["restricted"]')
    commands = {}
    for treatment in ("keep", "scrub"):
        columns = "".join(
            f'{name} = {{ type = "text", class = "personal", source = "{source}", kind = "free_text", treat = {{ restricted = "{treatment}" }} }}\n'
            for name, source in (("call_note", "Call_Note"), ("visit_note", "Visit_Note"))
        )
        (PROJECT / "schemas" / f"{treatment}.toml").write_text(schema + columns)
        named = job.replace('name = "people"', f'name = "{treatment}"').replace('schema = "contact"', f'schema = "{treatment}"')
        (PROJECT / "jobs" / f"{treatment}.toml").write_text(named)
        commands[treatment] = [part.replace("people.toml", f"{treatment}.toml") for part in map(str, run)]
    pairs = []
    for number in range(runs + 1):
        pair = []
        for command in commands.values():
            shutil.rmtree(PROJECT / "out", ignore_errors=True)
            pair.append(timed(command, PROJECT, environment))
        if number:
            pairs.append(pair)
            print(f"kept {told(pair[0])}   scrubbed {told(pair[1])}   ratio {pair[1][0] / pair[0][0]:.2f}", flush=True)
    kept, scrubbed = ([statistics.median(figure) for figure in zip(*side)] for side in zip(*pairs))
    print(f"median of {runs}, {rows:,} rows, {os.cpu_count()} cores")
    print(f"kept {told(kept)}   scrubbed {told(scrubbed)}   ratio {scrubbed[0] / kept[0]:.2f} of wall time, {scrubbed[1] / kept[1]:.2f} of processor time")


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=5_000_000)
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--peers", action="store_true", help="other tools in turn with the two")
    asked.add_argument("--free-text", action="store_true", help="two columns of notes kept, against the same scrubbed")
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

    if asked.free_text:
        free_text(run, psql, environment, asked.runs, asked.rows)
        return

    if asked.peers:
        server = {word: os.environ[f"NIGHTFERRY_PG_{word}"] for word in ["HOST", "PORT", "USER", "CA", "PASSWORD"]}
        peers.compare(PROJECT, select, server, environment, asked.rows, asked.runs, {"nightferry": run, "psql": copy})
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
    # Of each pair first: a machine that others slow down halfway gives a median of ours from after it, and one of psql's from before.
    ratio = statistics.median(ours[0] / theirs[0] for theirs, ours in pairs)
    theirs, ours = ([statistics.median(figure) for figure in zip(*side)] for side in zip(*pairs))
    print(f"median of {asked.runs}, {asked.rows:,} rows, {os.cpu_count()} cores")
    print(f"psql {told(theirs)}   nightferry {told(ours)}   ratio {ours[0] / theirs[0]:.2f}, of the pairs {ratio:.2f}")


main()
