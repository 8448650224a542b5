"""What code proposes is held to its own words, and no model can pass for code."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lab import COUNT, PROJECT, Lab, of
from test_boot import system

from livecoder.events import Event, ProposalRefused, Proposed, ScaffoldCommitted
from livecoder.evolution import verdicts
from livecoder.evolution.answers import Origin, read
from livecoder.evolution.candidates import BY_CODE, candidates
from livecoder.evolution.evolve import Evolution, Grounds
from livecoder.evolution.proposals import Proposal, RetireTool
from livecoder.evolution.receipts import Receipt
from livecoder.journal.ledger import Facts, Item, Ledger, Making
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.scaffold import Scaffold

CLAIM = {"cause": "nobody uses it", "expects": "less", "improves": ["turns"], "risks": ["verify"]}
WHEN = "2026-03-01T12:00:00+00:00"


def idle() -> Ledger:
    """A tool that was made here and that none of thirty sessions used."""
    item = Item("tool", "count-lines", at_hand=True, listed=True)
    made = (Making("tool", "count-lines", 500.0, 1.0),)
    return Ledger(Facts(f"s{n:02}", "m", "verified", 4, 900, items=(item,), made=() if n else made) for n in range(30))


@pytest.fixture
def kept(lab: Lab) -> Lab:
    """With the tool in the scaffold, and a session that begins with it."""
    change = FileChange("tools/count-lines", COUNT.encode(), True)
    receipts = {"Improves": "tool:count-lines"}
    done = lab.store.commit(PROJECT, lab.generation, [change], "tool(count-lines): x", receipts, datetime.now(UTC))
    lab.generation = done.after
    return lab


def considered(lab: Lab, receipt: Receipt, *proposals: Proposal) -> list[Event]:
    evolution = Evolution(lab.store, lab.data, PROJECT, lab.generation, "auto", lab.rooms, lab.root, system)
    return list(evolution.consider(proposals, Grounds(frozenset({1, 2})), receipt))


def proposed(lab: Lab) -> list[Proposal]:
    lab.write("count-lines", COUNT)
    scaffold = Scaffold.load(lab.checkout)
    return candidates(lab.data / "no-sessions", idle(), scaffold, lab.root, WHEN)


def test_the_ledgers_word_is_the_receipt_and_no_step_is_cited(kept: Lab, receipt: Receipt) -> None:
    (retire,) = proposed(kept)
    assert isinstance(retire, RetireTool) and retire.origin in BY_CODE
    events = considered(kept, receipt, retire)
    (commit,) = of(ScaffoldCommitted, events)
    assert commit.receipts["Cause"] == "the last 30 sessions began with it and did not use it"
    assert not {"Evidence", "Improves", "Risks"} & commit.receipts.keys()
    assert of(Proposed, events)[0].origin == "ledger"


def test_what_code_proposes_is_no_prediction_that_counts_for_a_model(kept: Lab, receipt: Receipt) -> None:
    (retire,) = proposed(kept)
    considered(kept, receipt, retire)
    history = kept.store.log(PROJECT)
    assert "tool(count-lines)" in history[0].subject
    assert [info.id for info, _, _ in verdicts.due(history, {}, [])] == []
    assert "Improves" not in history[0].receipts and "Improves" in history[1].receipts


@pytest.mark.parametrize("claimed", ["ledger", "user", "import", "use"])
def test_a_model_cannot_say_that_it_is_code(kept: Lab, receipt: Receipt, claimed: str) -> None:
    answer = {**CLAIM, "kind": "tool", "action": "retire", "name": "count-lines", "evidence": [], "origin": claimed}
    (proposal,) = read(json.dumps({"proposals": [answer]}), Origin("s1", "task", WHEN)).proposals
    assert proposal.origin == "reflection"
    (refused,) = of(ProposalRefused, considered(kept, receipt, proposal))
    assert refused.reason == "it cites no step"


def test_the_same_words_from_a_model_are_held_to_steps(kept: Lab, receipt: Receipt) -> None:
    (code,) = proposed(kept)
    assert isinstance(code, RetireTool)
    for evidence, why in (((), "it cites no step"), ((9,), "it cites step 9, which does not exist")):
        contract = replace(code.contract, evidence=evidence)
        bare = replace(code, origin="reflection", contract=contract)
        (refused,) = of(ProposalRefused, considered(kept, receipt, bare))
        assert refused.reason == why
