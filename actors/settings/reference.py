"""The settings as a Markdown page, made from the model: `python -m actors.settings.reference > docs/settings.md`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from actors.settings.loading import FILE_VARIABLE
from actors.settings.settings import Settings, env_name

HEAD = f"""# Settings

A setting is an environment variable, or a key (the name without `SM_`, in lower case) of the TOML file that
`{FILE_VARIABLE}` or `--config` names. The environment overrides the file. Durations are in seconds. An unknown `SM_`
name or an impossible value stops the start with exit code 2.

"""


def settings_page() -> str:
    """Return the page: an introduction, then the table."""
    return HEAD + settings_table()


def settings_table() -> str:
    """Return one Markdown row per setting, in the order of the model."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join(["| Setting | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    choices = [value for value in get_args(field.annotation) if isinstance(value, str)]
    one_of = f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    return f"| `{env_name(name)}` | {_default(field.default)} | {field.description}{one_of} |"


def _default(value: object) -> str:
    match value:
        case None | ():
            return ""
        case tuple():
            return f"`{shlex.join(value)}`"
        case Path():
            return f"`./{value}`"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    print(settings_page(), end="")
