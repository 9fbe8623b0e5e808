"""Pure arithmetic of pairings and of memory; and that nothing a page can say is unheard of."""

from __future__ import annotations

import pytest

from actors.clients import client, protocol
from actors.clients.bans import EARLY_WITHIN, BanEvidence
from actors.clients.health import REST, MemoryLimit, Verdict


def test_a_logout_is_early_until_ten_minutes_after_its_pairing() -> None:
    paired = BanEvidence().paired(1000.0)
    assert paired.logged_out(1000.0 + EARLY_WITHIN).early_logouts == 1
    assert paired.logged_out(1000.1 + EARLY_WITHIN).early_logouts == 0


def test_a_logout_without_a_pairing_proves_nothing() -> None:
    assert BanEvidence(None, 1).logged_out(0.0) == BanEvidence(None, 1)


def test_a_pairing_that_is_proven_leaves_nothing_to_count() -> None:
    assert BanEvidence().paired(0.0).logged_out(1.0).paired(2.0).proven().logged_out(3.0) == BanEvidence()


def test_two_early_logouts_in_a_row_look_like_a_ban() -> None:
    once = BanEvidence().paired(0.0).logged_out(1.0)
    assert not once.looks_banned
    assert once.paired(2.0).logged_out(3.0).looks_banned


@pytest.mark.parametrize(
    ("pss", "quiet", "verdict"),
    [
        (None, True, Verdict.NOTHING),
        (100, True, Verdict.NOTHING),
        (101, True, Verdict.RESTART),
        (101, False, Verdict.NOTHING),
        (149, False, Verdict.NOTHING),
        (150, False, Verdict.RESTART),
    ],
)
def test_memory_over_the_limit_waits_for_quiet_and_far_over_it_does_not(
    pss: int | None, quiet: bool, verdict: Verdict
) -> None:
    assert MemoryLimit(100).judge(pss, 0.0, quiet=quiet) is verdict


def test_restarts_for_memory_are_planned_no_oftener_than_each_hour() -> None:
    limit = MemoryLimit(100).restarted(0.0)
    assert limit.judge(101, REST - 1, quiet=True) is Verdict.NOTHING
    assert limit.judge(101, REST, quiet=True) is Verdict.RESTART


def test_without_a_limit_no_memory_is_too_much() -> None:
    assert MemoryLimit().judge(10**12, 0.0, quiet=True) is Verdict.NOTHING


def test_a_client_has_an_ear_for_everything_a_page_can_say() -> None:
    assert set(client._FACTS) == set(protocol.PageFact.__args__)
