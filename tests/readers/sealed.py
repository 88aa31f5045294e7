"""Rows that say which night they are of, and whether they are all of it: what `tests/it/publishing.rs` publishes."""

PRIME = 999_983


def rows_of(night):
    return 1 + night * 7 % 23


def whole(table, rows):
    """The night of the rows of one look, which are all of it."""
    nights, seals = {row["night"] for row in rows}, {row["seal"] for row in rows}
    assert len(nights) == 1 and len(seals) == 1, (table, nights, seals)
    night, seal = nights.pop(), seals.pop()
    assert sorted(row["id"] for row in rows) == list(range(rows_of(night))), (table, night, len(rows))
    again = sum((row["id"] * 31 + row["amount"] * 17 + night * 7) * (row["id"] + 1) for row in rows) % PRIME
    assert again == seal, (table, night)
    return night
