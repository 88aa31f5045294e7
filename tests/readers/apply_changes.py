"""Applies a change set to a state as SQL would, and prints what the state is then.

apply_changes.py CHANGESET STATE KEY: CHANGESET is a Parquet file, STATE a CSV file of the data's columns, KEY the key's columns,
by commas. Prints one JSON object: {"once": rows, "twice": rows, "refused": changes that found neither what they expect nor what they
make, "refused_again": the same the second time}. A row is an object of its cells as text.
"""

import json
import sys

import duckdb

changeset, state, key = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
duck = duckdb.connect()
duck.execute("set timezone = 'UTC'")
duck.execute("create table images as from read_parquet(?, hive_partitioning = false)", [changeset])
ours = {"change", "change_number", "unknown_columns", "expected_print", "result_print"}
columns = [name for name, *_ in duck.execute("describe images").fetchall() if name not in ours]
listed = ", ".join(f'"{name}"' for name in columns)
duck.execute(f"create table state as select {listed} from images limit 0")
header = {name: "varchar" for name in columns}
duck.execute(f"insert into state select {listed} from read_csv(?, header = true, columns = {header})", [state])
duck.execute(f"create view befores as select change_number, unknown_columns, {listed} from images where change in ('delete', 'update_preimage')")
duck.execute(f"create view afters as select change_number, {listed} from images where change in ('insert', 'update_postimage')")
same_key = " and ".join(f's."{name}" = i."{name}"' for name in key)


def same(unknown):
    test = " and ".join(f'(s."{name}" is not distinct from i."{name}"{unknown(name)})' for name in columns)
    return f"{same_key} and {test}"


def apply():
    # Every change is looked at first: what it expects, and what it makes.
    known = same(lambda name: f" or list_contains(string_split(coalesce(i.unknown_columns, ''), ', '), '{name}')")
    duck.execute(
        "create or replace temp table wanted as select distinct n.change_number as n, "
        f"exists (select 1 from befores i join state s on {known} where i.change_number = n.change_number) as is_before, "
        f"exists (select 1 from afters i join state s on {same(lambda name: '')} where i.change_number = n.change_number) as is_after, "
        f"exists (select 1 from images i join state s on {same_key} where i.change_number = n.change_number) as is_there, "
        "exists (select 1 from befores i where i.change_number = n.change_number) as has_before, "
        "exists (select 1 from afters i where i.change_number = n.change_number) as has_after from images n"
    )
    refused = duck.execute(
        "select count(*) from wanted where not (case when has_before then is_before else not is_there end) "
        "and not (case when has_after then is_after else not is_there end)"
    ).fetchone()[0]
    duck.execute(
        "create or replace temp table doing as select n from wanted where case when has_before then is_before else not is_there end"
    )
    duck.execute(f"delete from state s using befores i where {same_key} and i.change_number in (from doing)")
    duck.execute(f"insert into state select {listed} from afters where change_number in (from doing)")
    cells = ", ".join(f'"{name}"::varchar' for name in columns)
    rows = duck.execute(f"select {cells} from state order by all").fetchall()
    return refused, [dict(zip(columns, row)) for row in rows]


refused, once = apply()
refused_again, twice = apply()
print(json.dumps({"once": once, "twice": twice, "refused": refused, "refused_again": refused_again}))
