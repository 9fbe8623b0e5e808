"""The linking of a page: QR references that rotate and expire, scanning, pairing codes, passkeys."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from typing import Any

from sandbox.login import Login
from sandbox.scene import QR_ADDRESS, LinkCode, OpenPage, Scene
from sandbox.world import Account, SandboxError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
DISPLAY = re.compile(
    r"(Chrome|Edge|Firefox|IE|Opera|Safari) \((Windows|Mac OS|Linux|Android|iOS|Chromium OS)\)", re.ASCII
)
"""The names under which a page gets a pairing code; WhatsApp answers others 400. Source: Baileys pull request 2769."""
HEARS_WITHIN = 10.0


def new_ref() -> str:
    """Return a reference in WhatsApp's form: `2@` and a long random text."""
    return "2@" + base64.b64encode(secrets.token_bytes(96)).decode()


class Pairing:
    """Rotates the codes of unpaired pages and turns a scan into a login."""

    def __init__(self, scene: Scene, login: Login) -> None:
        self._scene, self._login = scene, login

    def show(self, page: OpenPage) -> None:
        """Start the round of codes: the first for `qr_first` seconds, the others for `qr_next`, then idle."""
        if page.account is None:
            self._show(page, 0)

    def _show(self, page: OpenPage, nth: int) -> None:
        settings = self._scene.settings
        if nth >= settings.qr_refs:
            page.state, page.ref = "idle", ""
            page.say({"op": "idle"})
        else:
            patience = settings.qr_first if nth == 0 else settings.qr_next
            page.state, page.ref = "unpaired", new_ref()
            page.say({"op": "code", "ref": page.ref, "ttl": round(patience * 1000)})
            page.later("code", patience, lambda: self._show(page, nth + 1))
        self._scene.changes.tell()

    async def scan(
        self, number: str, *, code: str = "", page_id: str = "", name: str | None, lids: bool | None
    ) -> Account:
        """Scan a code with a phone's camera.

        Raises SandboxError NO_SUCH_CODE, STALE_CODE, PASSKEY_ASKED, BANNED, NO_PHONE.
        """
        if not code and not page_id:
            raise SandboxError(400, "INVALID_REQUEST", "there is nothing to scan: paste the QR's text, or pick a page")
        page = await self._showing(code, page_id)
        if self._scene.world.exists(number) and self._scene.world.phone(number).passkey:
            page.say({"op": "passkey_prologue_request"})
            raise SandboxError(409, "PASSKEY_ASKED", f"{number} requires a passkey in the page: it is not linked")
        return self._link(page, number, name, lids)

    async def _showing(self, code: str, page_id: str) -> OpenPage:
        """Return the page that shows the code, in any of its forms."""
        ref, *keys = code.removeprefix(QR_ADDRESS).split(",")
        for page in self._scene.pages.values():
            if page.ref and (page.id == page_id or page.ref == ref):
                break
        else:
            raise SandboxError(404, "NO_SUCH_CODE", "no page shows that code now")
        asked = None if page.id == page_id else keys[:3]
        if not self._fits(page, asked):
            # What the page said of its keys may be older than what it has drawn: it is asked.
            known = page.keyings
            page.say({"op": "keys_wanted"})
            await self._scene.changes.until(lambda: page.keyings > known, HEARS_WITHIN)
        if self._fits(page, asked):
            return page
        if not page.keys["adv"]:
            why = "a pairing code was asked for, and the QR is void since: the page would not answer"
        else:
            why = "the page has changed its secret since that code was drawn: it would not answer"
        raise SandboxError(409, "STALE_CODE", why)

    def _fits(self, page: OpenPage, keys: list[str] | None) -> bool:
        """Return True if the page would answer a phone that has read these keys; None: the ones it draws now."""
        own = [page.keys[name] for name in ("noise", "identity", "adv")]
        return bool(page.ref and page.keys["adv"]) and keys in (None, own)

    async def rotate(self, page: OpenPage) -> None:
        """Make the page change its secret, under the same reference. Returns once it has."""
        await self._changes_secret(page, {"op": "companion_reg_refresh"})

    async def ask_passkey(self, page: OpenPage) -> None:
        """Ask for a passkey, which changes the secret too. Returns once the page has changed it."""
        await self._changes_secret(page, {"op": "passkey_prologue_request"})

    async def _changes_secret(self, page: OpenPage, message: dict[str, Any]) -> None:
        before = page.keys["adv"]
        page.say(message)
        if not await self._scene.changes.until(lambda: page.keys["adv"] != before, HEARS_WITHIN):
            raise SandboxError(409, "PAGE_SILENT", f"the page has not changed its secret in {HEARS_WITHIN:.0f} s")

    def keyed(self, page: OpenPage, keys: dict[str, Any]) -> None:
        """Take the present content of the page's QR."""
        page.keys = {name: str(keys[name] or "") for name in ("noise", "identity", "adv")}
        page.keyings += 1
        self._scene.changes.tell()

    # --- codes that are typed

    def offer(self, page: OpenPage, number: str, display: str) -> dict[str, Any]:
        """Return a pairing code for `number`, shown by `page`; a newer code replaces it.

        Errors have the page's names.
        """
        settings = self._scene.settings
        if page.account:
            return {"error": "already linked"}
        if settings.refuse_platform or not DISPLAY.fullmatch(display):
            return {"error": "IQErrorBadRequest"}
        if not self._scene.world.exists(number):
            return {"error": "the number is not on WhatsApp"}
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        page.pairing = LinkCode(number, code, asyncio.get_running_loop().time())
        if settings.code_refresh:
            page.later("refresh_code", settings.code_refresh, lambda: self.refresh(page, force=False))
        self._scene.changes.tell()
        return {"code": code}

    def refresh(self, page: OpenPage, *, force: bool) -> None:
        """Ask the page for another code; with `force` a person must request it."""
        page.say({"op": "refresh_code", "force": force})

    def hello(self, number: str, code: str, *, finishes: bool = False) -> OpenPage:
        """Type a pairing code on a phone. Raises SandboxError NO_SUCH_CODE, OLD_CODE.

        The page is notified; unless `finishes`, the phone goes no further.
        """
        typed = code.replace("-", "").replace(" ", "").upper()
        for page in self._scene.pages.values():
            if page.pairing and (page.pairing.number, page.pairing.code) == (number, typed):
                late = asyncio.get_running_loop().time() - page.pairing.made_at > self._scene.settings.code_life
                page.say({"op": "primary_hello", "late": late, "finishes": finishes})
                if late:
                    raise SandboxError(409, "OLD_CODE", "the page takes no code that is this old")
                return page
        raise SandboxError(404, "NO_SUCH_CODE", f"no page shows that pairing code for {number} now")

    async def enter(self, number: str, code: str) -> Account:
        """Type a pairing code and finish: the page is linked. Raises SandboxError like `hello` and `scan`."""
        page = self.hello(number, code, finishes=True)
        page.finished = False
        if not await self._scene.changes.until(lambda: page.finished, HEARS_WITHIN):
            raise SandboxError(409, "PAGE_SILENT", f"the page has not answered the phone in {HEARS_WITHIN:.0f} s")
        return self._link(page, number, None, None)

    def finish(self, page: OpenPage) -> None:
        """Finish: the page has answered the phone that has its pairing code."""
        page.finished = True
        self._scene.changes.tell()

    def _link(self, page: OpenPage, number: str, name: str | None, lids: bool | None) -> Account:
        world = self._scene.world
        if not world.exists(number) or "@" in number:
            raise SandboxError(404, "NO_PHONE", f"{number} is not on WhatsApp")
        if number in world.accounts and world.accounts[number].banned:
            raise SandboxError(403, "BANNED", f"{number} is banned from WhatsApp")
        said = next((one for one in (lids, page.lids) if one is not None), self._scene.settings.lids)
        account, device = world.link(number, name, said, page.compat)
        page.forget("code", "refresh_code")
        page.ref, page.pairing = "", None
        self._login.adopt(page, account, device, migrated=world.phone(number).migrated)
        return account
