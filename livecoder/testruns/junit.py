"""JUnit XML as pytest, jest, vitest, go-junit-report, nextest and surefire write it. What is no such thing is None.

The report is a stranger's. It is safe to parse: a document type is refused where it begins, so that no entity can be
declared, expanded or fetched; expat itself opens nothing; the size is bounded, and the tree is never built.
"""

from __future__ import annotations

from pyexpat import ExpatError, ParserCreate

from livecoder.testruns import Counts, Found, Status, TestRun, one_line

MOST_BYTES = 16 * 1024 * 1024
_OUTCOMES: dict[str, Status] = {"failure": "failed", "error": "error", "skipped": "skipped"}
_RUNNERS = {
    "pytest tests": "pytest",
    "pytest": "pytest",
    "jest tests": "jest",
    "vitest tests": "vitest",
    "nextest-run": "cargo nextest",
}
"""By the name of the outermost element that has one."""


class _Refused(Exception):
    """This is no JUnit report, or none that will be read."""


def read(data: bytes) -> TestRun | None:
    """All tests of the report; a test that fails more than once counts as often as the runner counted it."""
    if len(data) > MOST_BYTES:
        return None
    report = _Report()
    parser = ParserCreate("utf-8")
    parser.StartDoctypeDeclHandler = report.refuse
    parser.StartElementHandler = report.start
    parser.EndElementHandler = report.end
    try:
        parser.Parse(data, True)
    except (ExpatError, _Refused):
        return None
    return TestRun(report.runner or "junit", report.found.tests, report.counts, "all", seconds=report.seconds)


class _Report:
    def __init__(self) -> None:
        self.runner = ""
        self.found = Found()
        self.counts = Counts()
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._case: dict[str, str] = {}
        self._outcomes: list[Status] = []

    def refuse(self, *_: object) -> None:
        raise _Refused

    def start(self, element: str, attributes: dict[str, str]) -> None:
        above = self._open[-1] if self._open else ""
        if not above and element not in ("testsuites", "testsuite"):
            raise _Refused
        self._open.append(element)
        if element in ("testsuites", "testsuite"):
            self.runner = self.runner or _RUNNERS.get(attributes.get("name", ""), "")
        elif element == "testcase":
            self._case, self._outcomes = attributes, []
        elif above == "testcase" and element in _OUTCOMES:
            self._outcomes.append(_OUTCOMES[element])

    def end(self, element: str) -> None:
        self._open.pop()
        if element != "testcase":
            return
        outcomes = self._outcomes or ["passed"]
        name = self._name()
        for outcome in outcomes:
            self.found.add(name, outcome)
        if took := self._took():
            file = one_line(self._case.get("file", "") or name.partition("::")[0])
            self.seconds[file] = self.seconds.get(file, 0.0) + took
        self.counts += Counts(*(outcomes.count(status) for status in ("passed", "failed", "error", "skipped")))

    def _took(self) -> float:
        """Seconds; 0 where none are told, or no number of a day."""
        try:
            said = float(self._case.get("time", "0"))
        except ValueError:
            return 0.0
        return said if 0 < said < 86_400 else 0.0

    def _name(self) -> str:
        classname, name = self._case.get("classname", ""), self._case.get("name", "")
        if self.runner == "pytest":
            return _node_id(self._case.get("file", ""), classname, name)
        if not classname or name.startswith(classname):
            return name
        return f"{classname} > {name}" if self.runner in ("jest", "vitest") else f"{classname}::{name}"


def _node_id(file: str, classname: str, name: str) -> str:
    """What pytest itself calls the test.

    `classname` is the file and the classes, joined by dots. In the format that we ask for, the file stands beside it,
    for an inherited test that of the parent. Where it does not fit, what begins with a capital is a class.
    """
    if not classname:  # a file that could not be loaded
        return file or name.replace(".", "/") + ".py"
    dotted = file.removesuffix(".py").replace("/", ".")
    if file and f"{classname}.".startswith(f"{dotted}."):
        classes = classname[len(dotted) + 1 :].split(".") if classname != dotted else []
        return "::".join([file, *classes, name])
    parts = classname.split(".")
    last = len(parts)
    while last > 1 and parts[last - 1][:1].isupper():
        last -= 1
    return "::".join(["/".join(parts[:last]) + ".py", *parts[last:], name])
