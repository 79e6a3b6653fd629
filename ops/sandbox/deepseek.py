"""DeepSeek's chat API: `/deepseek/chat/completions`, `/deepseek/models`, `/deepseek/user/balance`."""

from __future__ import annotations

import re
import time
import uuid
from collections import deque
from typing import Any

import msgspec

from ops.sandbox import companion
from ops.sandbox.companion import Turn
from ops.sandbox.credentials import Credentials
from ops.sandbox.deepseek_request import OUTPUT_TOKENS, Chat, RefusedError, check
from ops.sandbox.deepseek_usage import PRICES, PrefixCache, Usage, tokens
from ops.sandbox.wire import JSON_TYPE, Answer, ControlHandler, Headers, Provider, Request, json_answer, problem

# Older names that the provider still serves, and bills, as the flash model.
ALIASES = {"deepseek-v4-flash": "deepseek-flash", "deepseek-v4-flash-vision-exp": "deepseek-flash"}
FINGERPRINT = "fp_sandbox"
KEEP_ALIVE = b": keep-alive\n\n"

_WORDS = re.compile(r"\s*(?:\S+\s*){1,3}")
_STREAM_HEADERS: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
_ERRORS = {
    400: ("invalid_request_error", "Invalid request."),
    401: ("authentication_error", "Authentication Fails (governor)"),
    402: ("unknown_error", "Insufficient Balance"),
    404: ("invalid_request_error", "Model Not Exist"),
    422: ("invalid_request_error", "Invalid parameters."),
    429: ("rate_limit_error", "Rate limit reached. Please pace your requests."),
    500: ("internal_server_error", "Internal server error."),
    503: ("service_unavailable_error", "Service is too busy. Please try again later."),
}


class Replies(msgspec.Struct, forbid_unknown_fields=True):
    replies: list[str]


class Completion(msgspec.Struct):
    """What the model produced for one call."""

    model: str
    text: str
    reasoning: str | None
    finish: str
    usage: Usage


class DeepSeek(Provider):
    """The model's provider. It never refuses for load by itself; faults do that."""

    name = "deepseek"
    prefixes = ("/deepseek/",)

    def __init__(self, credentials: Credentials, chunk_seconds: float) -> None:
        self._key = credentials.deepseek_key
        self._pause = chunk_seconds
        self._cache = PrefixCache()
        self._scripted: deque[str] = deque()
        self._streams = 0

    def answer(self, request: Request) -> Answer:
        scheme, _, key = request.header(b"authorization").partition(" ")
        if scheme.lower() != "bearer" or key != self._key:
            return _error(401, f"Authentication Fails, Your api key: ****{key[-4:]} is invalid")
        route = (request.method, request.path.removeprefix("/deepseek"))
        if route == ("GET", "/models"):
            listed = [{"id": model, "object": "model", "owned_by": "deepseek"} for model in PRICES]
            return json_answer(200, {"object": "list", "data": listed})
        if route == ("GET", "/user/balance"):
            info = {
                "currency": "USD",
                "total_balance": "110.00",
                "granted_balance": "10.00",
                "topped_up_balance": "100.00",
            }
            return json_answer(200, {"is_available": True, "balance_infos": [info]})
        if route == ("POST", "/chat/completions"):
            return self._chat(request.body)
        return _error(404, "Not Found")

    def refusal(self, status: int, request: Request) -> Answer:
        return _error(status)

    def interruption(self, status: int) -> bytes:
        return b"data: " + _error(status).body + b"\n\n"

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        return {("PUT", "/_control/deepseek/replies"): self._script}

    def forget(self) -> None:
        self._cache.forget()
        self._scripted.clear()

    def _script(self, request: Request) -> Answer:
        try:
            replies = msgspec.json.decode(request.body, type=Replies).replies
        except (msgspec.DecodeError, RecursionError) as error:
            return problem(400, "Bad replies", str(error))
        self._scripted = deque(replies)
        return json_answer(200, {"waiting": len(replies)})

    def _chat(self, body: bytes) -> Answer:
        try:
            chat = msgspec.json.decode(body, type=Chat)
        except msgspec.ValidationError as error:
            return _error(422, f"Failed to deserialize the JSON body into the target type: {error}")
        except (msgspec.DecodeError, RecursionError) as error:
            return _error(400, f"Failed to parse the request body as JSON: {error}")
        model = ALIASES.get(chat.model, chat.model)
        try:
            check(chat, model)
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        completion = self._complete(chat, model)
        wire = _Wire(model)
        summary = {
            "answer": completion.text,
            "model": model,
            "stream": bool(chat.stream),
            "usage": completion.usage.wire(),
            "cost": completion.usage.cost(model),
        }
        if not chat.stream:
            return Answer(
                status=200, headers=[JSON_TYPE], body=wire.whole(completion), summary=summary, keep_alive=b"\n"
            )
        self._streams += 1
        include_usage = chat.stream_options is not None and chat.stream_options.include_usage
        return Answer(
            status=200,
            headers=list(_STREAM_HEADERS),
            summary=summary,
            keep_alive=KEEP_ALIVE,
            # The comments come under load; every third stream has one, so that no client gets used to their absence.
            opening=[
                *([KEEP_ALIVE] if self._streams % 3 == 0 else []),
                wire.chunk({"role": "assistant", "content": ""}),
            ],
            pieces=wire.pieces(completion),
            closing=wire.closing(completion, include_usage),
            pause=self._pause,
        )

    def _complete(self, chat: Chat, model: str) -> Completion:
        turns = [Turn(message.role, message.text) for message in chat.messages]
        as_json = chat.response_format is not None and chat.response_format.type == "json_object"
        text = (
            self._scripted.popleft()
            if self._scripted
            else (companion.json_reply if as_json else companion.reply)(turns)
        )
        thought = companion.reasoning(turns) if chat.thinking.type == "enabled" else None
        room = (chat.max_tokens or OUTPUT_TOKENS) * 4
        finish = "length" if len(thought or "") + len(text) > room else "stop"
        if thought is not None:
            # Thinking counts as output, so it is the answer that runs out of room.
            thought = thought[:room]
            room -= len(thought)
        text = text[:room]
        prompt = "".join(f"<|{turn.role}|>{turn.text}" for turn in turns)
        user = f"{model} {chat.user_id or ''}"
        reasoned = tokens(thought or "")
        usage = Usage(
            prompt=tokens(prompt),
            cached=self._cache.cached_tokens(user, prompt),
            completion=min(reasoned + tokens(text), chat.max_tokens or OUTPUT_TOKENS),
            reasoning=reasoned,
        )
        self._cache.answered(user, f"{prompt}<|assistant|>{text}")
        return Completion(model, text, thought, finish, usage)


class _Wire:
    """Writes one completion as JSON or as events; all of its chunks share an id and a time."""

    def __init__(self, model: str) -> None:
        self._head = {"id": str(uuid.uuid4()), "created": int(time.time()), "model": model}

    def whole(self, completion: Completion) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": completion.text}
        if completion.reasoning is not None:
            message["reasoning_content"] = completion.reasoning
        choice = {"index": 0, "finish_reason": completion.finish, "logprobs": None, "message": message}
        return self._encode("chat.completion", [choice], completion.usage.wire())

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._event([choice], None)

    def pieces(self, completion: Completion) -> list[bytes]:
        """A few words each, thinking before the answer."""
        thoughts = _WORDS.findall(completion.reasoning or "")
        words = _WORDS.findall(completion.text)
        return [
            *(self.chunk({"content": None, "reasoning_content": few}) for few in thoughts),
            *(self.chunk({"content": few}) for few in words),
        ]

    def closing(self, completion: Completion, include_usage: bool) -> list[bytes]:
        events = [self.chunk({"content": ""}, completion.finish)]
        if include_usage:
            events.append(self._event([], completion.usage.wire()))
        return [*events, b"data: [DONE]\n\n"]

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, object] | None) -> bytes:
        return b"data: " + self._encode("chat.completion.chunk", choices, usage) + b"\n\n"

    def _encode(self, kind: str, choices: list[dict[str, Any]], usage: dict[str, object] | None) -> bytes:
        return msgspec.json.encode(
            {**self._head, "object": kind, "system_fingerprint": FINGERPRINT, "choices": choices, "usage": usage}
        )


def _error(status: int, message: str | None = None) -> Answer:
    kind, usual = _ERRORS.get(status, ("invalid_request_error" if status < 500 else "internal_server_error", "Error"))
    body = {"error": {"message": message or usual, "type": kind, "param": None, "code": "invalid_request_error"}}
    return json_answer(status, body)
