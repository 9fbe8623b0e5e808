"""The settings of the service: one explicit object, read once, passed down.

settings   Settings: every setting with its unit, limits and default
loading    the sources of values (options, environment, file), and the refusals of a start, SettingsRefused among them
reference  docs/settings.md, made from the model
"""

from actors.settings.loading import FILE_VARIABLE, SettingsRefused, StartRefused, load
from actors.settings.settings import ENV_PREFIX, Settings, env_name

__all__ = ["ENV_PREFIX", "FILE_VARIABLE", "Settings", "SettingsRefused", "StartRefused", "env_name", "load"]
