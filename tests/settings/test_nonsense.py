"""Every setting with values that cannot be: one sentence before anything is started, and no traceback."""

from __future__ import annotations

from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import pytest

from actors.browser.fake import FakeBrowser
from actors.settings import Settings, SettingsRefused, StartRefused, env_name, load
from actors.system import System
from gateway.server import listen

FREE = "any text will do"
NUMBERS = ("x", "-1", "nan", "1e999")
FILES = ("/nothing/there", "/dev/null/x", "~nobody-of-that-name/x")
NONSENSE: dict[str, tuple[str, ...] | str] = {
    "host": ("no such host", "a" * 300, "..", "999.1.1.1", "[::1]", "2001:db8::1"),
    "api_key": ("short", "with a space in it", "ñandú-ñandú-ñandú"),
    "allowed_origins": ("example.org", "https://a/b", "*", "https://", "ftp://a"),
    "allowed_hosts": ("https://a", "a b", "*", "a/b", "[x"),
    "trusted_proxies": ("proxy", "10.0.0.0/99", "10.0.0.1/8"),
    "data_dir": ("/dev/null/x", "~nobody-of-that-name/x", "/proc/nothing", "a" * 5000),
    "database_url": (
        *("nonsense", "http://example.org", "mysql://h/db", "oracle://h", "postgresql+asyncpg://h/db", "://"),
        *("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+aiosqlite:///x.db", "sqlite:////tmp/x?foo=bar"),
        *("postgresql://u@127.0.0.1:1/db?schema=public", "postgresql://h:abc/db", "postgresql://[::1/db"),
    ),
    "whatsapp_url": ("web.whatsapp.com", "http://", "ftp://a", "//", "javascript:alert(1)"),
    "chromium": ("/nothing/there", "/dev/null", "~nobody-of-that-name/x"),
    "chromium_hosts": ("https://a", "a b", "a/b", "*,a"),
    "chromium_args": ("'--open", '"'),
    "tls_cert": FILES,  # without its key; what is no certificate: tests/gateway/test_exposure.py
    "tls_key": FILES,
    "public_url": ("example.org", "ftp://a", "https://a b", "https://"),
    "path_prefix": ("wa", "/w a", "/wa?", "//evil.example", "/../x", "/wa#x"),
    "user_agent": FREE,
    "media_in_types": FREE,
}
"""What no setting of numbers, words or yes and no is, by setting."""


def impossible(name: str) -> tuple[str, ...] | str:
    if name in NONSENSE:
        return NONSENSE[name]
    field = Settings.model_fields[name]
    kinds = get_args(field.annotation) if get_origin(field.annotation) is UnionType else (field.annotation,)
    if any(get_origin(kind) is Literal for kind in kinds) or bool in kinds:
        return ("x",)
    if int in kinds or float in kinds:
        return NUMBERS
    if str in kinds and "rate" in name:
        return ("x", "-1", "5/never", "5/", "/minute")
    raise AssertionError(f"say which values of {name} are nonsense")


TABLE = [(name, value) for name in Settings.model_fields for value in impossible(name) if impossible(name) != FREE]


@pytest.mark.parametrize(("name", "value"), TABLE, ids=lambda said: str(said)[:30])
def test_a_value_that_cannot_be_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(env_name(name), value)
    with pytest.raises(StartRefused) as refused:
        begin(load(), name)
    lines = str(refused.value).splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(".")
    assert not lines[0].rstrip(".").count(". ")
    of_this_host = name in ("host", "data_dir", "chromium")
    assert isinstance(refused.value, SettingsRefused) or of_this_host, "exit code 2"


def begin(settings: Settings, name: str) -> None:
    """Do what a start does before anything is running, as far as it concerns the setting. Raises StartRefused."""
    if name == "host":
        listen(settings.host, 0).close()
    browser: Any = None if name == "chromium" else FakeBrowser()
    system = System(settings, browser)
    system.keys()
    system.check()
