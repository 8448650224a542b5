"""Front matter: what skills in the wild write is read as YAML reads it; what could grow or refer is not read."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.frontmatter import read, write

LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
SAMPLES = [
    "name: pdf-processing\ndescription: Extract text, tables, and forms. Use it for PDFs.",
    "name: a\ndescription: >\n  Folded over\n  two lines.\n\n  And a second paragraph.\nlicense: MIT",
    "name: a\ndescription: |-\n  Kept\n    as it\n  stands.\n",
    "name: 'it''s'\ndescription: \"with \\\"quotes\\\" and # no comment\" # a comment",
    "name: a # comment\ndescription: b#c",
    "# first\nname: a\n\n# between\ndescription: plain\n  that goes on\n  here",
    'name: a\ndescription: b\nmetadata:\n  author: example-org\n  version: "1.0"\n',
]


@pytest.mark.parametrize("source", SAMPLES)
def test_it_is_read_as_yaml_reads_it(source: str) -> None:
    expected = yaml.safe_load(source)
    nested = expected.pop("metadata", {})
    flat = {**expected, **{f"metadata.{key}": value for key, value in nested.items()}}
    flat = {key: value.strip() for key, value in flat.items()}
    assert read(f"---\n{source}\n---\n\n# Title\n\nText.\n").fields == flat


def test_a_colon_in_plain_text_is_read_although_yaml_forbids_it() -> None:
    """Many skills have it, and their agents read it."""
    assert read("---\nname: a\ndescription: Use it for: PDFs\n---\n").fields["description"] == "Use it for: PDFs"


def test_the_body_follows_the_fence() -> None:
    assert read("\ufeff---\r\nname: a\r\n---\r\n\r\n# Title\r\n---\r\nText.").body == "# Title\n---\nText.\n"


def test_keys_that_nobody_asked_for_may_hold_lists_and_maps() -> None:
    found = read("---\nname: a\nallowed-tools:\n  - Bash(git:*)\n  - Read\ntags: [x, y]\nhooks:\n- a: 1\n---\n").fields
    assert found["name"] == "a"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has no front matter"),
        ("# Title\n", "it has no front matter"),
        ("--- \nname: a\n", "does not end within 200 lines"),
        ("---\n" + "a: b\n" * 300 + "---\n", "does not end within 200 lines"),
        ("---\nname: a\nname: b\n---\n", "has name twice"),
        ("---\nname: &x a\n---\n", "is not read here"),
        ("---\nname: *x\n---\n", "is not read here"),
        ("---\nname: !!python/object/apply:os.system ['id']\n---\n", "is not read here"),
        ('---\nname: "a\n---\n', "is not read here"),
        ("---\nname: 'a'b\n---\n", "is not read here"),
        ("---\nname: a\nthis is no key\n---\n", "no `key: value`: 'this is no key'"),
        ("---\n  name: a\n---\n", "no `key: value`"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(ScaffoldError) as refused:
        read(text)
    assert why in str(refused.value) and str(refused.value).isprintable()


@given(LETTERS, st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,9}", fullmatch=True), LETTERS, max_size=4))
def test_what_is_written_is_read_again_by_us_and_by_yaml(value: str, metadata: dict[str, str]) -> None:
    text = write({"name": "true", "description": value, "metadata": metadata}, "# Body\n")
    assert read(text).fields.get("description", "") == value
    loaded = yaml.safe_load(text.split("\n---\n")[0])
    assert (loaded["name"], loaded["description"], loaded.get("metadata", {})) == ("true", value, metadata)
    assert read(text).body == "# Body\n"


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    for source in (text, f"---\n{text}\n---\n"):
        try:
            read(source)
        except ScaffoldError:
            pass
