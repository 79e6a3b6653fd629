"""The body of a DeepSeek chat call and what the provider refuses in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ops.sandbox.deepseek_usage import PRICES, tokens

CONTEXT_TOKENS = 1_000_000
OUTPUT_TOKENS = 384_000


class RefusedError(Exception):
    """The provider answers with `status` and this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Part(msgspec.Struct):
    type: Literal["text", "image_url"]
    text: str = ""


class Message(msgspec.Struct):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    reasoning_content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class Thinking(msgspec.Struct):
    type: Literal["enabled", "disabled"]


class ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object"]


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class Chat(msgspec.Struct):
    """The request's fields that matter here; the provider, too, ignores the ones that it does not know."""

    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    thinking: Thinking = msgspec.field(default_factory=lambda: Thinking("enabled"))
    reasoning_effort: Literal["minimal", "low", "medium", "high", "xhigh", "max", "ultra"] | None = None
    response_format: ResponseFormat | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=OUTPUT_TOKENS)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    presence_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Meta(ge=-2, le=2)] | None = None
    tools: list[dict[str, Any]] | None = None
    user_id: str | None = None


def check(chat: Chat, model: str) -> None:
    """Raise RefusedError for what the provider refuses although every field by itself is of the right kind."""
    if model not in PRICES:
        raise RefusedError(404, "Model Not Exist")
    if not chat.messages:
        raise RefusedError(400, "Empty input messages")
    if chat.stream_options is not None and not chat.stream:
        raise RefusedError(400, "stream_options should be set along with stream = true")
    if chat.user_id is not None and len(chat.user_id.encode()) > 512:
        raise RefusedError(422, "user_id is longer than 512 bytes")
    for message in chat.messages:
        if message.role in ("system", "user") and message.content is None:
            raise RefusedError(422, f"messages: content of role {message.role} is missing")
        if message.role == "tool" and message.tool_call_id is None:
            raise RefusedError(422, "messages: missing field `tool_call_id`")
        thinks = chat.thinking.type == "enabled" and chat.tools
        if thinks and message.role == "assistant" and message.reasoning_content is None:
            raise RefusedError(400, "The reasoning_content in the thinking mode must be passed back to the API.")
    wants_json = chat.response_format is not None and chat.response_format.type == "json_object"
    if wants_json and not any("json" in message.text.lower() for message in chat.messages):
        raise RefusedError(
            400, "Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'."
        )
    if sum(tokens(message.text) for message in chat.messages) > CONTEXT_TOKENS:
        raise RefusedError(
            400, f"This model's maximum context length is {CONTEXT_TOKENS} tokens. Please reduce the messages."
        )
