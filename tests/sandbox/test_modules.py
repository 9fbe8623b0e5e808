"""Every module of the page that is called as one of WhatsApp Web's is one of WhatsApp Web's, and exports its names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox.conftest import Sandbox, Tab

pytestmark = pytest.mark.e2e

LIST = Path(__file__).parent / "whatsapp_modules.txt"
REAL = {
    id_: frozenset(exports)
    for id_, *exports in (line.split() for line in LIST.read_text().splitlines() if not line.startswith("#"))
}
OWN = "Sandbox"  # wa-js reads only ids that begin with WA or useWA, so it sees none of these
IDS = "Object.keys(require('__debug').modulesMap)"
EXPORTS = f"Object.fromEntries({IDS}.map((id) => [id, Object.keys(importNamespace(id))]))"


def test_every_module_is_one_of_whatsapp_web_and_exports_its_names(sandbox: Sandbox, tab: Callable[[], Tab]) -> None:
    one = tab()
    one.open()
    one.js("page.loaded")
    found: dict[str, list[str]] = one.until(EXPORTS)

    invented = sorted(id_ for id_ in found if id_ not in REAL and not id_.startswith(OWN))
    assert not invented, f"look these up, as {LIST.name} says how, or call them {OWN}…"
    added = {id_: extra for id_, names in found.items() if (extra := set(names) - REAL.get(id_, set(names)))}
    assert not added, f"WhatsApp Web's modules export no such thing, or {LIST.name} lacks it"
    assert not [id_ for id_ in REAL if id_ not in found], f"{LIST.name} names modules that the page has not"
    # What exports its default alone is its default to `require`, as on WhatsApp Web.
    assert one.js("require('WAWebMsgKey') === importNamespace('WAWebMsgKey').default")
    assert one.js("require('WAWebConnModel') === importNamespace('WAWebConnModel')")
