"""The language model: DeepSeek over the `openai` SDK, used as providers.md 1.2 decides.

No retries here (the job's are the only ones), no thinking, nothing from the environment but our own settings, and a
stream that ends without a reason to end is a failure and no short answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
from openai import APIError, AsyncOpenAI
from openai.resources.chat.completions import AsyncCompletions
from prometheus_client import Counter

from domain.accounts.keys import keyring
from domain.anchor.model_answers import TruncatedCompletion, answer_to
from domain.anchor.prices import Cost, Usage, cost
from domain.anchor.tokens import Message, count, count_messages
from domain.kit.clock import real_now
from domain.kit.log import log
from domain.kit.own_client import OwnClient
from domain.kit.providers import Answer, Breaker, Outcome
from domain.kit.settings import Settings, settings

# Waiting replies of one process; beyond it they queue for a connection.
_CONNECTIONS = 600
# A wrong key or an empty account: three calls in a row say so, then one a half minute tries again.
_BREAKER_THRESHOLD = 3
_BREAKER_SECONDS = 30.0


_calls = Counter("kuitter_anchor_calls", "Calls to the model, by how they ended", ["code"])
# hit / (hit + miss) is how well the provider's prefix cache serves us.
_tokens = Counter("kuitter_anchor_tokens", "Tokens as the provider counts them", ["kind"])


class ModelFailed(Exception):
    """The model gave no whole answer; `answer` says why and what to do about it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


class Enough(Exception):
    """Raised by who takes the text: nothing more of this answer is wanted."""


class Model:
    """The client of one event loop. Close it on that loop."""

    def __init__(self, chosen: Settings) -> None:
        # The SDK would take an organisation, headers and more from these and send them to another company.
        for name in [name for name in os.environ if name.startswith("OPENAI_")]:
            del os.environ[name]
        self.name = chosen.anchor_model
        self.breaker = Breaker("deepseek", open_seconds=_BREAKER_SECONDS, threshold=_BREAKER_THRESHOLD)
        client = AsyncOpenAI(
            base_url=chosen.deepseek_url,
            api_key=chosen.deepseek_api_key,
            max_retries=0,
            http_client=httpx2.AsyncClient(
                trust_env=False,
                timeout=httpx2.Timeout(60, connect=3, read=45, pool=5),
                limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=50, keepalive_expiry=30),
            ),
        )
        # Not `client.chat`: that would import half of the SDK at the first call, with the loop waiting.
        self.completions = AsyncCompletions(client)
        self._client = client

    async def close(self) -> None:
        await self._client.close()


class Call:
    """One request to the model. Whatever became of it, `text` is what came and `spent` what it cost.

    With `as_json` the answer is to be JSON, which the prompt has to say as well.
    """

    def __init__(
        self, model: Model, messages: Sequence[Message], user_id: UUID, max_output: int, *, as_json: bool = False
    ) -> None:
        self.text = ""
        self._model = model
        self._messages = messages
        self._user = opaque_user(user_id)
        self._max_output = max_output
        self._form = {"response_format": {"type": "json_object"}} if as_json else {}
        self._began: datetime | None = None
        self._usage: Usage | None = None
        self._answered_by: str | None = None

    async def run(self, seconds: float, on_text: Callable[[str], None] | None = None) -> None:
        """Ask, and hand each piece of the answer to `on_text` as it comes; all of it within `seconds`.

        Raises ModelFailed, and Enough if `on_text` does. In that case, and cancelled in the middle, the connection is
        closed and the provider stops.
        """
        refusal = self._model.breaker.refusal()
        if refusal is not None:
            _calls.labels(refusal.code).inc()
            raise ModelFailed(Answer(Outcome.CONFIG, refusal.code))
        self._began = real_now()
        try:
            async with asyncio.timeout(seconds):
                await self._stream(on_text)
        except Enough:
            # A provider that talks works, whatever it says.
            self._model.breaker.saw(Answer(Outcome.OK, "stopped"))
            _calls.labels("stopped").inc()
            raise
        except (TimeoutError, APIError, TruncatedCompletion, httpx2.TransportError, ValueError) as error:
            answer, billed = answer_to(error)
            if not billed:
                self._began = None
            if answer.outcome is Outcome.CONFIG:
                log().error("anchor.misconfigured", code=answer.code)
            self._model.breaker.saw(answer)
            _calls.labels(answer.code).inc()
            raise ModelFailed(answer) from None
        self._model.breaker.saw(Answer(Outcome.OK, "ok"))
        _calls.labels("ok").inc()

    async def _stream(self, on_text: Callable[[str], None] | None) -> None:
        reason: str | None = None
        messages: list[Any] = [{"role": message.role, "content": message.content} for message in self._messages]
        stream = await self._model.completions.create(
            model=self._model.name,
            messages=messages,
            max_tokens=self._max_output,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"thinking": {"type": "disabled"}, "user_id": self._user, **self._form},
        )
        async with stream:
            async for chunk in stream:
                self._answered_by = chunk.model or self._answered_by
                if chunk.usage is not None:
                    self._usage = _usage(chunk.usage, self._answered_by)
                    _count_tokens(self._usage)
                for choice in chunk.choices:
                    reason = choice.finish_reason or reason
                    # PostgreSQL keeps every character but this one.
                    piece = (choice.delta.content or "").replace("\x00", "")
                    if piece:
                        self.text += piece
                        if on_text is not None:
                            on_text(piece)
        # "length" is our own limit and the answer as long as we wanted it.
        if reason not in ("stop", "length"):
            raise TruncatedCompletion(reason)
        if not self.text.strip():
            raise TruncatedCompletion("empty")

    def spent(self) -> Cost | None:
        """What the provider will bill: by its own count, else by ours; None if it certainly bills nothing."""
        if self._began is None:
            return None
        return cost(self._usage or self._estimate(), self._began)

    def _estimate(self) -> Usage:
        return Usage(0, count_messages(self._messages), count(self.text), self._answered_by)


def _usage(reported: Any, model: str | None) -> Usage:
    """The provider's count. Its own fields are extras to the SDK; without them nothing counts as cached."""
    hit = max(0, getattr(reported, "prompt_cache_hit_tokens", 0) or 0)
    return Usage(hit, max(0, reported.prompt_tokens - hit), max(0, reported.completion_tokens), model)


def _count_tokens(usage: Usage) -> None:
    for kind, tokens in (("hit", usage.input_hit), ("miss", usage.input_miss), ("output", usage.output)):
        _tokens.labels(kind).inc(tokens)


def opaque_user(user_id: UUID) -> str:
    """What the provider knows a person by: it keeps their cache apart and cannot be traced back to the account."""
    return hmac.new(keyring("deepseek-user")[0][1], user_id.bytes, hashlib.sha256).hexdigest()[:32]


model = OwnClient(lambda: Model(settings()))
close = model.close
