"""Phone numbers in what is logged: recognisable to who knows the number, useless to who does not. Pure."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![0-9A-Za-z])([0-9]{4})([0-9]{4,16})([0-9]{2})(?![0-9A-Za-z])")
"""10 to 22 digits on their own; digits inside a word, such as those of a message id, are no number."""


def mask(text: str) -> str:
    """The text with every run of digits that may be a phone number written as `5491****55`."""
    return _NUMBER.sub(r"\1****\3", text)
