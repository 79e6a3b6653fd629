"""Plain letters: what a reader sees, in ASCII."""

from __future__ import annotations

import pytest

from domain.safety.plain import plain


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Hello", "hello"), ("MÄRZ", "marz"), ("straße", "strasse"), ("ça été", "ca ete"), ("Ｗide", "wide"),
        ("𝐛𝐨𝐥𝐝", "bold"), ("кilled", "killed"), ("żyć łódź", "zyc lodz"), ("don’t", "don't"), ("a—b", "a b"),
        ("a\u200bb", "ab"), ("e\u0301\u0323", "e"), ("one🙂two", "one two"), ("ﬁne", "fine"), ("ø æ œ", "o a o"),
        ("«si»", "si"), ("İi", "ii"), ("日本", ""), ("a\u00adb", "ab"), ("½", "12"),
    ],
)  # fmt: skip
def test_plain(text: str, seen: str) -> None:
    assert plain(text) == seen
