"""Containers in the storage emulator, with the container SAS that a job is given."""

import datetime
import json
import os

from azure.storage.blob import (
    BlobServiceClient,
    ContainerSasPermissions,
    generate_container_sas,
)

# The storage emulator's published development account.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Container:
    """A fresh container, and URIs into it that carry only the rights asked for."""

    def __init__(self, name):
        self.root = os.environ["CONFORMANCE_BLOB_ENDPOINT"] + "/" + ACCOUNT
        self.name = name
        service = BlobServiceClient(self.root, credential=KEY)
        self.client = service.create_container(name)

    def uri(self, rights, hours=1):
        sas = generate_container_sas(
            ACCOUNT,
            self.name,
            account_key=KEY,
            permission=ContainerSasPermissions.from_string(rights),
            expiry=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours),
        )
        return f"{self.root}/{self.name}?{sas}"

    def put(self, blob, rows):
        text = "".join(json.dumps(row) + "\r\n" for row in rows)
        self.client.upload_blob(blob, text.encode(), overwrite=True)

    def text(self, blob):
        return self.client.download_blob(blob).readall().decode()

    def rows(self, blob):
        """The JSON rows of a blob, and the lines that are not JSON."""
        lines = [line for line in self.text(blob).replace("\r\n", "\n").split("\n") if line]
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return rows, [line for line in lines if not line.startswith("{")]

    def kind(self, blob):
        return self.client.get_blob_client(blob).get_blob_properties().blob_type
