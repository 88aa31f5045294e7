"""Availability, time to repair and time between failures, counted anew from the reports that runs left.

figures.py REPORTS CRON_HH:MM DEADLINE_HH:MM ZONE NOW: each night is for the day before the morning on which it is due; a night is good
once a run for its day, or for a later one, published. Prints one JSON object. Wilson's interval is made from its two bounds as roots of
the quadratic equation that it comes from, not from the formula of the middle.
"""
import json
import math
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from statistics import NormalDist
from zoneinfo import ZoneInfo

folder, due_at, deadline, zone, now = sys.argv[1:]
zone, now = ZoneInfo(zone), datetime.fromisoformat(now)
reports = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
for report in reports:
    report["ended"] = datetime.fromisoformat(report["started_at"]) + timedelta(seconds=report["seconds"])
    report["good"] = report["outcome"] in ("published", "second_pending", "already_published", "superseded")
    report["day"] = datetime.fromisoformat(report["period"]["to"]).date()
reports.sort(key=lambda report: report["started_at"])

signs, due, in_time = [], 0, 0
day = reports[0]["day"]
while True:
    limit = datetime.combine(day + timedelta(days=1), time.fromisoformat(deadline), zone)
    if limit > now:
        break
    ends = [report["ended"] for report in reports if report["good"] and report["day"] >= day]
    due += 1
    if any(end <= limit for end in ends):
        in_time += 1
    else:
        signs.append(limit)
    day += timedelta(days=1)

signs += [report["ended"] for report in reports if not report["good"]]
goods = sorted(report["ended"] for report in reports if report["good"])
incidents = []
for sign in sorted(signs):
    if incidents and (incidents[-1][1] is None or sign <= incidents[-1][1]):
        continue
    incidents.append((sign, next((end for end in goods if end > sign), None)))
lasted = [(end - begin).total_seconds() for begin, end in incidents if end]
apart = [(later[0] - earlier[0]).total_seconds() for earlier, later in zip(incidents, incidents[1:])]

# p in truth with |p - observed| = z sqrt(p (1 - p) / n).
z2, observed = NormalDist().inv_cdf(0.975) ** 2, in_time / due
a, b, c = 1 + z2 / due, -(2 * observed + z2 / due), observed**2
root = math.sqrt(max(b * b - 4 * a * c, 0.0))
print(json.dumps({
    "due": due, "in_time": in_time, "availability": observed,
    "between": [(-b - root) / (2 * a), (-b + root) / (2 * a)], "incidents": len(incidents),
    "mttr": sum(lasted) / len(lasted) if lasted else None, "mtbf": sum(apart) / len(apart) if apart else None,
}))
