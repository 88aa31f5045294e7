"""What the parts of a table hold beside their rows, as DuckDB and pyarrow read them.

parts.py COLUMNS FOLDER...: COLUMNS are names, with commas between. Prints one JSON object: {"parts", "chunks", "blooms": bloom filters of
any column, "statistics": column chunks of COLUMNS with a smallest or largest value, "indexed": those with a page index,
"dictionaries": {column: values that its dictionaries hold, sorted}}.
"""

import glob
import json
import sys

import duckdb
import pyarrow
import pyarrow.parquet as parquet

columns, folders = sys.argv[1].split(","), sys.argv[2:]
files = sorted(file for folder in folders for file in glob.glob(f"{folder}/**/*.parquet", recursive=True))
told = {"parts": len(files), "chunks": 0, "blooms": 0, "statistics": 0, "indexed": 0, "dictionaries": {}}
for file in files:
    for name, bloom, low, high, old_low, old_high in duckdb.execute(
        "select path_in_schema, bloom_filter_offset, stats_min_value, stats_max_value, stats_min, stats_max from parquet_metadata(?)", [file]
    ).fetchall():
        told["chunks"] += 1
        told["blooms"] += bloom is not None
        told["statistics"] += name in columns and any(value is not None for value in (low, high, old_low, old_high))
    opened = parquet.ParquetFile(file)
    for group in range(opened.metadata.num_row_groups):
        for at in range(opened.metadata.num_columns):
            chunk = opened.metadata.row_group(group).column(at)
            told["indexed"] += chunk.path_in_schema in columns and chunk.has_column_index
            if chunk.has_dictionary_page:
                # The dictionary as it lies there, not what rows make of it.
                name = chunk.path_in_schema
                cells = parquet.ParquetFile(file, read_dictionary=[name]).read_row_group(group, columns=[name]).column(0)
                values = told["dictionaries"].setdefault(name, [])
                for cells in cells.chunks:
                    cells = cells if isinstance(cells, pyarrow.DictionaryArray) else cells.dictionary_encode()
                    values.extend(str(value) for value in cells.dictionary.to_pylist())
told["dictionaries"] = {name: sorted(set(values)) for name, values in told["dictionaries"].items()}
print(json.dumps(told))
