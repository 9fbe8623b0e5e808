"""How a page becomes linked: QR references that rotate and run out, scanning, pairing codes."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from sandbox.login import Login
from sandbox.scene import Page, Scene
from sandbox.world import Account, SandboxError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"


def new_ref() -> str:
    """As WhatsApp writes them: `2@` and a long random text."""
    return "2@" + base64.b64encode(secrets.token_bytes(96)).decode()


class Pairing:
    """Rotates the codes of unpaired pages and turns a scan into a login."""

    def __init__(self, scene: Scene, login: Login) -> None:
        self._scene, self._login = scene, login

    def show(self, page: Page) -> None:
        """Starts the round of codes: the first for `qr_first` seconds, the others for `qr_next`, then idle."""
        if page.account is None:
            self._show(page, 0)

    def _show(self, page: Page, nth: int) -> None:
        settings = self._scene.settings
        if nth >= settings.qr_refs:
            page.state, page.ref = "idle", ""
            page.say({"op": "idle"})
        else:
            page.state, page.ref = "unpaired", new_ref()
            page.say({"op": "code", "ref": page.ref})
            patience = settings.qr_first if nth == 0 else settings.qr_next
            page.later("code", patience, lambda: self._show(page, nth + 1))
        self._scene.changes.tell()

    def scan(self, number: str, *, code: str = "", page_id: str = "", name: str | None, lids: bool | None) -> Account:
        """What a phone does with its camera. Raises SandboxError NO_SUCH_CODE, BANNED, NO_PHONE."""
        if not code and not page_id:
            raise SandboxError(400, "INVALID_REQUEST", "there is nothing to scan: paste the QR's text, or pick a page")
        for page in self._scene.pages.values():
            if page.code and (page.code == code or page.id == page_id):
                return self._link(page, number, name, lids)
        raise SandboxError(404, "NO_SUCH_CODE", "no page shows that code now")

    def offer(self, page: Page, number: str) -> dict[str, Any]:
        """A pairing code for `number`, shown by `page`; a newer one replaces it."""
        if page.account:
            return {"error": "already linked"}
        if not self._scene.world.exists(number):
            return {"error": "the number is not on WhatsApp"}
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        page.pairing = (number, code)
        self._scene.changes.tell()
        return {"code": code}

    def enter(self, number: str, code: str) -> Account:
        """What a phone does when its owner types a pairing code. Raises SandboxError like `scan`."""
        typed = code.replace("-", "").replace(" ", "").upper()
        for page in self._scene.pages.values():
            if page.pairing == (number, typed):
                return self._link(page, number, None, None)
        raise SandboxError(404, "NO_SUCH_CODE", f"no page shows that pairing code for {number} now")

    def _link(self, page: Page, number: str, name: str | None, lids: bool | None) -> Account:
        world = self._scene.world
        if not world.exists(number) or "@" in number:
            raise SandboxError(404, "NO_PHONE", f"{number} is not on WhatsApp")
        if number in world.accounts and world.accounts[number].banned:
            raise SandboxError(403, "BANNED", f"{number} is banned from WhatsApp")
        said = next((one for one in (lids, page.lids) if one is not None), self._scene.settings.lids)
        account, device = world.link(number, name, said, page.compat)
        page.forget("code")
        page.ref, page.pairing = "", None
        self._login.adopt(page, account, device)
        return account
