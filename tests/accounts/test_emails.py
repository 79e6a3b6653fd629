"""One mailbox is one address: nothing that a mail server reads otherwise passes as another."""

import pytest

from domain.accounts.emails import normalize_email
from domain.kit.errors import InvalidRequest


@pytest.mark.parametrize(
    "text",
    [
        "a@victim.org,x.yy", "a@victim.org>x.yy", "a@victim.org(x).yy", "a@victim.org;b@x.yy", "a@vic tim.org",
        "a@victim.org\u200b", "a\u200b@victim.org", "a\u202e@victim.org", "a@-victim.org", "a@victim-.org",
        "a@victim.1rg", "a@victim", "@victim.org", "a..b@victim.org", "a" + "\u0301" * 400 + "@victim.org",
    ],
)  # fmt: skip
def test_no_address(text):
    with pytest.raises(InvalidRequest):
        normalize_email(text)


@pytest.mark.parametrize("text", ["Mara@Example.org", " mara@example.org ", "mara@EXAMPLE.ORG"])
def test_one_spelling(text):
    assert normalize_email(text) == "mara@example.org"


@pytest.mark.parametrize(
    "text", ["a+b@my-host.example.co.uk", "ü@bücher.example", "a@xn--bcher-kva.example", "o'neill@x.ie"]
)
def test_addresses(text):
    assert normalize_email(text) == text
