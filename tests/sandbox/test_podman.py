"""Podman in the place of docker: what it says of itself on its socket, and what it wants otherwise.

A server of ours answers as podman 4.3 does. With DOCKER_HOST at a real one, all tests of the backend run in that.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, containment, furnish
from livecoder.sandbox.daemon import Daemon

VERSION = {"Components": [{"Name": "Podman Engine", "Version": "4.3.1"}], "ApiVersion": "1.41"}
INFO = {"ID": "x", "ServerVersion": "4.3.1", "SecurityOptions": ["name=seccomp,profile=default"]}


class Podman(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, VERSION if self.path.endswith("/version") else INFO)

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(500, {"message": f"container create: opening seccomp profile failed: {said * 20}"})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    pytest.importorskip("docker")
    path = tmp_path / "podman.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    with socketserver.ThreadingUnixStreamServer(str(path), Podman) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        daemon = Daemon()
        try:
            yield daemon
        finally:
            daemon.close()
            server.shutdown()
            thread.join()


def test_it_is_given_the_filter_of_system_calls_as_a_file(podman: Daemon, room: Room) -> None:
    furnish.furnish(room, None)
    file = Path(containment.calls(podman, room))
    assert file.parent == furnish.directory(room)
    assert json.loads(file.read_text())["defaultAction"] == "SCMP_ACT_ALLOW"


def test_a_refusal_that_quotes_the_request_is_one_short_line(podman: Daemon) -> None:
    with pytest.raises(SandboxUnavailable, match="docker refuses the container") as caught:
        podman.create({"Image": "i" * 100})
    assert caught.value.remedy.startswith("container create: opening seccomp profile failed")
    assert len(caught.value.remedy) <= 500
