"""cargo and node, run for real where they are; jest, vitest, mocha and go as they printed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.testruns import Counts, Status, TestRun
from livecoder.testruns.text import read
from tests.testruns.conftest import Print, sample


def known(run: TestRun | None) -> TestRun:
    assert run
    return run


# ---- cargo


CRATE = {
    "Cargo.toml": '[package]\nname = "tiny"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": """//! ```
//! assert_eq!(tiny::add(1, 2), 3);
//! ```
pub fn add(a: i32, b: i32) -> i32 { a + b }
#[cfg(test)]
mod tests {
    #[test] fn good() {}
    #[test] fn bad() { println!("test made_up ... ok\\n    made_up"); assert_eq!(super::add(1, 2), 4); }
    #[test] #[ignore] fn later() {}
    #[test] #[should_panic] fn panics() { panic!("x") }
}
""",
    "tests/it.rs": "#[test] fn whole() { assert_eq!(tiny::add(2, 2), 4); }\n",
}


@pytest.fixture(scope="module")
def crate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    for path, text in CRATE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_cargo_names_every_test_of_every_binary(crate: Path, printed: Print) -> None:
    run = known(read(printed(crate, ["cargo", "test", "--offline", "--no-fail-fast"])))
    assert run.complete and run.runner == "cargo test"
    assert run.tests == {
        "tiny::tests::good": "passed",
        "tiny::tests::bad": "failed",
        "tiny::tests::later": "skipped",
        "tiny::tests::panics": "passed",
        "it::whole": "passed",
        "tiny::src/lib.rs -": "passed",
    }


def test_quiet_cargo_names_what_fails(crate: Path, printed: Print) -> None:
    run = known(read(printed(crate, ["cargo", "test", "--offline", "--no-fail-fast", "-q"])))
    assert run.tests == {"tests::bad": "failed"} and run.named == "failures"
    assert run.counts == Counts(passed=4, failed=1, skipped=1)


def test_cargo_stops_at_the_first_binary_that_fails(crate: Path, printed: Print) -> None:
    run = known(read(printed(crate, ["cargo", "test", "--offline"])))
    assert run.ended_early and run.failing == ("tiny::tests::bad",)


# ---- node


NODE = """
const test = require('node:test'); const { describe, it } = test; const assert = require('node:assert');
test('good', () => {});
test('bad', () => { console.log('ok 1 - made up'); assert.equal(1, 2); });
test('skipped', { skip: 'why' }, () => {});
test('todo', { todo: true }, () => { assert.equal(1, 2) });
describe('suite', () => {
  it('in good', () => {});
  it('in bad', () => { assert.ok(false) });
  describe('deep', () => { it('x # y', () => {}) });
});
test('parent', async t => { await t.test('child', () => {}); });
"""
NODE_TESTS: dict[str, Status] = {
    "good": "passed",
    "bad": "failed",
    "skipped": "skipped",
    "todo": "skipped",
    "suite > in good": "passed",
    "suite > in bad": "failed",
    "suite > deep > x # y": "passed",
    "parent > child": "passed",
}


@pytest.mark.parametrize(("reporter", "runner"), [("tap", "TAP"), ("spec", "node --test")])
def test_node_names_every_test_and_no_suite(tmp_path: Path, printed: Print, reporter: str, runner: str) -> None:
    (tmp_path / "a.test.js").write_text(NODE)
    run = known(read(printed(tmp_path, ["node", "--test", f"--test-reporter={reporter}"])))
    assert run.runner == runner and run.tests == NODE_TESTS
    assert (run.counts.failed, run.counts.skipped) == (2, 2) and not run.ended_early


def test_a_protocol_without_its_plan_was_cut_short() -> None:
    run = known(read("TAP version 13\nok 1 - a\nnot ok 2 - b\n"))
    assert run.ended_early and run.tests == {"a": "passed", "b": "failed"}
    assert known(read("TAP version 13\nok 1 a\nnot ok 2 b # TODO later\n1..2\n")).tests == {
        "a": "passed",
        "b": "skipped",
    }


# ---- jest, vitest, mocha


JEST: dict[str, Status] = {
    "jt/a.test.js > top ok": "passed",
    "jt/a.test.js > suite > in ok": "passed",
    "jt/a.test.js > suite > in bad": "failed",
    "jt/a.test.js > suite > sk": "skipped",
    "jt/a.test.js > suite > later": "skipped",
    "jt/b.test.js > b ok": "passed",
    "jt/c.test.js": "error",
}
SCRIPTS = {
    "jest-verbose.txt": JEST,
    "jest.txt": {name: status for name, status in JEST.items() if status in ("failed", "error")},
    "vitest-verbose.txt": {name.replace("jt/", "vt/"): status for name, status in JEST.items()},
    "vitest.txt": {
        name.replace("jt/", "vt/"): status for name, status in JEST.items() if status in ("failed", "error")
    },
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_jest_and_vitest_name_tests_under_their_files(name: str) -> None:
    run = known(read(sample(name)))
    assert run.tests == SCRIPTS[name] and run.runner in name
    assert run.counts == Counts(passed=3, failed=1, errors=1, skipped=2)
    assert run.named == ("all" if "verbose" in name else "failures")


MOCHA: dict[str, Status] = {
    "root bad": "failed",
    "suite > in bad": "failed",
    "suite > deep > also bad": "failed",
    "suite > hooky": "failed",
}


def test_mocha_names_failures_in_full_at_the_end_and_the_rest_in_its_tree() -> None:
    others = {"suite > in ok": "passed", "suite > sk": "skipped", "suite > deep > x": "passed"}
    assert known(read(sample("mocha.txt"))).tests == {**MOCHA, **others}
    run = known(read(sample("mocha-dot.txt")))
    assert run.tests == MOCHA and run.counts == Counts(passed=2, failed=4, skipped=1)


# ---- go


def test_go_names_failing_tests_and_packages() -> None:
    run = known(read(sample("go.txt")))
    assert run.named == "failures" and run.tests == {
        "example.org/text/split::TestSplit": "failed",
        "example.org/text/split::TestSplit/empty": "failed",
        "example.org/text/join": "passed",
        "example.org/text/wrap": "error",
    }


def test_verbose_go_names_every_test() -> None:
    assert known(read(sample("go-verbose.txt"))).tests == {
        "example.org/text/split::TestSplit": "failed",
        "example.org/text/split::TestSplit/words": "passed",
        "example.org/text/split::TestSplit/empty": "failed",
        "example.org/text/split::TestSlow": "skipped",
        "example.org/text/join::TestJoin": "passed",
        "example.org/text/join::ExampleJoin": "passed",
    }


def test_go_in_json_says_the_same() -> None:
    run = known(read(sample("go-json.txt")))
    assert run.complete
    assert run.tests == {"example.org/text/split::TestSplit": "failed", "example.org/text/join::TestJoin": "passed"}


def test_a_panic_ends_a_go_package_early() -> None:
    output = "--- FAIL: TestX (0.00s)\npanic: boom [recovered]\n\tgoroutine 1\nFAIL\texample.org/a\t0.01s\n"
    assert known(read(output)).ended_early


# ---- several


def test_two_runners_in_one_output_are_one_run() -> None:
    run = known(read(sample("go-json.txt") + sample("mocha-dot.txt")))
    assert run.runner == "go test, mocha" and run.named == "failures"
    assert run.counts == Counts(passed=3, failed=5, skipped=1) and {*MOCHA} <= {*run.tests}
