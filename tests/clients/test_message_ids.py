"""Ids of messages."""

from __future__ import annotations

import re

from actors.clients.operations.messages import draw_message_id


def test_an_id_has_the_shape_of_whatsapp_webs_own() -> None:
    assert re.fullmatch(r"3EB0[0-9A-F]{18}", draw_message_id())


def test_ids_differ() -> None:
    assert len({draw_message_id() for _ in range(1000)}) == 1000
