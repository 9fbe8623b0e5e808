"""Phone numbers as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.clients.operations.fields import chat_of, person_of
from actors.texts.phone_numbers import WANTED, digits_of

ANA = "5491122334455"


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("5491122334455", ANA),
        ("+54 9 11 2233-4455", ANA),
        ("+5491122334455", ANA),
        ("0054 9 11 2233 4455", ANA),
        ("tel:+54-9-11-2233-4455", ANA),
        ("  +54 (9) 11/2233.4455 ", ANA),
        ("+54 11 15 2233-4455", ANA),  # as it is dialled inside Argentina
        ("\u202a+54 9 11 2233\u20114455\u202c", ANA),  # as it is copied from a page
        ("+44 (0)20 7946 0958", "442079460958"),
        ("+1 (650) 253-0000", "16502530000"),
        ("+55 (11) 98765-4321", "5511987654321"),
        ("5215512345678", "5215512345678"),  # WhatsApp's own id of a Mexican number
    ],
)
def test_one_number_is_written_in_many_ways(written: str, digits: str) -> None:
    assert digits_of(written) == digits
    assert chat_of(written) == f"{digits}@c.us"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "hello",
        "12",
        "0111",
        "11 2233-4455",
        "+999 123 4567",
        "99912345678",
        "+54 9 11 call me",
        "1" * 16,
        "٥٤٩١١٢٢٣٣",
    ],
)
def test_what_cannot_be_a_number_is_refused_with_the_form_that_is_wanted(written: str) -> None:
    with pytest.raises(ValueError, match="such as \\+54 9 11 2233-4455 or 5491122334455"):
        digits_of(written)


def test_ids_are_ids() -> None:
    for id in (f"{ANA}@c.us", "120363000000000001@g.us", "123-456@g.us", "750235343914045@lid", "0@c.us"):
        assert chat_of(id) == id
    assert chat_of(f"{ANA}@s.whatsapp.net") == f"{ANA}@c.us"
    for wrong in ("@c.us", "1@evil", f"{ANA}@c.us\n@x", "a@lid", "12@c.us", "99912345678@c.us"):
        with pytest.raises(ValueError, match="a chat's id or a phone number"):
            chat_of(wrong)
    with pytest.raises(ValueError, match="a person's id"):
        person_of("120363000000000001@g.us")


@given(st.text(max_size=40))
def test_whatever_is_written_is_a_number_or_refused(text: str) -> None:
    try:
        digits = digits_of(text)
    except ValueError:
        with pytest.raises(ValueError, match=re.escape(WANTED)):
            digits_of(text)
        return
    assert digits.isascii()
    assert digits.isdigit()
    assert digits_of(digits) == digits
