"""What a commit of the scaffold says of itself: where it comes from, what it expects, and what it is the same as."""

from __future__ import annotations

from dataclasses import dataclass

from livecoder.evolution.proposals import Proposal
from livecoder.evolution.remembered import CONTENT, essence
from livecoder.scaffold.changes import TAINTED

ACCEPTED = "Accepted"
"""The user took it from the inbox."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What every commit of a session says of where it comes from."""

    task: str
    session: str
    model: str
    cost: str
    source: str = ""
    """Where the user had it from, for what was imported."""


def receipts_of(proposal: Proposal, receipt: Receipt, *, tainted: bool, by_user: bool) -> dict[str, str]:
    """The trailers of the commit; none of them is empty."""
    contract = proposal.contract
    cited = ", ".join(f"step {step}" for step in contract.evidence)
    receipts = {
        "Task": receipt.task,
        "Session": receipt.session,
        "Model": receipt.model,
        "From": receipt.source,
        "Evidence": "imported" if proposal.origin == "import" else cited,
        "Cause": contract.cause,
        "Expects": contract.expects,
        "Improves": ", ".join(contract.improves),
        "Risks": ", ".join(contract.risks),
        "Cost": receipt.cost,
        CONTENT: essence(proposal),
        TAINTED: "a stranger's text was read" if tainted else "",
        ACCEPTED: "by the user" if by_user else "",
    }
    return {name: value for name, value in receipts.items() if value.strip()}
