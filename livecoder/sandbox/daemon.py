"""The docker daemon of this machine: the few requests that are made of it, and its refusals in plain words.

The only importer of docker's library. What a container is made of is not known here.
"""

from __future__ import annotations

import io
import socket
import sys
import tarfile
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecoder import config
from livecoder.errors import SandboxUnavailable

_SECONDS = 60
_SAID = 500
"""Characters of what a daemon says that are handed on: some quote the whole request."""
_USUAL = "/var/run/docker.sock"
_NOT_FOUND = "executable file not found"
NO_BASH = "it has no bash 4.4 or newer, which commands need: take another image, or add it (Alpine: `apk add bash`)"


@dataclass(frozen=True, slots=True)
class Image:
    id: str
    name: str
    """As the user has it."""
    environment: tuple[str, ...]
    """Its variables, as in "PATH=/usr/bin"."""


class Daemon:
    """Close it at the end. Every method raises SandboxUnavailable when the daemon does not answer or refuses."""

    def __init__(self) -> None:
        self.socket = _socket()
        try:
            import docker
        except ImportError:
            remedy = f"docker's client library is missing: `{sys.executable} -m pip install 'docker>=7.1,<8'`"
            raise SandboxUnavailable("docker cannot be used here", remedy) from None
        _knock(self.socket)
        with _plain(self.socket):
            self._client: Any = docker.APIClient(f"unix://{self.socket}", version="auto", timeout=_SECONDS)
            info: dict[str, Any] = self._client.info()
            version: dict[str, Any] = self._client.version()
        self.id = f"{info.get('ID')} {info.get('ServerVersion')}"
        self.rootless = any("name=rootless" in each for each in info.get("SecurityOptions") or ())
        self.limits_memory = bool(info.get("MemoryLimit"))
        self.limits_processes = bool(info.get("PidsLimit"))
        self.filters_calls = any("name=seccomp" in each for each in info.get("SecurityOptions") or ())

        self.reads_files = any(each["Name"].startswith("Podman") for each in version.get("Components") or ())
        """Whether it wants a profile of system calls as the path of a file, as podman does, instead of its text."""

    def knock(self) -> None:
        """Raises SandboxUnavailable when nobody is there any more."""
        _knock(self.socket)

    def close(self) -> None:
        self._client.close()

    def image(self, name: str) -> Image:
        from docker.errors import ImageNotFound

        with _plain(self.socket):
            try:
                found: dict[str, Any] = self._client.inspect_image(name)
            except ImageNotFound:
                remedy = f"the image is not here: `docker pull {name}`"
                raise SandboxUnavailable(f"docker has no image {name}", remedy) from None
        return Image(found["Id"], name, tuple(found["Config"].get("Env") or ()))

    def create(self, description: dict[str, Any]) -> str:
        """A container by the fields of docker's own API (`POST /containers/create`); its id."""
        with _plain(self.socket):
            return self._client.create_container_from_config(description)["Id"]

    def start(self, container: str) -> None:
        from docker.errors import APIError

        with _plain(self.socket):
            try:
                self._client.start(container)
            except APIError as error:
                if _NOT_FOUND in str(error.explanation):
                    raise SandboxUnavailable("the image cannot be used", NO_BASH) from None
                raise

    def process(self, container: str) -> int:
        """The number of its process 1, where the daemon runs; 0 for none."""
        return int(self._state(container).get("Pid", 0))

    def runs(self, container: str) -> bool:
        return bool(self._state(container).get("Running"))

    def _state(self, container: str) -> dict[str, Any]:
        """As the daemon has it; empty for a container that is gone."""
        from docker.errors import NotFound

        with _plain(self.socket):
            try:
                return self._client.inspect_container(container)["State"]
            except NotFound:
                return {}

    def kill(self, container: str) -> None:
        """End all that runs in it, now. One that has ended is no error."""
        from docker.errors import APIError

        with _plain(self.socket):
            try:
                self._client.kill(container, "KILL")
            except APIError as error:
                if error.status_code not in (404, 409):
                    raise

    def remove(self, container: str) -> None:
        """Whatever state it is in. One that is gone, or is just going, is no error."""
        from docker.errors import APIError

        with _plain(self.socket):
            try:
                self._client.remove_container(container, v=True, force=True)
            except APIError as error:
                if error.status_code not in (404, 409):
                    raise

    def labelled(self, label: str) -> dict[str, str]:
        """All containers with this label, also those that have ended: id and the label's value."""
        with _plain(self.socket):
            found: list[dict[str, Any]] = self._client.containers(all=True, filters={"label": label})
        return {each["Id"]: each["Labels"][label] for each in found}

    def file(self, container: str, path: str) -> bytes:
        """A small file of a container that need not run; empty where there is none."""
        from docker.errors import NotFound

        with _plain(self.socket):
            try:
                chunks, _ = self._client.get_archive(container, path)
                with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                    member = archive.extractfile(archive.next() or "")
                    return member.read() if member else b""
            except (NotFound, KeyError):
                return b""


def _socket() -> str:
    """Where the daemon listens. A container of another machine would not see the user's files."""
    named = config.environment().get("DOCKER_HOST", "")
    if named and not named.startswith("unix://"):
        remedy = f"DOCKER_HOST={named} may be another machine: name a socket of this one (unix:///…) or unset it"
        raise SandboxUnavailable("docker cannot be used here", remedy)
    own = Path(config.environment().get("XDG_RUNTIME_DIR") or "/nowhere", "docker.sock")
    return named.removeprefix("unix://") or (str(own) if own.exists() and not Path(_USUAL).exists() else _USUAL)


def _knock(path: str) -> None:
    """docker's library tells these apart by the depths of a traceback only."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(_SECONDS)
        try:
            door.connect(path)
        except PermissionError:
            remedy = f"you may not use {path}: `sudo usermod -aG docker $USER` and log in again, or rootless docker"
            raise SandboxUnavailable("the docker daemon refuses you", remedy) from None
        except OSError as error:
            what = f"no docker daemon answers at {path} ({error.strerror or error})"
            remedy = f"{what}: start it (`systemctl start docker`) or say where it is by DOCKER_HOST"
            raise SandboxUnavailable("there is no docker daemon", remedy) from None


@contextmanager
def _plain(path: str) -> Generator[None]:
    """What docker's library raises, as what happened and what to do."""
    import requests
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        said = str(error.explanation or error)
        raise SandboxUnavailable("docker refuses the container", textwrap.shorten(said, _SAID)) from None
    except (DockerException, requests.RequestException, OSError) as error:
        remedy = f"the docker daemon at {path} does not answer any more: {error}"
        raise SandboxUnavailable("the docker daemon went away", remedy) from None
