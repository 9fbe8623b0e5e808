"""The settings of the sandbox. Durations are seconds.

Every field can be changed while it runs (`POST /api/settings`).
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Compat = Literal["modern", "classic"]
Bundling = Literal["stages", "at_once"]
Uploads = Literal["ok", "refuse", "hang"]
CHOICES: dict[str, tuple[str, ...]] = {
    "compat": get_args(Compat),
    "bundles": get_args(Bundling),
    "uploads": get_args(Uploads),
}
"""The values of settings that are words."""


@dataclass
class SandboxSettings:
    """The behaviour of the sandbox.

    The defaults follow WhatsApp Web where it is known, and are short where only waiting time is concerned. A change
    affects later events: pages already loaded keep the generation they were served with.
    """

    compat: Compat = "modern"  # the generation of a page whose address does not name it (`/?compat=classic`)
    lids: bool = False  # newly linked accounts address chats by LID if neither page nor scan decides
    loader: bool = True  # False: a page without module loader, on which wa-js never becomes ready
    version: str = "2.3000.1045000000"  # of WhatsApp Web, as the page reports it
    push_phase: str = "C3"  # the rollout phase of that build, as the page reports it
    # Names of exports that scripts do not find in the page: {"hide": [name, ...], "rename": {name: new name}}
    drift: dict[str, Any] = field(default_factory=dict)

    bundles: Bundling = "stages"  # "at_once": all are registered together, before any of them is available
    bundle_delay: float = 0.0  # each uncached bundle comes this late; a slow network: 0.8 to 4 s
    timer_starvation: float = 0.0  # timers set by other scripts than the page's fire this much later
    ballast: int = 0  # extra MiB that the page holds; with 270 it is about as big as the real page

    qr_refs: int = 6  # WhatsApp Web shows six codes, the first for 60 s, the others for 20 s each, then idles
    qr_first: float = 60.0
    qr_next: float = 20.0
    qr_url: bool = True  # the code is an address, as since July 2026; False: its fields alone

    code_life: float = 180.0  # a pairing code that is typed later than this is not answered
    code_refresh: float = 0.0  # the server asks for a new code after this long; 0: it is left to the page
    refuse_platform: bool = False  # a pairing code is refused for every browser and system

    ack_sent: float = 0.02  # a message reaches the server -> the sender's one tick
    ack_delivered: float = 0.02  # one tick -> two
    ack_read: float = 0.02  # two ticks -> blue

    uploads: Uploads = "ok"  # "refuse": the server takes no file; "hang": an upload is never answered
    upload_delay: float = 0.0  # an upload is answered this late
    upload_limit: int = 100  # MiB of the largest file that is no document; documents may have 2048

    clear_delay: float = 0.05  # before a chat is cleared; WhatsApp Web gives a person 4 s to think better of it
    page_delay: float = 0.0  # GET / answers this late
    start_delay: float = 0.0  # the page's scripts open their connection this late
    return_delay: float = 0.0  # a page that has reloaded itself opens its connection that much later still
    soft_update_after: float = 3 * 86_400.0  # a page that is up for so long asks for a reload, and goes on ...
    hard_update_after: float = 30 * 86_400.0  # ... and after this it reloads itself
    keepalive: bool = True  # False: the server does not answer the page's keepalive, but everything else
    pair_delay: float = 0.02  # a fresh login syncs for this long
    resume_delay: float = 0.0  # a stored login is answered this late
    reconnect_delay: float = 0.2  # the page tries again after this long, doubling ...
    reconnect_cap: float = 2.0  # ... up to this
    resend_after: float = 20.0  # a page drops its connection, and sends anew, when a message is unanswered this long
    media_gone: int = 0  # 404 or 410: what phones sent is answered so, until the phone has uploaded it again
    media_reupload: bool = True  # False: no phone does so when the page asks for it
    media_fails: int = 0  # so many downloads are answered 500
    media_delay: float = 0.0  # a download is answered this late
    media_empty: bool = False  # a download has no bytes
    history: int = 1000  # messages sent again to a page that logs in, newest last

    def merge(self, changes: dict[str, Any]) -> None:
        """Applies `changes`, all or none. Raises ValueError naming what is unknown or not of the field's kind."""
        values = asdict(self)
        for name, value in changes.items():
            if name not in values:
                raise ValueError(f"no setting {name!r}; there are {', '.join(values)}")
            values[name] = _fitting(name, values[name], value)
        for name, value in values.items():
            setattr(self, name, value)

    def told(self) -> dict[str, Any]:
        return asdict(self)


def _fitting(name: str, old: Any, value: Any) -> Any:
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be {' or '.join(map(repr, CHOICES[name]))}")
        return value
    if name == "version":
        if not isinstance(value, str) or re.fullmatch(r"\d+\.\d+\.\d+", value) is None:
            raise ValueError("version must be three numbers, as in 2.3000.1045000000")
        return value
    if isinstance(old, str):
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a text")
        return value
    if isinstance(old, dict):
        return _drift(value)
    if isinstance(old, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name} must be true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a number, 0 or more")
    return int(value) if isinstance(old, int) else float(value)


def _drift(value: Any) -> dict[str, Any]:
    said: dict[str, Any] = value if isinstance(value, dict) else {"": value}
    hide, rename = said.get("hide", []), said.get("rename", {})
    names = [*hide, *rename, *rename.values()] if isinstance(hide, list) and isinstance(rename, dict) else [None]
    if set(said) - {"hide", "rename"} or not all(isinstance(name, str) for name in names):
        raise ValueError('drift must be {"hide": [name, ...], "rename": {name: name now}}')
    return said
