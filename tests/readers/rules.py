"""Which rows would drift falsely, if changes were placed before or behind an extract by another rule.

python rules.py <Delta table> <kcat -J of wal2json's changes> <extract's place in the log> <extract's snapshot>

Prints, for each rule, how many rows of the folded changes are not those of the table: {"transaction": 0, "change_lsn": 12, ..}.
"""

import json
import sys

from deltalake import DeltaTable

table, dump, position, snapshot = sys.argv[1:]


def place(lsn):
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


extracted = place(position)
xmin, xmax, in_progress = snapshot.split(":")
in_progress = {int(xid) for xid in in_progress.split(",") if xid}
rules = {
    "transaction": lambda change: change["xid"] < int(xmax) and change["xid"] not in in_progress,
    "change_lsn": lambda change: place(change["lsn"]) <= extracted,
    "commit_lsn": lambda change: change["committed"] <= extracted,
}

changes, open_changes = [], []
for line in open(dump, encoding="utf-8"):
    change = json.loads(json.loads(line)["payload"])
    if change["action"] == "C":
        # What a commit ends with is its place in the log; nothing of the transaction was seen before it.
        changes += [{**one, "committed": place(change["lsn"])} for one in open_changes]
        open_changes = []
    elif change["action"] in "IUD":
        open_changes.append(change)


def folded(counts):
    rows = {}
    named = lambda cells: {cell["name"]: cell["value"] for cell in cells}
    for change in filter(counts, changes):
        if change["action"] != "I":
            before = rows.pop(named(change["identity"])["id"], None)
        if change["action"] != "D":
            row = named(change["columns"])
            rows[row["id"]] = (float(row["amount"]), row["note"])
    return rows


rows = DeltaTable(table).to_pyarrow_table(columns=["id", "amount", "note"]).to_pylist()
expected = {row["id"]: (float(row["amount"]), row["note"]) for row in rows}
drift = {}
for name, counts in rules.items():
    found = folded(counts)
    drift[name] = sum(found.get(key) != expected.get(key) for key in found.keys() | expected.keys())
print(json.dumps(drift))
