"""A sandbox of its own, as a real process on a free port, shared by the tests of this folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import jwt
import msgspec
import pytest
from openai import AsyncOpenAI

from ops.sandbox.credentials import environment

ROOT = Path(__file__).parents[2]


class Sandbox:
    """The running sandbox: where it is, the app's variables for it, and its control routes."""

    def __init__(self, port: int, env: dict[str, str], process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.env = env
        self.data_dir = Path(env["APNS_KEY"]).parents[1]
        self.process = process
        self.http = httpx2.Client(base_url=self.url, trust_env=False, timeout=10, verify=False)
        # One for all pushes, as the app has it: a connection may not change its provider token often.
        self.push_token = self.provider_token()

    def sent(self, provider: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        query = {"since": since} | ({"provider": provider} if provider else {})
        return self.http.get("/_control/sent", params=query).raise_for_status().json()["items"]

    def fault(self, provider: str, **fault: Any) -> None:
        self.http.put(f"/_control/faults/{provider}", json=fault).raise_for_status()

    def replies(self, *replies: str) -> None:
        self.http.put("/_control/deepseek/replies", json={"replies": replies}).raise_for_status()

    def control(self, path: str, **body: Any) -> Any:
        return self.http.post(f"/_control/{path}", json=body).raise_for_status().json()

    def account(self) -> dict[str, Any]:
        return msgspec.json.decode(Path(self.env["GOOGLE_SERVICE_ACCOUNT"]).read_bytes())

    def assertion(self, *, key: str | None = None, kid: str | None = None, **claims: Any) -> str:
        """A service account's assertion; a claim of None is left out."""
        account, now = self.account(), int(time.time())
        payload = {
            "iss": account["client_email"],
            "scope": "https://www.googleapis.com/auth/firebase.messaging",
            "aud": "https://oauth2.googleapis.com/token",
            "iat": now,
            "exp": now + 3600,
        } | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        kid = kid or account["private_key_id"]
        return jwt.encode(payload, key or account["private_key"], algorithm="RS256", headers={"kid": kid})

    def token_answer(self, **assertion: Any) -> httpx2.Response:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self.assertion(**assertion),
        }
        return self.http.post(self.env["GOOGLE_TOKEN_URL"], data=form)

    def access_token(self, **assertion: Any) -> str:
        return self.token_answer(**assertion).raise_for_status().json()["access_token"]

    def provider_token(self, *, age: int = 0, key: str | None = None, kid: str | None = None, **claims: Any) -> str:
        """An APNs provider token."""
        payload = {"iss": self.env["APNS_TEAM_ID"], "iat": int(time.time()) - age} | claims
        signer = key or Path(self.env["APNS_KEY"]).read_text()
        return jwt.encode(payload, signer, algorithm="ES256", headers={"kid": kid or self.env["APNS_KEY_ID"]})


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port whose successor, for mail, is free too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if is_free(port + 1):
                return port


class Webhooks:
    """Stands for the app where the sandbox tells it something: keeps what it gets, answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        """The headers of each, lower case."""
        webhooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                webhooks.heads.append({name.lower(): value for name, value in self.headers.items()})
                webhooks.got.append((self.path, msgspec.json.decode(body)))
                self.send_response(webhooks.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def run(data_dir: Path, port: int, **variables: str) -> subprocess.Popen[bytes]:
    """Start `python -m ops.sandbox`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "APP_URL"))}
    env |= {
        "DATA_DIR": str(data_dir),
        "SANDBOX_PORT": str(port),
        "SANDBOX_CHUNK_MS": "2",
        "SANDBOX_RETRY_MS": "20",
    } | variables
    command = [sys.executable, "-m", "ops.sandbox"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def await_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the sandbox listens; fail with its own words if it does not."""
    until = time.monotonic() + 15
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            pytest.fail(f"the sandbox did not start: {process.communicate()[1].decode()}")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def webhooks_process() -> Iterator[Webhooks]:
    running = Webhooks()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def webhooks(webhooks_process: Webhooks) -> Webhooks:
    """The app's webhooks, with nothing received."""
    webhooks_process.status, webhooks_process.got, webhooks_process.heads = 200, [], []
    return webhooks_process


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory, webhooks_process: Webhooks) -> Iterator[Sandbox]:
    data_dir, port = tmp_path_factory.mktemp("sandbox"), free_port()
    env = environment(data_dir, port)
    process = run(data_dir, port, APP_URL=webhooks_process.url)
    await_port(process, port)
    running = Sandbox(port, env, process)
    yield running
    running.http.close()
    process.terminate()
    output = process.communicate(timeout=10)[1].decode()
    assert "Traceback" not in output


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox with nothing in its memory."""
    sandbox_process.http.delete("/_control").raise_for_status()
    return sandbox_process


@pytest.fixture
async def h2c() -> AsyncIterator[httpx2.AsyncClient]:
    """A client that speaks HTTP/2 without TLS, on connections of its own."""
    async with httpx2.AsyncClient(http1=False, http2=True, trust_env=False, timeout=10, verify=False) as client:
        yield client


@pytest.fixture
async def model(sandbox: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with httpx2.AsyncClient(trust_env=False, timeout=5, verify=False) as http:
        yield AsyncOpenAI(
            base_url=sandbox.env["DEEPSEEK_URL"],
            api_key=sandbox.env["DEEPSEEK_API_KEY"],
            max_retries=0,
            http_client=http,
        )
