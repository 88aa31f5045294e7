"""Parses a view for Synapse or Fabric that nightferry made, with sqlglot's T-SQL.

views.py synapse|fabric FILE: prints {"view", "at", "columns": {name: type}, "collations": {name: collation}, "guarded": {name: bytes}}.
sqlglot does not know OPENROWSET(BULK ..): its arguments are read by a pattern, the columns after WITH are parsed as those of a
table, and the view over a name in its place.
"""

import json
import re
import sys

import sqlglot
from sqlglot import exp

target, path = sys.argv[1:]
sql = open(path).read()


def one(text):
    statements = sqlglot.parse(text, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)
    assert len(statements) == 1 and isinstance(statements[0], exp.Create), text
    return statements[0]


answer = {"columns": {}, "collations": {}, "guarded": {}}
if target == "synapse":
    pattern = r"OPENROWSET\(\s*BULK ('(?:[^']|'')*'),\s*FORMAT = 'DELTA'\s*\) WITH (\(.*\)) AS \[rows\];\s*$"
    found = re.search(pattern, sql, re.S)
    answer["at"] = found[1][1:-1].replace("''", "'")
    view = one(sql[: found.start()] + "[files] AS [rows];")
    for column in one(f"CREATE TABLE [files] {found[2]};").this.expressions:
        answer["columns"][column.name] = column.args["kind"].sql(dialect="tsql").lower()
        for collation in column.find_all(exp.CollateColumnConstraint):
            answer["collations"][column.name] = collation.this.name
    assert [select.name for select in view.expression.expressions] == list(answer["columns"])
else:
    view = one(sql)
    answer["at"] = view.expression.find(exp.Table).sql()
    for select in view.expression.expressions:
        name, of = select.alias, select.this
        if isinstance(of, exp.Collate):
            answer["collations"][name] = of.expression.name
            of = of.this
        if isinstance(of, exp.Case):
            answer["guarded"][name] = int(of.args["ifs"][0].this.expression.name)
            of = of.args["default"]
        assert isinstance(of, exp.Cast) and of.this.name == name, select.sql()
        answer["columns"][name] = of.to.sql(dialect="tsql").lower()
answer["view"] = view.this.sql()
assert view.args["replace"] and view.args["kind"] == "VIEW", sql
print(json.dumps(answer))
