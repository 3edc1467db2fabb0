"""
Reads and writes the payloads of infra/codec/ in TypeScript, whose comments give the format: AES-256-GCM with a key id, and JSON that
names objects on S3 (`exemplar/ref`), which is read as the JSON that it is.

Environment: EXEMPLAR_PAYLOAD_KEYS (`id:base64,id:base64`; the first key encrypts, all decrypt) or EXEMPLAR_PAYLOAD_KEYS_FILE (one
`id:base64` a line). Without either, payloads stay plain.
"""

import base64
import binascii
import dataclasses
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from .errors import ConfigError

KEYS = "EXEMPLAR_PAYLOAD_KEYS"
KEYS_FILE = "EXEMPLAR_PAYLOAD_KEYS_FILE"
ENCRYPTED = b"binary/encrypted"
KEY_ID = "encryption-key-id"
KEY_BYTES = 32
NONCE_BYTES = 12
WHOLE = 0
FORMS = (None, b"json/plain", b"exemplar/ref")
"""Encoding by form; 0 is a whole payload."""


class PayloadKeyError(Exception):
    """A payload that the keys at hand do not decrypt. Retried: a key can be supplied while work waits."""


class Codec(PayloadCodec):
    """`keys`: key id -> 32 bytes, the first one encrypts; empty: nothing is encrypted."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._first = next(iter(keys), None)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [payload if self._first is None else self._encrypt(payload, self._first) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_plain(self._decrypt(payload) if _encoding(payload) == ENCRYPTED else payload) for payload in payloads]

    def _encrypt(self, payload: Payload, key_id: str) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + self._keys[key_id].encrypt(nonce, _plaintext(payload), _bound(key_id))
        return Payload(metadata={"encoding": ENCRYPTED, KEY_ID: key_id.encode()}, data=data)

    def _decrypt(self, payload: Payload) -> Payload:
        key_id = payload.metadata.get(KEY_ID, b"").decode("utf-8", "replace")
        shown = re.sub(r"[^\x20-\x7e]", "?", key_id[:40])
        if key_id not in self._keys:
            raise PayloadKeyError(f'a payload is encrypted with the key "{shown}", which {KEYS} (or {KEYS_FILE}) does not hold: add it there')
        try:
            plain = self._keys[key_id].decrypt(payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:], _bound(key_id))
        except (InvalidTag, ValueError):
            raise PayloadKeyError(
                f'a payload does not open with the key "{shown}" of {KEYS} (or {KEYS_FILE}): the key is another one of that id, or the payload was changed'
            ) from None
        return _payload(plain)


def read_keys(env: Mapping[str, str]) -> dict[str, bytes]:
    """Keys that the environment names; empty where it names none. Raises ConfigError naming the variable, never what stands there."""
    text, path = env.get(KEYS, "").strip(), env.get(KEYS_FILE, "").strip()
    if text and path:
        raise ConfigError(f"{KEYS}, {KEYS_FILE}: set one of them, not both")
    if path:
        try:
            lines = Path(path).read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{KEYS_FILE}: {path} cannot be read ({type(error).__name__})") from None
        return _parse(f"{KEYS_FILE}: {path}", (line for line in lines if not line.lstrip().startswith("#")))
    return _parse(KEYS, text.split(",")) if text else {}


def data_converter(env: Mapping[str, str]) -> DataConverter:
    """What the worker's client converts payloads with. With keys, messages and stack traces of failures are encrypted too."""
    keys = read_keys(env)
    plain = dataclasses.replace(DataConverter.default, payload_codec=Codec(keys))
    return dataclasses.replace(plain, failure_converter_class=DefaultFailureConverterWithEncodedAttributes) if keys else plain


def _parse(where: str, entries: Iterable[str]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(filter(None, (each.strip() for each in entries)), 1):
        key_id, _, text = entry.partition(":")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", key_id):
            raise ConfigError(f'{where}: entry {number} must be id:key, the id 1 to 32 letters, digits, ".", "_" or "-"')
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ConfigError(f'{where}: the key "{key_id}" must be {KEY_BYTES} bytes in base64')
        if key_id in keys:
            raise ConfigError(f'{where}: the key id "{key_id}" stands there twice')
        keys[key_id] = key
    if not keys:
        raise ConfigError(f"{where}: there is no key; give id:key, or leave the variable out")
    return keys


def _plaintext(payload: Payload) -> bytes:
    encoding = _encoding(payload)
    bare = len(payload.metadata) == 1 and not payload.external_payloads
    if bare and encoding in FORMS:
        return bytes([FORMS.index(encoding)]) + payload.data
    return bytes([WHOLE]) + payload.SerializeToString()


def _payload(plain: bytes) -> Payload:
    form, body = plain[0], plain[1:]
    if form == WHOLE:
        return Payload.FromString(body)
    if form >= len(FORMS):
        raise PayloadKeyError(f"a payload has the form {form}, which this version does not know: it was written by a newer one")
    return Payload(metadata={"encoding": FORMS[form]}, data=body)


def _plain(payload: Payload) -> Payload:
    if _encoding(payload) != FORMS[2]:
        return payload
    return Payload(metadata={**payload.metadata, "encoding": FORMS[1]}, data=payload.data)


def _encoding(payload: Payload) -> bytes:
    return payload.metadata.get("encoding", b"")


def _bound(key_id: str) -> bytes:
    return ENCRYPTED + b"\0" + key_id.encode()
