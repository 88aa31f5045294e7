"""Makes files of few bytes that decode to many, by writers that are not ours.

bombs.py FOLDER WORD: `gigabyte.parquet` (1 GB in 293 bytes), `line.csv.gz` and `line.jsonl.gz` (one line of a gigabyte), `deep-<n>.jsonl.gz`.
bombs.py FOLDER WORD SEED COUNT: `<n>.<kind>`, as many as COUNT, the same for each SEED.

Each has the text column `id` alone, and WORD in its cells.
"""

import gzip
import pathlib
import random
import sys

import pyarrow
import pyarrow.parquet as parquet

PACKINGS = ["zstd", "snappy", "gzip", "none"]


def repeated(path, cell, rows, packing="zstd"):
    """The same text in each row, and once in the file."""
    cells = pyarrow.DictionaryArray.from_arrays(pyarrow.repeat(pyarrow.scalar(0, pyarrow.int32()), rows), pyarrow.array([cell]))
    table = pyarrow.table({"id": cells}, schema=pyarrow.schema([pyarrow.field("id", cells.type, nullable=False)]))
    # One group and one page of all rows: the file is no longer for more of them.
    whole = {"row_group_size": rows, "write_batch_size": rows, "max_rows_per_page": rows, "data_page_size": 1 << 30}
    parquet.write_table(
        table, path, compression=packing, write_statistics=False, store_schema=False, dictionary_pagesize_limit=1 << 30, **whole
    )


def gzipped(path, head, piece, times):
    path.write_bytes(gzip.compress(head) + gzip.compress(piece) * times)


def named(folder, word):
    repeated(folder / "gigabyte.parquet", word.split()[0] + "x" * (1 << 20), 1 << 10)
    for name, head in (("line.csv.gz", "id\n" + word), ("line.jsonl.gz", '{"id":"' + word)):
        gzipped(folder / name, head.encode(), b"x" * (16 << 20), 64)
    for at, (depth, start, end) in enumerate(((100_000, "[", "]"), (10_000_000, "[", ""), (100_000, '{"id":', "}"), (5_000_000, '{"id":', ""))):
        line = '{"id":' + start * depth + f'"{word}"' + end * depth + "}\n"
        gzipped(folder / f"deep-{at}.jsonl.gz", line.encode(), b"", 0)


def by_chance(folder, word, seed, count):
    dice = random.Random(seed)
    for nth in range(count):
        packing, kind = dice.choice(PACKINGS), nth % 5
        if kind == 0:
            # A dictionary of one large text, many times.
            repeated(folder / f"{nth}.parquet", word + "x" * (1 << dice.randrange(19, 22)), 1 << dice.randrange(11, 14), packing)
        elif kind == 1:
            # Runs of one text, millions long.
            repeated(folder / f"{nth}.parquet", word + "x" * dice.randrange(1 << 18, 1 << 19), dice.randrange(1 << 15, 1 << 22), packing)
        elif kind == 2:
            # Headers of pages, and pages, that say other numbers than there are.
            path = folder / f"{nth}.parquet"
            repeated(path, word + "x" * dice.randrange(1 << 12), dice.randrange(2, 1 << 11), packing)
            lies = bytearray(path.read_bytes())
            footer = len(lies) - 8 - int.from_bytes(lies[-8:-4], "little")
            for _ in range(dice.randrange(1, 5)):
                lies[min(4 + dice.randrange(120), footer - 1)] = dice.choice((0xFF, 0x7F, 0x80, 0x00, 0xFE))
            path.write_bytes(lies)
        elif kind == 3:
            # What packs well: one long line, or many.
            cell = word + "x" * dice.randrange(1 << 10, 1 << 18)
            many = dice.random() < 0.5
            gzipped(folder / f"{nth}.csv.gz", b"id\n", (cell + "\n" * many).encode(), dice.randrange(20, 60))
        else:
            # Nesting.
            start = dice.choice(("[", '{"id":', "[[[", '{"a":[')) * (1 << dice.randrange(8, 20))
            gzipped(folder / f"{nth}.jsonl.gz", ('{"id":' + start + f'"{word}"').encode(), b"", 0)


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
if len(sys.argv) == 3:
    named(folder, sys.argv[2])
else:
    by_chance(folder, sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
