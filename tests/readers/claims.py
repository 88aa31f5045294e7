"""Counts by SQL how often each claim of `tests/it/claims.rs` does not hold.

claims.py FOLDER: FOLDER has app.thing.csv and app.other.csv. Prints one JSON object, claim -> count. How many half hours a day
has in London is Python's own answer (zoneinfo), everything else DuckDB's.
"""

import datetime
import json
import sys
import zoneinfo

import duckdb

folder = sys.argv[1]
duck = duckdb.connect()
types = {
    "id": "bigint", "unit": "varchar", "day": "date", "period": "smallint", "amount": "decimal(10,2)",
    "starts": "date", "ends": "date", "parent": "integer", "mark": "varchar", "rate": "double",
}
columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
# The hostile name of `mark` at the source is known by its place.
duck.execute(f"create table thing as select * from read_csv('{folder}/app.thing.csv', header = true, columns = {{{columns}}})")
duck.execute(
    f"create table other as select * from read_csv('{folder}/app.other.csv', header = true, "
    "columns = {'id': 'bigint', 'unit': 'varchar', 'day': 'date', 'total': 'decimal(12,3)'})"
)
london = zoneinfo.ZoneInfo("Europe/London")


def half_hours(day):
    midnights = [datetime.datetime.combine(day + datetime.timedelta(days=n), datetime.time(), london) for n in (0, 1)]
    start, end = [midnight.astimezone(datetime.timezone.utc) for midnight in midnights]
    return int((end - start).total_seconds() // 1800)


days = [day for (day,) in duck.execute("select distinct day from thing where day is not null").fetchall()]
duck.execute("create table calendar (day date, periods integer)")
duck.executemany("insert into calendar values (?, ?)", [(day, half_hours(day)) for day in days])

queries = {
    "unique": "select coalesce(sum(n - 1), 0) from (select count(*) n from thing where unit is not null and day is not null "
    "and period is not null group by unit, day, period)",
    "not_null": "select count(*) from thing where amount is null or unit is null",
    "accepted": "select count(*) from thing where mark not in ('a', 'b', 'it''s', '')",
    "range": "select count(*) from thing where amount < -5.50 or amount >= 90",
    "range_of_days": "select count(*) from thing where day <= date '2026-03-28'",
    "references": "select count(*) from thing t where parent is not null and not exists (select 1 from other o where o.id = t.parent)",
    "rows": "select count(*) from (select count(*) n from thing group by unit having count(*) not between 100 and 900)",
    "balance": "select count(*) from (select unit, day, coalesce(sum(amount), 0) s from thing group by all) t "
    "full join (select unit, day, coalesce(sum(total), 0) s from other group by all) o "
    "on t.unit is not distinct from o.unit and t.day is not distinct from o.day "
    "where t.s is null or o.s is null or abs(t.s - o.s) > 0.01",
    "periods_a_day": "select count(*) from (select t.unit, t.day, any_value(c.periods) periods, count(*) n, count(distinct period) d, "
    "min(period) low, max(period) high, count(period) whole from thing t left join calendar c on c.day = t.day group by all) "
    "where periods is null or not (n = periods and d = periods and whole = periods and low = 1 and high = periods)",
    "gap_free": "select coalesce(sum(gap), 0) from (select day - lag(day) over (partition by unit order by day) - 1 gap "
    "from (select distinct unit, day from thing where day is not null)) where gap > 0",
    "no_overlap": "with i as (select id, unit, coalesce(starts, date '0001-01-01') s, coalesce(ends, date '9999-12-31') e from thing), "
    "good as (select * from i where e >= s) select (select count(*) from i where e < s) + (select count(*) from good r where exists "
    "(select 1 from good o where o.unit is not distinct from r.unit and (o.s, o.id) < (r.s, r.id) and r.s <= o.e))",
    "infinite": "select count(*) from thing where rate > 1.5",
}
print(json.dumps({name: int(duck.execute(query).fetchone()[0]) for name, query in queries.items()}))
