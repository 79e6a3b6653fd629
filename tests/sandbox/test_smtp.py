"""The mail server, spoken to by smtplib and, where a client would not misbehave, by hand."""

import base64
import smtplib
import socket
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from ops.sandbox.credentials import MAIL_LOGIN
from tests.sandbox.conftest import Sandbox

TO = "ada@example.com"


def address(sandbox: Sandbox) -> tuple[str, int]:
    url = urlsplit(sandbox.env["SMTP_URL"])
    assert url.hostname is not None
    assert url.port is not None
    return url.hostname, url.port


def letter(sandbox: Sandbox, text: str = "Your code is 123456.\n", **headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": sandbox.env["MAIL_FROM"], "To": TO, "Subject": "Your code"} | headers).items():
        message[name] = value
    message.set_content(text)
    return message


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(*address(sandbox), timeout=5) as connected:
        yield connected


class Raw:
    """A conversation line by line."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.socket = socket.create_connection(address(sandbox), timeout=5)
        self.file = self.socket.makefile("rb")
        assert self.reply()[:4] == "220 "

    def reply(self) -> str:
        while (line := self.file.readline().decode())[3:4] == "-":
            pass
        return line

    def say(self, *lines: bytes | str) -> str:
        self.socket.sendall(b"".join(line if isinstance(line, bytes) else f"{line}\r\n".encode() for line in lines))
        return self.reply()


@pytest.fixture
def raw(sandbox: Sandbox) -> Iterator[Raw]:
    talk = Raw(sandbox)
    yield talk
    talk.file.close()
    talk.socket.close()


def mails(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [item["body"] for item in sandbox.sent("smtp") if item["status"] == 250]


def test_a_mail_becomes_an_item(sandbox: Sandbox, client: smtplib.SMTP):
    assert client.send_message(letter(sandbox)) == {}
    [item] = sandbox.sent("smtp")
    assert item["body"] == {
        "from": "Kuitter <hello@kuitter.test>", "to": TO, "subject": "Your code",
        "text": "Your code is 123456.\n", "html": None,
    }  # fmt: skip
    assert (item["provider"], item["method"], item["path"], item["status"]) == ("smtp", "DATA", "/data", 250)
    assert item["headers"]["to"] == TO
    [shown] = sandbox.http.get("/_page/state").json()["mails"]
    assert shown == item["body"] | {"seq": item["seq"], "at": item["at"], "status": 250}


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64", "8bit"])
def test_text_and_html_in_any_encoding(sandbox: Sandbox, client: smtplib.SMTP, encoding: str):
    message = letter(sandbox, Subject="Grüße, der Code läuft ab – schnell! " * 3)
    message.set_content("Grüße – 日本語\n.leading dot\n\n.\nend\n", cte=encoding)
    message.add_alternative("<p>Grüße <b>日本語</b></p>\n", subtype="html", cte=encoding)
    message["Reply-To"] = "Jürgen <j@example.com>"
    client.send_message(message)
    [mail] = mails(sandbox)
    assert mail["subject"] == ("Grüße, der Code läuft ab – schnell! " * 3).strip()
    assert mail["text"] == "Grüße – 日本語\n.leading dot\n\n.\nend\n"
    assert mail["html"] == "<p>Grüße <b>日本語</b></p>\n"
    assert sandbox.sent("smtp")[0]["headers"]["reply-to"] == "Jürgen <j@example.com>"


def test_other_charsets_attachments_and_html_alone(sandbox: Sandbox, client: smtplib.SMTP):
    message = letter(sandbox)
    message.set_content("Grüße\n", charset="iso-8859-1")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="x.pdf")
    client.send_message(message)
    alone = letter(sandbox)
    alone.set_content("<p>only this</p>\n", subtype="html")
    client.send_message(alone)
    strange = letter(sandbox)
    strange.replace_header("Content-Type", 'text/plain; charset="klingon"')
    client.send_message(strange)
    first, second, third = mails(sandbox)
    assert (first["text"], first["html"]) == ("Grüße\n", None)
    assert (second["text"], second["html"]) == ("", "<p>only this</p>\n")
    assert "123456" in third["text"]


def test_the_envelope_says_who_gets_it(sandbox: Sandbox, client: smtplib.SMTP):
    client.send_message(letter(sandbox), to_addrs=["one@example.com", "two@example.com"])
    assert [mail["to"] for mail in mails(sandbox)] == ["one@example.com, two@example.com"]
    assert sandbox.sent("smtp")[0]["headers"]["to"] == TO


def test_names_beyond_ascii(sandbox: Sandbox, client: smtplib.SMTP):
    client.send_message(letter(sandbox, To="用户@例え.test", From="Kuitter <grüße@kuitter.test>"))
    [mail] = mails(sandbox)
    assert (mail["to"], mail["from"]) == ("用户@例え.test", "Kuitter <grüße@kuitter.test>")


def test_it_says_what_it_can_do_and_keeps_to_it(client: smtplib.SMTP):
    assert client.noop()[0] == 250
    assert client.ehlo()[0] == 250
    limit = int(client.esmtp_features["size"])
    assert {"8bitmime", "smtputf8", "pipelining", "auth", "enhancedstatuscodes"} <= client.esmtp_features.keys()
    assert client.mail("a@b.example", [f"size={limit + 1}"])[0] == 552
    assert client.mail("a@b.example", ["size=10", "body=8bitmime"])[0] == 250
    assert client.verify("x")[0] == 252


def test_a_mail_that_is_too_large(sandbox: Sandbox, client: smtplib.SMTP):
    client.ehlo()
    line = b"x" * 900 + b"\r\n"
    client.mail("a@b.example")
    client.rcpt(TO)
    code, _ = client.data(b"From: a@b.example\r\n\r\n" + line * 11_700)
    assert code == 552
    assert mails(sandbox) == []
    assert client.send_message(letter(sandbox, "x" * 900 + "\n" + "y\n" * 1000)) == {}


def test_login(sandbox: Sandbox):
    for mechanism in ("PLAIN", "LOGIN"):
        with smtplib.SMTP(*address(sandbox), timeout=5) as client:
            client.ehlo()
            client.esmtp_features["auth"] = mechanism
            with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
                client.login("kuitter", "wrong")
            assert refused.value.smtp_code == 535
            assert client.login(*MAIL_LOGIN)[0] == 235
            assert client.send_message(letter(sandbox)) == {}
            assert client.docmd("AUTH", "PLAIN")[0] == 503


def test_login_by_hand(raw: Raw):
    def encoded(value: str) -> str:
        return base64.b64encode(value.encode()).decode()

    assert raw.say("AUTH PLAIN")[:3] == "503"
    raw.say("EHLO me")
    assert raw.say("AUTH CRAM-MD5")[:3] == "504"
    assert raw.say("AUTH PLAIN !!")[:3] == "501"
    assert raw.say("AUTH PLAIN", "*")[:3] == "334"
    assert raw.reply()[:3] == "501"
    assert raw.say(f"AUTH PLAIN {encoded('kuitter')}")[:3] == "535"
    assert raw.say(f"AUTH PLAIN {encoded('else' + chr(0) + chr(0).join(MAIL_LOGIN))}")[:3] == "535"
    assert raw.say("AUTH LOGIN")[:3] == "334"
    assert raw.say(encoded(MAIL_LOGIN[0])) == f"334 {encoded('Password:')}\r\n"
    assert raw.say(encoded(MAIL_LOGIN[1]))[:3] == "235"


def test_the_order_of_things(raw: Raw):
    conversation = [
        ("MAIL FROM:<a@b.example>", "503"),
        ("EHLO", "501"),
        ("HELO me", "250"),
        ("MAIL FROM:<a@b.example> SIZE=1", "555"),
        ("EHLO me", "250"),
        ("RCPT TO:<a@b.example>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:a@b.example", "501"),
        ("MAIL TO:<a@b.example>", "501"),
        ("MAIL FROM:<a b@c.example>", "501"),
        ("MAIL FROM:<a@b.example> COLOUR=red", "555"),
        ("MAIL FROM:<a@b.example> BODY=9BIT", "501"),
        ("MAIL FROM:<ä@b.example>", "553"),
        ("MAIL FROM:<>", "250"),
        ("MAIL FROM:<a@b.example>", "503"),
        ("DATA", "503"),
        ("RCPT TO:<nobody>", "501"),
        ("RCPT TO:<a@b..example>", "501"),
        (f"RCPT TO:<{'x' * 65}@b.example>", "501"),
        ("RCPT TO:<>", "501"),
        ("RCPT TO:<a@b.example> NOTIFY=NEVER", "555"),
        ("rcpt to: <\"a b\"@b.example>", "250"),
        ("DATA now", "501"),
        ("RSET", "250"),
        ("DATA", "503"),
        ("STARTTLS", "502"),
        ("", "500"),
        (b"NOOP\n", "500"),
        (b"\xff\r\n", "500"),
        ("QUIT", "221"),
    ]  # fmt: skip
    for line, code in conversation:
        assert (line, raw.say(line)[:3]) == (line, code)
    assert raw.reply() == ""


@pytest.mark.parametrize(
    ("mail", "code"),
    [
        (b"Subject: x\r\n\r\nno sender", "550"),
        (b"From: a@b.example\r\nFrom: c@d.example\r\n\r\ntwo senders", "550"),
        (b"From: a@b.example\r\nSubject: x\r\nsubject: y\r\n\r\ntwo subjects", "550"),
        (b"From: a@b.example\r\nSubject: \xc3\xa4\r\n\r\nnot encoded", "554"),
        (b"From: a@b.example\r\n\r\n" + b"x" * 999, "554"),
        (b"From: a@b.example\r\n\r\n" + b"x" * 30_000, "554"),
        (b"From: a@b.example\r\n\r\none\ntwo", "521"),
        (b"From: a@b.example\r\n\r\none\rtwo", "521"),
        (b"From: a@b.example\r\n\r\n" + b"x" * 998, "250"),
        (b"From: a@b.example", "250"),
    ],
)
def test_mails_that_break_the_rules(sandbox: Sandbox, raw: Raw, mail: bytes, code: str):
    for line in ("EHLO me", "MAIL FROM:<a@b.example>", f"RCPT TO:<{TO}>"):
        assert raw.say(line)[:3] == "250"
    assert raw.say("DATA")[:3] == "354"
    assert raw.say(mail, b"\r\n.\r\n")[:3] == code
    assert len(mails(sandbox)) == (code == "250")


def test_one_mail_can_not_be_made_to_look_like_two(sandbox: Sandbox, raw: Raw):
    for line in ("EHLO me", "MAIL FROM:<a@b.example>", f"RCPT TO:<{TO}>", "DATA"):
        raw.say(line)
    second = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nFrom: evil@b.example\r\n\r\nx\r\n.\r\n"
    assert raw.say(b"From: a@b.example\r\n\r\nx\n.\r\n" + second)[:3] == "521"
    assert sandbox.sent("smtp") == []


def test_pipelining(sandbox: Sandbox, raw: Raw):
    raw.say("EHLO me")
    lines = ["MAIL FROM:<a@b.example>", f"RCPT TO:<{TO}>", "RCPT TO:<nobody>", "DATA"]
    assert raw.say(*lines)[:3] == "250"
    assert [raw.reply()[:3] for _ in range(3)] == ["250", "501", "354"]
    mail = b"From: a@b.example\r\nSubject: 1\r\n\r\n..dots\r\n.\r\n"
    assert raw.say(mail, *lines)[:3] == "250"
    assert mails(sandbox)[0]["text"] == ".dots\n"


@pytest.mark.parametrize(
    ("match", "error"), [("", smtplib.SMTPRecipientsRefused), ("/rcpt", smtplib.SMTPRecipientsRefused),
                         ("/data", smtplib.SMTPDataError), ("123456", smtplib.SMTPDataError)],
)  # fmt: skip
@pytest.mark.parametrize("status", [451, 550])
def test_a_fault_refuses_at_the_recipient_or_at_the_end(
    sandbox: Sandbox, client: smtplib.SMTP, match: str, error: type[Exception], status: int
):
    sandbox.fault("smtp", status=status, match=match, times=1)
    with pytest.raises(error) as refused:
        client.send_message(letter(sandbox))
    assert str(status) in str(refused.value)
    client.send_message(letter(sandbox))
    ruined, taken = sandbox.sent("smtp")
    assert (ruined["status"], ruined["body"]["to"], taken["status"]) == (status, TO, 250)


def test_a_fault_may_have_words_of_its_own_and_aim_at_a_person(sandbox: Sandbox, client: smtplib.SMTP):
    sandbox.fault("smtp", status=550, body="5.1.1 Moved\r\naway", match="two@example.com")
    refused = client.send_message(letter(sandbox), to_addrs=[TO, "two@example.com"])
    assert refused == {"two@example.com": (550, b"5.1.1 Moved away")}
    assert [mail["to"] for mail in mails(sandbox)] == [TO]
    sandbox.fault("smtp", status=421)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        client.send_message(letter(sandbox))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()


@pytest.mark.parametrize(
    ("fault", "count"),
    [({"drop": True}, 0), ({"drop": True, "match": "/data"}, 1), ({"truncate_after": 2, "match": "/data"}, 1)],
)
def test_a_fault_hangs_up(sandbox: Sandbox, client: smtplib.SMTP, fault: dict[str, Any], count: int):
    sandbox.fault("smtp", **fault)
    with pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException)):
        client.send_message(letter(sandbox))
    [item] = sandbox.sent("smtp")
    assert (item["status"], "123456" in item["body"]["text"]) == (None, bool(count))


def test_a_fault_makes_it_slow(sandbox: Sandbox, client: smtplib.SMTP):
    sandbox.fault("smtp", delay_ms=150)
    began = time.monotonic()
    client.send_message(letter(sandbox))
    assert 0.3 <= time.monotonic() - began < 2
    assert len(mails(sandbox)) == 1


def test_many_at_once(sandbox: Sandbox):
    clients = [smtplib.SMTP(*address(sandbox), timeout=5) for _ in range(30)]
    for number, client in enumerate(clients):
        client.send_message(letter(sandbox, f"mail {number}\n"))
    for client in clients:
        client.quit()
    assert {mail["text"] for mail in mails(sandbox)} == {f"mail {number}\n" for number in range(30)}


def test_http_knows_nothing_of_mail(sandbox: Sandbox):
    assert sandbox.http.get("/smtp/").status_code == 404
    with socket.create_connection(address(sandbox), timeout=5) as lost, lost.makefile("rb") as answers:
        lost.sendall(b"GET / HTTP/1.1\r\n")
        assert [answers.readline()[:3] for _ in range(2)] == [b"220", b"502"]
