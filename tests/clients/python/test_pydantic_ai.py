"""pydantic-ai's OpenAIChatModel."""
import asyncio
import base64

import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, BinaryContent, NativeOutput, ToolOutput
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIChatModelSettings
from pydantic_ai.providers.openai import OpenAIProvider

from shared import BASE_URL, HEADERS, KEY, PICTURE, ROUNDS, UNFORCED, WORKS, carried, cell, installed


def feature(name):
    return cell(installed("pydantic-ai-slim"), name)


def get_weather(city: str) -> str:
    return f"sunny in {city}"


def get_time(city: str) -> str:
    return f"noon in {city}"


TOOLS = [get_weather, get_time]


def agent(model, **more):
    """An agent with a client of its own: connections belong to the event loop of one run."""
    client = AsyncOpenAI(base_url=BASE_URL, api_key=KEY, default_headers=HEADERS, max_retries=0)
    return Agent(OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)), retries=0, **more)


class City(BaseModel):
    name: str
    people: int
    tags: list[str]


REASONING = OpenAIChatModelSettings(openai_reasoning_effort="low")


async def streamed(agent, prompt, **more):
    async with agent.run_stream(prompt, **more) as result:
        return "".join([text async for text in result.stream_text(delta=True)]), result


@feature("whole answer")
def test_whole(model, mark):
    result = agent(model).run_sync(f"안녕 👋 {mark}")
    assert f"안녕 👋 {mark}" in result.output


@feature("streaming, with usage")
def test_streaming(model, mark):
    async def run():
        text, result = await streamed(agent(model), mark)
        return text, result.usage

    text, usage = asyncio.run(run())
    assert mark in text
    assert (usage() if callable(usage) else usage).output_tokens > 0


@feature("tool loop of three turns")
def test_tool_loop(model, mark):
    result = agent(model, tools=TOOLS).run_sync(f"{{{{steps={ROUNDS}}}}} {{{{think}}}} call get_weather {mark}", model_settings=REASONING)
    assert "sunny in" in result.output
    return carried(mark, ROUNDS + 1)


@feature("tool loop of three turns, streamed")
def test_streamed_tool_loop(model, mark):
    prompt = f"{{{{steps={ROUNDS}}}}} {{{{think}}}} call get_weather {mark}"
    text, _ = asyncio.run(streamed(agent(model, tools=TOOLS), prompt, model_settings=REASONING))
    assert "sunny in" in text
    return carried(mark, ROUNDS + 1)


@feature("parallel tool calls")
def test_parallel(model, mark):
    output = agent(model, tools=TOOLS).run_sync(f"call get_weather and get_time {mark}").output
    assert "sunny in" in output and "noon in" in output


@feature("structured output")
def test_structured(model, mark):
    assert isinstance(agent(model, output_type=NativeOutput(City)).run_sync(mark).output, City)


@feature("structured output, by a forced tool call")
def test_structured_by_a_tool(model, mark):
    forced = agent(model, output_type=ToolOutput(City))
    if model == "claude-sonnet-5-5":
        with pytest.raises(ModelHTTPError) as refused:
            forced.run_sync(mark)
        assert (refused.value.status_code, refused.value.body["code"]) == (400, "unsupported_value")
    else:
        assert isinstance(forced.run_sync(mark).output, City)
    return UNFORCED if model.startswith("claude") else WORKS


@feature("image (data URL)")
def test_image(model, mark):
    picture = BinaryContent(base64.b64decode(PICTURE), media_type="image/png")
    assert mark in agent(model).run_sync([mark, picture]).output


@feature("error inside a stream")
def test_error(model, mark):
    with pytest.raises(Exception, match="mid|error|overloaded|failed"):
        asyncio.run(streamed(agent(model), "{{error_midstream}} hello"))
