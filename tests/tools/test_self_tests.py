"""A tool of the catalogue says what it is, and its self-test is a test: it runs the tool, and notices when it breaks."""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import CATALOGUE
