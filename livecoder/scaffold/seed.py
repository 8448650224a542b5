"""Where the files that ship with livecoder lie: the seed (generation 0) and the catalogue of reviewed tools.

In a wheel they travel inside the package, in a checkout they are its top-level folders. Nothing is read here.
"""

from __future__ import annotations

from pathlib import Path

import livecoder
from livecoder.errors import ScaffoldError


def seed_dir() -> Path:
    """The scaffold that every history starts from. Raises ScaffoldError for a broken installation."""
    return shipped("scaffold")


def catalogue_dir() -> Path:
    """The tools written and reviewed by people. Raises ScaffoldError for a broken installation."""
    return shipped("tools")


def shipped(name: str) -> Path:
    """A folder that ships with livecoder. Raises ScaffoldError for a broken installation."""
    package = Path(livecoder.__file__).resolve().parent
    for root in (package / "_data", package.parent):
        # The settings file tells livecoder's folders from any other `scaffold` or `tools` beside a package.
        if (root / "scaffold" / "scaffold.toml").is_file() and (root / name).is_dir():
            return root / name
    raise ScaffoldError(f"this installation lacks its {name}/ folder", "install livecoder again")
