"""The quickstart flow with the official client, unmodified. Needs a relay with mock providers:
RELAY_BASE_URL, RELAY_KEY, and the users "connected" (all three keys), "keyless" and "broke" (no credit).
"""
import asyncio
import json
import os
from pathlib import Path

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

BASE_URL = os.environ["RELAY_BASE_URL"] + "/v1"
KEY = os.environ["RELAY_KEY"]
CHAT_MODELS = ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"]
EMBEDDING_MODELS = [("text-embedding-3-small", 1536), ("gemini-embedding-001", 3072)]
HELLO = [{"role": "user", "content": "Hello! 안녕 👋"}]
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
}


def relay(user, **options):
    return OpenAI(base_url=BASE_URL, default_headers={"X-Relay-User": user}, **{"api_key": KEY, **options})


def test_the_pages_own_lines_run(capsys):
    page = Path("../../../docs/quickstart.md").read_text()
    lines = page.split("```python\n")[1].split("```")[0]
    assert "http://127.0.0.1:8080/v1" in lines and "jieun_123" in lines
    exec(lines.replace("http://127.0.0.1:8080/v1", BASE_URL).replace("jieun_123", "connected"), {})
    assert capsys.readouterr().out == 'Hello from gpt-4o-mini: you said "Hello!"'


@pytest.mark.parametrize("model", CHAT_MODELS)
def test_chat_answers_whole(model):
    raw = relay("connected").chat.completions.with_raw_response.create(model=model, messages=HELLO)
    answer = raw.parse()
    assert "안녕 👋" in answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id == raw.headers["x-relay-request-id"] == raw.headers["x-request-id"]


@pytest.mark.parametrize("model", CHAT_MODELS)
def test_chat_streams(model):
    ai = relay("connected")
    whole = ai.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
    chunks = list(ai.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("model", CHAT_MODELS)
def test_chat_streams_to_an_async_client(model):
    async def run():
        async with AsyncOpenAI(api_key=KEY, base_url=BASE_URL, default_headers={"X-Relay-User": "connected"}) as ai:
            options = {"include_usage": True}
            stream = await ai.chat.completions.create(model=model, messages=HELLO, stream=True, stream_options=options)
            return [chunk async for chunk in stream]

    chunks = asyncio.run(run())
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize("model", CHAT_MODELS)
def test_a_tool_is_called_and_its_result_answered(model):
    ai = relay("connected")
    messages = [{"role": "user", "content": "call get_weather"}]
    first = ai.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    call = first.choices[0].message.tool_calls[0]
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = ai.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert "sunny" in second.choices[0].message.content


@pytest.mark.parametrize("model,size", EMBEDDING_MODELS)
def test_embeddings_by_default_and_as_floats_are_the_same(model, size):
    ai = relay("connected")
    by_default = ai.embeddings.create(model=model, input=["one", "search this"])
    floats = ai.embeddings.create(model=model, input=["one", "search this"], encoding_format="float")
    assert [len(entry.embedding) for entry in by_default.data] == [size, size]
    assert by_default.data[1].embedding == pytest.approx(floats.data[1].embedding, abs=1e-6)
    assert any(by_default.data[1].embedding)


def test_models_are_listed():
    owners = {model.owned_by for model in relay("connected").models.list()}
    assert {"anthropic", "google"} <= owners


@pytest.mark.parametrize(
    "user,model,options,kind,code",
    [
        ("connected", "gpt-4o-mini", {"api_key": "rly-wrong"}, openai.AuthenticationError, "invalid_relay_key"),
        ("keyless", "claude-haiku-4-5", {}, openai.PermissionDeniedError, "provider_key_missing"),
        ("broke", "gpt-4o-mini", {}, openai.RateLimitError, "insufficient_quota"),
        ("broke", "claude-haiku-4-5", {}, openai.RateLimitError, "insufficient_quota"),
        ("broke", "gemini-2.5-flash", {}, openai.RateLimitError, "insufficient_quota"),
        ("connected", "unheard-of-9", {}, openai.NotFoundError, "model_not_found"),
        ("a b", "gpt-4o-mini", {}, openai.BadRequestError, "invalid_user"),
    ],
)
def test_errors_are_the_clients_own(user, model, options, kind, code):
    with pytest.raises(kind) as caught:
        relay(user, **options).chat.completions.create(model=model, messages=HELLO)
    assert caught.value.code == code
    assert caught.value.request_id.startswith("req_")
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "0"


@pytest.mark.parametrize("model", CHAT_MODELS)
def test_an_error_inside_a_stream_is_raised(model):
    messages = [{"role": "user", "content": "{{error_midstream}} hello"}]
    with pytest.raises(openai.APIError):
        list(relay("connected").chat.completions.create(model=model, messages=messages, stream=True))
