"""Asking for an export and looking into it."""

from __future__ import annotations

import io
import zipfile


async def ask(person, **headers):
    return await person("POST", "/v1/me/export", headers=headers)


async def exported(person, drain):
    """A finished export, as it is shown."""
    asked = await ask(person)
    assert asked.status_code == 202, asked.text
    await drain(allow=("skipped",))
    return await person.ok("GET", asked.headers["location"])


async def unpacked(client, url):
    answer = await client("GET", url)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive_:
        assert archive_.testzip() is None
        return {name: archive_.read(name).decode() for name in archive_.namelist()}
