"""The outbox in the store: accepted messages, from the promise to a caller until they are settled.

messages   the messages to the store: accept, cancel, claim, settle, read
rows       the rows of the table, read and changed
addresses  the addresses of one chat
ownership  the accounts that messages were accepted for: held, released, cancelled
"""

from actors.store.outbox.addresses import chat_in
from actors.store.outbox.messages import (
    Accepted,
    AcceptMessage,
    CancelMessage,
    Claimed,
    ClaimNext,
    CountQueued,
    ExpireDue,
    GetMessage,
    GetMessageByKey,
    GetNextDue,
    GetNextExpiry,
    GiveUpQueued,
    ListMessages,
    MarkSending,
    NextMessages,
    NoteWaiting,
    PruneMessages,
    RecordAck,
    RequeueMessage,
    SettleMessage,
    Unsettled,
)
from actors.store.outbox.ownership import (
    CancelHeld,
    GetHeld,
    HeldMessages,
    ReleaseHeld,
    ReleaseMessage,
    held_for,
    link,
    lost_with,
)
from actors.store.outbox.rows import Message, operation_of

__all__ = [
    "AcceptMessage",
    "Accepted",
    "CancelHeld",
    "CancelMessage",
    "ClaimNext",
    "Claimed",
    "CountQueued",
    "ExpireDue",
    "GetHeld",
    "GetMessage",
    "GetMessageByKey",
    "GetNextDue",
    "GetNextExpiry",
    "GiveUpQueued",
    "HeldMessages",
    "ListMessages",
    "MarkSending",
    "Message",
    "NextMessages",
    "NoteWaiting",
    "PruneMessages",
    "RecordAck",
    "ReleaseHeld",
    "ReleaseMessage",
    "RequeueMessage",
    "SettleMessage",
    "Unsettled",
    "chat_in",
    "held_for",
    "link",
    "lost_with",
    "operation_of",
]
