"""The settings of the service: one explicit object, read once, passed down.

settings   Settings: every setting with its unit, limits and default
loading    the sources of values (options, environment, file), and the refusals of a start, SettingsRefused among them
reference  docs/settings.md, made from the model
"""

from actors.settings.loading import FILE_VARIABLE, SettingsRefused, StartRefused, load
from actors.settings.settings import ENV_PREFIX, SANDBOX_DIR, Settings, env_name, is_path_prefix, with_sandbox

__all__ = [
    "ENV_PREFIX",
    "FILE_VARIABLE",
    "SANDBOX_DIR",
    "Settings",
    "SettingsRefused",
    "StartRefused",
    "env_name",
    "is_path_prefix",
    "load",
    "with_sandbox",
]
