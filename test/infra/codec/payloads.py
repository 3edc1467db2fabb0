"""Decodes (or, given `encode`, encodes) payloads on stdin with the trainer's codec: JSON list of {metadata: {name: base64}, data: base64}."""

import asyncio
import base64
import json
import os
import sys

from temporalio.api.common.v1 import Payload

from exemplar_trainer.payload_codec import Codec, PayloadKeyError, read_keys


def parse(given):
    return Payload(metadata={name: base64.b64decode(value) for name, value in given["metadata"].items()}, data=base64.b64decode(given["data"]))


def show(payload):
    return {"metadata": {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}, "data": base64.b64encode(payload.data).decode()}


codec = Codec(read_keys(os.environ))
work = codec.encode if sys.argv[1:] == ["encode"] else codec.decode
try:
    print(json.dumps([show(payload) for payload in asyncio.run(work([parse(given) for given in json.load(sys.stdin)]))]))
except PayloadKeyError as error:
    print(json.dumps({"error": str(error)}))
