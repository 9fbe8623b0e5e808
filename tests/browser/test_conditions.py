"""The table that says what the connection is in."""

from __future__ import annotations

from actors.browser.interpret import CONDITIONS, Condition, Memory, View, condition, view_of
from tests.browser.views import MAIN


def test_every_row_of_the_table_can_be_reached() -> None:
    samples = {
        Condition.TERMS: View(mode="TOS_BLOCK"),
        Condition.PROXY: View(state="PROXYBLOCK"),
        Condition.LOCKED: View(state="SCREEN_LOCKED"),
        Condition.CONFLICT: View(mode="CONFLICT"),
        Condition.OUTDATED: View(mode="DEPRECATED_VERSION"),
        Condition.CODE: View(code="2@a"),
        Condition.IDLE: View(state="UNPAIRED_IDLE", code="2@a"),
        Condition.VOID: View(state="UNPAIRED"),
        Condition.READY: view_of(MAIN),
        Condition.PAIRING: View(authenticated=True),
        Condition.OFFLINE: View(authenticated=True, online=False),
        Condition.CATCHING_UP: View(authenticated=True, state="CONNECTED"),
        Condition.UNREACHABLE: View(authenticated=True, state="OPENING"),
    }
    memories = {
        Condition.READY: Memory(accepted=True),
        Condition.PAIRING: Memory(shown=True),
        Condition.VOID: Memory(shown=True),
        Condition.CATCHING_UP: Memory(ready=True, accepted=True),
        Condition.UNREACHABLE: Memory(ready=True),
    }
    assert list(samples) == list(dict.fromkeys(samples))
    assert set(samples) == {found for found, _ in CONDITIONS}
    for expected, sample in samples.items():
        assert condition(sample, memories.get(expected, Memory())) is expected
    assert condition(View(), Memory()) is Condition.STARTING
