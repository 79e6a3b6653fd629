"""Mails: what they say, how they go out, and what becomes of those that cannot."""

import os
import re
from uuid import uuid4

import pytest

from domain.accounts import letters, mail_texts
from domain.accounts.letters import Letter
from domain.accounts.mail_server import make_message
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from tests.accounts.providers import mails
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("sandbox")
DETAILS = {"device": "ios", "at": "2026-11-23T13:05+00:00", "zone": "Europe/Berlin", "provider": "google"}
CODES = ("verify", "reset", "change", "deletion")
KINDS = sorted(mail_texts._ENGLISH)


def letter(kind, **fields):
    given = {"to": "me@example.org", "locale": "en", "details": DETAILS, "code": "012345" if kind in CODES else None}
    return Letter(id=uuid4(), kind=kind, **{**given, **fields})


@pytest.fixture
async def mail(sign_up):
    """The mail of somebody who has just signed up waits."""
    return await sign_up(email="me@example.org", mail=True)


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(kind):
    written = mail_texts.write(letter(kind))
    plain = " ".join(written.text.split())
    page = written.html.replace("&#x27;", "'")
    body = page.partition("</h1>")[2]
    for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", body):
        assert " ".join(paragraph.split()) in plain
    assert "{" not in written.text + written.subject
    assert written.html.startswith('<!doctype html>\n<html lang="en">')


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_is_the_only_run_of_six_digits(kind):
    written = mail_texts.write(letter(kind))
    assert re.findall(r"\d{6,}", written.text) == (["012345"] if kind in CODES else [])
    assert "012345" not in written.subject


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_loaded_from_elsewhere_and_nothing_is_tracked(kind):
    page = mail_texts.write(letter(kind)).html
    assert not re.search(r"https?:|src=|<img|<link|<script|href=|url\(", page)


@pytest.mark.parametrize("kind", KINDS)
def test_subjects_do_not_name_the_habit(kind):
    subject = mail_texts.write(letter(kind)).subject.lower()
    for word in ("porn", "nofap", "sex", "addict", "recover", "relapse", "slip", "clean", "streak", "habit", "urge"):
        assert word not in subject


def test_a_moment_is_told_by_the_person_s_clock():
    text = mail_texts.write(letter("new_sign_in")).text
    assert "from an iPhone or iPad, on Monday, 23 November 2026, 14:05 (Europe/Berlin)" in text


@pytest.mark.parametrize("locale", ["en", "en-GB", "de-AT", "zz", "EN"])
def test_every_locale_has_words(locale):
    assert mail_texts.write(letter("verify", locale=locale)).subject == "Confirm your e-mail address"


def test_another_language_is_one_more_entry(monkeypatch):
    german = {"verify": mail_texts.Words("Bestätige deine Adresse", ("Gib diesen Code ein:",))}
    languages = {**mail_texts._LANGUAGES, "de": (german, {})}
    monkeypatch.setattr(mail_texts, "_LANGUAGES", languages)
    assert mail_texts.write(letter("verify", locale="de-AT")).subject == "Bestätige deine Adresse"
    assert mail_texts.write(letter("reset", locale="de-AT")).subject == "Your code for a new password"


def test_a_repeat_can_be_recognised():
    one = letter("verify")
    first, second = (make_message(one, "Kuitter <hello@kuitter.test>") for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"] == f"<{one.id}@kuitter.test>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


async def test_it_arrives_from_us_in_both_forms(mail, drain, sandbox):
    await drain()
    (item,) = await mails(sandbox)
    assert item["body"]["from"] == "Kuitter <hello@kuitter.test>"
    assert item["body"]["to"] == "me@example.org"
    assert item["body"]["text"]
    assert item["body"]["html"]


async def test_letters_of_all_alphabets_arrive(sign_up, drain, sandbox):
    await sign_up(email="jürgen@bücher.example", mail=True)
    await drain()
    assert (await mails(sandbox))[0]["body"]["to"] == "jürgen@bücher.example"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 451},
        {"status": 421},
        {"drop": True},
        {"status": 451, "match": "/data"},
        {"drop": True, "match": "/data"},
    ],
)
async def test_what_passes_is_tried_again_with_the_same_code_and_id(fault, mail, drain, sandbox):
    await sandbox.put("/_control/faults/smtp", json={**fault, "times": 1})
    assert await drain(allow=("retry",)) == [("accounts.mail", "retry")]
    before = await fetch_row("SELECT id, tries FROM codes")
    await execute("UPDATE jobs SET run_at = now()")
    assert await drain() == [("accounts.mail", "done")]
    assert await fetch_row("SELECT id, tries FROM codes") == before
    ids = {item["headers"]["message-id"] for item in await mails(sandbox) if item["headers"].get("message-id")}
    assert len(ids) == 1
    assert await fetch_value("SELECT count(*) FROM mails") == 0


async def test_an_address_that_does_not_exist_is_given_up_at_once(mail, drain, sandbox):
    await sandbox.put("/_control/faults/smtp", json={"status": 550})
    assert await drain() == [("accounts.mail", "done")]
    assert await fetch_value("SELECT count(*) FROM mails") == 0
    assert len(await mails(sandbox)) == 1


@pytest.fixture
def mail_server(setting):
    """`mail_server("smtp://name:password@")` puts another scheme or a login before the server's address."""

    def change(before):
        setting(SMTP_URL=before + os.environ["SMTP_URL"].partition("://")[2].rpartition("@")[2])

    return change


async def test_a_refused_login_is_ours_to_mend_and_the_mail_waits(mail, drain, mail_server):
    mail_server("smtp://kuitter:wrong@")
    assert await drain(allow=("retry",)) == [("accounts.mail", "retry")]
    row = await fetch_row("SELECT attempts, error_code, run_at > now() + interval '4 minutes' AS later FROM jobs")
    assert (row["attempts"], row["error_code"], row["later"]) == (0, "smtp_535", True)
    assert await fetch_value("SELECT count(*) FROM mails") == 1


async def test_a_right_login_is_accepted(mail, drain, sandbox, mail_server):
    from ops.sandbox.credentials import MAIL_LOGIN

    mail_server(f"smtp://{':'.join(MAIL_LOGIN)}@")
    assert await drain() == [("accounts.mail", "done")]
    assert len(await mails(sandbox)) == 1


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_a_server_without_tls_gets_no_mail_where_tls_was_asked_for(scheme, mail, drain, sandbox, mail_server):
    mail_server(f"{scheme}://")
    assert await drain(allow=("retry",)) == [("accounts.mail", "retry")]
    assert await fetch_value("SELECT count(*) FROM mails") == 1
    assert await mails(sandbox) == []


async def test_a_code_that_nobody_needs_any_more_is_not_sent(mail, drain, sandbox):
    await execute("UPDATE users SET email_verified_at = now()")
    assert await drain() == [("accounts.mail", "done")]
    assert await mails(sandbox) == []
    assert await fetch_value("SELECT count(*) FROM mails") == 0


async def test_a_late_mail_does_not_end_the_code_of_a_newer_one(mail, drain, sandbox):
    early = await fetch_value("SELECT id FROM jobs")
    await execute("UPDATE jobs SET run_at = now() + interval '1 hour'")
    await mail("POST", "/v1/auth/email/resend")
    await drain()
    newer = await fetch_value("SELECT id FROM codes")
    await execute("UPDATE jobs SET run_at = now() WHERE id = $1", early)
    await drain()
    assert await fetch_value("SELECT id FROM codes") == newer
    assert len(await mails(sandbox)) == 1


async def test_a_mail_past_its_time_is_not_sent_and_not_kept(mail, drain, sandbox):
    await execute("UPDATE jobs SET not_after = now() - interval '1 second'")
    assert await drain(allow=("skipped",)) == [("accounts.mail", "skipped")]
    assert await fetch_value("SELECT count(*) FROM mails") == 0
    assert await mails(sandbox) == []


async def test_a_mail_needs_its_cause():
    from domain.kit.database import OutsideTransaction

    with pytest.raises(OutsideTransaction):
        await letters.post("reset", "me@example.org", None)
    await execute("DELETE FROM mails")


async def test_the_job_holds_ids_only(mail):
    assert "example.org" not in str(await fetch_row("SELECT * FROM jobs"))


# -- a sign-in from somewhere new ----------------------------------------------------------------------------------


async def log_in(stranger, client):
    login = {"email": "me@example.org", "password": PASSWORD}
    return await stranger.ok("POST", "/v1/auth/login", json=login, headers={"User-Agent": client})


async def subjects(sandbox):
    return [mail["body"]["subject"] for mail in await mails(sandbox)]


async def test_a_new_device_is_told_by_mail_once(sign_up, stranger, drain, sandbox):
    await sign_up(email="me@example.org")
    for client in (
        "Kuitter/1.4 (iPhone; iOS 26.1)",
        "Kuitter/1.5 (iPhone; iOS 26.2)",
        "Kuitter/1.4 (iPhone; iOS 26.1)",
    ):
        await log_in(stranger, client)
    await drain()
    assert await subjects(sandbox) == ["A new sign-in to your account"]
    await log_in(stranger, "Kuitter/1.4 (Android 17)")
    await drain()
    assert "an Android device" in (await mails(sandbox))[-1]["body"]["text"]


async def test_registering_is_no_new_sign_in(mail, drain, sandbox):
    await drain()
    assert await subjects(sandbox) == ["Confirm your e-mail address"]


async def test_what_a_device_calls_itself_never_gets_into_a_mail(sign_up, stranger, drain, sandbox):
    await sign_up(email="me@example.org")
    await log_in(stranger, "Your account is locked, call 123456 or visit http://evil.example")
    await drain()
    body = str((await mails(sandbox))[-1]["body"])
    assert "evil" not in body
    assert "123456" not in body


async def test_a_mail_of_a_transaction_that_fails_does_not_exist(mail):
    before = await fetch_value("SELECT count(*) FROM mails")

    async def broken():
        async with transaction():
            await letters.post("reset", "me@example.org", None)
            raise LookupError

    with pytest.raises(LookupError):
        await broken()
    assert await fetch_value("SELECT count(*) FROM mails") == before


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("smtps://name:word@mail.example.org", True),
        ("smtp+starttls://mail.example.org:587", True),
        ("smtp://mail.example.org", False),
    ],
)
def test_production_takes_no_mail_server_without_tls(url, accepted):
    from domain.kit.environment import SettingError
    from domain.kit.settings import read_settings

    https = {name: "https://example.org" for name, value in os.environ.items() if value.startswith("http://127.0.0.1")}
    keys = "now:" + "QUJD" * 16
    environ = {
        **os.environ,
        **https,
        "KUITTER_ENV": "production",
        "SECRET_KEYS": keys,
        "SMTP_URL": url,
        "TRUSTED_PROXIES": "127.0.0.1",
    }
    if accepted:
        assert read_settings(environ).smtp_url == url
    else:
        with pytest.raises(SettingError, match=r"^SMTP_URL must be smtps:// or smtp\+starttls:// in production"):
            read_settings(environ)
