"""What applications do with the official client, on two models of each provider."""
import json

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from shared import BASE_URL, CLAUDE, HEADERS, KEY, PICTURE, ROUNDS, TOOLS, cell, installed

ai = OpenAI(base_url=BASE_URL, api_key=KEY, default_headers=HEADERS)
chat = ai.chat.completions


def feature(name, *models):
    return cell(f"{installed('openai')} (Python)", name, *models)


def user(content):
    return [{"role": "user", "content": content}]


def last(stream):
    with stream as events:
        return events.get_final_completion()


class City(BaseModel):
    name: str
    people: int
    tags: list[str]
    mayor: str | None


@feature("whole answer")
def test_whole(model, mark):
    choice = chat.create(model=model, messages=user(f"안녕 👋 {mark}")).choices[0]
    assert f"안녕 👋 {mark}" in choice.message.content
    assert choice.finish_reason == "stop"


@feature("streaming, with usage")
def test_streaming(model, mark):
    chunks = list(chat.create(model=model, messages=user(mark), stream=True, stream_options={"include_usage": True}))
    assert mark in "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0


@feature("tool loop of three turns")
def test_tool_loop(model, mark):
    messages, asked = user(f"{{{{steps={ROUNDS}}}}} call get_weather {mark}"), []
    while calls := (message := chat.create(model=model, messages=messages, tools=TOOLS).choices[0].message).tool_calls:
        messages.append(message)
        for call in calls:
            asked.append(json.loads(call.function.arguments)["city"])
            messages.append({"role": "tool", "tool_call_id": call.id, "content": f"sunny {len(asked)}"})
    assert len(asked) == ROUNDS
    assert f"sunny {ROUNDS}" in message.content


@feature("parallel tool calls")
def test_parallel(model, mark):
    request = {"model": model, "tools": TOOLS}
    messages = user(f"call get_weather and get_time {mark}")
    whole = chat.create(messages=messages, **request)
    for answer in [whole, last(chat.stream(messages=messages, **request))]:
        message = answer.choices[0].message
        assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
        results = [{"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name} is 7"} for call in message.tool_calls]
        text = chat.create(messages=[*messages, message, *results], **request).choices[0].message.content
        assert "get_weather is 7" in text and "get_time is 7" in text


@feature("structured output (pydantic, parse)")
def test_structured(model, mark):
    request = {"model": model, "messages": user(mark), "response_format": City}
    for answer in [chat.parse(**request), last(chat.stream(**request))]:
        assert isinstance(answer.choices[0].message.parsed, City)


@feature("image (data URL)")
def test_image(model, mark):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    assert mark in chat.create(model=model, messages=user([{"type": "text", "text": mark}, image])).choices[0].message.content


@feature("web search, with citations", CLAUDE)
def test_citations(model, mark):
    request = {"model": model, "messages": user(f"{{{{search}}}} {{{{pause=2}}}} {mark}"), "web_search_options": {}}
    whole = chat.create(**request).choices[0].message
    streamed = last(chat.stream(**request)).choices[0].message
    assert len(whole.annotations) == 2, "one for each time that the model paused for a search"
    assert whole.annotations[0].url_citation.url.startswith("https:")
    assert streamed.content == whole.content
    assert [note.url_citation.model_dump() for note in streamed.annotations] == [note.url_citation.model_dump() for note in whole.annotations]
    assert not whole.tool_calls, "a search is no call of the application's tools"


@feature("embeddings (base64 by default)", ["gemini-embedding-001"])
def test_embeddings(model, mark):
    by_default = ai.embeddings.create(model=model, input=mark).data[0].embedding
    floats = ai.embeddings.create(model=model, input=mark, encoding_format="float").data[0].embedding
    assert len(by_default) == 3072
    assert by_default == pytest.approx(floats, abs=1e-6)


@feature("errors, whole and inside a stream")
def test_errors(model, mark):
    with pytest.raises(openai.RateLimitError) as refused:
        ai.with_options(default_headers={"X-Relay-User": "broke"}).chat.completions.create(model=model, messages=user("hello"))
    assert refused.value.code == "insufficient_quota"
    with pytest.raises(openai.APIError):
        list(chat.create(model=model, messages=user("{{error_midstream}} hello"), stream=True))
