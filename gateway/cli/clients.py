"""Commands about clients: their list, their status, and their life from the first scan to the end."""

from __future__ import annotations

import base64
import io
import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console

from gateway.cli import output
from gateway.cli.remote import DEFAULT_URL, AsJson, ClientNumber, Key, Remote, ServiceRefused, Url

if TYPE_CHECKING:
    from PIL import Image

WAITING = frozenset({"INITIALIZING", "RECONNECTING", "QR_REQUIRED", "DISCONNECTED_RECOVERABLE"})
LOOK_SECONDS = 0.5

Pairing = Annotated[
    str | None, typer.Option("--phone", help="Pair by a code to type on the phone of this number, not by QR.")
]
Wait = Annotated[float, typer.Option(help="Seconds to wait for READY.", min=0)]


NO_CLIENT = "There is no client yet. Start one, under a number of your choice: session-manager init 1"
NO_RUNNING_CLIENT = (
    "No client runs. Start one, under a number of your choice: session-manager init 1. "
    "Stopped clients are listed with --all."
)

All = Annotated[bool, typer.Option("--all", "-a", help="Include stopped clients.")]


def clients(url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False, stopped: All = False) -> None:
    """List the running clients with their state, its time and its reason."""
    with Remote(url, key) as service:
        found = service.get("/clients", detail=None if json else 1, known=1 if stopped else None)
    if json:
        output.as_json(found)
    else:
        columns = ("CLIENT", "STATE", "SINCE", "PHONE", "MEMORY", "WHY")
        output.rows(columns, [_row(client) for client in found], empty=NO_CLIENT if stopped else NO_RUNNING_CLIENT)


def _row(client: dict[str, Any]) -> tuple[object, ...]:
    memory = client["memory"] and f"{client['memory'] / 2**20:.0f} MiB"
    state = output.state_cell(client["state"])
    return client["id"], state, client["since"], client["phone"], memory, client["reason_text"]


def status(client: ClientNumber, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """Show the full status of a client."""
    with Remote(url, key) as service:
        found = service.get("/status", client)
    if json:
        output.as_json(found)
    else:
        shown = {name: value for name, value in found.items() if name not in ("qr_code_base64", "error")}
        output.facts({**shown, "state": output.state_cell(found["state"])})


def init(
    client: ClientNumber,
    url: Url = DEFAULT_URL,
    key: Key = None,
    phone: Pairing = None,
    wait: Wait = 300.0,
    json: AsJson = False,
) -> None:
    """Start a client, show its QR (or a pairing code) and wait until it is READY.

    With --json the QR goes to standard error, and the last status, as JSON, alone to standard output.

    Exit codes: 0 it is READY; 1 it failed or was not READY in time; 4 no service answered.
    """
    people = output.beside if json else output.console
    with Remote(url, key) as service:
        _started(service, client, people)
        found = _watched(service, client, phone, time.monotonic() + wait, people)
    if json:
        output.as_json({name: value for name, value in found.items() if name != "qr_code_base64"})
    if found["state"] != "READY":
        raise ServiceRefused(
            "NOT_READY", f"Client {client} is {found['state']}: {found['reason_text'] or 'not READY in time'}"
        )
    if not json:
        output.console.print(f"{output.state('READY')}  client {client}, phone {found['phone']}")


def _started(service: Remote, client: int, people: Console) -> None:
    try:
        with people.status(f"Starting client {client} …"):
            service.post("/init", client)
    except ServiceRefused as refused:
        if refused.code != "INITIALIZATION_IN_PROGRESS":
            raise


def _watched(service: Remote, client: int, phone: str | None, deadline: float, people: Console) -> dict[str, Any]:
    """Show each new QR or pairing code until the client is READY, has ended, or time is up."""
    shown = ""
    with people.status("") as spinner:
        while True:
            found: dict[str, Any] = service.get("/status", client)
            left = deadline - time.monotonic()
            if found["state"] not in WAITING or left <= 0:
                return found
            spinner.update(f"{found['state']} … {left:.0f} s left")
            if found["state"] == "QR_REQUIRED" and (news := _news(service, client, phone, found, shown)) != shown:
                shown = news
                people.print(news)
            time.sleep(LOOK_SECONDS)  # polls GET /status, as the contract's consumers do


def _news(service: Remote, client: int, phone: str | None, found: dict[str, Any], shown: str) -> str:
    if phone is None:
        image = found["qr_code_base64"]
        return shown if image is None else drawn(image)
    if not shown:
        code = service.post("/pairing-code", client, {"phone": phone})["pairing_code"]
    else:
        code = found["pairing_code"]  # renewed each 195 s, five times
    if code is None:
        return found["reason_text"] or shown
    return f"Type this code on the phone {phone}: [bold]{code}[/bold]"


def stop(client: ClientNumber, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """Close a client and keep its login: the next start needs no QR."""
    with Remote(url, key) as service:
        found = service.post("/stop", client)
    output.answer(found, f"client {client} is stopped; if it has a login, that is kept", json=json)


def log_out(client: ClientNumber, url: Url = DEFAULT_URL, key: Key = None, json: AsJson = False) -> None:
    """Log a client out at WhatsApp; its phone must be paired again afterwards."""
    with Remote(url, key) as service:
        found = service.post("/logout", client)
    output.answer(found, f"client {client} is {output.state(found['status']['state'])}", json=json)


def delete(
    client: ClientNumber,
    logout: Annotated[bool, typer.Option(help="Log out first; a stopped client is started for that.")] = True,
    everything: Annotated[bool, typer.Option(help="Delete its messages, events, history and files, too.")] = False,
    url: Url = DEFAULT_URL,
    key: Key = None,
    json: AsJson = False,
) -> None:
    """Log a client out, stop it, delete its stored login, and forget it."""
    with Remote(url, key) as service:
        wanted = {"logout": str(logout).lower(), "everything": str(everything).lower()}
        found = service.delete(f"/session/{client}?{urlencode(wanted)}")
    reason = found["logged_out_reason"]
    told = "it had no login" if reason == "NOT_LINKED" else f"unlink it on the phone, where it is listed ({reason})"
    told = "WhatsApp has unlinked it" if found["logged_out"] else told
    output.answer(found, f"client {client} is deleted; {told}", json=json)


BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
"""Light above, light below -> character: light on dark, as in most terminals; phones read both."""


def drawn(data_url: str) -> str:
    """Return the image of a `data:image/png;base64,…` URL as lines of text, quiet zone included."""
    from PIL import Image  # imported late: most commands draw nothing

    png = base64.b64decode(data_url.partition(",")[2])
    with Image.open(io.BytesIO(png)) as image:
        modules = _modules(image.convert("L"))
    if len(modules) % 2:
        modules.append([True] * len(modules[0]))
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return "\n".join("".join(BLOCKS[pair] for pair in zip(above, below, strict=True)) for above, below in pairs)


def _modules(image: Image.Image) -> list[list[bool]]:
    """Return whether each module is light."""
    size = _module_size(image)
    steps = range(size // 2, image.width, size)
    return [[bool(image.getpixel((x, y))) for x in steps] for y in steps]


def _module_size(image: Image.Image) -> int:
    """Return the pixels per module: the first dark run of the first dark row is the finder pattern's top, seven modules
    wide.
    """
    left, top = min((y, x) for y in range(image.height) for x in _dark(image, y))[::-1]
    run = next(x for x in range(left, image.width) if image.getpixel((x, top)))
    return max(1, (run - left) // 7)


def _dark(image: Image.Image, y: int) -> list[int]:
    return [x for x in range(image.width) if not image.getpixel((x, y))]
