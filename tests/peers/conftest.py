"""The sandbox behind TLS, and the programs that are pointed at it: see installation.py and programs/."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.peers import installation
from tests.peers.program import Program
from tests.peers.tls import HOST, TlsEnd
from tests.sandbox.conftest import Sandbox, sandbox, server

__all__ = ["sandbox", "server"]

PROGRAMS = Path(__file__).parent / "programs"
Start = Callable[[str], Program]


@pytest.fixture(scope="session")
def tls(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsEnd]:
    port = urlsplit(server.url).port
    assert port
    end = TlsEnd(port, tmp_path_factory.mktemp("tls"))
    yield end
    end.close()


@pytest.fixture
def start(tls: TlsEnd, tmp_path: Path) -> Iterator[Start]:
    """Starts the program of that file; skips where its registry is out of reach."""
    running: list[Program] = []

    def begin(program: str) -> Program:
        chromium = shutil.which("chromium")
        if not chromium:
            pytest.skip("there is no chromium")
        arguments = [
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{tls.port}, EXCLUDE 127.0.0.1",
            "--ignore-certificate-errors",
            "--no-sandbox",
            "--disable-background-networking",
            "--disable-component-update",
        ]
        given = json.dumps({"chromium": chromium, "args": arguments, "directory": str(tmp_path / "data")})
        script = PROGRAMS / program
        try:
            if script.suffix == ".py":
                command, environment = [str(installation.python()), str(script), given], {}
            else:
                modules = installation.node_modules()
                command, environment = ["node", str(script), given], {"NODE_PATH": str(modules)}
        except installation.OutOfReachError as error:
            pytest.skip(str(error))
        running.append(Program(command, tmp_path / "errors.log", environment))
        return running[-1]

    yield begin
    for program in running:
        program.close()
