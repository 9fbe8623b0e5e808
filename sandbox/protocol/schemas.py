"""The messages of the protocol, as far as they are used: names are ours, numbers are facts of WAProto.proto in Baileys.

Those of Signal are in https://github.com/signalapp/libsignal/blob/main/rust/protocol/src/proto/wire.proto.
"""

from __future__ import annotations

from sandbox.protocol.protobuf import Many, Scalar, Schema

NUMBER, BYTES, TEXT = Scalar.NUMBER, Scalar.BYTES, Scalar.TEXT

HANDSHAKE = Schema(
    client_hello=(2, Schema(ephemeral=(1, BYTES), static=(2, BYTES), payload=(3, BYTES))),
    server_hello=(3, Schema(ephemeral=(1, BYTES), static=(2, BYTES), payload=(3, BYTES))),
    client_finish=(4, Schema(static=(1, BYTES), payload=(2, BYTES))),
)
CERTIFICATE_DETAILS = Schema(
    serial=(1, NUMBER), issuer_serial=(2, NUMBER), key=(3, BYTES), not_before=(4, NUMBER), not_after=(5, NUMBER)
)
_CERTIFICATE = Schema(details=(1, BYTES), signature=(2, BYTES))
CERTIFICATES = Schema(leaf=(1, _CERTIFICATE), intermediate=(2, _CERTIFICATE))
CLIENT_PAYLOAD = Schema(
    username=(1, NUMBER),
    passive=(3, NUMBER),
    device=(18, NUMBER),
    registration=(
        19,
        Schema(
            registration_id=(1, BYTES),
            key_type=(2, BYTES),
            identity=(3, BYTES),
            signed_key_id=(4, BYTES),
            signed_key=(5, BYTES),
            signed_key_signature=(6, BYTES),
        ),
    ),
)

# The account's signature under a device (ADV). The HMAC is keyed by the secret in the QR.
DEVICE_IDENTITY = Schema(raw_id=(1, NUMBER), timestamp=(2, NUMBER), key_index=(3, NUMBER))
SIGNED_DEVICE_IDENTITY = Schema(
    details=(1, BYTES), account_key=(2, BYTES), account_signature=(3, BYTES), device_signature=(4, BYTES)
)
DEVICE_IDENTITY_HMAC = Schema(details=(1, BYTES), hmac=(2, BYTES))
KEY_INDEXES = Schema(
    raw_id=(1, NUMBER), timestamp=(2, NUMBER), current_index=(3, NUMBER), valid_indexes=(4, Many(NUMBER))
)
SIGNED_KEY_INDEXES = Schema(details=(1, BYTES), account_signature=(2, BYTES))
PAIRING_PROPERTIES = Schema(lid_migrated=(1, NUMBER), pure_lid=(2, NUMBER), snapshot_recovery=(3, NUMBER))

# Signal.
WHISPER = Schema(ratchet_key=(1, BYTES), counter=(2, NUMBER), previous_counter=(3, NUMBER), ciphertext=(4, BYTES))
PRE_KEY_WHISPER = Schema(
    pre_key_id=(1, NUMBER),
    base_key=(2, BYTES),
    identity=(3, BYTES),
    message=(4, BYTES),
    registration_id=(5, NUMBER),
    signed_key_id=(6, NUMBER),
)

# What is inside.
_SYNC_KEY = Schema(
    key_id=(1, Schema(key_id=(1, BYTES))),
    key_data=(
        2,
        Schema(
            key=(1, BYTES),
            fingerprint=(2, Schema(raw_id=(1, NUMBER), current_index=(2, NUMBER), device_indexes=(3, Many(NUMBER)))),
            timestamp=(3, NUMBER),
        ),
    ),
)
HISTORY_SYNC_NOTIFICATION, APP_STATE_SYNC_KEY_SHARE = 5, 6
_PROTOCOL_MESSAGE = Schema(
    type=(2, NUMBER),
    history=(6, Schema(sync_type=(6, NUMBER), chunk_order=(7, NUMBER), progress=(9, NUMBER), inline=(11, BYTES))),
    sync_keys=(7, Schema(keys=(1, Many(_SYNC_KEY)))),
)
CHAT_MESSAGE = Schema(
    conversation=(1, TEXT), extended=(6, Schema(text=(1, TEXT))), protocol_message=(12, _PROTOCOL_MESSAGE)
)
CHAT_MESSAGE.fields["sent_elsewhere"] = (31, Schema(to=(1, TEXT), message=(2, CHAT_MESSAGE)))
HISTORY = Schema(
    sync_type=(1, NUMBER),
    chunk_order=(5, NUMBER),
    progress=(6, NUMBER),
    push_names=(7, Many(Schema(id=(1, TEXT), name=(2, TEXT)))),
    lids=(15, Many(Schema(number=(1, TEXT), lid=(2, TEXT)))),
)

# App state: settings that all devices of an account share, as signed patches.
SYNC_ACTION = Schema(
    index=(1, BYTES),
    value=(2, Schema(timestamp=(1, NUMBER), push_name=(7, Schema(name=(1, TEXT))))),
    padding=(3, BYTES),
    version=(4, NUMBER),
)
_BLOB, _KEY_ID = Schema(blob=(1, BYTES)), Schema(id=(1, BYTES))
SYNC_PATCH = Schema(
    version=(1, Schema(version=(1, NUMBER))),
    mutations=(
        2,
        Many(
            Schema(operation=(1, NUMBER), record=(2, Schema(index=(1, _BLOB), value=(2, _BLOB), key_id=(3, _KEY_ID))))
        ),
    ),
    snapshot_mac=(4, BYTES),
    patch_mac=(5, BYTES),
    key_id=(6, _KEY_ID),
)
