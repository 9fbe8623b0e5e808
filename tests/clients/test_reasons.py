"""The table of reasons, row by row: each is played, and leads where the table says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.browser.fake import FakeBrowser, Habits
from actors.clients.operations.account import LogOut
from actors.clients.protocol import (
    Banned,
    Blocked,
    Conflict,
    LinkLost,
    LoggedOut,
    PageFailed,
    PageReloaded,
    PairingHindered,
    QrShown,
    UpdateWanted,
)
from actors.clients.types import Reason
from tests.clients.rig import ONE, RULES, World, world
from tests.docs.reasons import CONSEQUENCES


def page_fails(reason: Reason) -> Callable[[World], object]:
    return lambda w: w.tell(PageFailed(reason, "why"))


def next_start_fails(reason: Reason, times: int = 1) -> Callable[[World], object]:
    def act(w: World) -> None:
        for _ in range(times):
            w.browser.fail_next(ONE, reason)
        w.crash()
        w.advance(7.0 if times > 1 else 1.0)

    return act


def says(
    fact: LinkLost | LoggedOut | Conflict | Banned | Blocked | QrShown | PageReloaded | UpdateWanted,
) -> Callable[[World], object]:
    return lambda w: w.tell(fact)


def hang(w: World) -> None:
    w.page().hung = True
    w.advance(35.0)


def start_takes_too_long(w: World) -> None:
    w.browser.habits = Habits(opens=False)
    w.crash()
    w.advance(61.0)


def nobody_scans(w: World) -> None:
    w.delete().get(timeout=0)
    w.init()
    w.advance(300.0)


def waits_for_a_phone(w: World) -> None:
    w.delete().get(timeout=0)
    w.init()


def is_hindered(reason: Reason) -> Callable[[World], object]:
    def act(w: World) -> None:
        waits_for_a_phone(w)
        w.tell(PairingHindered(reason, "why"))

    return act


def break_too_often(w: World) -> None:
    for _ in range(4):
        w.break_actor()
        w.advance(1.0)


def grow(w: World) -> None:
    w.browser.habits = Habits(pss=200)
    w.advance(15.0)


def log_out_early_twice(w: World) -> None:
    w.browser.remove(ONE)
    w.advance(60.0)
    w.ready()
    w.browser.remove(ONE)


ACTS: dict[Reason, Callable[[World], object]] = {
    Reason.BROWSER_CRASHED: lambda w: w.crash(),
    Reason.BROWSER_HUNG: hang,
    Reason.BROWSER_DEAF: page_fails(Reason.BROWSER_DEAF),
    Reason.PAGE_CRASHED: page_fails(Reason.PAGE_CRASHED),
    Reason.PAGE_LEFT: page_fails(Reason.PAGE_LEFT),
    Reason.PAGE_RELOADED: says(PageReloaded()),
    Reason.PLANNED_UPDATE: says(UpdateWanted(hard=True)),
    Reason.MEMORY_LIMIT: grow,
    Reason.DISK_FULL: page_fails(Reason.DISK_FULL),
    Reason.CHROMIUM_FAILED: next_start_fails(Reason.CHROMIUM_FAILED),
    Reason.PROFILE_UNUSABLE: page_fails(Reason.PROFILE_UNUSABLE),
    Reason.PROFILE_IN_USE: next_start_fails(Reason.PROFILE_IN_USE),
    Reason.PAGE_UNREACHABLE: next_start_fails(Reason.PAGE_UNREACHABLE),
    Reason.PAGE_REFUSED: next_start_fails(Reason.PAGE_REFUSED),
    Reason.PAGE_FOREIGN: next_start_fails(Reason.PAGE_FOREIGN),
    Reason.PROXY_UNREACHABLE: next_start_fails(Reason.PROXY_UNREACHABLE),
    Reason.PROXY_LOGIN_REFUSED: next_start_fails(Reason.PROXY_LOGIN_REFUSED),
    Reason.CERTIFICATE_INVALID: next_start_fails(Reason.CERTIFICATE_INVALID),
    Reason.BROWSER_UNSUPPORTED: next_start_fails(Reason.BROWSER_UNSUPPORTED),
    Reason.WA_JS_NOT_READY: next_start_fails(Reason.WA_JS_NOT_READY),
    Reason.WA_JS_OUTDATED: next_start_fails(Reason.WA_JS_OUTDATED),
    Reason.START_TIMEOUT: start_takes_too_long,
    Reason.NETWORK_LOST: says(LinkLost(Reason.NETWORK_LOST, "gone")),
    Reason.SERVICE_UNAVAILABLE: says(LinkLost(Reason.SERVICE_UNAVAILABLE, "503")),
    Reason.TEMPORARILY_BANNED: says(LinkLost(Reason.TEMPORARILY_BANNED, "a while", 2e9)),
    Reason.VERSION_OUTDATED: page_fails(Reason.VERSION_OUTDATED),
    Reason.LOGGED_OUT_BY_PHONE: lambda w: w.browser.remove(ONE),
    Reason.LOGGED_OUT_BY_API: lambda w: w.ask(LogOut(), ONE),
    Reason.LOGIN_REFUSED: says(QrShown("2@x", 20.0)),
    Reason.STORAGE_FAILED: says(LoggedOut(Reason.STORAGE_FAILED, "syncd_failure")),
    Reason.CONFLICT: says(Conflict("elsewhere")),
    Reason.BANNED: log_out_early_twice,
    Reason.ACCOUNT_LOCKED: says(LoggedOut(Reason.ACCOUNT_LOCKED, "locked")),
    Reason.TERMS_OF_SERVICE: says(Blocked(Reason.TERMS_OF_SERVICE, "terms")),
    Reason.PROXY_BLOCKED: says(Blocked(Reason.PROXY_BLOCKED, "proxy")),
    Reason.SCREEN_LOCKED: says(Blocked(Reason.SCREEN_LOCKED, "lock")),
    Reason.QR_NOT_SCANNED: nobody_scans,
    Reason.PASSKEY_REQUIRED: is_hindered(Reason.PASSKEY_REQUIRED),
    Reason.PLATFORM_REFUSED: is_hindered(Reason.PLATFORM_REFUSED),
    Reason.PAIRING_CODE_OVER: is_hindered(Reason.PAIRING_CODE_OVER),
    Reason.PRIMARY_NOT_MIGRATED: says(LoggedOut(Reason.PRIMARY_NOT_MIGRATED, "no LIDs")),
    Reason.ATTEMPTS_EXHAUSTED: next_start_fails(Reason.PAGE_UNREACHABLE, times=3),
    Reason.ACTOR_CRASHED: break_too_often,
}


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_leads_where_the_table_says(reason: Reason) -> None:
    with world(rules=replace(RULES, client_memory=100), browser=FakeBrowser()) as w:
        w.ready()
        ACTS[reason](w)
        status, row = w.status(), CONSEQUENCES[reason]
        assert (status.state, status.reason) == (row.state, reason)
        assert w.browser.has_login(ONE) is row.login_kept
        assert status.reason_text


def test_every_reason_is_explained() -> None:
    assert list(CONSEQUENCES) == list(Reason)
