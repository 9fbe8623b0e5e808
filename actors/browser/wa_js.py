"""wa-js, and the script that starts it in every document before the page's own scripts.

npm installs wa-js beside this file. Its code is read from there, never copied into the repository.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from actors.browser import contract
from actors.browser.options import BrowserUnavailable
from actors.browser.whatsapp_web import home_of
from actors.clients.types import Seconds

PACKAGE = Path(__file__).parent / "node_modules" / "@wppconnect" / "wa-js"


@dataclass(frozen=True, slots=True)
class WaJs:
    """The bundle's text and its version."""

    text: str
    version: str


def load(package: Path = PACKAGE) -> WaJs:
    """Read wa-js from an npm package, or from a bundle alone, which reports its version only in a page.

    Raises BrowserUnavailable.
    """
    try:
        if package.is_file():
            return WaJs(package.read_text("utf-8"), package.name)
        version = json.loads((package / "package.json").read_text("utf-8"))["version"]
        return WaJs((package / "dist" / "wppconnect-wa.js").read_text("utf-8"), str(version))
    except (OSError, ValueError, KeyError) as error:
        raise BrowserUnavailable(
            f"wa-js is missing or broken in {package}: run `make setup`, which installs it."
        ) from error


BINDING = "__session_manager_tell"
HANDLE = "__session_manager"
QR_ADDRESS = "https://wa.me/settings/linked_devices#"
"""The beginning of a QR's text since July 2026; a phone's own camera opens it. Source: WhatsApp Web's bundles."""
_SCRIPTS = Path(__file__).parent / "scripts"
_PAGE = "page.js"
"""The connection, and the function that takes orders. The scripts beside it are tables of orders, but for three."""
_LOOKUPS = "lookups.js"
_EVENTS = "events.js"
_CONTRACT = "contract.js"

_WPP_CONFIG = {
    "disableGoogleAnalytics": True,  # by default wa-js reports its use to its makers
    "linkPreviewApiServers": [],  # and queries third-party servers about links in messages
}


_TIMERS = ("setTimeout", "clearTimeout", "setInterval", "clearInterval")
"""WhatsApp Web replaces these by its own scheduler's, which may starve the timers of wa-js.

Seen on its page code of August 2026: wa-js was not injected in 7 of 14 starts.
"""


def script(wa_js: WaJs, url: str, starved: Seconds = 25.0, *, qr_url: bool = True) -> str:
    """Return the script: our function, called with its settings and with the starter of wa-js. Both keep the browser's
    timers.

    wa-js runs in the page we opened only, not in frames, nor where the page may go: our function ensures that. A
    document that is not full ready after `starved` seconds reports its lacks.
    """
    ours = {
        "home": home_of(url),
        "binding": BINDING,
        "handle": HANDLE,
        "starved": starved,
        "qrAddress": QR_ADDRESS if qr_url else "",
    }
    tables = f"[{', '.join(map(_expression, _tables()))}]"
    read = ", ".join((_expression(_LOOKUPS), _expression(_EVENTS), _contract()))
    return (
        f"(function ({', '.join(_TIMERS)}) {{\n"
        f"function startWaJs() {{\nwindow.WPPConfig = {json.dumps(_WPP_CONFIG)};\n{wa_js.text}\n}}\n"
        f"({_expression(_PAGE)})({json.dumps(ours)}, startWaJs, {tables}, {read});\n"
        f"}})({', '.join(f'window.{name}' for name in _TIMERS)});"
    )


def order(name: str, arguments: object) -> str:
    """Return the expression that passes an order to the script; it ends in a JSON text."""
    return f"window.{HANDLE}({json.dumps(name)}, {json.dumps(arguments)})"


FILES_INPUT = "Object.assign(document.createElement('input'), {type: 'file', multiple: true})"
"""An input outside the document: Chromium puts files into it, which no argument of a call could carry. One serves all
orders of a document.
"""


def order_with_files(name: str) -> str:
    """Return the function of an input with files that passes an order and the files on; it ends in a JSON text.

    Its arguments are the order's, and the files' fields with {mimetype, filename}, in the order of the input. A file is
    wrapped in one with its own name and type; its bytes stay where they are. The input is empty afterwards, so that no
    order ever finds files of another. Sources: the File API; wa-js 4.6.0, `convertToFile`, which takes a File as it is.
    """
    return (
        "function (order, given) { const fields = Object.entries(given); "
        "if (this.files.length !== fields.length) throw new Error('its files are not in the input'); "
        "const files = fields.map(([field, { filename, mimetype }], index) => "
        "[field, new File([this.files[index]], filename, { type: mimetype, lastModified: Date.now() })]); "
        "this.value = ''; "
        f"return window.{HANDLE}({json.dumps(name)}, {{ ...order, ...Object.fromEntries(files) }}); }}"
    )


def _tables() -> list[str]:
    return sorted(path.name for path in _SCRIPTS.glob("*.js") if path.name not in (_PAGE, _LOOKUPS, _EVENTS, _CONTRACT))


def _contract() -> str:
    """Return the reader of the page contract."""
    return f"({_expression(_CONTRACT)})({json.dumps(contract.asked())})"


def _expression(name: str) -> str:
    """Return the function in a script, without the end of its statement."""
    return (_SCRIPTS / name).read_text("utf-8").rstrip().removesuffix(";")
