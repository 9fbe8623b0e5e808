"""The gate before a page's documents: judges their addresses, and answers the proxy's question. On the loop only.

A document that may not be opened is aborted: the page stays where it is. Everything else passes by, at no cost, but
behind a proxy that wants a name and a password: Chromium takes no password on its command line, and asks whoever
listens (CDP, `Fetch.authRequired`). To be asked, one has to let every request of the page pass (`Fetch.requestPaused`).
Chromium keeps what it was told for everything that goes through the proxy, WebSockets and workers too, of which it does
not ask.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog

from actors.browser.cdp import Params, Wire, WireError
from actors.browser.chromium.addresses import Addresses
from actors.browser.documents import PROXY_LOGIN_WANTED, PROXY_LOGIN_WRONG, DocumentAnswer
from actors.clients.registry.config import Proxy

_LOGINS_REMEMBERED = 1000
"""Requests that were asked about at the proxy, of which one is remembered to be asked again."""
_FRAMES_REMEMBERED = 16
_ANSWERED = {"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"}
_DOCUMENTS = ({"urlPattern": "*", "resourceType": "Document"}, {"urlPattern": "file:*"}, _ANSWERED)
_ALL = ({"urlPattern": "*"}, _ANSWERED)

_log = structlog.get_logger("browser")


class RequestGate:
    """The gate of one page. The proxy is given its login once for each request: asked again, it is wrong."""

    def __init__(self, wire: Wire, addresses: Addresses, proxy: Proxy | None) -> None:
        self._wire, self._addresses = wire, addresses
        self._proxy = proxy if proxy is not None and proxy.username is not None else None
        self._asked: set[str] = set()
        self.login_refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done, with what to do, once the proxy has refused the login, or wants one that nobody has given us."""
        self.refused: str | None = None
        """The address of the last document that was refused."""
        self._answers: dict[str, DocumentAnswer] = {}

    def begin(self) -> asyncio.Future[dict[str, Any]]:
        """Judge from now on."""
        self._wire.on("Fetch.requestPaused", self._judge)
        self._wire.on("Fetch.authRequired", self._answer)
        patterns = _DOCUMENTS if self._proxy is None else _ALL
        return self._wire.post("Fetch.enable", {"handleAuthRequests": True, "patterns": patterns})

    def answer(self, frame: object) -> DocumentAnswer | None:
        """Return the answer that the document in this frame was made of, once; None if there was none."""
        return self._answers.pop(str(frame), None)

    def _judge(self, event: Params) -> None:
        request, url = event["requestId"], str(event.get("request", {}).get("url"))
        if "responseStatusCode" in event:
            self._answered(event, url)
        is_judged = event.get("resourceType") == "Document" or url.startswith("file:")
        if not is_judged or self._addresses.allow(url):
            self._post("Fetch.continueRequest", {"requestId": request})
        else:
            self.refused = url
            _log.warning("page.address_refused", url=url[:200])
            self._post("Fetch.failRequest", {"requestId": request, "errorReason": "Aborted"})

    def _answered(self, event: Params, url: str) -> None:
        """Keep the answer to a document, of the last frames only."""
        headers = {str(header["name"]): str(header["value"]) for header in event.get("responseHeaders", ())}
        self._answers[str(event.get("frameId"))] = DocumentAnswer(url, int(event["responseStatusCode"]), headers)
        if len(self._answers) > _FRAMES_REMEMBERED:
            del self._answers[next(iter(self._answers))]

    def _answer(self, event: Params) -> None:
        request = str(event["requestId"])
        answer: dict[str, Any] = {"response": "Default"}
        if event.get("authChallenge", {}).get("source") == "Proxy":
            answer = {"response": "CancelAuth"}
            if self._proxy is None or request in self._asked:
                if not self.login_refused.done():
                    self.login_refused.set_result(PROXY_LOGIN_WANTED if self._proxy is None else PROXY_LOGIN_WRONG)
            else:
                name, password = self._proxy.username, self._proxy.password or ""
                answer = {"response": "ProvideCredentials", "username": name, "password": password}
                self._remember(request)
        self._post("Fetch.continueWithAuth", {"requestId": request, "authChallengeResponse": answer})

    def _remember(self, request: str) -> None:
        if len(self._asked) >= _LOGINS_REMEMBERED:
            self._asked.clear()
        self._asked.add(request)

    def _post(self, method: str, params: Params) -> None:
        with contextlib.suppress(WireError):  # the page is going away
            self._wire.post(method, params)
