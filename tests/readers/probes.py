"""What lies below `_nightferry/` of stores, a line each: `probes.py FOLDER ENDPOINT CONTAINER`, a folder of an S3 server and a container of Azure's emulator."""
import pathlib
import sys

from azure.storage.blob import BlobServiceClient

folder, endpoint, container = sys.argv[1:]
# The emulator's account, built in and public.
key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
account = BlobServiceClient(endpoint, credential={"account_name": "devstoreaccount1", "account_key": key})
files = [str(path) for path in pathlib.Path(folder).rglob("*") if path.is_file()]
blobs = [blob.name for blob in account.get_container_client(container).list_blobs()]
for name in files + blobs:
    if "/_nightferry/" in name:
        print(name)
