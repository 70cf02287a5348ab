"""What a server must do so that the official client just works: the lines of docs/openai-clients.md, each a test."""
import asyncio
import base64
import json
import re
import struct
import time

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from shared import BASE_URL, KEY, calls, left, log, patient, script, upstream

MODELS = ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"]
EMBEDDING_MODELS = ["text-embedding-3-small", "gemini-embedding-001"]
ID = re.compile(r"req_[0-9A-Z]{26}")
LIMITED = {"error": {"message": "slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
ODD = {"error": {"message": "no", "type": "server_error", "param": None, "code": "odd"}}
every_model = pytest.mark.parametrize("model", MODELS)


def chat(ai, model, content="Hello!", **more):
    return ai.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **more)


def raw_stream(ai, model, content):
    """The bytes of a stream, as the server sent them."""
    messages = [{"role": "user", "content": content}]
    with ai.chat.completions.with_streaming_response.create(model=model, messages=messages, stream=True) as response:
        return response.read().decode()


def test_a_connection_is_used_again():
    with patient("py-again-") as ai:
        for model in MODELS:
            chat(ai, model)
            with pytest.raises(openai.NotFoundError):
                chat(ai, "unheard-of-9")
    seen = calls("py-again-")
    assert len(seen) == 6
    assert len({call["connection"] for call in seen}) == 1


@pytest.mark.skipif(openai.VERSION < "3", reason="2.x closes the connection at [DONE], and so does the client that is not async")
def test_a_connection_is_used_again_after_a_stream_too():
    async def run():
        async with patient("py-again-async-", kind=AsyncOpenAI) as ai:
            for model in MODELS * 2:
                assert [chunk async for chunk in await chat(ai, model, stream=True)]
                await chat(ai, model)

    asyncio.run(run())
    # Not one: the client waits a tenth of a second for the end of the body, and on a busy machine that may be too short.
    assert len({call["connection"] for call in calls("py-again-async-")}) <= 6


@every_model
def test_the_client_shows_the_request_id_and_the_providers_own_has_another_name(model):
    ai = patient("py-ids-")
    raw = ai.chat.completions.with_raw_response.create(model=model, messages=[{"role": "user", "content": "Hello!"}])
    answer = raw.parse()
    assert ID.fullmatch(answer._request_id)
    assert answer._request_id == raw.request_id == raw.headers["x-relay-request-id"] == raw.headers["x-request-id"]
    assert raw.headers.get("x-relay-provider-request-id") != raw.request_id
    stream = chat(ai, model, stream=True)
    assert ID.fullmatch(stream.response.headers["x-request-id"])
    stream.close()
    with pytest.raises(openai.BadRequestError) as caught:
        chat(ai, model, "{{status=400}}")
    assert ID.fullmatch(caught.value.request_id)
    assert ID.fullmatch(ai.models.list()._request_id)


def test_a_request_id_of_the_callers_own_comes_back_under_a_name_of_its_own():
    ai = patient("py-ids-2-", headers={"X-Request-Id": "my-own-id-0002"})
    raw = ai.models.with_raw_response.list()
    assert ID.fullmatch(raw.headers["x-request-id"])
    assert raw.headers["x-relay-client-request-id"] == "my-own-id-0002"


def test_a_wait_of_up_to_60_seconds_is_waited():
    script({"provider": "openai", "status": 429, "headers": [["retry-after", "1"]], "body": LIMITED})
    began = time.monotonic()
    chat(patient("py-waits-1-", scripted=True), "gpt-4o-mini")
    assert time.monotonic() - began >= 1
    assert [call["retry"] for call in calls("py-waits-1-")] == ["0", "1"]


def test_a_longer_wait_is_raised_at_once_without_a_retry():
    script({"provider": "openai", "status": 429, "headers": [["retry-after", "61"]], "body": LIMITED})
    with pytest.raises(openai.RateLimitError) as caught:
        chat(patient("py-waits-2-", scripted=True), "gpt-4o-mini")
    assert caught.value.response.headers["retry-after"] == "61"
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(calls("py-waits-2-")) == 1


def test_x_should_retry_is_obeyed_both_ways():
    for _ in range(3):
        script({"provider": "openai", "status": 400, "headers": [["x-should-retry", "true"], ["retry-after-ms", "1"]], "body": ODD})
    with pytest.raises(openai.BadRequestError):
        chat(patient("py-retry-1-", scripted=True), "gpt-4o-mini")
    assert len(calls("py-retry-1-")) == 3
    script({"provider": "openai", "status": 500, "headers": [["x-should-retry", "false"]], "body": ODD})
    with pytest.raises(openai.InternalServerError):
        chat(patient("py-retry-2-", scripted=True), "gpt-4o-mini")
    assert len(calls("py-retry-2-")) == 1


def test_a_providers_rate_limits_reach_the_client_under_openais_names():
    body = chat(patient("py-limits-1-"), "gpt-4o-mini").model_dump(mode="json")
    script({"provider": "openai", "status": 200, "headers": [["x-ratelimit-remaining-requests", "7"]], "body": body})
    ai = patient("py-limits-2-", scripted=True)
    raw = ai.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello!"}])
    assert raw.headers["x-ratelimit-remaining-requests"] == "7"


@every_model
def test_keep_alive_comments_are_not_seen(model):
    ai, slow = patient("py-pings-", scripted=True), "{{chunks=4}} {{delay_ms=150}} Hello!"
    assert ": ping\n\n" in raw_stream(ai, model, slow)
    chunks = list(chat(ai, model, slow, stream=True))
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


@every_model
def test_the_first_event_comes_while_the_provider_is_silent(model):
    with chat(patient("py-first-"), model, "{{silent}} Hello!", stream=True) as stream:
        assert next(iter(stream)).choices[0].delta.role == "assistant"


@every_model
@pytest.mark.parametrize("how", ["{{error_midstream}}", "{{break}}", "{{cut}}", "{{garbage=utf8}}"])
def test_a_broken_stream_is_raised_with_a_code_and_has_no_done_and_no_made_up_end(model, how):
    ai = patient("py-broken-")
    text = raw_stream(ai, model, f"{how} Hello!")
    assert text.endswith("}\n\n") and "[DONE]" not in text and '"finish_reason":"' not in text
    said = json.loads(text.split("data: ")[-1])["error"]
    with pytest.raises(openai.APIError) as caught:
        list(chat(ai, model, f"{how} Hello!", stream=True))
    assert type(caught.value) is openai.APIError
    assert caught.value.code == said["code"] and caught.value.code in ["upstream_error", "upstream_overloaded", "upstream_stream_interrupted"]
    assert caught.value.message == said["message"]


@every_model
def test_a_broken_stream_is_raised_by_an_async_client(model):
    async def run():
        async with patient("py-broken-async-", kind=AsyncOpenAI) as ai:
            async for _ in await chat(ai, model, "{{cut}} Hello!", stream=True):
                pass

    with pytest.raises(openai.APIError) as caught:
        asyncio.run(run())
    assert caught.value.code == "upstream_stream_interrupted"


@every_model
def test_a_stream_that_fails_before_its_first_event_has_a_status(model):
    with pytest.raises(openai.InternalServerError) as caught:
        chat(patient("py-early-", max_retries=0), model, "{{status=500}} Hello!", stream=True)
    assert caught.value.code == "upstream_error"


def test_the_providers_call_ends_when_the_client_leaves():
    ai = patient("py-leaves-", max_retries=0)
    with chat(ai, "gemini-3-flash-preview", "{{silent}} Hello!", stream=True) as stream:
        for _ in stream:
            break
    assert left("gemini-3-flash-preview") == "streaming"
    chat(ai, "gemini-3-pro-preview", "{{silent}} Hello!", stream=True).close()
    assert left("gemini-3-pro-preview") == "streaming"


def test_the_providers_call_ends_when_an_async_call_is_cancelled():
    async def run(model, more):
        async with patient("py-cancel-", kind=AsyncOpenAI, max_retries=0) as ai:
            call = asyncio.ensure_future(chat(ai, model, f"{{{{hang}}}} {model}", **more))
            while not await asyncio.to_thread(upstream, model):
                pass
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return await asyncio.to_thread(left, model)

    for model, more in [("gemini-3.1-pro-preview", {"stream": True}), ("gemini-3.1-flash-lite", {})]:
        assert asyncio.run(run(model, more)) == "waiting"


def test_the_clients_own_timeout_ends_the_providers_call():
    with pytest.raises(openai.APITimeoutError):
        chat(patient("py-times-", max_retries=0, timeout=1.5), "gemini-3.5-flash", "{{hang}} Hello!")
    assert left("gemini-3.5-flash:") == "waiting"


@every_model
def test_chunks_have_one_id_one_model_and_the_role_first(model):
    tools = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in ["get_weather", "get_time"]]
    chunks = list(chat(patient("py-chunks-"), model, "call get_weather and get_time", tools=tools, stream=True))
    assert len({(chunk.id, chunk.object, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.role for chunk in chunks] == ["assistant"] + [None] * (len(chunks) - 1)
    parts = [part for chunk in chunks for part in chunk.choices[0].delta.tool_calls or []]
    assert sorted({part.index for part in parts}) == [0, 1]


@pytest.mark.parametrize("model", EMBEDDING_MODELS)
@pytest.mark.parametrize("more", [{}, {"dimensions": 256}])
def test_embeddings_as_base64_are_exactly_the_floats(model, more):
    ai = patient("py-embeds-")
    request = {"model": model, "input": ["one", "two"], **more}
    coded = ai.embeddings.create(**request, encoding_format="base64")
    floats = ai.embeddings.create(**request, encoding_format="float")
    by_default = ai.embeddings.create(**request)
    assert [entry.index for entry in coded.data] == [0, 1]
    for at in [0, 1]:
        data = base64.b64decode(coded.data[at].embedding) if isinstance(coded.data[at].embedding, str) else None
        size = len(floats.data[at].embedding)
        narrow = list(struct.unpack(f"<{size}f", struct.pack(f"<{size}f", *floats.data[at].embedding)))
        assert (list(struct.unpack(f"<{size}f", data)) if data else coded.data[at].embedding) == narrow
        assert by_default.data[at].embedding == narrow


def test_tokens_in_place_of_text_are_embedded_by_openai_and_refused_for_gemini():
    ai = patient("py-embeds-2-")
    assert len(ai.embeddings.create(model="text-embedding-3-small", input=[[1, 2, 3], [4, 5]]).data) == 2
    with pytest.raises(openai.BadRequestError) as caught:
        ai.embeddings.create(model="gemini-embedding-001", input=[[1, 2, 3]])
    assert caught.value.param.startswith("input")


def test_models_are_listed_and_found():
    ai = patient("py-models-")
    models = {model.id: model for model in ai.models.list()}
    by_owner = {model.owned_by: model for model in models.values()}
    assert {"anthropic", "google"} <= by_owner.keys() and "gpt-4o-mini" in models
    for model in by_owner.values():
        assert ai.models.retrieve(model.id) == model


@every_model
def test_a_model_is_found_by_every_name_that_a_chat_takes(model):
    ai = patient("py-models-2-")
    assert ai.models.retrieve(model).object == "model"
    with pytest.raises(openai.NotFoundError) as caught:
        ai.models.retrieve(f"{model}-none")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    "call",
    [
        lambda ai: ai.responses.create(model="gpt-4o-mini", input="Hello!"),
        lambda ai: ai.files.list(),
        lambda ai: ai.moderations.create(input="Hello!"),
    ],
    ids=["responses", "files", "moderations"],
)
def test_what_relay_does_not_serve_is_not_found(call):
    with pytest.raises(openai.NotFoundError) as caught:
        call(patient("py-unknown-"))
    assert caught.value.code == "unknown_endpoint"


def test_a_slash_at_the_end_makes_no_difference_and_nothing_redirects():
    ai = patient("py-slash-")
    for base in [str(ai.base_url).rstrip("/"), str(ai.base_url)]:
        raw = ai.with_options(base_url=base).chat.completions.with_raw_response.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello!"}])
        assert raw.http_response.history == []
    ai.post("/chat/completions/", body={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}, cast_to=object)


def test_a_body_over_the_limit_is_a_413_that_the_client_can_read():
    with pytest.raises(openai.APIStatusError) as caught:
        chat(patient("py-large-", base_url=BASE_URL), "gpt-4o-mini", "x" * (33 << 20))
    assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")


def test_unknown_members_reach_openai_and_are_named_where_they_are_dropped():
    ai, sent = patient("py-members-"), {"seed": 1, "prompt_cache_key": "a", "metadata": {"a": "b"}}
    chat(ai, "gpt-4o-mini", "py-members-", **sent)
    assert upstream("py-members-") == [{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "py-members-"}], **sent}]
    for model in MODELS[1:]:
        raw = ai.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": "Hello!"}], extra_body={"not_yet_known": 1})
        assert "not_yet_known" in raw.headers["x-relay-dropped-params"]


def test_a_retry_is_in_the_log_as_such():
    mark = f"retried-python-{openai.VERSION.replace('.', '-')}"
    with pytest.raises(openai.InternalServerError):
        chat(patient("py-retry-3-", headers={"X-Request-Id": mark}), "gpt-4o-mini", "{{status=500}}")
    while len(lines := log(mark)) < 3:
        pass  # a line is written when all of the answer is sent
    retries = [re.search(r"client_retry=(\d)", line) for line in lines]
    assert [retry and retry[1] for retry in retries] == [None, "1", "2"]


def test_three_variables_are_enough_and_no_line_of_code_changes(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", BASE_URL)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Relay-User: connected\nX-Relay-Paid: false")
    raw = OpenAI().chat.completions.with_raw_response.create(model="claude-haiku-4-5", messages=[{"role": "user", "content": "Hello!"}])
    assert raw.headers["x-relay-key"].startswith("anthropic/")
    assert "Hello!" in asyncio.run(chat(AsyncOpenAI(), "gpt-4o-mini")).choices[0].message.content
