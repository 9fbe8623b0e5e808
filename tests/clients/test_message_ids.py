"""Ids of messages."""

from __future__ import annotations

import re

from actors.clients.message_ids import draw


def test_an_id_has_the_shape_of_whatsapp_webs_own() -> None:
    assert re.fullmatch(r"3EB0[0-9A-F]{18}", draw())


def test_ids_differ() -> None:
    assert len({draw() for _ in range(1000)}) == 1000
