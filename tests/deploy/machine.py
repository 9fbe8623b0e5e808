"""A real systemd: process 1 of a machine of its own, booted from this host's files.

systemd-nspawn boots it on an overlay of `/` that lives in memory and ends with the machine; the network is the host's.
Its cgroups are below one of our own, which goes with it. Root, and the package systemd-container, are needed; no
daemon of the host is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Self

import psutil

from tests.rig.processes import ended, until

ROOT = Path(__file__).parents[2]
PYTHON = Path("/usr/bin/python3")
"""The distribution's: the service's user cannot read one that is in somebody's home directory."""
PLACE = "/opt/session-manager"
HIERARCHIES = [Path("/sys/fs/cgroup", name) for name in ("", "unified", "systemd")]
BOOT_SECONDS, COMMAND_SECONDS, END_SECONDS = 60.0, 100.0, 20.0
_BOOT = """
for place in {groups}; do mkdir -p $place; echo $$ > $place/cgroup.procs; done
mount -t tmpfs none {room}
mkdir {room}/upper {room}/scratch {room}/system
mount -t overlay none -o lowerdir=/,upperdir={room}/upper,workdir={room}/scratch {room}/system
exec systemd-nspawn --directory {room}/system --machine {name} --register=no --keep-unit --link-journal=no \
    --console=pipe {binds} --boot systemd.unit=sysinit.target systemd.log_target=journal
"""

_TRIAL = "mount -t tmpfs none /mnt; cd /mnt; mkdir a b c; mount -t overlay none -o lowerdir=/,upperdir=a,workdir=b c"


def missing() -> str | None:
    """What keeps such a machine from being booted here, if anything does."""
    if os.geteuid() != 0:
        return "only root may boot a machine"
    for program in ("systemd-nspawn", "nsenter", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is not installed (apt-get install systemd-container)"
    if not any((place / "cgroup.procs").exists() for place in HIERARCHIES):
        return "no cgroups may be made here"
    if subprocess.run(["unshare", "--mount", "sh", "-ec", _TRIAL], capture_output=True).returncode != 0:
        return "no overlay may be mounted here"
    if Path("/run/systemd/system").exists():
        return "the host runs systemd itself, and this is made for hosts that do not"
    if _version(PYTHON) != _version(Path(sys.executable)):
        return f"{PYTHON} is not the Python that `make setup` used"
    return None


def _version(python: Path) -> str | None:
    command = [str(python), "-c", "import sys; print(sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True).stdout if python.exists() else None


class Machine:
    """A context manager. The checkout is read-only at /opt/session-manager, with a `.venv` of the host's own Python."""

    def __init__(self, tmp: Path) -> None:
        self._room, self._venv, self._log = tmp / "room", tmp / "venv", tmp / "boot.log"
        self._name = f"sm-{os.getpid()}"
        self._groups = [place / self._name for place in HIERARCHIES if (place / "cgroup.procs").exists()]
        self._leader = 0

    def __enter__(self) -> Self:
        self._room.mkdir()
        packages = _lay_venv(self._venv)
        binds = f"{ROOT}:{PLACE} {self._venv}:{PLACE}/.venv {packages[0]}:{PLACE}/.venv/{packages[1]}".split()
        script = _BOOT.format(
            groups=" ".join(map(str, self._groups)),
            room=self._room,
            name=self._name,
            binds=" ".join(f"--bind-ro={bind}" for bind in binds),
        )
        environment = {**os.environ, "SYSTEMD_NSPAWN_LOCK": "0", "UNIFIED_CGROUP_HIERARCHY": "1"}
        with self._log.open("wb") as log:
            command = ["unshare", "--mount", "sh", "-ec", script]
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._leader = until(self._first, bool, "process 1 of the machine", BOOT_SECONDS)
            until(self._is_up, bool, "systemd is up", BOOT_SECONDS, every=0.2)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        ended(self._process, END_SECONDS)
        for group in self._groups:
            for below in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                below.rmdir()
            group.rmdir()

    def run(self, *command: str, given: str | None = None) -> str:
        """What a command prints inside. Raises AssertionError where it fails."""
        done = self.tried(*command, given=given)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def tried(self, *command: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command inside, however it ends."""
        inside = ["nsenter", "--target", str(self._leader), "--all", *command]
        return subprocess.run(inside, input=given or "", capture_output=True, text=True, timeout=COMMAND_SECONDS)

    def write(self, path: str, text: str) -> None:
        """A file inside."""
        self.run("sh", "-c", f"mkdir -p $(dirname {path}) && cat > {path}", given=text)

    def _first(self) -> int:
        assert self._process.poll() is None, self._log.read_text("utf-8", "replace")[-2000:]
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children():
                if child.name() == "systemd":
                    return child.pid
        return 0

    def _is_up(self) -> bool:
        return self.tried("systemctl", "is-active", "sysinit.target").stdout.strip() == "active"


def _lay_venv(place: Path) -> tuple[Path, str]:
    """A `.venv` of the distribution's Python that has our packages; they, and where in it they are to be seen."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--symlinks", str(place)], check=True, timeout=60)
    program = (ROOT / ".venv/bin/session-manager").read_text("utf-8").split("\n", 1)[1]
    target = place / "bin" / "session-manager"
    target.write_text(f"#!{PLACE}/.venv/bin/python3\n{program}", "utf-8")
    target.chmod(0o755)
    place.chmod(0o755)
    inside = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    return ROOT / ".venv" / inside, inside
