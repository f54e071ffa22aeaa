"""A load generator small enough not to be what is measured: raw sockets kept open, one process a client."""

import multiprocessing
import socket
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

CLIENTS = 2
WARM_UP = 30


class Figure(NamedTuple):
    """Requests a second, and the time in milliseconds that 95 % of them stayed under."""

    per_second: float
    p95: float


class Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.buffer = b""

    def get(self, path: str) -> int:
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: */*\r\n\r\n")

    def post(self, path: str, form: str) -> int:
        return self._ask(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nSec-Fetch-Site: same-origin\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
        )

    def _ask(self, request: str) -> int:
        """Send a request, read its answer whole, give its status."""
        self.socket.sendall(request.encode())
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self.buffer[:end].lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(self.buffer) < end + 4 + length:
            self._receive()
        self.buffer = self.buffer[end + 4 + length :]
        return int(head.split(b" ", 2)[1])

    def _receive(self) -> None:
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the server hung up")
        self.buffer += part


def get(port: int, path: str, *, seconds: float) -> Figure:
    """CLIENTS clients that ask for one page over and over."""
    with multiprocessing.get_context("spawn").Pool(CLIENTS) as clients:
        found = clients.starmap(_get_for, [(port, path, seconds)] * CLIENTS)
    return figure_of([duration for durations in found for duration in durations], clients=CLIENTS)


def _get_for(port: int, path: str, seconds: float) -> list[float]:
    connection = Connection(port)
    for _ in range(WARM_UP):
        _expect(connection.get(path), 200, path)
    return _time_until(time.perf_counter() + seconds, lambda: _expect(connection.get(path), 200, path))


def _time_until(end: float, ask: Callable[[], None]) -> list[float]:
    durations = []
    while (started := time.perf_counter()) < end:
        ask()
        durations.append(time.perf_counter() - started)
    return durations


def post_each(port: int, path: str, forms: list[str], *, expected: int) -> Figure:
    """One client that posts each form once."""
    connection = Connection(port)
    durations = []
    for form in forms:
        started = time.perf_counter()
        _expect(connection.post(path, form), expected, path)
        durations.append(time.perf_counter() - started)
    return figure_of(durations, clients=1)


def _expect(status: int, expected: int, path: str) -> None:
    if status != expected:
        raise RuntimeError(f"{path} answered {status} instead of {expected}; the server's words are in var/bench.log")


def figure_of(durations: list[float], *, clients: int) -> Figure:
    """`durations` in seconds, of one client after the other."""
    return Figure(
        per_second=clients / statistics.fmean(durations),
        p95=statistics.quantiles(durations, n=20)[-1] * 1000,
    )
