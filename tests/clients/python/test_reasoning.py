"""Reasoning survives the next turn: the answer goes back as the official client gives it, and the provider gets the
thinking blocks and signatures of every earlier step, byte for byte, in the order in which it made them.
"""
import asyncio

import pytest
from openai import AsyncOpenAI, OpenAI

from shared import BASE_URL, CLAUDE, HEADERS, KEY, MODELS, ROUNDS, TOOLS, WORKS, conversation, held_reasoning, installed, reasoning_of, report, turns_of

ai = OpenAI(base_url=BASE_URL, api_key=KEY, default_headers=HEADERS)


def whole(**request):
    return ai.chat.completions.create(**request).choices[0].message


def stream_helper(**request):
    with ai.chat.completions.stream(**request) as events:
        return events.get_final_completion().choices[0].message


def async_stream_helper(**request):
    async def run():
        async with AsyncOpenAI(base_url=BASE_URL, api_key=KEY, default_headers=HEADERS) as client:
            async with client.chat.completions.stream(**request) as events:
                return (await events.get_final_completion()).choices[0].message

    return asyncio.run(run())


def by_hand(**request):
    """Tool calls by their index, texts one behind the other, everything else as it comes last."""
    message, calls = {"role": "assistant", "content": None}, {}
    for chunk in ai.chat.completions.create(stream=True, **request):
        delta = chunk.choices[0].delta.to_dict()
        for call in delta.pop("tool_calls", None) or []:
            function = call.pop("function")
            known = calls.setdefault(call.pop("index"), {"function": {"name": "", "arguments": ""}})
            known.update(call)
            known["function"]["name"] += function.get("name") or ""
            known["function"]["arguments"] += function.get("arguments") or ""
        for name in ("content", "reasoning_content"):
            if text := delta.pop(name, None):
                message[name] = (message.get(name) or "") + text
        message.update(delta)
    return message | ({"tool_calls": list(calls.values())} if calls else {})


WAYS = {"whole": whole, "stream helper": stream_helper, "async stream helper": async_stream_helper, "chunks put together by hand": by_hand}
# The feature, its models, the directives, the tools, the rounds, and the blocks of Claude's turns.
FEATURES = [
    ("chained calls", MODELS, f"{{{{steps={ROUNDS}}}}} {{{{think}}}}", "get_weather", ROUNDS, None),
    ("parallel calls", MODELS, "{{steps=1}} {{think}}", "get_weather and get_time", 1, None),
    ("redacted", CLAUDE, f"{{{{steps={ROUNDS}}}}} {{{{think=redacted}}}}", "get_weather", ROUNDS, ["redacted_thinking", "tool_use"]),
    ("interleaved", CLAUDE, f"{{{{steps={ROUNDS}}}}} {{{{think=interleaved}}}}", "get_weather", ROUNDS, ["thinking", "text", "thinking", "tool_use"]),
]
CASES = [(way, *feature[:1], model, *feature[2:]) for way in WAYS for feature in FEATURES for model in feature[1]]


def as_dict(message):
    return message if isinstance(message, dict) else message.to_dict()


def talk(answer, model, prompt):
    """Loops until there is an answer without calls, and then asks once more. Returns the assistant's messages."""
    messages, answers, more = [{"role": "user", "content": prompt}], [], True
    request = {"model": model, "messages": messages, "tools": TOOLS, "reasoning_effort": "low"}
    while more:
        message = answer(**request)
        answers.append(as_dict(message))
        messages.append(message)
        calls = answers[-1].get("tool_calls") or []
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls]
        more = bool(calls)
    messages.append({"role": "user", "content": "{{think}} And tomorrow?"})
    return [*answers, as_dict(answer(**request))]


@pytest.mark.parametrize("way,name,model,directives,tools,rounds,shape", CASES)
def test_reasoning_survives(way, name, model, directives, tools, rounds, shape):
    client, feature = f"{installed('openai')} (Python)", f"reasoning, {name}: {way}"
    mark = f"[{client}: {feature}: {model}]"
    answers = talk(WAYS[way], model, f"{directives} call {tools} {mark}")
    assert len(answers) == rounds + 2
    turns = turns_of(conversation(mark, len(answers))[-1])
    assert len(turns) == len(answers) - 1
    for turn, answer in zip(turns, answers):
        assert reasoning_of(turn), "no reasoning came back"
        assert reasoning_of(turn) == held_reasoning(answer)
    assert shape is None or [block["type"] for block in turns[0]] == shape
    report(client, feature, model, WORKS, "test_reasoning.py")
