"""Writes an RDS snapshot export as AWS documents its layout and types, from rows that a server printed.

There is no AWS here: the layout is that of "File naming conventions for exports to Amazon S3 for Amazon RDS", the types
are those of "Data conversion when exporting to an Amazon S3 bucket for Amazon RDS", both in the RDS user guide.

stdin: {"export", "database", "snapshot_time", "naming": "batches" | "older", "tables": [{"name": "app.thing",
"columns": [[name, type of information_schema]], "rows": [[the server's text or null]]}]}; the folder is the argument.
"""

import json
import os
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

# What is no text in the export. SMALLINT is INT32 with the annotation INT_16.
TYPES = {
    "bigint": (pa.int64(), int, "int64"),
    "integer": (pa.int32(), int, "int32"),
    "smallint": (pa.int16(), int, "int32 (INT_16)"),
    "real": (pa.float32(), float, "float"),
    "double precision": (pa.float64(), float, "double"),
    "boolean": (pa.bool_(), lambda text: text == "true", "boolean"),
    "bytea": (pa.binary(), lambda text: bytes.fromhex(text.removeprefix("\\x")), "binary"),
}
TEXT = (pa.string(), str, "binary (UTF8)")


def write(path, columns, rows, int96):
    arrays = []
    for index, (_, original) in enumerate(columns):
        kind, read, _ = TYPES.get(original, TEXT)
        if int96 and original.startswith("timestamp"):
            kind, read = pa.timestamp("ns"), lambda text: 0
        cells = [None if row[index] is None else read(row[index]) for row in rows]
        arrays.append(pa.array(cells, kind))
    table = pa.table(arrays, names=[name for name, _ in columns])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(table, path, compression="gzip", store_schema=False, use_deprecated_int96_timestamps=int96)


def part(number):
    return f"part-{number:05}-{uuid.uuid4()}-c000.gz.parquet"


def main():
    asked, root = json.load(sys.stdin), sys.argv[1]
    told = [{"target": asked["database"], "warningMessage": "something about the database"}]
    for table in asked["tables"]:
        folder = os.path.join(root, asked["database"], table["name"])
        rows, half = table["rows"], (len(table["rows"]) + 1) // 2
        # A range of keys without rows leaves a gap in the numbers.
        spread = [("1", 0, rows[:half]), ("1", 3, rows[half:])]
        if asked["naming"] == "batches" and rows:
            spread = [("1", 0, rows[:half]), ("2", 1, rows[half:])]
        for batch, number, some in spread:
            batch = "" if asked["naming"] == "older" else batch
            os.makedirs(os.path.join(folder, batch), exist_ok=True)
            open(os.path.join(folder, batch, "_SUCCESS"), "w").close()
            if some:
                write(os.path.join(folder, batch, part(number)), table["columns"], some, asked.get("int96", False))
        told.append({
            "tableStatistics": {
                "extractionStartTime": asked["snapshot_time"],
                "extractionEndTime": asked["snapshot_time"],
                "partitioningInfo": {"numberOfPartitions": 4, "numberOfCompletedPartitions": 4},
            },
            "schemaMetadata": {"originalTypeMappings": [
                {
                    "columnName": name,
                    "originalType": original,
                    "expectedExportedType": TYPES.get(original, TEXT)[2],
                    "originalCharMaxLength": 0,
                    "originalNumPrecision": 0,
                    "originalDateTimePrecision": 0,
                }
                for name, original in table["columns"]
            ]},
            "status": "COMPLETE",
            "sizeGB": 0.25 if rows else 0.0,
            "target": f"{asked['database']}.{table['name']}",
        })
    export = asked["export"]
    info = {
        "exportTaskIdentifier": export,
        "sourceArn": "arn:aws:rds:eu-west-2:123456789012:snapshot:invented",
        "exportOnly": [],
        "snapshotTime": asked["snapshot_time"],
        "taskStartTime": asked["snapshot_time"],
        "taskEndTime": asked["snapshot_time"],
        "s3Bucket": "invented",
        "s3Prefix": "",
        "exportedFilesPath": export,
        "status": "COMPLETE",
        "percentProgress": 100,
        "totalExportedDataInGB": 0.25,
    }
    with open(os.path.join(root, f"export_info_{export}.json"), "w") as file:
        json.dump(info, file)
    with open(os.path.join(root, f"export_tables_info_{export}_from_1_to_{len(told)}.json"), "w") as file:
        json.dump({"perTableStatus": told}, file)


main()
