"""Files out: a picture of 1 MiB and a document of 64 MiB by multipart, against a bare script in the page.

The floor is the least that sends a file: it is in Chromium's input already on disk, and one call of wa-js sends it. The
service takes the same bytes over HTTP, has them on disk and in its outbox, sends them, and says so by an event. Nobody
asks meanwhile: on two cores that would take the time of what is measured.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import psutil

from actors.browser import wa_js
from actors.browser.browser import ChromiumBrowser
from actors.browser.cdp import Wire
from actors.clients.protocol import QrShown, Ready
from tests.benchmarks.figures import Figure, Say, rounds
from tests.browser.pages import Opened, on_wire, options
from tests.rig import Consumer, Sandbox, Service

MIB = 1024 * 1024
PICTURE_ROUNDS, DOCUMENT_ROUNDS = 15, 3
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
NUMBER, FRIEND = "5491100000007", "5491122334455"
SECONDS = 60.0
GROWTH = 8.0
"""MiB by which the service's memory may grow."""
SEND = """async function (chat, type) {
  const sent = await WPP.chat.sendFileMessage(chat, this.files[0], {
    type, waitForAck: true, markIsRead: false, linkPreview: false, detectMentioned: false,
  });
  return sent.ack;
}"""


class Sender(Protocol):
    """Sends a file."""

    def send(self, data: bytes, kind: str) -> float:
        """Return the seconds until WhatsApp has it."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A file that is another each time."""

    size: int
    beginning: bytes
    kind: str

    def by(self, sender: Sender) -> float:
        """Return the milliseconds it takes."""
        return sender.send(self.beginning + random.randbytes(self.size - len(self.beginning)), self.kind) * 1000


class BareSender:
    """A page, and a script that sends a file from disk."""

    def __init__(self, browser: ChromiumBrowser, directory: Path) -> None:
        self._browser, self._file = browser, directory / "file"

    def send(self, data: bytes, kind: str) -> float:
        """Return the seconds until WhatsApp has it."""
        self._file.unlink(missing_ok=True)
        self._file.write_bytes(data)
        began = time.perf_counter()

        async def story(wire: Wire) -> Any:
            made = await wire.call("Runtime.evaluate", {"expression": wa_js.FILES_INPUT})
            there = {"objectId": made["result"]["objectId"]}
            await wire.call("DOM.setFileInputFiles", {"files": [str(self._file)], **there})
            given = [{"value": f"{FRIEND}@c.us"}, {"value": kind}]
            order = {"functionDeclaration": SEND, "arguments": given, "awaitPromise": True, "returnByValue": True}
            return await wire.call("Runtime.callFunctionOn", {**there, **order}, seconds=SECONDS)

        answer = on_wire(self._browser, story)
        assert answer["result"]["value"] >= 1, answer
        return time.perf_counter() - began


class ServiceSender:
    """The service, and its most memory while it sends."""

    def __init__(self, service: Service, consumer: Consumer, events: Iterator[str]) -> None:
        """`events` are the lines of a stream of `message.state`."""
        self._consumer, self._process, self._events = consumer, psutil.Process(service.pid), events
        self.growth = 0

    def send(self, data: bytes, kind: str) -> float:
        """Return the seconds until it says that WhatsApp has it."""
        before, over = self._process.memory_info().rss, threading.Event()
        most = [before]

        def watch() -> None:
            while not over.wait(0.005):
                most[0] = max(most[0], self._process.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            began = time.perf_counter()
            http = self._consumer.http
            told = http.post("/messages", data={"to": FRIEND}, files={kind: ("file", data)}).raise_for_status().json()
            while told["state"] in ("queued", "sending"):
                told = self._next(told)
            assert told["state"] in ("sent", "delivered", "read"), told
            return time.perf_counter() - began
        finally:
            over.set()
            watcher.join()
            self.growth = max(self.growth, most[0] - before)

    def _next(self, message: dict[str, Any]) -> dict[str, Any]:
        """Wait for the next state of this message."""
        for line in self._events:
            if line.startswith("data:") and (event := json.loads(line[5:]))["payload"]["id"] == message["id"]:
                return dict(event["payload"])
        raise AssertionError("the stream of events has ended")


def run(say: Say) -> Sequence[Figure]:
    """Both sizes, in turns."""
    with tempfile.TemporaryDirectory(prefix="bench-media-") as name, Sandbox() as sandbox:
        directory = Path(name)
        with Service(directory / "data", sandbox.url, server_check_interval=0.0) as service:
            consumer = Consumer(service, sandbox, 1)
            consumer.pair()
            browser = ChromiumBrowser(options(directory / "bare", sandbox.url, send_patience=SECONDS))
            (directory / "bare").mkdir()
            browser.start()
            page = Opened(browser)
            try:
                with consumer.http.stream("GET", "/events", params={"types": "message.state"}) as events:
                    ours = ServiceSender(service, consumer, events.iter_lines())
                    return _measured(say, sandbox, browser, page, directory, ours)
            finally:
                page.close()
                browser.stop(10.0)
                consumer.close()


def _measured(
    say: Say, sandbox: Sandbox, browser: ChromiumBrowser, page: Opened, directory: Path, ours: ServiceSender
) -> Sequence[Figure]:
    sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
    page.told.until(Ready)
    bare, figures = BareSender(browser, directory), list[Figure]()
    for what, size, kind, beginning, times, target in (
        ("a picture of 1 MiB", MIB, "image", PNG, PICTURE_ROUNDS, 1.3),
        ("a document of 64 MiB", 64 * MIB, "document", b"%PDF-1.7 ", DOCUMENT_ROUNDS, 1.5),
    ):
        sending = Sending(size, beginning, kind)
        measures = (partial(sending.by, ours), partial(sending.by, bare))
        for measure in measures:
            measure()  # the first takes longer
        ours.growth = 0
        value, floor = rounds(times, say, *measures, of=min, unit="ms")
        figures.append(Figure(f"{what} sent by multipart", value, "ms", floor, target))
        figures.append(Figure(f"{what}: memory of the service grows by", ours.growth / MIB, "MiB", GROWTH, 1.0))
    return figures
