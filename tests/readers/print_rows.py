"""Prints the rows of a Delta table as PostgreSQL prints them with `::text`, one JSON array a line, ordered by the first column.

Shares no code with nightferry. Times are UTC with microseconds; bytes are hexadecimal.
"""

import ctypes
import datetime
import decimal
import json
import math
import sys

import pyarrow as pa
from deltalake import DeltaTable


def real(value):
    """The fewest digits that a float of four bytes reads back from."""
    return next(digits for n in range(1, 10) if ctypes.c_float(float(digits := f"{value:.{n}g}")).value == value)


def text(value, is_real):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        # The shortest digits that read back as the same number, of the column's own width.
        shortest = real(value) if is_real else repr(value)
        return shortest.removesuffix(".0")
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, datetime.datetime):
        at = value.astimezone(datetime.timezone.utc)
        return f"{at.year:04}-{at:%m-%d %H:%M:%S.%f}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (int, decimal.Decimal)):
        return str(value)
    raise TypeError(type(value))


table = DeltaTable(sys.argv[1]).to_pyarrow_table()
names = sys.argv[2].split(",")
reals = [pa.types.is_float32(table.schema.field(name).type) for name in names]
rows = [[text(row[name], real) for name, real in zip(names, reals)] for row in table.to_pylist()]
for row in sorted(rows, key=lambda row: int(row[0])):
    print(json.dumps(row, ensure_ascii=False))
