"""Makes two containers in the Azure emulator: `containers.py ENDPOINT PRIVATE SHOWN [CA]`; the second may be looked into by everybody."""
import sys

from azure.storage.blob import BlobServiceClient

endpoint, private, shown, *ca = sys.argv[1:]
# The emulator's account, built in and public.
key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
account = BlobServiceClient(endpoint, credential={"account_name": "devstoreaccount1", "account_key": key}, **({"connection_verify": ca[0]} if ca else {}))
account.create_container(private)
account.create_container(shown, public_access="container")
