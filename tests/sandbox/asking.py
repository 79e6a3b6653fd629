"""Asking the model as the app does: through the OpenAI library, or by hand where the wire itself matters."""

from __future__ import annotations

from typing import Any

import httpx2
from openai import AsyncOpenAI

from tests.sandbox.conftest import Sandbox

CHAT = "/deepseek/chat/completions"
PLAIN = {"thinking": {"type": "disabled"}}
SNAPSHOT = "You are Anchor.\nClean days: 12 (best 30)\nCheck-in streak: 5 days\nMood: 2"
ASK = [{"role": "system", "content": SNAPSHOT}, {"role": "user", "content": "I am alone tonight and it is hard."}]


async def ask(client: AsyncOpenAI, messages: Any = ASK, **more: Any) -> Any:
    more = {"model": "deepseek-flash", "extra_body": PLAIN} | more
    return await client.chat.completions.create(messages=messages, **more)


class Streamed:
    """What a client gathers from a stream."""

    def __init__(self) -> None:
        self.text = ""
        self.thought = ""
        self.pieces = 0
        self.finish: str | None = None
        self.usage: Any = None
        self.first: Any = None


async def stream(model: AsyncOpenAI, into: Streamed | None = None, **more: Any) -> Streamed:
    seen = into or Streamed()
    opened = await ask(model, stream=True, stream_options={"include_usage": True}, **more)
    async with opened:
        async for chunk in opened:
            seen.first = seen.first or chunk
            seen.usage = chunk.usage or seen.usage
            for choice in chunk.choices:
                seen.pieces += bool(choice.delta.content)
                seen.text += choice.delta.content or ""
                seen.thought += getattr(choice.delta, "reasoning_content", None) or ""
                seen.finish = choice.finish_reason or seen.finish
    return seen


def raw(sandbox: Sandbox, body: Any, key: str | None = None) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key or sandbox.env['DEEPSEEK_API_KEY']}"}
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return sandbox.http.post(CHAT, headers=headers, **content)
