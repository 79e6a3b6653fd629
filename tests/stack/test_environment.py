"""Variables and ports of a local stack."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stack.environment import read_place, stack_environment
from ops.stack.errors import PortTakenError, StackError
from ops.stack.ports import free_port, is_free, kept_port, require_free
from ops.stack.run import _without_password


@pytest.fixture
def taken_port() -> Iterator[int]:
    # Its neighbours must be free: a part whose port is offset from a variable's would else fall over those first.
    with socket.create_server(("127.0.0.1", free_port(5) + 2)) as listener:
        yield listener.getsockname()[1]


def test_defaults() -> None:
    place = read_place({})
    assert (place.port, place.sandbox_port, place.mail_port, place.metrics_port) == (8000, 8100, 8101, 9100)
    assert place.data_dir == Path(".data").resolve()
    assert place.env == "development"
    assert place.database_url is None
    assert place.redis_url is None


def test_an_empty_variable_is_not_given() -> None:
    place = read_place({"PORT": "", "DATABASE_URL": " ", "DATA_DIR": ""})
    assert place.port == 8000
    assert place.database_url is None


def test_a_port_that_is_no_number() -> None:
    with pytest.raises(StackError, match=r"PORT must be a port number, not 'web'.*PORT=8000"):
        read_place({"PORT": "web"})


def test_what_the_person_gives_wins_over_the_sandbox() -> None:
    place = read_place({"PORT": "8500"})
    given = {"FCM_URL": "https://mine.example", "APNS_URL": "", "KUITTER_ENV": "", "LOG_LEVEL": "debug"}
    credentials = {"FCM_URL": "http://sandbox", "APNS_URL": "http://sandbox", "APNS_KEY_ID": "KEY"}
    environ = stack_environment(place, given, "postgresql://a", "redis://b", credentials)
    assert environ["FCM_URL"] == "https://mine.example"
    assert environ["APNS_URL"] == "http://sandbox"
    assert environ["APNS_KEY_ID"] == "KEY"
    assert environ["LOG_LEVEL"] == "debug"
    assert environ["KUITTER_ENV"] == "development"
    assert (environ["PORT"], environ["METRICS_PORT"]) == ("8500", "9100")
    assert (environ["DATABASE_URL"], environ["REDIS_URL"]) == ("postgresql://a", "redis://b")
    assert Path(environ["DATA_DIR"]).is_absolute()


@pytest.mark.parametrize(
    ("variable", "offset", "what"),
    [
        ("PORT", 0, "the API"),
        ("SANDBOX_PORT", 0, "the sandbox"),
        ("SANDBOX_PORT", 1, "mail"),
        ("METRICS_PORT", 0, "web's metrics"),
        ("METRICS_PORT", 1, "worker's metrics"),
        ("METRICS_PORT", 2, "clock's metrics"),
    ],
)
def test_a_taken_port_is_named_with_its_variable(taken_port: int, variable: str, offset: int, what: str) -> None:
    first = free_port(6)
    environ = {"PORT": str(first), "SANDBOX_PORT": str(first + 1), "METRICS_PORT": str(first + 3)}
    environ[variable] = str(taken_port - offset)
    with pytest.raises(PortTakenError, match=rf"port {taken_port} .*{what}.* taken.*{variable}"):
        read_place(environ).require_free_ports()


def test_two_parts_on_one_port() -> None:
    port = free_port()
    with pytest.raises(StackError, match=rf"port {port} is wanted for the API and for the sandbox.*SANDBOX_PORT"):
        read_place({"PORT": str(port), "SANDBOX_PORT": str(port)}).require_free_ports()


def test_a_number_that_is_no_port() -> None:
    with pytest.raises(StackError, match="65536"):
        require_free(65_536, "the API", "PORT")


def test_a_port_is_kept_while_it_is_free(data_dir: Path, taken_port: int) -> None:
    file = data_dir / "port"
    port = kept_port(file)
    assert is_free(port)
    assert kept_port(file) == port
    file.write_text(str(taken_port))
    assert kept_port(file) != taken_port
    file.write_text("torn")
    assert kept_port(file) > 0


def test_no_password_of_a_given_server_is_shown() -> None:
    assert _without_password("postgresql://me:secret@db:5432/kuitter?a=b") == "postgresql://me:…@db:5432/kuitter?a=b"
    assert _without_password("redis://127.0.0.1:1/0") == "redis://127.0.0.1:1/0"
