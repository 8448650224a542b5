"""`livecoder permissions`: the rules that hold and where each comes from, and what they say of one command."""

from __future__ import annotations

import json as encoding
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.scaffold.group import Directory, Yes

if TYPE_CHECKING:
    from livecoder.permissions.judge import Judged
    from livecoder.permissions.rules import Rule

DENIED = 5
app = typer.Typer(help="Which commands may run: the rules, and why.", no_args_is_help=True, rich_markup_mode=None)
Json = Annotated[bool, typer.Option("--json", help="One JSON object.", show_default=False)]


@app.command("list")
def list_(*, json: Json = False) -> int:
    """The rules that hold, and where each comes from."""
    from livecoder import config
    from livecoder.permissions.rules import DEFAULT
    from livecoder.scaffold.needs import approvals
    from livecoder.view.revealed import revealed

    rules = (*_rules(), DEFAULT)
    approved = approvals(config.paths().data)
    hashes = sorted(approved.hashes())
    if json:
        print(encoding.dumps({"rules": [_rule(rule) for rule in rules], "network": hashes}, indent=2))
        return 0
    width = max(len(str(rule)) for rule in rules)
    for rule in rules:
        print(f"{rule.verdict:<7}{revealed(str(rule)):<{width}}  [{revealed(rule.source)}]")
    for digest in hashes:
        print(f"network for the tool with SHA-256 {digest}  [{approved.path}]")
    return 0


@app.command()
def why(
    command: Annotated[str, typer.Argument(metavar="CMD", help="A command line, as one argument.")],
    *,
    json: Json = False,
) -> int:
    """What the rules say of each part of a command; exit code 0 if it may run, 5 if it is asked about or denied."""
    from livecoder.permissions.judge import judge
    from livecoder.view.revealed import revealed

    judgement = judge(command, _rules())
    if json:
        parts = [_part(each) for each in judgement.parts]
        print(encoding.dumps({"command": command, "verdict": judgement.verdict, "parts": parts}, indent=2))
    else:
        for each in judgement.parts:
            rule = each.decision.rule
            could = f"{each.part.why or 'not all of it is known'}: could be " if each.decision.unread else ""
            text = " ".join(revealed(each.part.text).split())
            print(f"{each.verdict:<7}{text}\n       {could}`{revealed(str(rule))}` [{revealed(rule.source)}]")
        ends = {"allow": "it runs", "ask": "asked; denied where nobody can be asked", "deny": "it does not run"}
        print(f"{judgement.verdict}: {ends[judgement.verdict]}")
    return 0 if judgement.verdict == "allow" else DENIED


def _rules() -> tuple[Rule, ...]:
    from livecoder import config

    return config.settings({}, {}, {}, headless=True).rules


def _rule(rule: Rule) -> dict[str, object]:
    return {"verdict": rule.verdict, "words": list(rule.words), "source": rule.source}


def _part(judged: Judged) -> dict[str, object]:
    decision, part = judged.decision, judged.part
    return {
        "text": part.text,
        "words": list(part.words),
        "verdict": decision.verdict,
        "rule": _rule(decision.rule),
        "known": not decision.unread,
        "why": part.why,
    }


@app.command()
def grant(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A tool of this project.")],
    *,
    yes: Yes = False,
    cd: Directory = None,
) -> int:
    """Approve the network for a tool that needs it, as its content is now; one changed byte needs a new approval."""
    import hashlib

    from livecoder.cli.scaffold.group import confirmed, here, put, put_text
    from livecoder.errors import ScaffoldError
    from livecoder.scaffold.needs import NETWORK, approvals, needs

    at = here(cd)
    content = next((file.data for file in at.store.history(at.project).files() if file.path == f"tools/{name}"), None)
    if content is None:
        raise ScaffoldError(f"there is no tool {name} here", "`livecoder scaffold tools` has them")
    if needs(content) != NETWORK:
        raise ScaffoldError(f"{name} does not say `needs: network` near its top", "there is nothing to approve")
    digest = hashlib.sha256(content).hexdigest()
    put_text(content.decode("utf-8", "backslashreplace"))
    put(f"SHA-256 {digest}")
    if not confirmed(f"may {name}, with exactly this content, have the network in all projects?", yes):
        print("nothing was approved")
        return 0
    approvals(at.data).add(digest)
    print(f"approved; taken back by `livecoder permissions revoke {digest[:12]}`")
    return 0


@app.command()
def revoke(digest: Annotated[str, typer.Argument(metavar="SHA256", help="How a hash in the list begins.")]) -> int:
    """Take an approval of the network back."""
    from livecoder import config
    from livecoder.errors import ScaffoldError
    from livecoder.scaffold.needs import approvals

    kept = approvals(config.paths().data)
    found = [one for one in kept.hashes() if one.startswith(digest)]
    if len(found) != 1 or not digest:
        raise ScaffoldError(f"{len(found)} approvals begin with {digest!r}", "`livecoder permissions` lists them")
    kept.remove(found[0])
    print("taken back; sessions that began before keep it to their end")
    return 0
