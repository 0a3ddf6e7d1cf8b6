"""tuspy, a client that knows nothing of Suishou, uploads a file in pieces, goes on after a break, and the relay
has it whole: tus.py DEVICE_ADDRESS TOKEN"""

import base64
import hashlib
import io
import os
import sys
import urllib.request

from tusclient import client

address, token = sys.argv[1:3]
# A JPEG by its first bytes; the relay does not look further into what a phone developed.
content = b"\xff\xd8\xff\xe0" + os.urandom(700_000)
headers = {"Authorization": f"Bearer {token}"}
tus = client.TusClient(f"{address}/v1/blobs", headers=headers)

first = tus.uploader(file_stream=io.BytesIO(content), chunk_size=200_000, metadata={"kind": "photo"})
first.upload_chunk()
first.upload_chunk()
assert first.offset == 400_000, first.offset

# A new process would know no more than the address of the upload.
second = tus.uploader(file_stream=io.BytesIO(content), url=first.url, chunk_size=200_000)
assert second.offset == 400_000, second.offset
second.upload()
assert second.offset == len(content), second.offset

# The answer to the last piece carries the signed receipt; after it the upload itself is gone.
answered = {name.lower(): value for name, value in second.request.response_headers.items()}
receipts = [value for name, value in answered.items() if "receipt" in name]
assert receipts and base64.urlsafe_b64decode(receipts[0] + "==="), answered

options = urllib.request.Request(f"{address}/v1/blobs", method="OPTIONS")
with urllib.request.urlopen(options) as answer:
    assert "creation" in answer.headers["Tus-Extension"]
print(f"tuspy: {len(content)} bytes, {hashlib.sha256(content).hexdigest()[:8]}, resumed once")
