"""Opens a Delta table where it lies, S3 or Azure, and prints its version and the number of its rows."""

import os
import sys

from deltalake import DeltaTable

url = sys.argv[1]
if url.startswith("s3://"):
    options = {
        "AWS_ENDPOINT_URL": os.environ["NIGHTFERRY_S3_ENDPOINT"],
        "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "AWS_REGION": "eu-west-2",
        "AWS_ALLOW_HTTP": "true",
    }
else:
    # The emulator's account and key are built into the reader; only its address is not.
    os.environ["AZURITE_BLOB_STORAGE_URL"] = os.environ["NIGHTFERRY_AZURE_ENDPOINT"].rsplit("/", 1)[0]
    options = {"azure_storage_use_emulator": "true", "azure_storage_account_name": "devstoreaccount1"}
table = DeltaTable(url, storage_options=options)
print(table.version(), table.to_pyarrow_table().num_rows)
