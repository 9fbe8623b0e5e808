"""The key that the page trusts, and its replacement in the text of scripts.

The page accepts a server whose certificate was signed, over one step, with this key. In WhatsApp's page code of August
2026 it is a hexadecimal string of the module WAVerifyChainCertificateWA6; the other forms are those in which a build of
tomorrow could write 32 bytes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

WHATSAPP_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
"""Public. Sources: WAVerifyChainCertificateWA6 of the page; WA_CERT_DETAILS of Baileys."""


def _decimal(key: bytes) -> str:
    return ",".join(str(byte) for byte in key)


def _with_0x(key: bytes) -> str:
    return ",".join(f"0x{byte:02x}" for byte in key)


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


FORMS: tuple[Callable[[bytes], str], ...] = (bytes.hex, _base64, _decimal, _with_0x)
"""How 32 bytes are written in a script."""


def _pattern(written: str) -> re.Pattern[bytes]:
    """Return the pattern of a form: numbers may have blanks around their commas, and digits above 9 be capitals."""
    exact = re.escape(written).replace(",", r"\s*,\s*")
    hexadecimal = written.startswith("0x") or written == WHATSAPP_ROOT.hex()
    return re.compile(exact.encode(), re.IGNORECASE if hexadecimal else 0)


_PATTERNS = tuple((_pattern(form(WHATSAPP_ROOT)), form) for form in FORMS)


def with_our_key(script: bytes, ours: bytes) -> tuple[bytes, int]:
    """Return the script with our root key in place of WhatsApp's, and how often it stood there."""
    places = 0
    for pattern, form in _PATTERNS:
        script, found = pattern.subn(form(ours).encode(), script)
        places += found
    return script, places
