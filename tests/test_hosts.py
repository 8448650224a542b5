"""The hosts that a user allows: one spelling for each name, patterns by label, addresses that stay closed."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.hosts import WORDS, Pattern, Reach, canonical, parsed, reach


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("PyPI.org", "pypi.org"),
        ("pypi.org.", "pypi.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("pypi\u3002org", "pypi.org"),  # an ideographic full stop
        ("\uff50\uff59\uff50\uff49.org", "pypi.org"),  # letters of full width
        ("_sip._tcp.example.org", "_sip._tcp.example.org"),
    ],
)
def test_a_name_has_one_spelling(written: str, name: str) -> None:
    assert canonical(written) == name


@pytest.mark.parametrize(
    "spelling",
    [
        *("127.0.0.1", "127.1", "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0177.0.0.01", "127.0.0.1."),
        *(
            "[::1]",
            "::1",
            "[::ffff:127.0.0.1]",
            "::ffff:7f00:1",
            "169.254.169.254",
            "0",
            "0x",
            "\uff11\uff12\uff17.0.0.1",
        ),
        *("a.1", "example.0x1"),
    ],
)
def test_an_address_is_no_name_however_it_is_spelled(spelling: str) -> None:
    with pytest.raises(ValueError, match="address is no host name"):
        canonical(spelling)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.b..",
            "-a.org",
            "a-.org",
            "a b.org",
            "a\0.org",
            "a\n.org",
            "a.org\n",
            "a\t.org",
        ),
        *(
            "user@a.org",
            "a.org/b",
            "a.org\\b",
            "a.org?b",
            "a.org#b",
            "a%2eorg",
            "\u2100.org",
            "straße.de",
            "a\u200d.org",
        ),
        *("a" * 64 + ".org", ".".join(["a" * 60] * 5)),
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        canonical(text)


@given(st.text(max_size=80))
def test_any_text_is_a_plain_name_or_none(text: str) -> None:
    try:
        name = canonical(text)
    except ValueError:
        return
    assert name == name.lower() and name.isascii() and name.isprintable()
    assert not set(name) & set(" :/@[]\\%?#")
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("pattern", "admitted", "refused"),
    [
        ("pypi.org", [("pypi.org", 443), ("pypi.org", 80)], [("pypi.org.evil.com", 443), ("a.pypi.org", 443)]),
        ("pypi.org", [], [("pypi.org", 22), ("evilpypi.org", 443), ("org", 443)]),
        (".example.org", [("a.example.org", 443), ("a.b.example.org", 80)], [("example.org", 443)]),
        ("*.example.org", [("a.example.org", 443)], [("evilexample.org", 443), ("example.org.evil.com", 443)]),
        ("db.example.org:5432", [("db.example.org", 5432)], [("db.example.org", 443), ("db.example.org", 80)]),
        ("*", [("anything.example", 443)], [("anything.example", 22), ("localhost", 80), ("printer", 80)]),
        ("*", [], [("metadata.google.internal", 80), ("nas.local", 80), ("a.localhost", 443), ("x.home.arpa", 80)]),
    ],
)
def test_a_pattern_is_compared_label_by_label(
    pattern: str, admitted: list[tuple[str, int]], refused: list[tuple[str, int]]
) -> None:
    found = parsed(pattern)
    assert all(found.admits(*host) for host in admitted)
    assert not any(found.admits(*host) for host in refused)


@pytest.mark.parametrize(
    "entry",
    ["", "*.", "*x.org", "a.*.org", "a.org:", "a.org:0", "a.org:99999", "a.org:x", "http://a.org", "*:443", "1.2.3.4"],
)
def test_what_is_no_pattern_is_refused(entry: str) -> None:
    with pytest.raises(ValueError):
        parsed(entry)


def test_an_empty_list_reaches_nothing_and_a_word_stands_for_several_hosts() -> None:
    assert not reach(())
    assert reach(()).pattern("pypi.org", 443) is None
    registries = reach(("registries",))
    assert all(registries.pattern(name, 443) == Pattern(name) for name in WORDS["registries"])
    assert (str(registries), str(reach(("*",)))) == ("registries", "every public host")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("255.255.255.255", "192.0.2.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo of 10.0.0.1
    ],
)
def test_an_address_that_is_not_public_stays_closed_in_every_form(address: str) -> None:
    assert Reach().forbids(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["151.101.0.223", "2a04:4e42::223", "64:ff9b::9765:df", "::ffff:151.101.0.223"])
def test_a_public_address_is_open(address: str) -> None:
    assert not Reach().forbids(ipaddress.ip_address(address))


def test_the_user_may_open_a_range_that_is_not_public() -> None:
    opened = reach(("pypi.example.org",), ("10.1.0.0/16",))
    assert not opened.forbids(ipaddress.ip_address("10.1.2.3"))
    assert opened.forbids(ipaddress.ip_address("10.2.0.1"))
    assert opened.forbids(ipaddress.ip_address("127.0.0.1"))
    with pytest.raises(ValueError):
        reach((), ("10.1.0.0/33",))
