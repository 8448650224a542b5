"""Markup as values: text is text wherever it stands, and what could reach out of the page cannot be said."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.view.page.html import Html, element, joined, styled
from livecoder.view.terminal import printable


class Read(HTMLParser):
    """What a browser finds: the tags with their attributes, and all text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_an_element_is_its_name_its_attributes_and_its_children() -> None:
    made = element("p", "1 < 2 & ", element("b", "so"), None, class_="quiet", aria_label='"x"', open=True, hidden=False)
    assert made == Html('<p class="quiet" aria-label="&quot;x&quot;" open>1 &lt; 2 &amp; <b>so</b></p>')
    assert element("meta", charset="utf-8") == Html('<meta charset="utf-8">')
    assert joined(["<", element("b"), None]) == Html("&lt;<b></b>")


@given(st.text())
def test_any_text_comes_out_as_the_text_that_it_was(text: str) -> None:
    for name in ("p", "pre", "summary", "title", "dd"):
        read = Read(element(name, text).source)
        assert [tag for tag, _ in read.tags] == [name]
        assert read.text.removeprefix("\n" if name == "pre" and printable(text).startswith("\n") else "") == printable(
            text
        )


@given(st.text())
def test_any_value_of_an_attribute_stays_in_it(text: str) -> None:
    ((tag, attributes),) = Read(element("p", aria_label=text).source).tags
    assert (tag, attributes) == ("p", [("aria-label", printable(text))])


def test_the_first_empty_line_of_a_text_is_kept() -> None:
    """A browser drops one line end right after <pre>."""
    assert element("pre", "\nx").source == "<pre>\n\nx</pre>"


@pytest.mark.parametrize("link", ["https://example.org", "javascript:alert(1)", "//x", "page.html", " #x", ""])
def test_a_link_leaves_the_page_in_no_way(link: str) -> None:
    with pytest.raises(ValueError, match="links to itself only"):
        element("a", "x", href=link)


@pytest.mark.parametrize("name", ["b><script", "B", "", "b x", "b/"])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        element(name)
    with pytest.raises(ValueError, match="no name"):
        element("p", **{name: "x"})


def test_a_style_sheet_ends_where_it_ends() -> None:
    assert styled("a > b { color: red }").source == "<style>a > b { color: red }</style>"
    with pytest.raises(ValueError, match="cannot hold"):
        styled("</style><script>")
