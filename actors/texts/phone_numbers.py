"""Phone numbers as people write them, and as WhatsApp wants them: digits only, the country's code first. Pure.

`+54 9 11 2233-4455`, `0054 9 11 2233 4455`, `tel:+54-9-11-2233-4455` and `5491122334455` are one number. Digits alone
stay as they are: WhatsApp's own ids are such, and some of them are no numbers that anybody dials (Mexico's `521…`).
"""

from __future__ import annotations

import re

import phonenumbers

WANTED = "a phone number with its country's code, such as +54 9 11 2233-4455 or 5491122334455"
_PLAIN = re.compile(r"[0-9]{1,15}")
_WRITTEN = re.compile(
    r"(?:tel:)?(?P<way>\+|00)(?P<rest>[0-9\s().\-/\u00a0\u2010-\u2015\u2212\u202a-\u202e\u2066-\u2069]+)"
)
"""What separates digits, dashes of all kinds and marks of a text's direction, which come along when one copies."""
_LEAST, _MOST = 7, 15
"""Digits of a number: ITU-T E.164 has 15 at most; the shortest in use have 7 with the country's code."""


def digits_of(text: str) -> str:
    """Return the digits of a phone number. Raises ValueError with the form that is wanted."""
    text = text.strip().lstrip("\u202a\u202c\u2066\u2068")
    if _PLAIN.fullmatch(text) and not text.startswith("0"):
        return _possible(text)
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"should be {WANTED}")
    try:  # the parser leaves out what is dialled at home only: +44 (0)20 …, and puts Argentina's 15 where it belongs
        parsed = phonenumbers.parse("+" + written["rest"])
    except phonenumbers.NumberParseException:
        raise ValueError(f"should be {WANTED}") from None
    return _possible(f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}")


def _possible(digits: str) -> str:
    """Return the digits, if their beginning is a country's code and as many can be a number."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    known = any(int(digits[:length]) in codes for length in (1, 2, 3))
    if not known or not _LEAST <= len(digits) <= _MOST:
        raise ValueError(f"should be {WANTED}")
    return digits
