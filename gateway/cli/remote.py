"""Calls to a running service, for the commands that are its clients.

Exit codes: 1 the service refused, and the reason is printed; 4 no service answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx2
import typer

from actors.settings import StartRefused
from gateway.cli.address import ServiceAddress, Unreachable

DEFAULT_URL = ""
"""Where the service of these settings listens."""
SECONDS = 95.0
"""Longer than the service itself may wait for WhatsApp."""

_OURS = "x-request-id"
"""A header of every answer of the service."""

_REMEDIES = {
    "UNAUTHORIZED": ": give it with --key or SESSION_MANAGER_KEY",
    "SESSION_NOT_READY": ": `session-manager init CLIENT` starts a client, and waits until it is READY",
    "CLIENT_NOT_FOUND": ": `session-manager clients --all` lists those that are known",
    "WEBHOOK_NOT_FOUND": ": `session-manager webhooks list` lists them",
    "KEY_NOT_FOUND": ": `session-manager keys list` lists them",
    "FORBIDDEN": ": give another key with --key or SESSION_MANAGER_KEY",
}
"""The remedy to print, by the code of a refusal."""

Url = Annotated[
    str,
    typer.Option(
        envvar="SESSION_MANAGER_URL",
        help="Address of the service; by default as SM_HOST, SM_PORT and SM_TLS_CERT say.",
        show_default=False,
    ),
]
Key = Annotated[str | None, typer.Option(envvar="SESSION_MANAGER_KEY", help="API key; by default none is sent.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the service's JSON, for scripts.")]
ClientNumber = Annotated[int, typer.Argument(min=1, max=2**31 - 1, help="The client's number.", metavar="CLIENT")]


class ServiceRefused(StartRefused):
    """The service refused. `code` is the contract's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Remote:
    """A running service. A context manager."""

    def __init__(self, url: str, key: str | None) -> None:
        address = ServiceAddress.of(url)
        self.url = address.url
        self.http = address.client(SECONDS, {} if key is None else {"X-Api-Key": key})

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, client: int | None = None, **params: Any) -> Any:
        """GET, as JSON. Raises ServiceRefused, Unreachable."""
        return self.call("GET", path, client, params={k: v for k, v in params.items() if v is not None})

    def post(self, path: str, client: int | None = None, json: Any = None, **headers: str) -> Any:
        """POST, as JSON. Raises ServiceRefused, Unreachable."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, client, json=json, headers=named)

    def delete(self, path: str, client: int | None = None) -> Any:
        """DELETE, as JSON. Raises ServiceRefused, Unreachable."""
        return self.call("DELETE", path, client)

    def save(self, path: str, client: int, target: Path) -> None:
        """GET a file into `target`. Raises ServiceRefused, Unreachable, OSError."""
        with (
            self._reached(),
            self.http.stream("GET", path, headers={"X-Cliente-Id": str(client)}) as answer,
        ):
            if not answer.is_success:
                answer.read()
                raise refusal_of(answer)
            with target.open("wb") as file:
                for part in answer.iter_bytes():
                    file.write(part)

    def call(self, method: str, path: str, client: int | None = None, **how: Any) -> Any:
        """Make any call, as JSON. Raises ServiceRefused, Unreachable."""
        headers = {**how.pop("headers", {})} | ({} if client is None else {"X-Cliente-Id": str(client)})
        with self._reached():
            answer = self.http.request(method, path, headers=headers, **how)
        if not answer.is_success:
            raise refusal_of(answer)
        if _OURS not in answer.headers:
            raise ServiceRefused(
                "NO_SERVICE", f"{self.url} is no session-manager: name the service's address with --url."
            )
        return answer.json()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.InvalidURL as error:
            raise Unreachable(f"{self.url} is no address: {error}") from error
        except httpx2.TransportError as error:
            self._unreachable(error)

    def _unreachable(self, error: Exception) -> NoReturn:
        why = f"No service answers at {self.url} ({error or type(error).__name__})"
        raise Unreachable(f"{why}: start it (session-manager serve), or name another with --url.") from error


def refusal_of(answer: httpx2.Response) -> ServiceRefused:
    """Return the refusal in an answer that is no success."""
    try:
        body = answer.json()
        said = str(body.get("message", body.get("error")))
        code = str(body.get("code", answer.status_code))
    except (ValueError, AttributeError):
        said = f"{answer.url} answered {answer.status_code}, and not in JSON: name the service's address with --url."
        return ServiceRefused(str(answer.status_code), said)
    return ServiceRefused(code, said + _REMEDIES.get(code, ""))
