"""The demo: the whole story of one client, in real headless Chromium, against the embedded sandbox.

Every step proves its claim from outside (HTTP, the process table, an independent QR decoder), or the demo fails. The
service runs as its own process, as an operator would run it.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx2
import psutil
from rich.console import Console

T = TypeVar("T")

CLIENT = 99
ME, FRIEND = "5491100000099", "5491122334455"
TEXT = "Hello from session-manager"
CLEANUP_DELAY = 2.0
PATIENCE = 60.0
"""Time limit of a step, in seconds; after it the demo has failed."""


NEXT = """
What to do next:
  {program} serve --sandbox   the same to play with; it prints where dashboard and phones are
  {program} init 1            in another terminal: start a client, and scan its QR with a phone of the sandbox
  {program} serve             the service for a real phone: then init 1, and scan with WhatsApp on the phone
README.md and docs/guides.md go on from here."""


class DemoFailed(Exception):
    """A step did not show the expected result; the text describes the actual result."""


class DidNotStart(DemoFailed):
    """The service refused to start; the text is its last sentence, and needs no log beside it."""


class Story:
    """The running demo: the two processes, and the data that a step passes to the next."""

    def __init__(self, sandbox: str, service: subprocess.Popen[bytes], port: int, data_dir: Path, log: Path) -> None:
        self.service, self.data_dir, self._log = service, data_dir, log
        self._sandbox = httpx2.Client(base_url=sandbox, timeout=PATIENCE, trust_env=False)
        headers = {"X-Cliente-Id": str(CLIENT)}
        gateway = f"http://127.0.0.1:{port}"
        self._gateway = httpx2.Client(base_url=gateway, headers=headers, timeout=PATIENCE, trust_env=False)
        self._code = ""
        self._browsers: set[int] = set()

    def close(self) -> None:
        """Close both connections."""
        self._sandbox.close()
        self._gateway.close()

    def service_is_up(self) -> str:
        health = until(self._health, lambda answer: answer is not None, "the service answers /health")
        assert health is not None
        return f"whatsapp_state {health['whatsapp_state']}, wa-js {health['versions'].get('wa_js', '?')}"

    def _health(self) -> dict[str, Any] | None:
        if self.service.poll() is not None:
            raise self._ended()
        try:
            ready = self._gateway.get("/ready").status_code == 200  # /health answers from the first moment
            return self._asked("GET", "/health") if ready else None
        except httpx2.TransportError:
            return None

    def _ended(self) -> DemoFailed:
        last = self._log.read_text("utf-8", "replace").rpartition("session-manager: ")[2].strip()
        if self.service.returncode == 1 and last:
            return DidNotStart(last)
        return DemoFailed(f"the service ended with exit code {self.service.returncode}")

    def init(self) -> str:
        answer = self._asked("POST", "/init")
        expect(answer["status"]["state"], "QR_REQUIRED", "state")
        self._browsers = self._chromiums()
        return f"{answer['action']} → {answer['status']['state']}, {len(self._browsers)} Chromium processes"

    def read_qr(self) -> str:
        status = self._asked("GET", "/status")
        self._code = decoded(status["qr_code_base64"])
        return f"{len(self._code)} characters, read from the PNG by an independent decoder"

    def scan(self) -> str:
        # The code may have rotated since it was read: then the image's present code is scanned.
        for _ in range(3):
            answer = self._sandbox.post("/api/scan", json={"code": self._code, "number": ME, "name": "Ada"})
            if answer.status_code == 200:
                return f"phone {ME} scanned exactly that string"
            self.read_qr()
        raise DemoFailed(f"the phone could not scan: {answer.text}")

    def ready(self) -> str:
        status = until(self._status, lambda s: s["state"] == "READY", "the client is READY")
        return f"can_send_messages {status['can_send_messages']}, phone {status['phone']}"

    def send(self) -> str:
        answer = self._asked("POST", "/send", json={"to": FRIEND, "message": TEXT})
        return str(answer["message_id"])

    def arrives(self) -> str:
        phone = self._sandbox.get(f"/api/phones/{FRIEND}", params={"wait": PATIENCE, "count": 1}).json()
        texts = [message["text"] for message in phone["received"]]
        expect(texts, [TEXT], "what the other phone received")
        sent = until(self._first_message, lambda m: m["ack"] >= 2, "the second tick")
        return f"“{texts[0]}” on {FRIEND}, ack {sent['ack']}, arrived {sent['arrivals']} time"

    def _first_message(self) -> dict[str, Any]:
        messages: list[dict[str, Any]] = self._sandbox.get(f"/api/accounts/{ME}/messages").json()
        return next(message for message in messages if message["from_me"])

    def init_again(self) -> str:
        answer = self._asked("POST", "/init")
        expect(answer["action"], "NO_ACTION_NEEDED", "action")
        expect(self._chromiums(), self._browsers, "Chromium processes")
        return f"{answer['action']}, the same {len(self._browsers)} Chromium processes"

    def phone_logs_out(self) -> str:
        self._sandbox.post(f"/api/accounts/{ME}/logout").raise_for_status()
        status = until(self._status, lambda s: s["state"] == "DISCONNECTED_LOGOUT", "the logout is noticed")
        return f"{status['state']}, reason {status['reason']}"

    def cleanup(self) -> str:
        until(self._status, lambda s: s["state"] == "NOT_INITIALIZED", "the cleanup")
        expect(self._chromiums(), set(), "Chromium processes")
        return f"after {CLEANUP_DELAY:g} s (60 by default): client, Chromium and stored login are gone"

    def sigterm(self) -> str:
        self.service.send_signal(signal.SIGTERM)
        code = self.service.wait(PATIENCE)
        expect(code, 0, "exit code")
        return "exit code 0"

    def nothing_left(self) -> str:
        expect(self._chromiums(), set(), "Chromium processes")
        return "no process names our data directory"

    def _status(self) -> dict[str, Any]:
        return self._asked("GET", "/status")

    def _asked(self, method: str, path: str, json: Any = None) -> dict[str, Any]:
        response = self._gateway.request(method, path, json=json)
        if response.status_code != 200:
            raise DemoFailed(f"{method} {path} answered {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    def _chromiums(self) -> set[int]:
        """Return the processes that name our data directory, without the service itself, and their descendants."""
        found: set[int] = set()
        for process in psutil.process_iter():
            try:
                if process.pid != self.service.pid and str(self.data_dir) in " ".join(process.cmdline()):
                    found |= {process.pid, *(child.pid for child in process.children(recursive=True))}
            except psutil.Error:  # ended meanwhile
                continue
        return found


STEPS: tuple[tuple[str, Callable[[Story], str]], ...] = (
    ("Sandbox and service are up", Story.service_is_up),
    (f"POST /init starts client {CLIENT}", Story.init),
    ("GET /status shows a QR", Story.read_qr),
    ("A sandbox phone scans it", Story.scan),
    ("The client is READY", Story.ready),
    ("POST /send", Story.send),
    ("The text and its acknowledgement arrive", Story.arrives),
    ("A second POST /init changes nothing", Story.init_again),
    ("The phone logs the client out", Story.phone_logs_out),
    ("The supervisor cleans up", Story.cleanup),
    ("SIGTERM ends the service", Story.sigterm),
    ("No Chromium is left", Story.nothing_left),
)


def run() -> int:
    """Run the story; each step is one printed line with its time. Returns the exit code: 0 if every step held."""
    console = Console(highlight=False)
    began = time.monotonic()
    try:
        _there_is_a_decoder()
        with staged() as story:
            for number, (title, step) in enumerate(STEPS, 1):
                _play(console, f"{number:2}/{len(STEPS)}  {title}", step, story)
    except (DemoFailed, httpx2.HTTPError, OSError, subprocess.TimeoutExpired) as error:
        console.print(f"[red]The demo failed:[/red] {error}", soft_wrap=True)
        return 1
    console.print(f"[green]Every step held[/green], in {time.monotonic() - began:.1f} s")
    console.print(NEXT.format(program=_program()), markup=False, soft_wrap=True)
    return 0


def _play(console: Console, title: str, step: Callable[[Story], str], story: Story) -> None:
    began = time.monotonic()
    try:
        with console.status(f"{title} …"):
            seen = step(story)
    except Exception:
        console.print(f"[red]✗[/red] {title}")
        raise
    console.print(f"[green]✓[/green] {title:<52}{time.monotonic() - began:6.2f} s  [dim]{seen}[/dim]", soft_wrap=True)


@contextmanager
def staged() -> Iterator[Story]:
    """The sandbox and the service as processes of their own on free ports; both have ended afterwards."""
    with ExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="session-manager-demo-")))
        log_file = data_dir / "service.log"
        log = stack.enter_context(log_file.open("wb"))
        sandbox = stack.enter_context(_sandbox())
        port = _free_port()
        service = stack.enter_context(_ended(_serve(sandbox, port, data_dir / "data", log)))
        story = Story(sandbox, service, port, data_dir, log_file)
        stack.callback(story.close)
        try:
            yield story
        except DidNotStart:
            raise
        except Exception:
            log.flush()
            sys.stderr.write(log_file.read_text("utf-8", "replace")[-4000:])
            raise


@contextmanager
def _sandbox() -> Iterator[str]:
    command = [sys.executable, "-m", "sandbox", "--host", "127.0.0.1", "--port", "0"]
    with _ended(subprocess.Popen(command, stdout=subprocess.PIPE)) as process:
        assert process.stdout is not None
        said = process.stdout.readline().decode().split()
        if said[:2] != ["sandbox", "ready"]:
            raise DemoFailed("the sandbox did not start")
        yield said[2]


def _serve(sandbox: str, port: int, data_dir: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    settings = {
        "SM_PORT": str(port),
        "SM_DATA_DIR": str(data_dir),
        "SM_WHATSAPP_URL": sandbox,
        "SM_CLEANUP_DELAY": str(CLEANUP_DELAY),
    }
    command = [sys.executable, "-m", "gateway.cli", "serve"]
    return subprocess.Popen(command, env=ours | settings, stdout=log, stderr=subprocess.STDOUT)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End the process in any case."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5.0)
        if process.stdout is not None:
            process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def until(ask: Callable[[], T], holds: Callable[[T], bool], what: str) -> T:
    """Ask again every 50 ms until the answer holds. Raises DemoFailed after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not holds(answer := ask()):
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what}: not within {PATIENCE:g} s; last seen: {answer}")
        time.sleep(0.05)  # polls GET /status, as the contract's consumers do
    return answer


def expect(seen: object, wanted: object, what: str) -> None:
    """Raise DemoFailed unless they are equal."""
    if seen != wanted:
        raise DemoFailed(f"{what} is {seen!r}, not {wanted!r}")


def _program() -> str:
    """Return this program as it was typed."""
    typed = Path(sys.argv[0])
    return str(typed) if typed.name == "session-manager" else f"{sys.executable} -m gateway.cli"


def _there_is_a_decoder() -> None:
    """Check for the QR decoder before anything is started; the service itself needs none. Raises DemoFailed."""
    if importlib.util.find_spec("zxingcpp") is None:
        python = sys.executable
        raise DemoFailed(f"it reads the QR with a decoder that is not installed: {python} -m pip install zxing-cpp")


def decoded(data_url: str | None) -> str:
    """Return the text of the QR in a `data:image/png;base64,…` URL, as a camera reads it. Raises DemoFailed."""
    import zxingcpp
    from PIL import Image

    if data_url is None:
        raise DemoFailed("/status shows no QR")
    png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as image:
        found = zxingcpp.read_barcodes(
            image.convert("L"), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    if len(found) != 1:
        raise DemoFailed(f"{len(found)} QR codes were read in the image")
    return str(found[0].text)
