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
`{FILE_VARIABLE}` or `--config` names. The environment overrides the file. Durations are in seconds, sizes in the unit
that the text names; what people read is in brackets. An unknown `SM_` name or an impossible value stops the start with
exit code 2.

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
    default = f"{_default(field.default)}{_in_words(field)}"
    return f"| `{env_name(name)}` | {default} | {field.description}{one_of} |"


_DURATIONS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def _in_words(field: FieldInfo) -> str:
    """Return a duration or a size as people read it, in brackets; nothing where the number says as much."""
    value, text = field.default, field.description or ""
    if isinstance(value, float):
        size, unit = next(((size, unit) for size, unit in _DURATIONS if value >= size and value % size == 0), (0, ""))
    elif isinstance(value, int) and not isinstance(value, bool) and ("MiB" in text or "in bytes" in text):
        value *= 2**20 if "MiB" in text else 1
        size, unit = next(((size, unit) for size, unit in _SIZES if value >= size and value % size == 0), (0, ""))
        if unit == "MiB" and "MiB" in text:
            return ""
    else:
        return ""
    return f" ({value // size:.0f} {unit})" if unit else ""


def _default(value: object) -> str:
    match value:
        case None | ():
            return ""
        case tuple():
            return f"`{shlex.join(value)}`"
        case Path():
            return f"`./{value}`"
        case float():
            return f"`{value:.0f}`" if value.is_integer() else f"`{value}`"
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    print(settings_page(), end="")
