"""The business clock: stands, follows a file, is moved; the real clock never is."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest

from domain.kit.clock import Clock, clock, move, real_now
from domain.kit.database import fetch_value

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def offset_of(one: Clock) -> timedelta:
    return one.now() - datetime.now(UTC)


def close_to(found: timedelta, wanted: timedelta) -> bool:
    return abs(found - wanted) < timedelta(seconds=2)


def test_clock_without_a_file_is_the_real_one():
    assert close_to(offset_of(Clock()), timedelta())
    assert Clock().now().tzinfo is UTC
    assert real_now().tzinfo is UTC


def test_frozen_clock_stands_still_and_blocks_nest():
    one = Clock()
    with one.frozen(NOON):
        assert one.now() == NOON
        with one.frozen(NOON + timedelta(days=1)):
            assert one.now() == NOON + timedelta(days=1)
        assert one.now() == NOON
    assert close_to(offset_of(one), timedelta())


def test_frozen_clock_goes_on_after_an_error():
    one = Clock()
    with pytest.raises(KeyError), one.frozen(NOON):
        raise KeyError
    assert close_to(offset_of(one), timedelta())


def test_real_clock_is_never_moved(tmp_path):
    with clock.frozen(NOON - timedelta(days=400)):
        assert abs(real_now() - datetime.now(UTC)) < timedelta(seconds=2)


def test_processes_that_follow_one_folder_move_together(tmp_path):
    pair = [Clock(), Clock()]
    stranger = Clock()
    for one in pair:
        one.follow(tmp_path)
        assert close_to(offset_of(one), timedelta())
    assert move(tmp_path, timedelta(days=1)) == timedelta(days=1)
    assert all(close_to(offset_of(one), timedelta(days=1)) for one in pair)
    assert move(tmp_path, timedelta(hours=-30)) == timedelta(hours=-6)
    assert all(close_to(offset_of(one), timedelta(hours=-6)) for one in pair)
    assert close_to(offset_of(stranger), timedelta())
    (tmp_path / "clock").unlink()
    assert all(close_to(offset_of(one), timedelta()) for one in pair)


def test_step_that_keeps_the_time_of_the_file_is_seen(tmp_path):
    """Two moves within one tick of the file system's clock."""
    one = Clock()
    one.follow(tmp_path)
    move(tmp_path, timedelta(days=1))
    stamp = os.stat(tmp_path / "clock")
    assert close_to(offset_of(one), timedelta(days=1))
    move(tmp_path, timedelta(days=1))
    os.utime(tmp_path / "clock", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert close_to(offset_of(one), timedelta(days=2))


def test_fractions_and_far_steps_survive_the_file(tmp_path):
    one = Clock()
    one.follow(tmp_path)
    far = timedelta(days=3650, microseconds=250_000)
    assert move(tmp_path, far) == far
    assert close_to(offset_of(one), far)


def test_readers_never_see_half_a_file(tmp_path):
    one = Clock()
    one.follow(tmp_path)
    for day in range(1, 60):
        move(tmp_path, timedelta(days=1))
        assert close_to(offset_of(one), timedelta(days=day))
    assert [file.name for file in tmp_path.iterdir()] == ["clock"]


@pytest.mark.parametrize(
    ("text", "step"),
    [("+1d", timedelta(days=1)), ("-2h", timedelta(hours=-2)), ("+30m", timedelta(minutes=30)),
     ("+45s", timedelta(seconds=45)), ("-1w", timedelta(weeks=-1))],
)  # fmt: skip
async def test_travel_moves_the_clock(text, step, use_settings, tmp_path, capsys):
    from ops.cli import _parser

    use_settings(DATA_DIR=str(tmp_path))
    arguments = _parser().parse_args(["time", "travel", text])
    assert await arguments.run(arguments) == 0
    one = Clock()
    one.follow(tmp_path)
    assert close_to(offset_of(one), step)
    assert "it is now" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["1d", "+1", "+1y", "+d", "++1d", "+1.5d", "tomorrow", ""])
def test_travel_refuses_what_is_no_step(text, capsys):
    from ops.cli import _parser

    with pytest.raises(SystemExit):
        _parser().parse_args(["time", "travel", text])
    assert "+1d" in capsys.readouterr().err


async def test_travel_is_refused_in_production(use_settings, tmp_path, capsys, production):
    from ops.cli import _parser

    use_settings(**production, DATA_DIR=str(tmp_path))
    arguments = _parser().parse_args(["time", "travel", "+1d"])
    assert await arguments.run(arguments) == 1
    assert not list(tmp_path.iterdir())
    assert "refused" in capsys.readouterr().err


async def test_leases_and_sends_go_by_the_real_clock(app):
    from tests.kit.jobs import Note, ask, row_of

    with clock.frozen(NOON + timedelta(days=4000)):
        row = await row_of(await ask(Note()))
    assert row["runs_in"] <= 0
    assert row["sent_in"] <= 30
    assert await fetch_value("SELECT abs(extract(epoch FROM created_at - now())) < 5 FROM jobs")
    await asyncio.sleep(0)
