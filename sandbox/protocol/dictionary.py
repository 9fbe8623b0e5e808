"""The words that the protocol writes as one byte or two.

The list is long and WhatsApp changes it with its prologue's version, so it is no part of this repository: it is read
from an installed Baileys (npm `@whiskeysockets/baileys`), whose lib/WABinary/constants.js has it, or from a script of
WhatsApp's own page, whose module WAWapDict has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

FILE = "lib/WABinary/constants.js"
SINGLE, DOUBLE = "SINGLE_BYTE_TOKENS", "DOUBLE_BYTE_TOKENS"
FIRST_WORD = "xmlstreamstart"
PAGES = 4
"""Lists of words that are written as two bytes."""
ARRAY = re.compile(r"\[\s*((?:\"(?:[^\"\\]|\\.)*\"\s*,?\s*)+)\]")
"""An array of texts, as a minifier writes it and as a printer does."""
WORD = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


class NoDictionary(Exception):
    """The words cannot be read; the text says where they were looked for."""


class Dictionary:
    """Words by their numbers, and back."""

    def __init__(self, single: Sequence[str], double: Sequence[Sequence[str]] = ()) -> None:
        self.single, self.double = tuple(single), tuple(tuple(words) for words in double)
        self.codes: dict[str, tuple[int, int | None]] = {}
        for page, words in enumerate(self.double):
            self.codes.update({word: (page, index) for index, word in enumerate(words)})
        self.codes.update({word: (index, None) for index, word in enumerate(self.single) if word})

    @classmethod
    def of_baileys(cls, package: Path) -> Self:
        """Read the words from an installed Baileys, `…/node_modules/@whiskeysockets/baileys`. Raises NoDictionary."""
        path = package / FILE
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise NoDictionary(f"{path} cannot be read ({error.strerror}): is Baileys installed there?") from None
        lists = {
            name: match[1]
            for name in (SINGLE, DOUBLE)
            if (match := re.search(rf"{name} = \[(.*?)\n\];", text, re.DOTALL))
        }
        if len(lists) < 2:
            raise NoDictionary(f"{path} has no lists {SINGLE} and {DOUBLE}: another version of Baileys is needed")
        pages = re.findall(r"\[(.*?)\n    \]", lists[DOUBLE], re.DOTALL)
        return cls(_words(lists[SINGLE]), [_words(page) for page in pages])

    @classmethod
    def of_script(cls, script: str) -> Self:
        """Read the words from a script of WhatsApp's page, in which they are five arrays. Raises NoDictionary."""
        first = script.find(f'"{FIRST_WORD}"')
        if first < 0:
            raise NoDictionary(f"the script has no array that begins with {FIRST_WORD}")
        module_end = script.find("__d(", first)
        module = script[script.rfind("[", 0, first) : module_end if module_end >= 0 else len(script)]
        arrays = [_words(match[1]) for match in ARRAY.finditer(module)]
        if not arrays or arrays[0][:1] != [FIRST_WORD]:
            raise NoDictionary(f"{FIRST_WORD} is not the first text of an array")
        # 0 is no word's number: an empty list begins with it.
        return cls(["", *arrays[0]], arrays[1 : 1 + PAGES])


def _words(text: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", one or other) for one, other in WORD.findall(text)]
