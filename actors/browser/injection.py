"""What runs in every document before the page's own scripts: wa-js's settings, wa-js, and our script. Pure text."""

from __future__ import annotations

import json
from pathlib import Path

from actors.browser.interpret import home_of
from actors.browser.wa_js import WaJs

BINDING = "__session_manager_tell"
HANDLE = "__session_manager"
_SCRIPT = Path(__file__).parent / "scripts" / "page.js"

_WPP_CONFIG = {
    "disableGoogleAnalytics": True,  # by default wa-js reports what it does to its makers
    "linkPreviewApiServers": [],  # and asks servers of third parties about links in messages
}


def scripts(wa_js: WaJs, url: str) -> tuple[str, str]:
    """Two scripts, in order. wa-js runs in the page we opened only, not in frames, nor where the page may go."""
    home = json.dumps(home_of(url))
    ours = {"home": home_of(url), "binding": BINDING, "handle": HANDLE}
    return (
        f"if (window === window.top && location.origin + location.pathname === {home}) {{\n"
        f"window.WPPConfig = {json.dumps(_WPP_CONFIG)};\n{wa_js.text}\n}}",
        f"({_expression(_SCRIPT.read_text('utf-8'))})({json.dumps(ours)});",
    )


def order(name: str, arguments: object) -> str:
    """The expression that orders something from the script; it ends in a JSON text."""
    return f"window.{HANDLE}({json.dumps(name)}, {json.dumps(arguments)})"


def _expression(text: str) -> str:
    """The function, without what ends it as a statement."""
    return text.rstrip().removesuffix(";")
