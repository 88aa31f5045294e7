"""Prints a shared access signature of a container of the Azure emulator's, as Azure's own library makes it: `signature.py CONTAINER SECONDS PERMISSIONS`."""
import datetime
import sys

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

container, seconds, permissions = sys.argv[1:]
# The emulator's account, built in and public.
key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
now = datetime.datetime.now(datetime.timezone.utc)
over_at, permission = now + datetime.timedelta(seconds=int(seconds)), ContainerSasPermissions.from_string(permissions)
print(generate_container_sas("devstoreaccount1", container, account_key=key, permission=permission, start=now - datetime.timedelta(hours=1), expiry=over_at), end="")
