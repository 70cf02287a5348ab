"""One conversation on three providers: each request goes to the next one, in all orders. Nothing that a provider can be
given is lost, and each provider gets its own reasoning back.
"""
import base64
import itertools

import pytest
from openai import OpenAI

from shared import BASE_URL, HEADERS, KEY, PICTURE, TOOLS, WORKS, installed, reasoning_of, report, turns_of, upstream

ai = OpenAI(base_url=BASE_URL, api_key=KEY, default_headers=HEADERS)
CLIENT = f"{installed('openai')} (Python)"
ORDERS = list(itertools.permutations(["gpt-5.4", "claude-sonnet-5-5", "gemini-3.8-flash"]))
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n").decode()
PICTURE_PART = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
PDF_PART = {"type": "file", "file": {"filename": "report.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
CITY = {"type": "object", "properties": {"name": {"type": "string"}, "mayor": {"type": ["string", "null"]}}, "required": ["name", "mayor"], "additionalProperties": False}


def text(words):
    return {"type": "text", "text": words}


# What the user says in each turn, and what else is asked for. Each text has a word of its own.
TURNS = [
    ("Hello from turn-a 안녕 👋", {}),
    ([text("A picture in turn-b"), PICTURE_PART], {}),
    ("call get_weather and get_time in turn-c", {"tools": TOOLS}),
    ([text("A file in turn-d"), PDF_PART], {}),
    ("{{think}} Think in turn-e", {"reasoning_effort": "low"}),
    ("An object in turn-f", {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "strict": True, "schema": CITY}}}),
    ("{{think}} {{steps=2}} call get_weather in turn-g", {"tools": TOOLS, "reasoning_effort": "low"}),
    ([PICTURE_PART, text("Two things in turn-h"), PDF_PART], {}),
    ('turn-i\twith "quotes", \\ and\nlines', {}),
    ("call get_time and get_weather in turn-j", {"tools": TOOLS, "parallel_tool_calls": True}),
    ([text("Two texts in turn-k"), text("and one more")], {}),
    ("{{think}} Sum up in turn-l", {"reasoning_effort": "low", "stream": True}),
]


def ask(stream=False, **request):
    """The answer's message as a dict, and what was reported as dropped or adjusted."""
    if stream:
        with ai.chat.completions.stream(**request) as events:
            return events.get_final_completion().choices[0].message.to_dict(), []
    raw = ai.chat.completions.with_raw_response.create(**request)
    named = [f"{kind} {names}" for kind in ("dropped", "adjusted") if (names := raw.headers.get(f"x-relay-{kind}-params"))]
    return raw.parse().choices[0].message.to_dict(), named


def talk(order, mark):
    """Talks all turns, each request with the next model. Returns the messages, the model of each request, and what was named."""
    messages, models, named = [{"role": "system", "content": f"Be brief. {mark}"}], [], []
    for content, more in TURNS:
        messages.append({"role": "user", "content": content})
        while True:
            models.append(order[len(models) % len(order)])
            message, names = ask(model=models[-1], messages=messages, **more)
            named += names
            messages.append(message)
            calls = message.get("tool_calls") or []
            for call in calls:
                words = f"{call['function']['name']} says {len(messages)}"
                messages.append({"role": "tool", "tool_call_id": call["id"], "content": words})
            if not calls:
                break
    return messages, models, named


def pieces_of(messages):
    """Every text, picture, file, call and result of the messages."""
    for message in messages:
        content = message.get("content") or []
        for part in content if isinstance(content, list) else [text(content)]:
            yield PICTURE if part is PICTURE_PART else PDF if part is PDF_PART else part["text"]
        for call in message.get("tool_calls") or []:
            yield call["function"]["name"]


def texts_of(value):
    """All texts in a body, however deep, in one text."""
    if isinstance(value, str):
        return value + "\n"
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return "".join(map(texts_of, inner))


def own_reasoning(name, before, models):
    """The reasoning that the messages hold of one provider's models."""
    answers = [message for message in before if message["role"] == "assistant"]
    own = [message for message, model in zip(answers, models) if model.startswith(name)]
    if name == "claude":
        return [block for message in own for block in message.get("thinking_blocks") or []]
    holders = [holder for message in own for holder in [*(message.get("tool_calls") or []), message]]
    signatures = [((holder.get("extra_content") or {}).get("google") or {}).get("thought_signature") for holder in holders]
    return [signature for signature in signatures if signature]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_switching(order):
    mark = f"[{CLIENT}: switching: {' '.join(order)}]"
    messages, models, named = talk(order, mark)
    assert named == [], "nothing was left out or changed"
    bodies = upstream(mark)
    assert len(bodies) == len(models)
    answers = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    for body, model, at in list(zip(bodies, models, answers))[-3:]:
        sent, before = texts_of(body), messages[:at]
        for piece in pieces_of(before):
            assert piece in sent, f"{piece} is missing in the request to {model}"
        if not model.startswith("gpt"):
            held = own_reasoning(model.split("-")[0], before, models)
            assert held, f"{model} was never asked to think"
            assert [one for turn in turns_of(body) for one in reasoning_of(turn)] == held
    for provider in ("claude", "gemini"):
        report(CLIENT, "one conversation, each request to the next of GPT, Claude and Gemini", provider, WORKS, "test_switching.py")
