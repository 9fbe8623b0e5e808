"""Operations as orders to a page, with the files among their arguments. On the loop only."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.browser.cdp import FileOnDisk, ScriptFailed, Wire, ask, ask_with_files
from actors.clients.operations import Operation
from actors.clients.operations.fields import File
from actors.clients.types import Seconds


@dataclass(frozen=True, slots=True)
class PageOrders:
    """The orders to the pages of one browser. `media` is the directory of files, `threads` are for looking at them."""

    media: Path
    threads: Executor

    async def give(self, wire: Wire, operation: Operation[Any], *, seconds: Seconds, **more: Any) -> Any:
        """Order an operation, with `more` among its arguments; return the page's answer. Files take longer.

        Raises ScriptFailed if it was not carried out; WireError, WireSilent if that is unknown.
        """
        name, arguments = operation.operation_name, {**operation.arguments, **more}
        if not operation.files:
            return await ask(wire, name, arguments, seconds=seconds)
        files = {field: await self._on_disk(file) for field, file in operation.files.items()}
        return await ask_with_files(wire, name, arguments, files, seconds=seconds + operation.upload)

    async def _on_disk(self, file: File) -> FileOnDisk:
        """Return where the file is. Raises ScriptFailed where it is gone, or has been cut short."""
        path = self.media / file.digest
        try:
            size = (await asyncio.get_running_loop().run_in_executor(self.threads, path.stat)).st_size
        except OSError as error:
            raise ScriptFailed(f"its file is gone from the media store: {error.strerror}", "FILE_GONE") from error
        if size != file.size:
            raise ScriptFailed(f"its file in the media store has {size} bytes, not {file.size}", "FILE_GONE")
        return FileOnDisk(path, file.filename, file.mimetype)
