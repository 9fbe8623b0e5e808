"""A load generator lean enough to keep a server's core busy from another one: blocking sockets, epoll, no parsing.

`python -m tests.benchmarks.load PORT PATH --client N …` prints requests per second. Each connection sends the next
request when the answer before is complete; every answer must be as long as the first one, and a 200.
"""

from __future__ import annotations

import argparse
import select
import socket
import time

from tests.benchmarks.cores import LOAD, pin

WARMING_UP = 0.3
"""Seconds before counting starts."""


def main() -> None:
    """Print requests per second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--client", type=int, default=1)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2.0)
    said = parser.parse_args()
    pin(LOAD)
    request = f"GET {said.path} HTTP/1.1\r\nHost: 127.0.0.1:{said.port}\r\nX-Cliente-Id: {said.client}\r\n\r\n".encode()
    print(measure(said.port, request, said.connections, said.seconds))


def measure(port: int, request: bytes, connections: int, seconds: float) -> float:
    """Requests per second. Raises AssertionError if an answer is not a 200 or not like the first one."""
    open_ones = {}
    poll = select.epoll()
    try:
        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_ones[connection.fileno()] = connection
        length = len(_whole_answer(next(iter(open_ones.values())), request))
        for number, connection in open_ones.items():
            poll.register(number, select.EPOLLIN)
            connection.send(request)
        return _answers(poll, open_ones, request, length, seconds)
    finally:
        poll.close()
        for connection in open_ones.values():
            connection.close()


def _answers(
    poll: select.epoll, connections: dict[int, socket.socket], request: bytes, length: int, seconds: float
) -> float:
    """Complete answers per second, counted once the server is warm."""
    missing = dict.fromkeys(connections, length)
    answers = 0
    start = time.perf_counter() + WARMING_UP
    while (now := time.perf_counter()) < start + seconds:
        for number, _ in poll.poll(1.0):
            data = connections[number].recv(65536)
            assert data, "the server closed a connection"
            assert missing[number] != length or data.startswith(b"HTTP/1.1 200"), data[:200]
            missing[number] -= len(data)
            assert missing[number] >= 0, "an answer is longer than the first one"
            if missing[number] == 0:
                missing[number] = length
                answers += now >= start
                connections[number].send(request)
    return answers / (now - start)


def _whole_answer(connection: socket.socket, request: bytes) -> bytes:
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


if __name__ == "__main__":
    main()
