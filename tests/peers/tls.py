"""A TLS end in front of the sandbox, so that programs which ask for https://web.whatsapp.com/ come to it."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

HOST = "web.whatsapp.com"
CHUNK = 65536


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for HOST that nobody has signed but itself, and its key."""
    written, key = directory / "peer.crt", directory / "peer.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}", "-out", str(written), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return written, key


class TlsEnd:
    """Listens on a free port of loopback and carries bytes between TLS connections and `port`."""

    def __init__(self, port: int, directory: Path) -> None:
        self._target = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate(directory))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-end")
        self._open: set[asyncio.Task[None]] = set()
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                carrying = [asyncio.ensure_future(_carry(reader, back)), asyncio.ensure_future(_carry(there, writer))]
                try:
                    await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in carrying:
                        one.cancel()
                    await asyncio.gather(*carrying, return_exceptions=True)
            finally:
                await _close(back)
        except OSError:
            return  # the sandbox is closed already
        finally:
            await _close(writer)
            self._open.discard(task)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
