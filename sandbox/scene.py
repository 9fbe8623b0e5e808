"""One running sandbox: its settings, its world, the open pages, and the requests that wait for a change.

Only the event loop's thread touches it, so nothing here locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sandbox.settings import SandboxSettings
from sandbox.world import Account, Device, SandboxError, World

PageState = Literal["unpaired", "idle", "linked"]
T = TypeVar("T")

QR_ADDRESS = "https://wa.me/settings/linked_devices#"
"""The beginning of a QR's text since July 2026, by which a phone's own camera recognises it."""


class Changes:
    """Wakes every request that waits for a state of the scene. Notifying is cheap and never blocks."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def tell(self) -> None:
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, count: int, seconds: float) -> None:
        """Return once more than `count` changes were made, or when `seconds` are over."""
        await self.until(lambda: self.count > count, seconds)

    async def until(self, wanted: Callable[[], T], seconds: float) -> T:
        """Return the first truthy `wanted()`, or its value when `seconds` are over."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := wanted()):
                    await self._next.wait()
                return found
        except TimeoutError:
            return wanted()


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A code that a page shows for one number. `made_at` is the event loop's time."""

    number: str
    code: str
    made_at: float


@dataclass(eq=False)
class OpenPage:
    """One open WhatsApp Web page, from its connection to its last byte. `say` queues a message to it."""

    id: str
    say: Callable[[dict[str, Any]], None]
    load: str = ""
    compat: str = "modern"
    lids: bool | None = None
    keys: dict[str, str] = field(default_factory=dict)  # noise, identity, adv; `adv` is empty if QRs are void
    keyings: int = 0  # how often it has said them
    platform: str = ""  # the last field of the QR, if the page has it
    qr_url: bool = False
    state: PageState = "unpaired"
    ref: str = ""
    pairing: LinkCode | None = None
    finished: bool = False  # the page has answered the phone that has its pairing code
    account: Account | None = None
    device: Device | None = None
    fate: str = ""  # the last fault sent to it: `hang`, `hog`, `leave`
    streaming: bool = False  # messages pass: logged in, synced, not offline
    subscribed: set[str] = field(default_factory=set)  # chats whose presence it wants to hear of
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The whole text of the QR it shows, or "" while it shows none."""
        if not self.ref or not self.keys["adv"]:
            return ""
        fields = (self.ref, self.keys["noise"], self.keys["identity"], self.keys["adv"], self.platform)
        return (QR_ADDRESS if self.qr_url else "") + ",".join(filter(None, fields))

    def later(self, name: str, seconds: float, act: Callable[[], None]) -> None:
        """Run `act` after `seconds`, instead of the earlier action under that name."""
        self.forget(name)
        self.timers[name] = asyncio.get_running_loop().call_later(seconds, act)

    def forget(self, *names: str) -> None:
        for name in names or tuple(self.timers):
            if timer := self.timers.pop(name, None):
                timer.cancel()

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "state": self.state,
            "code": self.code,
            "number": self.account.number if self.account else None,
            "pairing_code": self.pairing.code if self.pairing else None,
            "pairing_number": self.pairing.number if self.pairing else None,
            "compat": self.compat,
            "online": self.streaming,
        }


@dataclass(eq=False)
class Scene:
    """The parts of one sandbox, shared by the code that acts on it."""

    settings: SandboxSettings = field(default_factory=SandboxSettings)
    world: World = field(default_factory=World)
    pages: dict[str, OpenPage] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def pages_of(self, account: Account) -> Iterator[OpenPage]:
        return (page for page in tuple(self.pages.values()) if page.account is account)

    def page_of(self, account: Account) -> OpenPage:
        """Return the account's open page; raises SandboxError 409 if none is open."""
        for page in self.pages_of(account):
            return page
        raise SandboxError(409, "NO_PAGE", f"no page of {account.number} is open")

    def page(self, page_id: str) -> OpenPage:
        """Return the page; raises SandboxError 404 if it is not open."""
        if page_id not in self.pages:
            raise SandboxError(404, "NO_PAGE", f"no page {page_id} is open")
        return self.pages[page_id]

    def state_of(self, account: Account) -> str:
        """Return `connected` while a page streams, else `linked` while it has a device, else `gone`."""
        if any(page.streaming for page in self.pages_of(account)):
            return "connected"
        return "linked" if account.devices else "gone"
