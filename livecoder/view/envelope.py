"""stream-json: one JSON object a line, in the envelope that existing parsers of terminal agents read.

Evolution rides on `system` lines, whose unknown subtypes such parsers ignore.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from livecoder import events as e

AS_SYSTEM = (
    e.CheckpointTaken,
    e.ToolCreated,
    e.ToolRevised,
    e.ToolBroken,
    e.Nudged,
    e.Harvested,
    e.ScaffoldEdited,
    e.HookSaid,
    e.HookFailed,
    e.Proposed,
    e.ProposalRefused,
    e.ScaffoldCommitted,
    e.VerdictGiven,
    e.Reflected,
    e.Lasted,
    e.PermissionDenied,
    e.PermissionGranted,
    e.Retried,
    e.Compacted,
    e.Verified,
    e.BranchMade,
    e.FailuresHidden,
    e.BaseRan,
    e.GroundMeasured,
    e.JobStarted,
    e.JobEnded,
    e.ServiceStarted,
    e.ServiceEnded,
    e.NetworkAsked,
    e.LimitWarned,
    e.Warned,
)
SUBTYPES: dict[type[e.Event], str] = {
    e.CheckpointTaken: "checkpoint",
    e.Nudged: "nudge",
    e.Harvested: "harvest",
    e.Reflected: "reflection",
    e.Proposed: "proposal",
    e.ScaffoldCommitted: "scaffold_commit",
    e.PermissionDenied: "permission_denied",
    e.Retried: "retry",
    e.Compacted: "compaction",
    e.Warned: "warning",
}


class StreamJson:
    """Writes each event as one line of JSON, flushed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._session = ""
        self._finished: e.CommandFinished | None = None

    def show(self, event: e.Event) -> None:
        for line in self._objects(event):
            self._out.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._out.flush()

    def _objects(self, event: e.Event) -> list[dict[str, Any]]:
        match event:
            case e.SessionStarted():
                self._session = event.session
                return [_init(event)]
            case e.ModelReplied() if event.purpose == "turn":  # a look back is no answer; its cost is in the result
                return [_assistant(event, self._session)]
            case e.CommandFinished():
                self._finished = event
                return []
            case e.Observed():
                finished, self._finished = self._finished, None
                return [_observed(event, finished, self._session)]
            case e.UserSaid():
                content = [{"type": "text", "text": event.text}]
                return [{"type": "user", "session_id": self._session, "message": {"role": "user", "content": content}}]
            case e.Result():
                return [result(event)]
            case _ if isinstance(event, AS_SYSTEM):
                body = {
                    key: value for key, value in e.to_json(event).items() if key not in ("event", "shingles", "source")
                }
                subtype = SUBTYPES.get(type(event), e.kind(event))
                return [{"type": "system", "subtype": subtype, "session_id": self._session, **body}]
            case _:
                return []


def _init(event: e.SessionStarted) -> dict[str, Any]:
    return {
        "type": "system",
        "subtype": "init",
        "schema": event.schema,
        "session_id": event.session,
        "cwd": event.workspace,
        "model": event.model,
        "permission_mode": event.permission_mode,
        "sandbox": event.sandbox,
        "protections": event.protections,
        "network": event.network,
        "setup": event.setup,
        "tools": ["bash"],
        "context_tokens": event.context_tokens,
        "loaded": event.loaded,
        "scaffold": {"generation": event.scaffold, "tools": len(event.tools)},
    }


def _assistant(event: e.ModelReplied, session: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": event.text}] if event.text else []
    for call in event.calls:
        given = {"command": call.command} | ({"timeout": call.timeout} if call.timeout else {})
        content.append({"type": "tool_use", "id": call.id, "name": "bash", "input": given})
    message = {"role": "assistant", "content": content, "usage": _usage(event.usage)}
    return {"type": "assistant", "session_id": session, "message": message, "cost_usd": event.cost_usd}


def _observed(event: e.Observed, finished: e.CommandFinished | None, session: str) -> dict[str, Any]:
    block = {
        "type": "tool_result",
        "tool_use_id": event.call_id,
        "content": event.text,
        "is_error": finished is None or finished.exit_code != 0,
    }
    line: dict[str, Any] = {"type": "user", "session_id": session, "message": {"role": "user", "content": [block]}}
    if finished is not None:
        line["tool_use_result"] = {
            "exit_code": finished.exit_code,
            "duration_ms": round(finished.seconds * 1000),
            "truncated": finished.truncated,
            "timed_out": finished.timed_out,
        }
    return line


def _usage(usage: e.Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }


def result(event: e.Result) -> dict[str, Any]:
    """The last line, and the whole of `--output-format json`."""
    return {
        "type": "result",
        "subtype": event.subtype,
        "session_id": event.session,
        "is_error": event.is_error,
        "exit_code": event.exit_code,
        "result": event.result,
        "reason": event.reason,
        "num_turns": event.num_turns,
        "duration_ms": event.duration_ms,
        "duration_api_ms": event.duration_api_ms,
        "total_cost_usd": event.total_cost_usd,
        "cost_known": event.cost_known,
        "usage": _usage(event.usage),
        "prompt_bytes": event.prompt_bytes,
        "permission_denials": [{"step": d.step, "what": d.what, "reason": d.reason} for d in event.denials],
        "patch": {"files": event.patch.files, "added": event.patch.added, "removed": event.patch.removed},
        "outcome": event.outcome,
        "verify": _verify(event.verify) if event.verify else None,
        "branch": {"name": event.branch.name, "commit": event.branch.commit} if event.branch else None,
        "scaffold": {
            "before": event.scaffold_before,
            "after": event.scaffold_after,
            "created": event.tools_created,
            "used": event.tools_used,
            "reflection": event.reflection,
            "evolve_cost_usd": event.evolve_cost_usd,
        },
    }


def _verify(verify: e.Verified) -> dict[str, Any]:
    return {
        "command": verify.command,
        "exit_code": verify.exit_code,
        "base_exit_code": verify.base_exit_code,
        "where": verify.where,
        "weakened": verify.weakened,
        "tests": _tests(verify.tests) if verify.tests else None,
        "changed": _changed(verify.changed) if verify.changed else None,
        "base_tests": _tests(verify.base_tests) if verify.base_tests else None,
    }


def _tests(ran: e.RanTests) -> dict[str, Any]:
    return {
        "runner": ran.runner,
        "passed": ran.passed,
        "failed": ran.failed,
        "errors": ran.errors,
        "skipped": ran.skipped,
        "failing": ran.failing.first,
    }


def _changed(changed: e.ChangedTests) -> dict[str, Any]:
    """The tests of each kind by name; long lists are cut, and `counts` has their true lengths."""
    kinds: dict[str, e.Names] = {
        "fixed": changed.fixed,
        "broken": changed.broken,
        "new_failing": changed.new_failing,
        "still_failing": changed.still_failing,
        "unclear": changed.unclear,
        "gone": changed.gone,
    }
    return {
        **{name: names.first for name, names in kinds.items()},
        "counts": {name: names.count for name, names in kinds.items()},
    }
