"""What the filtering proxy costs: opening it with a sandbox, one request, a long download. On loopback alone.

    python bench/network.py [--runs 200] [--image NAME]

The ways are interleaved, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from livecoder.hosts import reach
from livecoder.sandbox import Room, backends
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.proxy import Proxy
from livecoder.sandbox.proxy.log import Log
from livecoder.sandbox.toolchains import Toolchains

LENGTH = 200 << 20
"""Bytes of the long download."""
PIECE = bytes(1 << 20)
HERE = ("127.0.0.0/8",)


@contextmanager
def serving(length: int) -> Generator[int]:
    """A server that sends so many bytes to whoever has asked; its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                for start in range(0, length, len(PIECE)):
                    connection.sendall(PIECE[: length - start])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


@contextmanager
def filtered(port: int) -> Generator[int]:
    """A proxy before that server, which is called a.example; its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    own = int(listener.getsockname()[1])
    with Proxy(listener, reach((f"a.example:{port}",), HERE), Log(), lambda name, port: ["127.0.0.1"]):
        yield own


def asked(port: int, request: str) -> int:
    """Bytes of the answer."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(request.encode())
        length = 0
        while data := connection.recv(1 << 18):
            length += len(data)
        return length


def milliseconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def compared(runs: int, plain: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Medians, in milliseconds."""
    pairs = [(milliseconds(plain), milliseconds(other)) for _ in range(runs)]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def opened(backend: str, image: str, place: Path, *, network: bool) -> None:
    workspace = place / "workspace"
    workspace.mkdir(exist_ok=True)
    room = Room(workspace, workspace, place / f"scratch-{network}", network=network)
    with backends.backend(backend, room, Toolchains(), Policy(reach=reach(("*",)), image=image)):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--image", default="", help="Open containers of it as well.")
    options = parser.parse_args()
    runs: int = options.runs
    for name in backends.NAMES if options.image else ("bubblewrap",):
        with tempfile.TemporaryDirectory() as folder:
            one = partial(opened, name, options.image, Path(folder))
            without, proxied = compared(runs // 10, partial(one, network=False), partial(one, network=True))
        print(f"a sandbox of {name} opens in {without:.0f} ms, with the proxy in {proxied:.0f}")
    for length, times in ((7, runs), (LENGTH, 3)):
        with serving(length) as port, filtered(port) as proxy:
            host = f"a.example:{port}"
            plain = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"
            direct, through = compared(times, lambda p=port, r=plain: asked(p, r), lambda p=proxy, r=plain: asked(p, r))
        print(f"{length:,} bytes take {direct:.2f} ms, through the proxy {through:.2f}")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
