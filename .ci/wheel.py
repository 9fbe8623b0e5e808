"""The build of the wheel: it fails where files from npm are missing, which no program could do without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FilesFromNpm(BuildHookInterface):  # type: ignore[misc, type-arg]  # hatchling is there during a build only
    """Looks for the files that the wheel is to carry besides those under version control (`artifacts`)."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """End the build with one sentence if a file is missing. An editable installation comes before `make setup`."""
        missing = [
            name for name in self.build_config.target_config["artifacts"] if not (Path(self.root) / name).is_file()
        ]
        if missing and version != "editable":
            more = f"{missing[0]}, and {len(missing) - 1} more files from npm"
            self.app.abort(f"The wheel would lack {more}: run `make setup` first, which fetches wa-js and Swagger UI.")
