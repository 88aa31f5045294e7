"""Reads the objects that the relay landed of a topic and prints, as JSON, what each partition's chain holds.

Of each: where it begins and goes on, how many offsets there are, how many of them are there once, the first and the last of them,
keys without a value, the leaders' epochs each with the first offset under it, and whether every object begins where the one before says that it goes on.
"""

import json
import sys
from pathlib import Path

import duckdb

told = {}
for folder in sorted(Path(sys.argv[1]).glob("p=*")):
    links = []
    offsets = []
    tombstones = 0
    epochs = []
    for file in sorted(folder.glob("*.parquet")):
        rows = duckdb.sql(f"select key, value from parquet_kv_metadata('{file}')").fetchall()
        said = {bytes(key).decode(): bytes(value).decode() for key, value in rows}
        links.append((int(file.stem), int(said["nightferry.first"]), int(said["nightferry.next"])))
        rows = duckdb.sql(f"select \"offset\", value is null, leader_epoch from read_parquet('{file}')").fetchall()
        for offset, is_tombstone, epoch in rows:
            assert links[-1][1] <= offset < links[-1][2], (file, offset)
            offsets.append(offset)
            tombstones += is_tombstone
            if not epochs or epochs[-1][0] != epoch:
                epochs.append((epoch, offset))
    # Begun, and nothing is landed of it.
    if not links:
        continue
    whole = all(name == first for name, first, _ in links) and all(
        before[2] == behind[0] for before, behind in zip(links, links[1:])
    )
    told[folder.name[2:]] = {
        "first": links[0][0],
        "next": links[-1][2],
        "objects": len(links),
        "records": len(offsets),
        "once": len(set(offsets)),
        "ascending": offsets == sorted(offsets),
        "last": max(offsets, default=-1),
        "tombstones": tombstones,
        "epochs": epochs,
        "whole": whole,
    }
print(json.dumps(told))
