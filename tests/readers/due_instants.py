"""When a daily job is due, by Python's zoneinfo.

due_instants.py ZONE HH:MM FIRST LAST: one instant a line (UTC, ISO 8601) for each local day from FIRST to LAST. A time that the
clock skips is due at the first moment after the gap, found by halving; a time that comes twice is due the first time.
"""

import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

zone, wall = ZoneInfo(sys.argv[1]), time.fromisoformat(sys.argv[2])
day, last = date.fromisoformat(sys.argv[3]), date.fromisoformat(sys.argv[4])
while day <= last:
    local = datetime.combine(day, wall, zone)
    at = local.astimezone(timezone.utc)
    if at.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        # The wall never shows it: the first instant at which the wall is past it.
        low, high = at - timedelta(hours=4), at + timedelta(hours=4)
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            past = middle.astimezone(zone).replace(tzinfo=None) >= local.replace(tzinfo=None)
            low, high = (low, middle) if past else (middle, high)
        at = high.replace(microsecond=0)
        if at.second == 59:
            at += timedelta(seconds=1)
    print(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    day += timedelta(days=1)
