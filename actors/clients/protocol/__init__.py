"""Every message a client or the supervisor understands: frozen, slotted, picklable plain data.

    status       what a reader gets
    requests     what callers ask, and the answers
    supervision  what supervisor and client tell each other
    page_facts   what a page says

Commands are imperative, facts are past tense, questions are questions.
"""

from actors.clients.protocol.page_facts import (
    Answered,
    Banned,
    Blocked,
    BrowserGone,
    Conflict,
    ContractRead,
    FromPage,
    Happened,
    LinkLost,
    LinkResumed,
    LoggedOut,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    Probed,
    QrIdle,
    QrScanned,
    QrShown,
    Ready,
    Refused,
)
from actors.clients.protocol.requests import (
    AlreadyRunning,
    AwaitState,
    Delete,
    Deleted,
    GetClients,
    GetStatus,
    Init,
    Perform,
    ShutDown,
    Started,
    Stop,
    Stopped,
)
from actors.clients.protocol.status import Qr, Status
from actors.clients.protocol.supervision import (
    Close,
    PairingChanged,
    ReconnectGranted,
    ReconnectRefused,
    ReconnectWanted,
    Start,
    StatusChanged,
)

__all__ = [
    "AlreadyRunning",
    "Answered",
    "AwaitState",
    "Banned",
    "Blocked",
    "BrowserGone",
    "Close",
    "Conflict",
    "ContractRead",
    "Delete",
    "Deleted",
    "FromPage",
    "GetClients",
    "GetStatus",
    "Happened",
    "Init",
    "LinkLost",
    "LinkResumed",
    "LoggedOut",
    "OutcomeUnknown",
    "PageFact",
    "PageFailed",
    "PairingChanged",
    "Perform",
    "Probed",
    "Qr",
    "QrIdle",
    "QrScanned",
    "QrShown",
    "Ready",
    "ReconnectGranted",
    "ReconnectRefused",
    "ReconnectWanted",
    "Refused",
    "ShutDown",
    "Start",
    "Started",
    "Status",
    "StatusChanged",
    "Stop",
    "Stopped",
]
