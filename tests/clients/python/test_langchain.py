"""LangChain's ChatOpenAI."""
import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import APIError, BadRequestError
from pydantic import BaseModel

from shared import BASE_URL, HEADERS, KEY, PICTURE, ROUNDS, UNFORCED, WORKS, carried, cell, installed


def feature(name):
    return cell(installed("langchain-openai"), name)


def chat(model, **more):
    return ChatOpenAI(
        model=model, base_url=BASE_URL, api_key=KEY, default_headers=HEADERS, max_retries=0, stream_usage=True, use_responses_api=False, **more
    )


@tool
def get_weather(city: str) -> str:
    """Tells the weather."""
    return f"sunny in {city}"


@tool
def get_time(city: str) -> str:
    """Tells the time."""
    return f"noon in {city}"


TOOLS = {"get_weather": get_weather, "get_time": get_time}


class City(BaseModel):
    """A city."""

    name: str
    people: int
    tags: list[str]


def joined(pieces):
    whole = None
    for piece in pieces:
        whole = piece if whole is None else whole + piece
    return whole


@feature("whole answer")
def test_whole(model, mark):
    answer = chat(model).invoke(f"안녕 👋 {mark}")
    assert f"안녕 👋 {mark}" in answer.text
    assert answer.response_metadata["finish_reason"] == "stop" and answer.usage_metadata["output_tokens"] > 0


@feature("streaming, with usage")
def test_streaming(model, mark):
    answer = joined(chat(model).stream(mark))
    assert mark in answer.text and answer.usage_metadata["output_tokens"] > 0


def loop(model, prompt, ask):
    llm = chat(model, reasoning_effort="low").bind_tools(list(TOOLS.values()))
    messages, rounds = [HumanMessage(prompt)], 0
    while (answer := ask(llm, messages)).tool_calls:
        rounds += 1
        messages += [answer, *(TOOLS[call["name"]].invoke(call) for call in answer.tool_calls)]
    return answer, rounds


@feature("tool loop of three turns")
def test_tool_loop(model, mark):
    answer, rounds = loop(model, f"{{{{steps={ROUNDS}}}}} {{{{think}}}} call get_weather {mark}", lambda llm, all: llm.invoke(all))
    assert rounds == ROUNDS and "sunny in" in answer.text
    return carried(mark, ROUNDS + 1)


@feature("tool loop of three turns, streamed")
def test_streamed_tool_loop(model, mark):
    answer, rounds = loop(model, f"{{{{steps={ROUNDS}}}}} {{{{think}}}} call get_weather {mark}", lambda llm, all: joined(llm.stream(all)))
    assert rounds == ROUNDS and "sunny in" in answer.text
    return carried(mark, ROUNDS + 1)


@feature("parallel tool calls")
def test_parallel(model, mark):
    answer, rounds = loop(model, f"call get_weather and get_time {mark}", lambda llm, all: llm.invoke(all))
    assert rounds == 1 and "sunny in" in answer.text and "noon in" in answer.text


@feature("structured output")
def test_structured(model, mark):
    assert isinstance(chat(model).with_structured_output(City, method="json_schema").invoke(mark), City)


@feature("structured output, by a forced tool call")
def test_structured_by_a_tool(model, mark):
    forced = chat(model).with_structured_output(City, method="function_calling")
    if model == "claude-sonnet-5-5":
        with pytest.raises(BadRequestError) as refused:
            forced.invoke(mark)
        assert refused.value.code == "unsupported_value"
    else:
        assert isinstance(forced.invoke(mark), City)
    return UNFORCED if model.startswith("claude") else WORKS


@feature("image (data URL)")
def test_image(model, mark):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    assert mark in chat(model).invoke([HumanMessage(content=[{"type": "text", "text": mark}, image])]).text


@feature("error inside a stream")
def test_error(model, mark):
    with pytest.raises(APIError):
        joined(chat(model).stream("{{error_midstream}} hello"))
