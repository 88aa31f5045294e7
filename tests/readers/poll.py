"""Reads two Delta tables of this machine and `nightferry_runs` beside them again and again while somebody publishes them.

poll.py WAREHOUSE STOP: goes on until the file STOP is there and one more round is done. Every row of a table says which night it
is of, and its night's `seal`: a sum over every row, made where the rows come from. Asserted of every look:
  - the rows are of one night, all of it: as many as the night has, and the seal made anew is the one that they carry;
  - no look at a table is older than the one before it;
  - two tables name the same run (in the commit, and by the job's counter in the table's transactions) when, and only when,
    their rows are of the same night;
  - the two versions that `nightferry_runs` names for its newest run are of the same night.
Prints {"looks", "versions": [of each table], "mixed": pairs of different runs, "pinned": pairs read by version}.
"""

import json
import os
import sys

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from sealed import whole

root, stop = sys.argv[1:]
duck = duckdb.connect()


def run_of(table, version):
    """The run that a version's commit names. Not `history`: it begins with the log's newest commit, whichever version is open."""
    with open(f"{root}/{table}/_delta_log/{version:020}.json") as entry:
        return json.loads(entry.readline())["commitInfo"]["nightferry.run"]


def look(table, version=None):
    at = DeltaTable(f"{root}/{table}", version=version)
    night = whole(table, at.to_pyarrow_table().to_pylist())
    relation = duck.sql("select * from read_parquet($files, hive_partitioning = false)", params={"files": at.file_uris()})
    again = whole(table, [dict(zip(relation.columns, row)) for row in relation.fetchall()])
    assert again == night, (table, again, night)
    return at.version(), night, run_of(table, at.version()), at.transaction_version("nightferry:things")


def pinned():
    """The newest run of `nightferry_runs`, and each table at the version that it names."""
    rows = DeltaTable(f"{root}/nightferry_runs").to_pyarrow_table().to_pylist()
    newest = max(rows, key=lambda row: row["published_at"])["run"]
    of = {row["dataset"]: row["version"] for row in rows if row["run"] == newest}
    looks = [look(table, of[table]) for table in ("thing", "twin")]
    assert looks[0][1] == looks[1][1] and {run for _, _, run, _ in looks} == {newest}, looks


seen, newest, answer = [set(), set()], [-1, -1], {"looks": 0, "mixed": 0, "pinned": 0}
last = False
while not last:
    last = os.path.exists(stop)
    try:
        # The order turns, so that either table may be the older one.
        order = ("thing", "twin") if answer["looks"] % 2 else ("twin", "thing")
        looks = {table: look(table) for table in order}
        one, two = looks["thing"], looks["twin"]
        for place, (version, _, _, _) in enumerate((one, two)):
            assert version >= newest[place], (place, version, newest)
            newest[place] = version
            seen[place].add(version)
        same = one[1] == two[1]
        assert (one[2] == two[2]) == same and (one[3] == two[3]) == same, looks
        answer["looks"] += 1
        answer["mixed"] += not same
        pinned()
        answer["pinned"] += 1
    except TableNotFoundError:
        assert not last, "nothing was published"
answer["versions"] = [len(versions) for versions in seen]
print(json.dumps(answer))
