"""The public import name: what a program needs that runs clients without HTTP.

    from session_manager import ClientId, Init, Settings, System

Everything else is importable from where it is defined; README.md has a whole example.
"""

from actors.browser.fake import FakeBrowser
from actors.clients.operations.messages import SendText
from actors.clients.protocol import AwaitState, Delete, GetClients, GetStatus, Init, Stop
from actors.clients.types import STARTING, TERMINAL, ClientId, Reason, State
from actors.settings import Settings, StartRefused
from actors.system import System

__all__ = [
    "STARTING",
    "TERMINAL",
    "AwaitState",
    "ClientId",
    "Delete",
    "FakeBrowser",
    "GetClients",
    "GetStatus",
    "Init",
    "Reason",
    "SendText",
    "Settings",
    "StartRefused",
    "State",
    "Stop",
    "System",
]
