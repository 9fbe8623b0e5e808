"""The arguments of a request: path, query and body together, read as leniently as WAHA reads them.

Null equals absent; unknown names mean nothing; `true`, `True` and `1` are true; numbers may be texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from actors.texts.phone_numbers import WANTED, digits_of
from gateway.waha.errors import BadRequest

_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})
_ADDRESS = re.compile(r"[0-9]{1,20}(-[0-9]{1,20})?@(c\.us|g\.us|lid|newsletter)|status@broadcast|[0-9]{1,20}@broadcast")


class Given:
    """The values of one request, by name."""

    def __init__(self, *sources: Mapping[str, Any]) -> None:
        """`sources` in the order of their weight: the first that has a value gives it."""
        self._values: dict[str, Any] = {}
        for source in reversed(sources):
            self._values.update({name: value for name, value in source.items() if value is not None})

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str, default: Any = None) -> Any:
        """Return a value as it came."""
        return self._values.get(name, default)

    @property
    def values(self) -> Mapping[str, Any]:
        """All values."""
        return self._values

    def text(self, name: str) -> str:
        """Return a text that must be given. Raises BadRequest."""
        value = self.optional_text(name)
        if value is None:
            raise BadRequest(f"{name} should not be empty", f"{name} must be a string")
        return value

    def optional_text(self, name: str, default: str | None = None) -> str | None:
        """Return a text, or the default. Raises BadRequest for an object or a list."""
        value = self._values.get(name, default)
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise BadRequest(f"{name} must be a string")
        return str(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean. Raises BadRequest."""
        value = self._values.get(name, default)
        text = str(value).lower()
        if text not in _TRUE | _FALSE:
            raise BadRequest(f"{name} must be a boolean value")
        return text in _TRUE

    def whole(self, name: str, default: int | None = None, least: int = 0, most: int = 2**53) -> int:
        """Return a whole number within its limits. Raises BadRequest."""
        number = self.number(name, default)
        if number != int(number) or not least <= number <= most:
            raise BadRequest(f"{name} must be an integer from {least} to {most}")
        return int(number)

    def number(self, name: str, default: float | None = None) -> float:
        """Return a number. Raises BadRequest."""
        value = self._values.get(name, default)
        try:
            if isinstance(value, bool) or value is None:
                raise ValueError
            number = float(value)
        except (TypeError, ValueError):
            raise BadRequest(f"{name} must be a number") from None
        if number != number or number in (float("inf"), float("-inf")):
            raise BadRequest(f"{name} must be a number")
        return number

    def choice(self, name: str, default: str, among: Mapping[str, Any]) -> Any:
        """Return the value that one of several words stands for. Raises BadRequest."""
        word = self.optional_text(name, default) or default
        if word not in among:
            raise BadRequest(f"{name} must be one of the following values: {', '.join(among)}")
        return among[word]

    def object(self, name: str) -> dict[str, Any]:
        """Return an object, empty where there is none. Raises BadRequest."""
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise BadRequest(f"{name} must be an object")
        return value

    def items(self, name: str) -> list[Any]:
        """Return a list, empty where there is none; one value is a list of one."""
        value = self._values.get(name, [])
        return value if isinstance(value, list) else [value]

    def chat(self, name: str = "chatId") -> str:
        """Return the address of a chat. Raises BadRequest."""
        return address(self.text(name), name)

    def people(self, name: str = "participants") -> list[str]:
        """Return addresses from `[{"id": …}]` or `["…"]`. Raises BadRequest."""
        texts = [one.get("id") if isinstance(one, dict) else one for one in self.items(name)]
        if not texts:
            raise BadRequest(f"{name} should not be empty")
        return [address(str(text), name) for text in texts]


def address(text: str, name: str = "chatId") -> str:
    """Return an address as the page knows it, from any of the forms that WAHA takes. Raises BadRequest."""
    plain = text.strip().replace("@s.whatsapp.net", "@c.us")
    if _ADDRESS.fullmatch(plain.removeprefix("+")):
        return plain.removeprefix("+")
    if "@" not in plain:
        with suppress(ValueError):
            return f"{digits_of(plain)}@c.us"
    raise BadRequest(f"{name} must be a chat id such as 5491122334455@c.us or 120363000000000000@g.us, or {WANTED}")


def digits(text: str, name: str = "phone") -> str:
    """Return the digits of a phone number, from an address or a number as people write it. Raises BadRequest."""
    try:
        return digits_of(text.partition("@")[0])
    except ValueError:
        raise BadRequest(f"{name} must be {WANTED}") from None
