"""The pictures of the dashboard and of the phones page: real pages, of the real service and the sandbox.

`python -m tests.docs.picture` writes `docs/dashboard.png`; with `--phones`, `docs/phones.png` instead. With `--every
DIRECTORY` it also writes there each view, and a client in each state, wide and narrow, light and dark, in English and
Spanish: to be looked at whenever the page has changed. It takes two minutes, and six Chromiums at most; `--minutes 20`
has the clients live that long before, so that there is something of the last hour to be seen (the picture in the
documents was taken so).
"""

from __future__ import annotations

import argparse
import base64
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from actors.clients.bans import EARLY_LOGOUTS
from tests.rig import Consumer, Sandbox, Service
from tests.rig.processes import until
from tests.rig.window import Window

PICTURE = Path(__file__).parents[2] / "docs" / "dashboard.png"
PHONES = PICTURE.with_name("phones.png")
WIDE, NARROW, TALL = (1280, 760), (360, 740), (1280, 1280)
SHOWN = 11
"""The client whose QR is in the picture."""
SETTINGS = {"cleanup_delay": 3600, "backoff_first": 600, "backoff_cap": 600, "log_level": "warning"}
"""What has ended, and what waits for its reconnection, stays as it is while pictures are taken."""
LANGUAGES = {"en": "en-US", "es": "es-AR"}
FRIEND = "5491155550001"


def _nothing(_: Consumer) -> None:
    """It stays READY."""


def _sends(client: Consumer) -> None:
    client.send(FRIEND, "Your order is on its way").raise_for_status()


def _stops(client: Consumer) -> None:
    client.http.post("/stop").raise_for_status()


def _loses_network(client: Consumer) -> None:
    client.phone("network", online=False)
    client.reaches("DISCONNECTED_RECOVERABLE")


def _is_removed(client: Consumer) -> None:
    client.phone("logout")
    client.reaches("DISCONNECTED_LOGOUT")


def _is_banned(client: Consumer) -> None:
    """The page tells a ban no more than a removal: it is inferred from removals that follow soon on their pairing."""
    for _ in range(EARLY_LOGOUTS - 1):
        client.phone("logout")
        client.reaches("DISCONNECTED_LOGOUT")
        client.pair()
    client.phone("logout")
    client.reaches("DISCONNECTED_BANNED")


def _must_accept_terms(client: Consumer) -> None:
    client.phone("block", state="TOS_BLOCK")
    client.reaches("ERROR")


Cast = dict[int, Callable[[Consumer], object]]
"""What becomes of each client."""
LONG: Cast = {3: _nothing, 7: _sends, 12: _nothing, 15: _is_removed, 31: _stops}
"""These live for a while before it does."""
SHORT: Cast = {27: _is_banned, 29: _must_accept_terms, 22: _loses_network}
"""Of these it becomes that as soon as they are READY, one after the other: they have one Chromium at a time."""
AWAY_SECONDS = 45
PLACES = ("clients", "keys", "webhooks", "dead-letters", *(f"clients/{client}" for client in (SHOWN, *LONG, *SHORT)))


@contextmanager
def staged(minutes: float) -> Iterator[Service]:
    """A service with every client of the cast where the picture has it, and one that shows its QR."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        sandbox = opened.enter_context(Sandbox())
        service = opened.enter_context(Service(Path(place) / "data", sandbox.url, **SETTINGS))
        clients = {id: Consumer(service, sandbox, id, f"54911555{id:05d}") for id in (*LONG, *SHORT, SHOWN)}
        for client in clients.values():
            opened.callback(client.close)
        for id in LONG:
            clients[id].pair()
        _live(clients[7], minutes * 60)
        for id, becomes in (LONG | SHORT).items():
            if id in SHORT:
                clients[id].pair()
            becomes(clients[id])
        waiting = clients[SHOWN]
        waiting.init().raise_for_status()
        waiting.reaches("QR_REQUIRED")
        until(lambda: _unmeasured(waiting), lambda left: left == [], "memory is measured", 60.0)
        yield service


def _live(client: Consumer, seconds: float) -> None:
    """Let time pass, as the last hour shows it: this client is without network once, if there is time for that."""
    time.sleep(seconds / 2)
    if seconds > 2 * AWAY_SECONDS:
        client.phone("network", online=False)
        client.reaches("DISCONNECTED_RECOVERABLE")
        time.sleep(AWAY_SECONDS)
        client.phone("network", online=True)
        client.reaches("READY", seconds=60.0)
    time.sleep(seconds / 2)


def _unmeasured(client: Consumer) -> list[int]:
    there = client.http.get("/clients?detail=1").json()
    return [one["id"] for one in there if one["memory"] is None and one["state"] in ("READY", "QR_REQUIRED")]


def show(window: Window, service: Service, place: str) -> None:
    """Open a place of the page, and wait until what belongs there is drawn."""
    window.goto("about:blank")
    window.goto(f"{service.url}/dashboard#/{place}")
    window.until("document.querySelector('#live').className === 'live'")
    if place.startswith("clients"):
        window.until("[...document.querySelectorAll('.row .strip')].every((strip) => strip.children.length > 2)")
    client = place.removeprefix("clients/")
    if client.isdigit():
        window.until("document.querySelector('.timeline li')")
    if client == str(SHOWN):
        window.until("document.querySelector('.qr img')?.complete")


def take(window: Window, service: Service, path: Path) -> None:
    """The picture."""
    window.resize(*WIDE)
    show(window, service, f"clients/{SHOWN}")
    window.shot(path)


def parcel() -> str:
    """A picture to send, as base64: a parcel on a table."""
    image = Image.new("RGB", (480, 300), "#dfe7ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 230, 480, 300), fill="#b7c4cf")
    draw.rectangle((140, 90, 340, 250), fill="#c79a63")
    draw.polygon(((140, 90), (180, 55), (380, 55), (340, 90)), fill="#dcb47f")
    draw.polygon(((340, 90), (380, 55), (380, 215), (340, 250)), fill="#a97f4c")
    draw.rectangle((225, 90, 255, 250), fill="#f2e3c9")
    draw.rectangle((165, 190, 215, 230), fill="#ffffff")
    for row in range(3):
        draw.line((172, 200 + row * 10, 208, 200 + row * 10), fill="#5b6670", width=2)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=85)
    return base64.b64encode(data.getvalue()).decode()


def take_phones(window: Window, place: Path, path: Path) -> None:
    """The phones page: a code that waits, a linked account, a chat with files, and a group."""
    with ExitStack() as opened:
        sandbox = opened.enter_context(Sandbox())
        service = opened.enter_context(Service(place / "data", sandbox.url, **SETTINGS))
        shop, waiting = Consumer(service, sandbox, 1, "5491122334455"), Consumer(service, sandbox, 2)
        opened.callback(shop.close)
        opened.callback(waiting.close)
        shop.pair(name="Shop")
        waiting.init().raise_for_status()
        waiting.reaches("QR_REQUIRED")
        told = partial(shop.http.post, "/messages")
        shop.send(FRIEND, "Your order 1042 is on its way").raise_for_status()
        told(json={"to": FRIEND, "image": {"data": parcel(), "caption": "It looks like this"}}).raise_for_status()
        invoice = {"data": base64.b64encode(b"%PDF-1.7\n" + bytes(48_000)).decode(), "filename": "invoice-1042.pdf"}
        told(json={"to": FRIEND, "document": invoice}).raise_for_status()
        until(lambda: _shown(sandbox, shop), lambda count: count >= 3, "the files have arrived", 30.0)
        sandbox.post(f"/phones/{FRIEND}/send", to=shop.number, text="Thank you! When does it arrive?")
        told(json={"to": FRIEND, "poll": {"name": "When may we ring?", "options": ["9 to 12", "14 to 18"]}})
        people = [FRIEND, "5491155550002", "5491155550003"]
        group = shop.http.post("/groups", json={"subject": "Deliveries", "participants": people})
        group.raise_for_status()
        until(lambda: _shown(sandbox, shop), lambda count: count >= 5, "the poll has arrived", 30.0)
        window.resize(*TALL)
        window.goto(f"{sandbox.url}phones")
        window.until("document.querySelector('#messages')?.textContent.includes('14 to 18')")
        window.until("document.querySelector('#messages img')?.naturalWidth")
        window.until("document.querySelector('#groups')?.textContent.includes('Deliveries')")
        window.until("document.querySelector('#waiting button')")
        window.shot(path)
        window.goto("about:blank")  # its stream ends before the sandbox does


def _shown(sandbox: Sandbox, shop: Consumer) -> int:
    """How many messages the chat has."""
    return len(sandbox.get(f"/accounts/{shop.number}/messages?chat={FRIEND}&last=100"))


def take_every(service: Service, profiles: Path, directory: Path) -> None:
    """Every place, in every look."""
    for language, locale in LANGUAGES.items():
        with Window(profiles / language, language=locale) as window:
            for scheme in ("light", "dark"):
                window.prefers(scheme)
                for name, size in (("wide", WIDE), ("narrow", NARROW)):
                    window.resize(*size)
                    for place in PLACES:
                        show(window, service, place)
                        window.shot(directory / f"{place.replace('/', '-')}.{name}.{scheme}.{language}.png")
            assert window.complaints == []


def main() -> None:
    """Take it, and say where it is."""
    arguments = argparse.ArgumentParser(prog="python -m tests.docs.picture", description="Take docs/dashboard.png anew")
    arguments.add_argument("--every", type=Path, metavar="DIRECTORY", help="picture every view there too")
    arguments.add_argument("--minutes", type=float, default=0.0, help="how long clients have lived then")
    arguments.add_argument("--phones", action="store_true", help="take docs/phones.png instead")
    arguments.add_argument("--to", type=Path, metavar="FILE")
    chosen = arguments.parse_args()
    if chosen.phones:
        with tempfile.TemporaryDirectory() as place, Window(Path(place) / "window") as window:
            take_phones(window, Path(place), chosen.to or PHONES)
        print(f"written: {chosen.to or PHONES}")
        return
    chosen.to = chosen.to or PICTURE
    with staged(chosen.minutes) as service, tempfile.TemporaryDirectory() as profiles:
        with Window(Path(profiles) / "window") as window:
            take(window, service, chosen.to)
        print(f"written: {chosen.to}")
        if chosen.every:
            chosen.every.mkdir(parents=True, exist_ok=True)
            take_every(service, Path(profiles), chosen.every)
            print(f"written: {chosen.every}")


if __name__ == "__main__":
    main()
