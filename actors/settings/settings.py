"""The settings of the service. The field is the setting: `init_wait` is SM_INIT_WAIT in the environment.

Durations are seconds, memory and disk are MiB; a description is a sentence for docs/settings.md; an impossible value is
refused here, not where it would fail.
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
"""Seconds; 0 means immediately."""
Deadline = Annotated[float, Field(gt=0, le=_YEAR, allow_inf_nan=False)]
"""Seconds; neither infinite nor 0."""
Mebibytes = Annotated[int, Field(ge=0, le=2**24)]
"""MiB; 0 means no limit."""

_http_url: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_MIN_KEY = 16
"""The shortest key an operator may choose, in characters; keys created by the service have 256 bits."""


def _in_commas(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _rate(value: str) -> str:
    """Validate a rate in the notation of `limits`; a number alone is per minute, and 0 is no limit (kept as "0")."""
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
"""A number of calls per time; "0" means no limit."""


class Settings(BaseSettings):
    """Every setting of the service, validated. Immutable: pass it down, never look it up.

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
        description="Port to listen on; 0 takes a free port. `PORT` is used if this is unset.",
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate chain to serve HTTPS with.")
    tls_key: Path | None = Field(None, description="PEM file with the private key of that certificate.")
    # Authentication
    api_key: SecretStr | None = Field(
        None,
        description="A first key with every scope, at least 16 characters; without any key the service listens on "
        "loopback only, and every caller there has every scope.",
    )
    allowed_origins: Listed = Field(
        (), description="Origins (`https://app.example`) whose pages may call, comma separated; none by default."
    )
    allowed_hosts: Listed = Field(
        (),
        description="Allowed names in the Host header (`*.example.org` for every subdomain), comma separated; by "
        "default "
        "every name, or only those of loopback while no key exists.",
    )
    trusted_proxies: Listed = Field(
        (),
        description="Addresses and networks of proxies whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Prefix "
        "are believed, comma separated.",
    )
    # Abuse
    init_rate: Rate = Field("5/minute", description="Starts of one client by POST /init; 0, no limit.")
    init_address_rate: Rate = Field("30/minute", description="Starts by POST /init from one address; 0, no limit.")
    send_rate: Rate = Field("0", description="Messages accepted for one client; 0, no limit.")
    wrong_key_rate: Rate = Field(
        "0",
        description="Calls with a wrong key from one address that are answered 401; more are answered 429. A valid "
        "key is "
        "accepted all the same. 0: always 401.",
    )
    request_rate: Rate = Field("0", description="Calls of one key, or of one address without a key; 0, no limit.")
    max_connections: int = Field(500, ge=1, le=1_000_000, description="Limit of open connections.")
    max_connections_each: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Limit of open connections from one address (of IPv6: one /64), unless it is a trusted proxy: "
        "then of requests in progress from each address that it forwards. The same limit holds for those of one key. "
        "0: three quarters of SM_MAX_CONNECTIONS.",
    )
    max_header_size: int = Field(
        16_384, ge=1024, le=1_048_576, description="Limit of a request's first line and headers together, in bytes."
    )
    header_timeout: Deadline = Field(10.0, description="Time limit for receiving a request's first line and headers.")
    body_timeout: Deadline = Field(30.0, description="Time limit for receiving a request's body.")
    keep_alive: Deadline = Field(
        75.0,
        description="Time that a connection is kept between two requests; longer than a proxy in front keeps it "
        "(nginx: 60), or some requests through the proxy end in 502.",
    )
    write_timeout: Deadline = Field(30.0, description="Time limit for a caller to read an answer.")
    # Directories and the database
    data_dir: Path = Field(
        Path("./data"),
        description="Directory of everything persistent: browser profiles and the database; with `serve --sandbox`, "
        "`./data-sandbox` by default.",
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the database; unset, SQLite in the data directory."
    )
    sqlite_journal_mode: Literal["WAL", "DELETE", "TRUNCATE", "PERSIST"] = Field(
        "WAL",
        description="SQLite's journal mode; except with WAL, readers and the writer wait for each other.",
    )
    sqlite_synchronous: Literal["OFF", "NORMAL", "FULL", "EXTRA"] = Field(
        "FULL", description="SQLite's synchronous mode; below FULL a power cut may lose acknowledged writes."
    )
    whatsapp_url: str = Field(
        "https://web.whatsapp.com/",
        description="Address of WhatsApp Web. The database remembers its origin, and no service with another one uses "
        "it.",
    )
    # The browser
    chromium: Path | None = Field(
        None, description="Chromium to run; by default the first found of `chromium-headless-shell` and `chromium`."
    )
    chromium_args: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Additional Chromium flags, split as in a shell."
    )
    chromium_hosts: Listed = Field(
        (),
        description="Further hosts that Chromium may reach (`*.example.org` for every subdomain), comma separated; "
        "`*`, any; by default those of WhatsApp, of `SM_WHATSAPP_URL` and of proxies.",
    )
    no_sandbox: bool | None = Field(
        None, description="Switch off Chromium's own sandbox; by default only if the service runs as root."
    )
    user_agent: str | None = Field(
        None, description="User agent; by default Chromium's own, without the word Headless."
    )
    proxy_from_environment: bool = Field(
        False,
        description="Let pages go through the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`, "
        "`NO_PROXY`), except to loopback. A client's own proxy comes first.",
    )
    qr_form: Literal["url", "plain"] = Field(
        "url",
        description="Text of the QR: `url`, the address that WhatsApp Web shows since July 2026 and that a phone's own "
        "camera opens; `plain`, its fields alone, as before.",
    )
    # Starting clients and reading pages
    init_wait: Duration = Field(15.0, description="Time that POST /init waits for a first state.")
    qr_wait: Duration = Field(30.0, description="Time that GET /qr-code waits for a QR.")
    qr_lifetime: Deadline = Field(300.0, description="Time that QRs are shown before an unscanned client ends.")
    start_patience: Deadline = Field(
        60.0, description="Time limit of a start, until a QR shows or the client is READY."
    )
    start_concurrency: int = Field(
        2,
        ge=1,
        le=1000,
        description="Number of Chromiums that are launched at a time for POST /init, and as many for clients that "
        "resume or reconnect.",
    )
    send_timeout: Deadline = Field(30.0, description="Time limit for WhatsApp to accept a message.")
    send_pace: Duration = Field(
        0.0, description="Minimum time between two messages of a client, plus up to half of it at random; 0, none."
    )
    outbox_limit: int = Field(
        10_000, ge=1, le=10_000_000, description="Limit of one client's messages that wait to be sent."
    )
    account_change: Literal["hold", "send"] = Field(
        "hold",
        description="What becomes of queued messages when their client is linked to another account: `hold` keeps them "
        "until that account is back or somebody decides, `send` sends them from the new one.",
    )
    message_retention: Deadline = Field(
        30 * 86_400.0, description="Time that a settled message, and its idempotency key, is kept."
    )
    media_max: Mebibytes = Field(
        64,
        description="Size limit (MiB) of one file; 0, no limit. WhatsApp itself takes documents of up to 2048 MiB, and "
        "other files of up to 100 MiB.",
    )
    media_lifetime: Deadline = Field(
        86_400.0, description="Time that a file is kept, and that it is kept after the message which sent it has ended."
    )
    media_fetch_timeout: Deadline = Field(60.0, description="Time limit for fetching a file from its URL.")
    media_allow_private: bool = Field(
        False,
        description="Allow fetching files from private, loopback and link-local addresses. Unset, loopback is allowed "
        "while `SM_WHATSAPP_URL` is on loopback: a sandbox.",
    )
    media_in_types: Listed = Field(
        ("*/*",),
        description="MIME types of incoming files that are fetched, as patterns (`image/*`), comma separated; `none` "
        "for no file.",
    )
    media_in_max: Mebibytes = Field(
        64, description="Size limit (MiB) of an incoming file; a larger one is not fetched. 0, no limit."
    )
    media_in_lifetime: Deadline = Field(7 * 86_400.0, description="Time that an incoming file is kept.")
    media_in_size: Mebibytes = Field(
        5120, description="Size limit (MiB) of all incoming files together; the oldest are deleted. 0, no limit."
    )
    media_in_wait: Deadline = Field(
        120.0, description="Time that a message waits for its file before it is told without it."
    )
    event_retention: Deadline = Field(7 * 86_400.0, description="Time that events are kept for streams and webhooks.")
    event_limit: int = Field(500_000, ge=1000, le=1_000_000_000, description="Limit of events kept.")
    event_retention_size: Mebibytes = Field(
        512, description="Size limit (MiB) of the events of all clients; the oldest are deleted. 0, no limit."
    )
    # Streams and webhooks
    stream_heartbeat: Deadline = Field(15.0, description="Time without events after which a stream sends a heartbeat.")
    stream_buffer: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Number of events that a stream's reader may fall behind before it is disconnected.",
    )
    webhook_allow_private: bool = Field(
        False,
        description="Allow webhooks to private, loopback and link-local addresses. Unset, loopback is allowed "
        "while `SM_WHATSAPP_URL` is on loopback: a sandbox.",
    )
    webhook_timeout: Deadline = Field(15.0, description="Time limit for a webhook's target to answer.")
    webhook_attempts: int = Field(
        15, ge=1, le=1000, description="Number of attempts before an event becomes a dead letter."
    )
    webhook_retry_growth: Literal["constant", "linear", "exponential"] = Field(
        "exponential", description="Growth of the delays between attempts."
    )
    webhook_retry_delay: Deadline = Field(2.0, description="Delay after the first failed attempt.")
    webhook_retry_cap: Deadline = Field(900.0, description="Longest delay between attempts.")
    webhook_give_up_after: Deadline = Field(
        86_400.0, description="Time of continuous failure after which a target's events get one attempt each."
    )
    dead_letter_retention: Deadline = Field(30 * 86_400.0, description="Time that dead letters are kept for a replay.")
    # WAHA
    waha: bool = Field(True, description="Serve the calls of WAHA beside the native ones: see docs/waha.md.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[!-~]+$",
        description="Address under which consumers reach the service; events tell files with it. By default that on "
        "which it listens.",
    )
    path_prefix: str | None = Field(
        None,
        description="Path below which a proxy serves it, as `/wa`; the proxy may take it off, or leave it. "
        "X-Forwarded-Prefix of a trusted proxy comes first.",
    )
    waha_engine: Literal["WEBJS", "WPP", "NOWEB", "GOWS"] = Field(
        "WEBJS", description="Engine that WAHA's calls and events name; the raw data has the shape of `WEBJS`."
    )
    # Unattended operation
    max_reconnection_attempts: int = Field(3, ge=0, le=1000, description="Reconnections in a row before ERROR.")
    backoff_first: Deadline = Field(1.0, description="Delay before the first reconnection; each further delay doubles.")
    backoff_cap: Deadline = Field(60.0, description="Longest delay between reconnections.")
    stable_after: Duration = Field(60.0, description="Time that READY must last before delays and attempts start over.")
    link_patience: Deadline = Field(
        600.0, description="Time that a page may be disconnected from WhatsApp before it is reopened."
    )
    probe_interval: Deadline = Field(15.0, description="Time between two checks that a page still answers.")
    probe_timeout: Deadline = Field(5.0, description="Time limit for a page to answer such a check.")
    server_check_interval: Duration = Field(
        60.0,
        description="Time between two queries to WhatsApp's server, which prove that READY is true; 0, no queries.",
    )
    server_check_timeout: Deadline = Field(15.0, description="Time limit for WhatsApp's server to answer such a query.")
    update_within: Deadline = Field(
        86_400.0,
        description="Time that a page which asks for an update, and still works, may stay before it is reloaded.",
    )
    update_quiet: Duration = Field(
        60.0, description="Time without messages and calls that counts as a quiet moment for such a reload."
    )
    cleanup_delay: Duration = Field(
        60.0, description="Time that an ended client stays readable before it is destroyed."
    )
    # Limits
    max_clients: int = Field(0, ge=0, le=1_000_000, description="Limit of running clients; 0, no limit.")
    client_memory: Mebibytes = Field(
        0, description="Memory limit (PSS, MiB) of one client's processes, beyond which it is restarted; 0, no limit."
    )
    profile_limit: Mebibytes = Field(
        0, description="Size limit (MiB) of a stored profile, beyond which its caches are pruned; 0, no limit."
    )
    # Shutdown
    shutdown_timeout: Deadline = Field(15.0, description="Time limit of a stop; a page has half of it to close.")
    close_grace: Deadline = Field(5.0, description="Time limit for one Chromium to close before it is killed.")
    # Metrics
    metrics_open: bool = Field(False, description="Allow GET /metrics without a key.")
    # Logs
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        description="`json`, one object per line; `console`, text for people; `auto`, the text on a terminal, else "
        "JSON.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")

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

    @field_validator("path_prefix")
    @classmethod
    def _is_a_path(cls, value: str | None) -> str | None:
        if value is None or not (prefix := value.rstrip("/")):
            return None
        if not is_path_prefix(prefix):
            raise ValueError("should be a path such as /wa")
        return prefix

    @field_validator("host")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        try:
            value.encode("idna")
        except UnicodeError:
            raise ValueError("should be an address of this machine, or a name of it") from None
        return value

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

    @field_validator("chromium_hosts")
    @classmethod
    def _are_hosts_or_any(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return values if values == ("*",) else cls._are_hosts(values)

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
            raise ValueError("should not name the home directory of a user who does not exist") from error

    @model_validator(mode="after")
    def _bounds_fit_together(self) -> Self:
        if self.backoff_cap < self.backoff_first:
            raise ValueError("SM_BACKOFF_CAP should be at least SM_BACKOFF_FIRST")
        if self.webhook_retry_cap < self.webhook_retry_delay:
            raise ValueError("SM_WEBHOOK_RETRY_CAP should be at least SM_WEBHOOK_RETRY_DELAY")
        if 0 < self.media_in_size < self.media_in_max:
            raise ValueError("SM_MEDIA_IN_SIZE should be at least SM_MEDIA_IN_MAX")
        return self

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SM_TLS_CERT and SM_TLS_KEY should be set together")
        return self


def is_path_prefix(value: str) -> bool:
    """Return True for a path such as `/wa`, with nothing in it that a browser or a proxy could read otherwise."""
    segments = value.split("/")[1:]
    return bool(segments) and value[0] == "/" and all(_SEGMENT.fullmatch(one) and one.strip(".") for one in segments)


def _origin(value: str) -> str:
    """Return an origin as browsers write it: scheme, host, and the port unless it is the scheme's default."""
    url = _http_url.validate_python(value)
    if url.path not in (None, "", "/") or url.query or url.fragment or url.username or url.password:
        raise ValueError(f"should be origins such as https://app.example, not {value!r}")
    port = "" if (url.scheme, url.port) in {("http", 80), ("https", 443)} else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"


SANDBOX_DIR = Path("data-sandbox")
"""The data directory of a service that uses a sandbox as WhatsApp, unless one is set."""


def with_sandbox(settings: Settings, url: str) -> Settings:
    """Return the same settings for a service whose WhatsApp is the sandbox at this address."""
    apart = {} if "data_dir" in settings.model_fields_set else {"data_dir": SANDBOX_DIR}
    return settings.model_copy(update={"whatsapp_url": url, **apart})


def env_name(field: str) -> str:
    """Return the environment's name of a setting: `init_wait` -> `SM_INIT_WAIT`."""
    return ENV_PREFIX + field.upper()
