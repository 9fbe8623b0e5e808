"""Load the settings: command line, SM_* environment, PORT, TOML file, defaults, the strongest first.

Every mistake is reported, all at once, one sentence each, naming its place.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from actors.settings.settings import ENV_PREFIX, Settings, env_name

FILE_VARIABLE = "SM_CONFIG"
"""The variable that names the TOML file; the only SM_ name that is not a setting."""
_SECRET = {"database_url", "api_key"}
"""Settings whose values are never repeated."""
_KNOWN = {env_name(field) for field in Settings.model_fields} | {FILE_VARIABLE}
_NAMES = {name.removeprefix(ENV_PREFIX) for name in _KNOWN}
"""Names without the common prefix, which would make any two of them similar."""


class StartRefused(Exception):
    """The service cannot start.

    Its text is one sentence for the person at the command line: the fault and its remedy. `exit_code` is the process's.
    """

    exit_code = 1


class SettingsRefused(StartRefused):
    """Invalid settings. `problems` holds one sentence each."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(config: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings from the environment, the file (`config`, else SM_CONFIG) and the command line's options.

    An option that is None was not given. Raises SettingsRefused.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    file, problems = _read(config)
    known = {key: value for key, value in file.values.items() if key in Settings.model_fields}
    problems += [*_unknown_variables(os.environ), *_unknown_keys(file)]
    try:
        settings = _sourced(known)(**given)
    except ValidationError as error:
        problems += [_sentence(detail, given, file) for detail in error.errors(include_url=False)]
    if problems:
        raise SettingsRefused(problems)
    return settings


class _File:
    """A parsed settings file; empty if there is none."""

    def __init__(self, path: Path | None = None, values: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.values = values or {}


def _read(config: Path | None) -> tuple[_File, list[str]]:
    path = config or (Path(named) if (named := os.environ.get(FILE_VARIABLE)) else None)
    if path is None:
        return _File(), []
    try:
        return _File(path, tomllib.loads(path.read_text("utf-8"))), []
    except OSError as error:
        return _File(), [f"The settings file {path} cannot be read: {error.strerror}."]
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        return _File(), [f"The settings file {path} is not TOML: {error}."]


def _sourced(file: dict[str, Any]) -> type[Settings]:
    """Return Settings that also read a file's values and PORT."""

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            port = {"port": os.environ["PORT"]} if os.environ.get("PORT") else {}
            return (
                init_settings,
                env_settings,
                InitSettingsSource(settings_cls, port),
                InitSettingsSource(settings_cls, file),
            )

    return Sourced


def _unknown_variables(environment: Iterable[str]) -> list[str]:
    return [
        f"{name} is not a setting{_meant(name.upper().removeprefix(ENV_PREFIX), _NAMES, ENV_PREFIX)}"
        for name in sorted(environment)
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in _KNOWN
    ]


def _unknown_keys(file: _File) -> list[str]:
    return [
        f"{key} in {file.path} is not a setting{_meant(key, Settings.model_fields)}"
        for key in sorted(file.values)
        if key not in Settings.model_fields
    ]


def _meant(name: str, known: Iterable[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {prefix}{close[0]}?" if close else "."


def _sentence(detail: ErrorDetails, given: Mapping[str, Any], file: _File) -> str:
    what = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not detail["loc"]:
        return f"{what}."
    field = str(detail["loc"][0])
    value = "" if field in _SECRET else f" is {detail['input']!r} but"
    return f"{_place(field, given, file)}{value} {what}."


def _place(field: str, given: Mapping[str, Any], file: _File) -> str:
    """Return the name of a setting as the operator typed it."""
    if field in given:
        return "--" + field.replace("_", "-")
    names = [name for name in os.environ if name.upper() == env_name(field) and os.environ[name]]
    if names:
        return names[0]
    if field == "port" and os.environ.get("PORT"):
        return "PORT"
    return f"{field} in {file.path}"
