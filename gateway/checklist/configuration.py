"""Phase 4: a configuration that resists strangers and crashes."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

import psutil

from actors.texts.hosts import is_loopback
from gateway.checklist.steps import ChecklistPhase, ChecklistStep, Finding, Requirement, passed, verdict

if TYPE_CHECKING:
    from gateway.checklist.site import Site

WHATSAPP = "https://web.whatsapp.com/"
DESCRIPTORS = 4096
OTHERS = stat.S_IRWXG | stat.S_IRWXO
SETTINGS = frozenset({Requirement.LOCAL, Requirement.SETTINGS})


def exposure(site: Site) -> Finding:
    """Check the addresses on which the service listens, and the keys it requires."""
    assert site.settings is not None
    keyed = "versions" not in site.stranger.get("/health")
    return verdict(
        keyed or is_loopback(site.settings.host), "seen.exposure", "seen.exposed", host=site.settings.host, keyed=keyed
    )


def encryption(site: Site) -> Finding:
    """Check that keys do not cross a network in the clear."""
    assert site.settings is not None
    settings = site.settings
    local, tls = is_loopback(settings.host), settings.tls_cert is not None
    proxied = bool(settings.trusted_proxies)
    return verdict(
        local or tls or proxied, "seen.encryption", "seen.clear", host=settings.host, tls=tls, proxied=proxied
    )


def hosts(site: Site) -> Finding:
    """Check that pages elsewhere cannot reach it by a name of their own."""
    assert site.settings is not None
    settings = site.settings
    good = bool(settings.allowed_hosts) or is_loopback(settings.host)
    return verdict(good, "seen.hosts", "seen.hosts_any", hosts=", ".join(settings.allowed_hosts) or settings.host)


def origins(site: Site) -> Finding:
    """Check that pages of other origins may not call."""
    assert site.settings is not None
    listed = site.settings.allowed_origins
    return verdict("*" not in listed, "seen.origins", "seen.origins_any", origins=", ".join(listed) or "0")


def data_dir(site: Site) -> Finding:
    """Check that logins are readable only by the service's user."""
    assert site.settings is not None
    place = site.settings.data_dir
    watched = [place, place / "profiles", place / "session-manager.db"]
    wrong = [path.name for path in watched if path.exists() and path.stat().st_mode & OTHERS]
    mode = f"{stat.S_IMODE(place.stat().st_mode):04o}"
    return verdict(not wrong, "seen.modes", "seen.modes_open", path=place, mode=mode, wrong=", ".join(wrong))


def user(site: Site) -> Finding:
    """Check that it does not run as root, so that Chromium keeps its own sandbox."""
    process = site.process()
    assert process is not None
    return verdict(process.uids().effective != 0, "seen.user", "seen.root", user=process.username())


def chromium_sandbox(site: Site) -> Finding:
    """Check that every Chromium runs with its own sandbox."""
    bare = [pid for pid in site.chromiums() if _is_bare(pid)]
    assert site.settings is not None
    off = bool(bare) or site.settings.no_sandbox is True
    return verdict(not off, "seen.walled", "seen.not_walled", browsers=len(bare))


def _is_bare(pid: int) -> bool:
    """Return True for a process without the sandbox that has not just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return "--no-sandbox" in psutil.Process(pid).cmdline()
    return False


def logs(site: Site) -> Finding:
    """Check that logs are for machines, without a line for every step of every actor."""
    assert site.settings is not None
    level, form = site.settings.log_level, site.settings.log_format
    return verdict(level != "debug" and form != "console", "seen.logs", "seen.logs_wrong", level=level, format=form)


def limits(site: Site) -> Finding:
    """Check that starts are limited, and that the kernel allows the descriptors that clients need."""
    assert site.settings is not None
    process = site.process()
    assert process is not None
    soft, _ = process.rlimit(psutil.RLIMIT_NOFILE)
    rate = site.settings.init_rate
    unbounded = soft in (-1, psutil.RLIM_INFINITY)
    good = rate != "0" and (unbounded or soft >= DESCRIPTORS)
    return verdict(good, "seen.limits", "seen.limits_wrong", rate=rate, files=soft, least=DESCRIPTORS)


def reconnection(site: Site) -> Finding:
    """Check that a client reconnects by itself, and that ended clients stay readable before their cleanup."""
    assert site.settings is not None
    attempts, delay = site.settings.max_reconnection_attempts, site.settings.cleanup_delay
    good = attempts >= 1 and (delay >= 10 or site.sandbox is not None)
    return verdict(good, "seen.alone", "seen.alone_wrong", attempts=attempts, delay=f"{delay:g}")


def whatsapp(site: Site) -> Finding:
    """Check that it talks to WhatsApp, or to the named sandbox."""
    assert site.settings is not None
    url = site.settings.whatsapp_url
    if site.sandbox is not None and site.plays_in_sandbox():
        return passed("seen.sandbox", url=url)
    return verdict(url == WHATSAPP, "seen.whatsapp", "seen.whatsapp_other", url=url)


def processors(site: Site) -> Finding:
    """Report the host's processors."""
    free = psutil.virtual_memory().available / 2**30
    return passed("seen.host", cores=os.cpu_count(), free=f"{free:.1f}")


STEPS = tuple(
    ChecklistStep(id, ChecklistPhase.CONFIGURATION, command, look, SETTINGS | extra)
    for id, command, look, extra in (
        ("exposure", "SM_HOST, SM_API_KEY", exposure, frozenset({Requirement.SERVICE})),
        ("encryption", "SM_TLS_CERT, SM_TRUSTED_PROXIES", encryption, frozenset[Requirement]()),
        ("hosts", "SM_ALLOWED_HOSTS", hosts, frozenset[Requirement]()),
        ("origins", "SM_ALLOWED_ORIGINS", origins, frozenset[Requirement]()),
        ("data-dir", "stat SM_DATA_DIR", data_dir, frozenset[Requirement]()),
        ("user", "ps -o user", user, frozenset[Requirement]()),
        ("chromium-sandbox", "SM_NO_SANDBOX", chromium_sandbox, frozenset[Requirement]()),
        ("logs", "SM_LOG_LEVEL, SM_LOG_FORMAT", logs, frozenset[Requirement]()),
        ("limits", "SM_INIT_RATE, ulimit -n", limits, frozenset[Requirement]()),
        ("reconnection", "SM_MAX_RECONNECTION_ATTEMPTS, SM_CLEANUP_DELAY", reconnection, frozenset[Requirement]()),
        ("whatsapp", "SM_WHATSAPP_URL", whatsapp, frozenset[Requirement]()),
        ("host", "nproc, free", processors, frozenset[Requirement]()),
    )
)
