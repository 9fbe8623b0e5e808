"""The app state of an account, as far as a client waits for it: one patch, which sets the account's name.

A patch is a list of encrypted mutations. Each has an authentication code, whose sum (of the homomorphic LtHash) proves
the whole collection. The scheme is described by public clients, among them Baileys' chat-utils.js.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import struct
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from sandbox.protocol.schemas import SYNC_ACTION, SYNC_PATCH

NAME_COLLECTION = "critical_block"
NAME_INDEX = ["setting_pushName"]
FIRST = struct.pack(">Q", 1)
"""The version of a collection with one patch."""
SET = b"\1"
BLOCK_BITS, HASH_LENGTH, MAC_LENGTH = 128, 128, 32


@dataclass(frozen=True)
class MutationKeys:
    """What is derived from a key of the app state, 32 bytes each."""

    index: bytes
    value: bytes
    value_mac: bytes
    snapshot_mac: bytes
    patch_mac: bytes

    @classmethod
    def of(cls, key: bytes) -> MutationKeys:
        derived = _derive(key, b"WhatsApp Mutation Keys", 160)
        return cls(*(derived[at : at + 32] for at in range(0, 160, 32)))


def name_patch(key: bytes, key_id: bytes, name: str) -> bytes:
    """Return the first patch of NAME_COLLECTION."""
    keys = MutationKeys.of(key)
    index = json.dumps(NAME_INDEX).encode()
    action = {"timestamp": int(time.time() * 1000), "push_name": {"name": name}}
    value = _sealed(keys.value, SYNC_ACTION.encode({"index": index, "value": action, "padding": b"", "version": 1}))
    about = SET + key_id
    mac = hmac.digest(keys.value_mac, about + value + struct.pack(">Q", len(about)), "sha512")[:MAC_LENGTH]
    collection = NAME_COLLECTION.encode()
    snapshot_mac = hmac.digest(keys.snapshot_mac, lt_hash(mac) + FIRST + collection, hashlib.sha256)
    record = {
        "index": {"blob": hmac.digest(keys.index, index, hashlib.sha256)},
        "value": {"blob": value + mac},
        "key_id": {"id": key_id},
    }
    return SYNC_PATCH.encode(
        {
            "version": {"version": 1},
            "mutations": [{"operation": 0, "record": record}],
            "snapshot_mac": snapshot_mac,
            "patch_mac": hmac.digest(keys.patch_mac, snapshot_mac + mac + FIRST + collection, hashlib.sha256),
            "key_id": {"id": key_id},
        }
    )


def lt_hash(*macs: bytes) -> bytes:
    """Return the sum of mutations: of 64 numbers each, modulo 2**16."""
    total = [0] * (HASH_LENGTH // 2)
    for mac in macs:
        expanded = struct.unpack("<64H", _derive(mac, b"WhatsApp Patch Integrity", HASH_LENGTH))
        total = [(one + other) % 2**16 for one, other in zip(total, expanded, strict=True)]
    return struct.pack("<64H", *total)


def _sealed(key: bytes, plain: bytes) -> bytes:
    iv = os.urandom(16)
    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = Cipher(AES256(key), CBC(iv)).encryptor()
    return iv + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def _derive(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info).derive(secret)
