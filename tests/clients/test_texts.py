"""Texts of strangers, as a strict reader takes them."""

from __future__ import annotations

import json

import pytest
from pydantic_core import from_json as strictly

from actors.browser.whatsapp_web import happened
from actors.store.rows.unreadable import load_json
from actors.texts.readable import CUT, cut, from_page, readable
from gateway.http import render_plain

HALF = r'{"e": "message", "body": "a\ud83d", "sender_name": "\ude00b", "contacts": [{"name": "\ud83d", "vcard": "x"}]}'


def test_half_an_emoji_of_a_stranger_becomes_a_character_that_every_reader_takes() -> None:
    event = from_page(HALF)
    assert (event["body"], event["sender_name"], event["contacts"][0]["name"]) == ("a\ufffd", "\ufffdb", "\ufffd")
    fact = happened(event)
    assert fact is not None
    assert strictly(json.dumps(fact.payload))["body"] == "a\ufffd"
    assert "truncated" not in fact.payload


def test_what_an_earlier_version_stored_is_healed_when_it_is_read() -> None:
    assert load_json(HALF)["body"] == "a\ufffd"
    assert load_json('{"body": "\\ud83d\\ude00"}') == {"body": "\U0001f600"}  # two halves that fit


@pytest.mark.parametrize("text", ["plain", "\U0001f600", "a\ud83d", "\ude00", "\ud83d\ude00"])
def test_answers_and_log_lines_can_be_written(text: str) -> None:
    assert strictly(render_plain({"text": text}))["text"] == readable(text)


def test_a_text_that_the_page_has_cut_is_marked_where_it_is() -> None:
    event = from_page(
        json.dumps({"e": "message", "body": "long" + CUT, "quoted": {"body": "short"}}, ensure_ascii=False)
    )
    fact = happened(event)
    assert fact is not None
    assert (fact.payload["body"], fact.payload["truncated"]) == ("long", True)
    answer = from_page(json.dumps([{"body": "x" + CUT}, {"body": "y" + CUT + "z"}], ensure_ascii=False))
    assert answer == [{"body": "x", "truncated": True}, {"body": "y\ufffdz"}]


@pytest.mark.parametrize(
    ("text", "length", "kept"),
    [
        ("hello", 5, "hello"),
        ("hello", 3, "hel"),
        ("ab\u0301c", 2, "a"),  # b with an accent
        ("a\U0001f44d\U0001f3fd", 2, "a"),  # a thumb with its colour
        ("a\U0001f468\u200d\U0001f469\u200d\U0001f467", 3, "a"),  # a family
        ("\u0301\u0301\u0301", 2, "\u0301\u0301"),  # nothing but accents: somewhere it has to end
    ],
)
def test_no_character_is_cut_in_two(text: str, length: int, kept: str) -> None:
    assert cut(text, length) == kept
