"""The root key is found in whatever form a script has it, and replaced in the same form."""

from __future__ import annotations

import base64

import pytest

from sandbox.live.root_key import FORMS, WHATSAPP_ROOT, with_our_key

OURS = bytes(range(32))


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_each_form_is_replaced_by_the_same_form(form: int) -> None:
    theirs, ours = FORMS[form](WHATSAPP_ROOT), FORMS[form](OURS)
    script = f'var R = "{theirs}", S = [{theirs}];'.encode()
    assert with_our_key(script, OURS) == (f'var R = "{ours}", S = [{ours}];'.encode(), 2)


@pytest.mark.parametrize(
    "written",
    [
        WHATSAPP_ROOT.hex().upper(),
        ", ".join(str(byte) for byte in WHATSAPP_ROOT),
        ",\n\t".join(f"0x{byte:02X}" for byte in WHATSAPP_ROOT),
    ],
)
def test_a_printed_script_is_read_too(written: str) -> None:
    assert with_our_key(written.encode(), OURS)[1] == 1


def test_another_key_stays() -> None:
    script = f"{bytes(32).hex()} {base64.b64encode(WHATSAPP_ROOT[::-1]).decode()}".encode()
    assert with_our_key(script, OURS) == (script, 0)
