"""What an operator can set. The field is the setting: `init_wait` is SM_INIT_WAIT in the environment.

Rule of this file: durations are seconds, memory and disk are MiB; a description is a sentence fit for the README; a
value that could not work is refused here, not where it would fail.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from pathlib import Path
from typing import Annotated, Literal, Self

import limits
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ENV_PREFIX = "SM_"
_YEAR = 365 * 24 * 3600.0

Duration = Annotated[float, Field(ge=0, le=_YEAR, allow_inf_nan=False)]
"""Seconds; 0 means at once."""
Deadline = Annotated[float, Field(gt=0, le=_YEAR, allow_inf_nan=False)]
"""Seconds; there is no waiting for ever, and no waiting for nothing."""
Mebibytes = Annotated[int, Field(ge=0, le=2**24)]
"""MiB; 0 means no limit."""

_http_url: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)

_VISIBLE_ASCII = re.compile(r"[!-~]+")
_MIN_KEY = 16
"""Characters of the shortest key an operator may choose; keys the service draws have 256 bits."""


def _in_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _rate(value: str) -> str:
    """A rate in the notation of `limits`; a number alone is per minute, and 0 is no limit (kept as "0")."""
    text = f"{value}/minute" if value.isascii() and value.isdigit() else value
    if re.match(r"0+\D", text):
        return "0"
    try:
        limits.parse(text)
    except ValueError:
        raise ValueError('should be a rate such as "5/minute" or "100 per 10 seconds", or 0 for no limit') from None
    return text


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_in_commas)]
"""Comma separated in the environment."""
Rate = Annotated[str, AfterValidator(_rate)]
"""So many in so much time; "0" means no limit."""


class Settings(BaseSettings):
    """Every setting of the service, checked. Immutable: pass it down, never look it up.

    `Settings(...)` reads the environment too; `load` also reads a file and explains mistakes.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    # HTTP
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(
        3001,
        ge=0,
        le=65535,
        description="Port to listen on; 0 takes a free one. `PORT` counts where this is unset.",
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate chain to serve HTTPS with.")
    tls_key: Path | None = Field(None, description="PEM file with the private key of that certificate.")
    # Who may call
    api_key: SecretStr | None = Field(
        None,
        description="A first key with every scope, at least 16 characters; without any key the service listens on "
        "loopback only, and anyone there may do anything.",
    )
    allowed_origins: Listed = Field(
        (), description="Origins (`https://app.example`) whose pages may call, comma separated; unset, none."
    )
    allowed_hosts: Listed = Field(
        (),
        description="Names the Host header may have (`*.example.org` for any below), comma separated; unset, any, or "
        "as long as there is no key those of loopback.",
    )
    trusted_proxies: Listed = Field(
        (),
        description="Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, comma "
        "separated.",
    )
    # Abuse
    init_rate: Rate = Field("5/minute", description="Starts of one client by POST /init; 0, no limit.")
    init_address_rate: Rate = Field("30/minute", description="Starts by POST /init from one address; 0, no limit.")
    send_rate: Rate = Field("0", description="Messages that may be handed in for one client; 0, no limit.")
    wrong_key_rate: Rate = Field(
        "0",
        description="Calls with a wrong key from one address that are answered 401; beyond, 429. A right key is let in "
        "all the same. 0: always 401.",
    )
    request_rate: Rate = Field("0", description="Calls of one key, or of one address without a key; 0, no limit.")
    max_connections: int = Field(500, ge=1, le=1_000_000, description="Connections open at a time.")
    max_header_size: int = Field(
        16_384, ge=1024, le=1_048_576, description="Bytes of a request's first line and headers together."
    )
    header_timeout: Deadline = Field(10.0, description="How long a request's first line and headers may take to come.")
    body_timeout: Deadline = Field(30.0, description="How long a request's body may take to come.")
    write_timeout: Deadline = Field(30.0, description="How long a caller may leave an answer unread.")
    # Where things are
    data_dir: Path = Field(
        Path("./data"), description="Directory of all that must survive: browser profiles and the database."
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the database; unset, SQLite in the data directory."
    )
    sqlite_journal_mode: Literal["WAL", "DELETE", "TRUNCATE", "PERSIST"] = Field(
        "WAL",
        description="How SQLite keeps its journal; but for WAL, readers and the writer wait for each other.",
    )
    sqlite_synchronous: Literal["OFF", "NORMAL", "FULL", "EXTRA"] = Field(
        "FULL", description="How SQLite flushes to disk; below FULL a power cut may lose what was acknowledged."
    )
    whatsapp_url: str = Field("https://web.whatsapp.com/", description="Address of WhatsApp Web.")
    # The browser
    chromium: Path | None = Field(
        None, description="Chromium to run; unset, `chromium-headless-shell` or `chromium`, whichever is found first."
    )
    chromium_args: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further Chromium flags, split as a shell would."
    )
    no_sandbox: bool | None = Field(
        None, description="Switch Chromium's own sandbox off; unset, only where the service runs as root."
    )
    user_agent: str | None = Field(None, description="User agent; unset, Chromium's own, without the word Headless.")
    qr_form: Literal["url", "plain"] = Field(
        "url",
        description="Text of the QR: `url`, the address that WhatsApp Web shows since July 2026 and that a phone's own "
        "camera opens; `plain`, its fields alone, as before.",
    )
    # Starting and being read
    init_wait: Duration = Field(15.0, description="How long POST /init waits for a first state.")
    qr_wait: Duration = Field(30.0, description="How long GET /qr-code waits for a QR.")
    qr_lifetime: Deadline = Field(300.0, description="How long QRs are shown before an unscanned client is given up.")
    start_patience: Deadline = Field(
        60.0, description="How long a start may take until a QR shows or the client is READY."
    )
    start_concurrency: int = Field(2, ge=1, le=1000, description="How many clients resume at a time after a restart.")
    send_timeout: Deadline = Field(30.0, description="How long a message may take to be accepted by WhatsApp.")
    send_pace: Duration = Field(
        0.0, description="Least time between two messages of a client, up to half as long again by chance; 0, none."
    )
    outbox_limit: int = Field(
        10_000, ge=1, le=10_000_000, description="How many messages of one client may wait to be sent."
    )
    message_retention: Deadline = Field(
        30 * 86_400.0, description="How long a settled message, and its idempotency key, is remembered."
    )
    event_retention: Deadline = Field(7 * 86_400.0, description="How long events are kept for streams and webhooks.")
    event_limit: int = Field(500_000, ge=1000, le=1_000_000_000, description="How many events are kept at most.")
    event_retention_size: Mebibytes = Field(
        512, description="How much (MiB) events of all clients together may take before the oldest go; 0, no limit."
    )
    # Streams and webhooks
    stream_heartbeat: Deadline = Field(
        15.0, description="How long a stream of events is silent at most: then it says that it lives."
    )
    stream_buffer: int = Field(
        5000, ge=1, le=1_000_000, description="How many events a reader of a stream may be behind before it is cut off."
    )
    webhook_allow_private: bool = Field(
        False, description="Let webhooks reach private, loopback and link-local addresses too."
    )
    webhook_timeout: Deadline = Field(15.0, description="How long the target of a webhook may take to answer.")
    webhook_attempts: int = Field(15, ge=1, le=1000, description="How often an event is sent before it is given up.")
    webhook_retry_growth: Literal["constant", "linear", "exponential"] = Field(
        "exponential", description="How delays between attempts grow."
    )
    webhook_retry_delay: Deadline = Field(2.0, description="Delay after the first attempt that fails.")
    webhook_retry_cap: Deadline = Field(900.0, description="Longest delay between attempts.")
    webhook_give_up_after: Deadline = Field(
        86_400.0, description="How long a target may do nothing but fail before each event gets one attempt only."
    )
    dead_letter_retention: Deadline = Field(
        30 * 86_400.0, description="How long events that were given up are kept to be sent again."
    )
    # Living without a human
    max_reconnection_attempts: int = Field(3, ge=0, le=1000, description="Reconnections in a row before ERROR.")
    backoff_first: Deadline = Field(1.0, description="Delay before the first reconnection; the next ones double it.")
    backoff_cap: Deadline = Field(60.0, description="Longest delay between reconnections.")
    stable_after: Duration = Field(60.0, description="How long READY must last before delays start small again.")
    link_patience: Deadline = Field(
        600.0, description="How long a page may be without WhatsApp before it is opened afresh."
    )
    probe_interval: Deadline = Field(15.0, description="Time between two looks at whether a page still answers.")
    probe_timeout: Deadline = Field(5.0, description="How long a page may take to answer such a look.")
    server_check_interval: Duration = Field(
        60.0, description="Time between two questions to WhatsApp's server, by which READY is proved; 0, none is asked."
    )
    server_check_timeout: Deadline = Field(15.0, description="How long WhatsApp's server may take to answer one.")
    update_within: Deadline = Field(
        86_400.0, description="How long a page that asks for an update and goes on may stay before it is loaded anew."
    )
    update_quiet: Duration = Field(
        60.0, description="How long no message or call must have been heard of for that to be a quiet moment."
    )
    cleanup_delay: Duration = Field(60.0, description="How long an ended client stays readable before it is destroyed.")
    # Limits
    max_clients: int = Field(0, ge=0, le=1_000_000, description="How many clients may run; 0, no limit.")
    client_memory: Mebibytes = Field(
        0, description="Memory (PSS, MiB) of one client's processes before it is restarted; 0, no limit."
    )
    profile_limit: Mebibytes = Field(
        0, description="Size (MiB) of a stored profile before its caches are pruned; 0, no limit."
    )
    # Ending
    shutdown_timeout: Deadline = Field(15.0, description="How long a stop may take; a page has half of it to close.")
    close_grace: Deadline = Field(5.0, description="How long one Chromium may take to close before it is killed.")
    # Being watched
    metrics_open: bool = Field(False, description="Whether GET /metrics needs no key.")
    # Logs
    log_format: Literal["json", "console"] = Field("json", description="One JSON object a line, or text for people.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @field_validator("chromium_args", mode="before")
    @classmethod
    def _split_like_a_shell(cls, value: object) -> object:
        try:
            return tuple(shlex.split(value)) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"should be quoted as in a shell ({error})") from error

    @field_validator("log_level", "log_format", "webhook_retry_growth", mode="before")
    @classmethod
    def _in_lower_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("whatsapp_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return str(_http_url.validate_python(value))

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            secret = value.get_secret_value()
            if len(secret) < _MIN_KEY or not _VISIBLE_ASCII.fullmatch(secret):
                raise ValueError(f"should have at least {_MIN_KEY} visible ASCII characters and no space")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_origin(value) for value in values)

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(r"(\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\]", value.lower()):
                raise ValueError(f"should be names such as example.org, not {value!r}, without scheme or port")
        return tuple(value.lower() for value in values)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                ipaddress.ip_network(value)
            except ValueError as error:
                raise ValueError(f"should be addresses or networks such as 10.0.0.0/8 ({error})") from error
        return values

    @field_validator("data_dir", "chromium", "tls_cert", "tls_key")
    @classmethod
    def _without_tilde(cls, value: Path | None) -> Path | None:
        try:
            return None if value is None else value.expanduser()
        except RuntimeError as error:
            raise ValueError("should not name the home directory of a user there is not") from error

    @model_validator(mode="after")
    def _cap_is_above_first(self) -> Self:
        if self.backoff_cap < self.backoff_first:
            raise ValueError("SM_BACKOFF_CAP should be at least SM_BACKOFF_FIRST")
        return self

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SM_TLS_CERT and SM_TLS_KEY should be set together")
        return self


def _origin(value: str) -> str:
    """An origin as browsers write it: scheme, host, and the port where it is not the scheme's own."""
    url = _http_url.validate_python(value)
    if url.path not in (None, "", "/") or url.query or url.fragment or url.username or url.password:
        raise ValueError(f"should be origins such as https://app.example, not {value!r}")
    port = "" if (url.scheme, url.port) in {("http", 80), ("https", 443)} else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


def env_name(field: str) -> str:
    """The environment's name of a setting: `init_wait` -> `SM_INIT_WAIT`."""
    return ENV_PREFIX + field.upper()
