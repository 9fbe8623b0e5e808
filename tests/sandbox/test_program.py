"""The sandbox as a program: what it says, and how it ends."""

from __future__ import annotations

import socket
import subprocess
import sys

from tests.sandbox.conftest import Sandbox

PROGRAM = [sys.executable, "-m", "sandbox"]


def test_it_says_where_the_phones_are_and_how_the_service_finds_it() -> None:
    with subprocess.Popen([*PROGRAM, "--port", "0"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            url = program.stdout.readline().removeprefix("sandbox ready ").strip()
            assert program.stdout.readline() == f"Phones: {url}phones. For the service: SM_WHATSAPP_URL={url}\n"
        finally:
            program.terminate()
        assert program.wait(20) == 0, "a signal that comes before it serves is not lost"


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([*PROGRAM, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False)
    said = f"sandbox: cannot listen on 127.0.0.1:{port} (Address already in use): choose another --port\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_a_body_that_is_not_json_is_called_that(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(f"{sandbox.url}api/scan", content=b"{")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "the body is not JSON"


def test_a_path_there_is_not_is_refused_in_the_shape_of_all_errors(sandbox: Sandbox) -> None:
    for method, path, status in (
        ("GET", "api/nothing", 404),
        ("DELETE", "api/scan", 405),
        ("GET", "static/no.js", 404),
    ):
        answer = sandbox.http.request(method, f"{sandbox.url}{path}")
        assert answer.status_code == status
        told = {"code": "NO_SUCH_CALL", "message": f"there is no {method} /{path}"}
        assert answer.json() == {"error": told}
