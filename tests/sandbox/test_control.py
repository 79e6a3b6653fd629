"""The sandbox's own routes: what was sent, faults, forgetting, the page."""

import base64
import socket
import stat
from pathlib import Path

import httpx2
import pytest

from ops.sandbox.__main__ import serve
from ops.sandbox.credentials import environment, load
from ops.sandbox.journal import Journal
from ops.sandbox.wire import Request
from tests.sandbox.conftest import Sandbox, await_port, free_port, run


def test_sent_shows_what_came_in_oldest_first(sandbox: Sandbox):
    sandbox.access_token()
    sandbox.http.post("/fcm/v1/projects/p/messages:send", content=b"\xff\xfe")
    first, second = sandbox.sent()
    assert second["seq"] > first["seq"]
    assert (first["provider"], first["method"], first["path"]) == ("google", "POST", "/google/token")
    assert (first["status"], second["status"]) == (200, 401)
    assert first["at"].endswith("Z")
    assert first["body"].startswith("grant_type=")
    assert base64.b64decode(second["body"]) == b"\xff\xfe"
    assert sandbox.sent(since=first["seq"]) == [second]
    assert sandbox.sent("fcm") == [second]
    assert sandbox.sent("fcm", since=second["seq"]) == []


def test_sent_shows_no_secret(sandbox: Sandbox):
    token = sandbox.access_token()
    key = sandbox.env["DEEPSEEK_API_KEY"]
    for value in (f"Bearer {key}", f"Bearer {token}", token):
        sandbox.http.get("/deepseek/models", headers={"authorization": value})
    text = sandbox.http.get("/_control/sent").text
    assert key not in text
    assert token not in text
    assert sandbox.assertion().rpartition(".")[2] not in text
    assert "Bearer sha256:" in sandbox.sent("deepseek")[0]["headers"]["authorization"]


def test_sent_pages_and_refuses_nonsense(sandbox: Sandbox):
    for _ in range(3):
        sandbox.http.get("/deepseek/models?x=1")
    assert len(sandbox.http.get("/_control/sent?limit=2").json()["items"]) == 2
    assert sandbox.sent()[0]["path"] == "/deepseek/models?x=1"
    assert sandbox.http.get("/_control/sent?provider=nobody").status_code == 404
    for query in ("since=x", "since=-1", "limit=0"):
        answer = sandbox.http.get(f"/_control/sent?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"status":"500"}', b'{"status":99}', b'{"times":0}', b'{"surprise":1}']
)
def test_bad_faults_are_refused(sandbox: Sandbox, body: bytes):
    answer = sandbox.http.put("/_control/faults/fcm", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


def test_unknown_names_are_404(sandbox: Sandbox):
    assert sandbox.http.put("/_control/faults/nobody", json={"status": 500}).status_code == 404
    assert sandbox.http.delete("/_control/faults/nobody").status_code == 404
    assert sandbox.http.get("/_control/nothing").status_code == 404
    assert sandbox.http.get("/nothing").status_code == 404


def test_a_fault_holds_until_switched_off_and_is_replaced_by_the_next(sandbox: Sandbox):
    sandbox.fault("google", status=503)
    assert [sandbox.token_answer().status_code for _ in range(2)] == [503, 503]
    sandbox.fault("google", status=400)
    assert sandbox.token_answer().json()["error"] == "invalid_grant"
    assert sandbox.http.delete("/_control/faults/google").status_code == 204
    assert sandbox.token_answer().status_code == 200
    assert [item["status"] for item in sandbox.sent("google")] == [503, 503, 400, 200]


def test_a_fault_may_be_counted_and_aimed(sandbox: Sandbox):
    sandbox.fault("google", status=429, headers={"Retry-After": "7"}, body={"own": "body"}, times=2, match="grant_type")
    assert sandbox.http.post("/google/token", content=b"elsewhere").status_code == 400
    first, second, third = (sandbox.token_answer() for _ in range(3))
    assert (first.status_code, first.headers["retry-after"], first.json()) == (429, "7", {"own": "body"})
    assert (second.status_code, third.status_code) == (429, 200)


def test_headers_alone_leave_the_answer(sandbox: Sandbox):
    sandbox.fault("google", headers={"x-from": "a tester"}, times=1)
    answer = sandbox.token_answer()
    assert (answer.status_code, answer.headers["x-from"]) == (200, "a tester")
    assert answer.json()["expires_in"] == 3599


def test_drop_closes_the_connection_and_is_recorded(sandbox: Sandbox):
    sandbox.fault("google", drop=True, times=1)
    with pytest.raises(httpx2.RemoteProtocolError, match="disconnected without sending"):
        sandbox.token_answer()
    assert [item["status"] for item in sandbox.sent("google")] == [None]
    assert sandbox.token_answer().status_code == 200


def test_truncate_after_cuts_a_plain_body(sandbox: Sandbox):
    sandbox.fault("google", truncate_after=5, times=1)
    with pytest.raises(httpx2.RemoteProtocolError, match="peer closed connection"):
        sandbox.token_answer()


def test_a_delay_lets_the_client_time_out(sandbox: Sandbox):
    sandbox.fault("google", delay_ms=400, times=1)
    with pytest.raises(httpx2.ReadTimeout), httpx2.Client(trust_env=False, timeout=0.1) as impatient:
        impatient.post(sandbox.env["GOOGLE_TOKEN_URL"], data={"grant_type": "x"})


def test_forgetting_takes_all_but_the_numbers_and_the_tokens(sandbox: Sandbox):
    token = sandbox.access_token()
    number = sandbox.sent()[-1]["seq"]
    sandbox.fault("fcm", status=500)
    sandbox.replies("left over")
    assert sandbox.http.delete("/_control").status_code == 204
    assert sandbox.sent() == []
    message = {"message": {"token": "t", "data": {"k": "v"}}}
    answer = sandbox.http.post(
        "/fcm/v1/projects/kuitter-dev/messages:send", json=message, headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200
    assert sandbox.sent()[0]["seq"] == number + 1


def test_the_page_is_self_contained_and_its_state_follows(sandbox: Sandbox):
    page = sandbox.http.get("/")
    policy = page.headers["content-security-policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert "default-src 'none'" in policy
    assert page.text.count(f'nonce="{nonce}"') == page.text.count("<script") == 1
    assert "https://" not in page.text
    assert "src=" not in page.text
    assert nonce not in sandbox.http.get("/").text
    token = sandbox.access_token()
    nasty = "<script>alert(1)</script>"
    message = {
        "message": {"token": "t", "notification": {"title": nasty, "body": "b"}, "data": {"link": "kuitter://x"}}
    }
    sandbox.http.post(
        "/fcm/v1/projects/kuitter-dev/messages:send", json=message, headers={"authorization": f"Bearer {token}"}
    )
    sandbox.fault("apns", status=500)
    state = sandbox.http.get("/_page/state").json()
    assert (state["pushes"][0]["title"], state["pushes"][0]["status"]) == (nasty, 200)
    assert state["pushes"][0]["data"] == {"link": "kuitter://x"}
    assert state["faults"] == {"apns": {"status": 500}}
    assert state["providers"] == ["apns", "app-store", "apple", "deepseek", "fcm", "google", "google-play", "smtp"]


def test_a_foreign_host_name_is_refused(sandbox: Sandbox):
    for host in ("evil.example", "127.0.0.1.evil.example", f"evil.example:{sandbox.port}"):
        for path in ("/", "/_control/sent", "/deepseek/models"):
            assert sandbox.http.get(path, headers={"host": host}).status_code == 421
    assert sandbox.http.get("/", headers={"host": f"localhost:{sandbox.port}"}).status_code == 200


async def test_only_loopback_and_only_a_free_port(sandbox: Sandbox, tmp_path: Path):
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        await serve(tmp_path, 1, host="0.0.0.0")
    refused = run(tmp_path, 1, SANDBOX_HOST="0.0.0.0")
    taken = run(tmp_path, sandbox.port)
    assert b"127.0.0.1 only" in refused.communicate(timeout=15)[1]
    assert b"in use" in taken.communicate(timeout=15)[1]
    assert (refused.returncode, taken.returncode) == (78, 1)
    # One below, the mail server would stand where the sandbox is.
    with pytest.raises(OSError, match="in use"):
        await serve(tmp_path, sandbox.port - 1)
    for stranger in ("http://kuitter.example", "https://127.0.0.1", "127.0.0.1:8000"):
        with pytest.raises(ValueError, match="APP_URL"):
            await serve(tmp_path, 1, app_url=stranger)
    with socket.socket() as outside:
        outside.settimeout(1)
        assert outside.connect_ex((socket.gethostbyname("localhost").replace("127.0.0.1", "127.0.0.2"), sandbox.port))


def test_it_stops_at_once_whatever_it_holds_back(tmp_path: Path):
    port = free_port()
    process = run(tmp_path, port)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=0.2) as http:
        await_port(process, port)
        http.put("/_control/faults/google", json={"delay_ms": 60_000})
        with pytest.raises(httpx2.ReadTimeout):
            http.post("/google/token", content=b"x")
        with socket.create_connection(("127.0.0.1", port)) as held, socket.create_connection(("127.0.0.1", port + 1)):
            held.sendall(b"POST /google/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            assert len(http.get("/_control/sent").json()["items"]) == 2
            idle = httpx2.Client(http1=False, http2=True, trust_env=False)
            assert idle.get(f"http://127.0.0.1:{port}/").status_code == 200
            process.terminate()
            assert process.wait(timeout=5) == 0
            idle.close()
    process.communicate()


def test_credentials_are_made_once_and_kept_private(tmp_path: Path):
    first, second = environment(tmp_path, 8100), environment(tmp_path, 8200)
    assert first["DEEPSEEK_API_KEY"] == second["DEEPSEEK_API_KEY"]
    assert second["FCM_URL"] == "http://127.0.0.1:8200/fcm"
    files = list((tmp_path / "sandbox").iterdir())
    assert len(files) == 7
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    loaded, again = load(tmp_path), load(tmp_path)
    assert loaded.google_sign_in_keys[1].private_numbers() == again.google_sign_in_keys[1].private_numbers()
    account = loaded.service_account
    assert (account["type"], account["project_id"]) == ("service_account", "kuitter-dev")
    assert account["token_uri"] == second["GOOGLE_TOKEN_URL"]


def test_the_journal_stays_within_its_bounds():
    def request(size: int) -> Request:
        return Request("POST", "/x", "", [(b"a", b"1")], b"x" * size, "1.1", ("127.0.0.1", 1))

    journal = Journal(items=3, size=1_000_000)
    for _ in range(5):
        journal.record("fcm", request(10))
    assert [item["seq"] for item in journal.sent(None, 0)] == [3, 4, 5]
    journal = Journal(items=100, size=10_000)
    for _ in range(20):
        journal.record("fcm", request(1000))
    assert 3 < len(journal.sent(None, 0)) < 10
    journal.forget()
    journal.record("fcm", request(1000))
    assert [item["seq"] for item in journal.sent(None, 0)] == [21]
