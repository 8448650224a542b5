"""What nobody expected is told in one line: where the report of a bug lies, or that the disk is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from livecoder.report import reported


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_bug_of_ours(tmp_path: Path, number: int) -> None:
    told = reported(OSError(number, os.strerror(number), "/var/state/x"), tmp_path, str)
    assert told.exit_code == 3
    assert told.line() == f"{os.strerror(number)}: /var/state/x: free some space where livecoder keeps its state"
    assert list(tmp_path.iterdir()) == []


def test_a_bug_is_written_down_without_secrets(tmp_path: Path) -> None:
    told = reported(OSError(errno.EIO, "hunter22"), tmp_path, lambda text: text.replace("hunter22", "[secret]"))
    assert told.exit_code == 70
    (report,) = tmp_path.iterdir()
    assert str(report) in told.line()
    assert "hunter22" not in told.line() + report.read_text()
