"""Settings: a missing or bad one stops the process with one line that tells what to do, and never shows a secret."""

import base64
import os
import subprocess
import sys

import pytest

from domain.kit.environment import SettingError
from domain.kit.settings import read_settings
from tests.kit.env_example import FILE, expected_text, variables

VARIABLES = variables()
NAMES = [variable.name for variable in VARIABLES]
REQUIRED = [variable.name for variable in VARIABLES if variable.required]
# Any text will do for these.
FREE = {
    "DATA_DIR", "HOST", "DEEPSEEK_API_KEY", "ANCHOR_MODEL", "APNS_KEY_ID", "APNS_TEAM_ID", "APNS_TOPIC",
    "APPLE_SIGN_IN_KEY_ID", "APP_STORE_KEY_ID", "APP_STORE_BUNDLE_ID", "GOOGLE_CLIENT_IDS", "APPLE_CLIENT_IDS",
    "GOOGLE_PLAY_PACKAGE", "GOOGLE_PLAY_PUSH_AUDIENCE",
}  # fmt: skip
VALUE = "s3cret\tvalue\u00e9!"


def line_for(environ: dict[str, str], name: str) -> str:
    """The line about `name`, which must name it, say what it is for, and give an example."""
    with pytest.raises(SettingError) as refused:
        read_settings(environ)
    line = str(refused.value)
    (variable,) = (variable for variable in VARIABLES if variable.name == name)
    assert "\n" not in line
    assert line.startswith(f"{name} ")
    assert variable.purpose in line
    assert f"Example: {name}={variable.example}" in line
    return line


def test_environment_of_the_tests_is_complete():
    assert not read_settings(os.environ).is_production


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_one(name, value):
    environ = {key: text for key, text in os.environ.items() if key != name}
    if value is not None:
        environ[name] = value
    assert "is not set" in line_for(environ, name)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FREE])
@pytest.mark.parametrize(
    "value", [VALUE, f"://{VALUE}", f"http://[{VALUE}", f"{{{VALUE}", f"-----BEGIN {VALUE}", VALUE * 600], ids=range(6)
)
def test_bad_one_is_named_and_not_shown(name, value):
    assert "s3cret" not in line_for(os.environ | {name: value}, name)


@pytest.mark.parametrize("name", sorted(FREE & set(NAMES)))
def test_free_one_takes_any_text(name):
    read_settings(os.environ | {name: "s3cret"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KUITTER_ENV", "staging"),
        ("DATABASE_URL", "mysql://u@h/d"),
        ("DATABASE_URL", "postgresql://"),
        ("REDIS_URL", "http://h:1/0"),
        ("REDIS_URL", "redis://h:1/first"),
        ("DATABASE_POOL_SIZE", "1"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("LOG_LEVEL", "INFO"),
        ("ADDRESS_LIMITS", "yes"),
        ("WORKER_QUEUES", "default,slow"),
        ("WORKER_QUEUES", ","),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("JOB_LEASE_SECONDS", "nan"),
        ("JOB_LEASE_SECONDS", "inf"),
        ("ANCHOR_LIMITS_FREE", "3/30"),
        ("ANCHOR_LIMITS_FREE", "3/30/-1"),
        ("ANCHOR_PRICES", "[]"),
        ("ANCHOR_PRICES", '[{"model":"m"}]'),
        ("SECRET_KEYS", "a:" + base64.b64encode(b"short").decode()),
        ("SECRET_KEYS", ":" + base64.b64encode(b"k" * 48).decode()),
        ("SECRET_KEYS", ",".join(["a:" + base64.b64encode(b"k" * 48).decode()] * 2)),
        ("GOOGLE_SERVICE_ACCOUNT", '{"project_id":"p","client_email":"e"}'),
        ("GOOGLE_SERVICE_ACCOUNT", "/no/such/file.json"),
        ("APNS_KEY", "/no/such/file.p8"),
        ("APNS_KEY", "/"),
        ("DEEPSEEK_URL", "ftp://h"),
        ("APP_STORE_ENVIRONMENTS", "production,Xcode"),
        ("APP_STORE_ENVIRONMENTS", "LocalTesting"),
        ("APP_STORE_APP_ID", "0"),
        ("APPLE_ROOT_CERTS", __file__),
        ("APPLE_ROOT_CERTS", "{first},/no/such/file.cer"),
        ("APPLE_ROOT_CERTS", ","),
    ],
)
def test_value_out_of_range(name, value):
    line_for(os.environ | {name: value.replace("{first}", os.environ["APPLE_ROOT_CERTS"])}, name)


def test_key_of_another_broker_is_not_derived_from_redis():
    environ = os.environ | {"REDIS_URL": "redis://h:1/3?socket_timeout=1"}
    assert read_settings(environ).broker_url == "redis://h:1/4?socket_timeout=1"
    assert read_settings(environ | {"BROKER_URL": "redis://b:2/0"}).broker_url == "redis://b:2/0"
    assert read_settings(os.environ | {"REDIS_URL": "redis://h"}).broker_url == "redis://h/1"


def test_keys_rotate():
    pair = [base64.b64encode(bytes([letter]) * 48).decode() for letter in (1, 2)]
    chosen = read_settings(os.environ | {"SECRET_KEYS": f"new:{pair[0]}, old:{pair[1]}"})
    assert [name for name, _ in chosen.secret_keys] == ["new", "old"]


# Production


def test_complete_production_starts(production):
    chosen = read_settings(os.environ | production)
    assert chosen.is_production
    assert chosen.address_limits


@pytest.mark.parametrize("spelling", ["production", " production", "production\n", "production "])
def test_production_needs_keys_of_its_own(production, spelling):
    environ = os.environ | production | {"SECRET_KEYS": "", "KUITTER_ENV": spelling}
    assert "is not set" in line_for(environ, "SECRET_KEYS")


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.example.startswith("https://")])
@pytest.mark.parametrize("spelling", ["production", "production "])
def test_production_refuses_a_provider_without_tls(production, name, spelling):
    environ = os.environ | production | {"KUITTER_ENV": spelling}
    for value in ("http://127.0.0.1:8100/x", "HTTP://127.0.0.1:8100/x"):
        assert "https" in line_for(environ | {name: value}, name)


def test_address_limits_cannot_be_switched_off_in_production(production):
    assert read_settings(os.environ | production | {"ADDRESS_LIMITS": "off"}).address_limits


# The process


def test_process_stops_with_one_line(app):
    changes = [
        ("DEEPSEEK_API_KEY", None, "is not set"),
        ("APNS_KEY", VALUE, "cannot be read"),
    ]
    children = []
    for name, value, _ in changes:
        environ = {key: text for key, text in os.environ.items() if key != name}
        command = [sys.executable, "-m", "ops.cli", "queues"]
        children.append(
            subprocess.Popen(
                command,
                env=environ | ({name: value} if value else {}),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for child, (name, _, why) in zip(children, changes, strict=True):
        out, err = child.communicate(timeout=60)
        assert child.returncode == 78
        assert out == ""
        assert len(err.splitlines()) == 1
        assert err.startswith(f"kuitter: {name} ")
        assert why in err
        assert f"Example: {name}=" in err
        assert "s3cret" not in err


# The file


def test_env_example_lists_every_variable():
    assert FILE.read_text() == expected_text(), "python -m tests.kit.env_example writes it anew"


def test_env_example_sets_what_is_required_and_nothing_else():
    lines = FILE.read_text().splitlines()
    assert [line.partition("=")[0] for line in lines if line and not line.startswith("#")] == REQUIRED
    named = [line.lstrip("#").partition("=")[0] for line in lines if "=" in line and not line.startswith("# ")]
    assert named == NAMES
