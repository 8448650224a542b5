"""Docker as the tests have it: whether a daemon answers, and the image, made without any registry."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox.daemon import Daemon

IMAGE = "livecoder-test:1"
_MAKE = Path(__file__).with_name("docker_image.sh")


@cache
def missing() -> str:
    """Why there is no docker to test with, after an attempt to make the image; or ""."""
    try:
        daemon = Daemon()
    except SandboxUnavailable as error:
        return error.remedy
    daemon.close()
    environ = {**os.environ, "DOCKER_HOST": f"unix://{daemon.socket}"}
    made = subprocess.run([_MAKE, IMAGE], env=environ, capture_output=True, text=True, check=False)
    return made.stderr.strip() or "its image could not be made" if made.returncode else ""


def required(name: str, reason: str) -> str:
    """The same name where that backend works here; its tests are skipped with the reason otherwise, or fail."""
    if reason and name in os.environ.get("LIVECODER_TEST_SANDBOXES", "").split(","):
        pytest.fail(f"{name} must work here: {reason}")
    if reason:
        pytest.skip(f"{name}: {reason}")
    return name
