"""Folders for servers: short, because the path of a Unix socket may not be long, and not pytest's, which are closed
to other users while PostgreSQL drops root's rights."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kuitter-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with _folder() as folder:
        yield folder


@pytest.fixture
def other_data_dir() -> Iterator[Path]:
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_data_dir() -> Iterator[Path]:
    with _folder() as folder:
        yield folder
