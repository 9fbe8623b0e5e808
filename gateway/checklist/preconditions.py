"""Phase 1: the conditions for a deploy on this host."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from typing import TYPE_CHECKING

import psutil

from gateway.checklist.steps import (
    ChecklistPhase,
    ChecklistStep,
    Finding,
    Requirement,
    failed,
    passed,
    skipped,
    verdict,
)

if TYPE_CHECKING:
    from gateway.checklist.site import Site

CHROMIUMS = ("chromium-headless-shell", "chromium")
GIB = 1024**3
DISK_GIB, MEMORY_GIB = 1.0, 0.5
LOCAL = frozenset({Requirement.LOCAL})
SETTINGS = frozenset({Requirement.LOCAL, Requirement.SETTINGS})


def python(_: Site) -> Finding:
    """Check the interpreter of this installation."""
    return verdict(sys.version_info >= (3, 11), "seen.python", "seen.python_old", version=platform.python_version())


def versions(site: Site) -> Finding:
    """Check that the running version is the installed one, and that it has its WhatsApp side."""
    found = site.service.get("/health")["versions"]
    ours, theirs = version("session-manager"), found.get("session_manager")
    said = ", ".join(f"{name} {found[name]}" for name in sorted(found))
    if ours != theirs:
        return failed("seen.versions_differ", ours=ours, theirs=theirs)
    return verdict("wa_js" in found, "seen.versions", "seen.versions_no_browser", versions=said)


def chromium(site: Site) -> Finding:
    """Check the Chromium that the service would start, by its version."""
    assert site.settings is not None
    named = site.settings.chromium
    names = CHROMIUMS if named is None else (str(named),)
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        return failed("seen.no_chromium", names=" / ".join(names))
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    return verdict(
        done.returncode == 0, "seen.chromium", "seen.chromium_broken", path=program, said=done.stdout.strip()
    )


def disk(site: Site) -> Finding:
    """Check the room for profiles and the database."""
    assert site.settings is not None
    free = shutil.disk_usage(site.settings.data_dir).free / GIB
    return verdict(free >= DISK_GIB, "seen.disk", "seen.disk_low", free=f"{free:.1f}", least=DISK_GIB)


def memory(_: Site) -> Finding:
    """Check the memory for a few more clients."""
    free = psutil.virtual_memory().available / GIB
    return verdict(free >= MEMORY_GIB, "seen.memory", "seen.memory_low", free=f"{free:.1f}", least=MEMORY_GIB)


def port(site: Site) -> Finding:
    """Check that the service, and no forgotten process, listens on the port."""
    process = site.listener()
    if process is None:
        return skipped(Requirement.LOCAL.value)
    said = " ".join(process.cmdline())[:80]
    return verdict(site.process() == process, "seen.port", "seen.port_taken", pid=process.pid, program=said)


def configuration(site: Site) -> Finding:
    """Check that the running service's settings can be read and are valid."""
    if site.settings is None:
        wrong = failed("seen.settings_wrong", why=site.problem)
        return skipped("seen.settings_unseen", why=site.unseen) if site.unseen else wrong
    given = sorted(site.settings.model_fields_set)
    return passed("seen.settings", given=", ".join(f"SM_{name.upper()}" for name in given))


def database(site: Site) -> Finding:
    """Check that the database is whole. Reads it all: seconds, for hundreds of MiB."""
    assert site.settings is not None
    if site.settings.database_url is not None:
        return skipped("seen.database_elsewhere")
    file = site.settings.data_dir / "session-manager.db"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return failed("seen.database_broken", why=str(error))
    size = f"{os.path.getsize(file) / 2**20:.1f}"
    return verdict(said == "ok", "seen.database", "seen.database_broken", size=size, why=said)


STEPS = (
    ChecklistStep("python", ChecklistPhase.PRECONDITIONS, "python --version", python),
    ChecklistStep(
        "versions",
        ChecklistPhase.PRECONDITIONS,
        "GET /health",
        versions,
        frozenset({Requirement.SERVICE, Requirement.KEY}),
    ),
    ChecklistStep("port", ChecklistPhase.PRECONDITIONS, "ss -ltnp", port),
    ChecklistStep("settings", ChecklistPhase.PRECONDITIONS, "cat /proc/PID/environ", configuration, LOCAL),
    ChecklistStep("chromium", ChecklistPhase.PRECONDITIONS, "chromium --version", chromium, SETTINGS),
    ChecklistStep("disk", ChecklistPhase.PRECONDITIONS, "df SM_DATA_DIR", disk, SETTINGS),
    ChecklistStep("memory", ChecklistPhase.PRECONDITIONS, "free", memory, LOCAL),
    ChecklistStep("database", ChecklistPhase.PRECONDITIONS, "PRAGMA quick_check", database, SETTINGS),
)
