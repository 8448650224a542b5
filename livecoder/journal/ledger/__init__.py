"""The ledger: what all journals of a project together say about each tool, lesson and hook, per model family.

An index that can be thrown away: the journals stay the single source of truth. It counts what was seen together and
never says why.
"""

from __future__ import annotations

from livecoder.journal.ledger.facts import Facts, Item, Kind, Making, facts, family
from livecoder.journal.ledger.index import read_ledger
from livecoder.journal.ledger.ledger import Ledger, Record, Tally

__all__ = ["Facts", "Item", "Kind", "Ledger", "Making", "Record", "Tally", "facts", "family", "read_ledger"]
