"""The legal pages."""

import re

import pytest

from domain.accounts.consents import CURRENT

PAGES = {
    "terms": ("terms",),
    "privacy": ("sensitive_data", "third_party_ai", "partner_sharing"),
    "rules": ("community_rules",),
    "contact": (),
}


@pytest.mark.parametrize("name", PAGES)
async def test_everybody_may_read_them(stranger, name):
    response = await stranger("GET", f"/legal/{name}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")
    assert response.text.count("<h1>") == 1
    assert len(response.content) < 20_000


@pytest.mark.parametrize("name", PAGES)
async def test_they_load_nothing_and_run_nothing(stranger, name):
    response = await stranger("GET", f"/legal/{name}")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    page = response.text
    assert not re.search(r"https?://|//\w+\.|<script|<img|<link|<iframe|<form|\son\w+=|\sstyle=|@import|url\(", page)
    links = re.findall(r'href="([^"]*)"', page)
    assert set(links) <= {f"/legal/{other}" for other in PAGES} | {"/account-deletion", "mailto:hello@kuitter.app"}
    assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


async def test_the_style_is_the_one_that_the_policy_names(stranger):
    import base64
    import hashlib

    response = await stranger("GET", "/legal/terms")
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", PAGES)
async def test_their_version_is_the_one_that_people_agree_to(stranger, name, monkeypatch):
    from domain.accounts import consents

    for number, kind in enumerate(PAGES[name]):
        monkeypatch.setitem(consents.CURRENT, kind, (f"2031-0{number}", CURRENT[kind][1]))
    shown = re.findall(r"Version ([^<]*)<", (await stranger("GET", f"/legal/{name}")).text)
    assert shown == ([", ".join(f"2031-0{number}" for number in range(len(PAGES[name])))] if PAGES[name] else [])


async def test_every_kind_of_consent_has_a_page():
    assert {kind for kinds in PAGES.values() for kind in kinds} == set(CURRENT)


async def test_privacy_names_who_gets_data_and_how_it_ends(stranger):
    import html

    page = html.unescape((await stranger("GET", "/legal/privacy")).text)
    for kind in PAGES["privacy"]:
        assert CURRENT[kind][1] in page
    for word in ("DeepSeek", "Apple", "Google", "export", "30 days", "180 days", "/account-deletion"):
        assert word in page


@pytest.mark.parametrize("name", PAGES)
async def test_the_address_is_a_setting(stranger, setting, name):
    assert "mailto:hello@kuitter.app" in (await stranger("GET", f"/legal/{name}")).text
    setting(LEGAL_CONTACT="o'neill&co@example.org")
    page = (await stranger("GET", f"/legal/{name}")).text
    assert "hello@kuitter.app" not in page
    assert "o&#x27;neill&amp;co@example.org" in page


async def test_an_address_that_is_none_stops_the_process():
    import os

    from domain.kit.environment import SettingError
    from domain.kit.settings import read_settings

    with pytest.raises(SettingError, match="LEGAL_CONTACT"):
        read_settings({**os.environ, "LEGAL_CONTACT": "nobody"})


@pytest.mark.parametrize("name", ["imprint", "Terms", "terms.html", "..", "%00", "__init__"])
async def test_another_page_is_404(stranger, name):
    response = await stranger("GET", f"/legal/{name}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"
