"""What the tests share: the models, reports for docs/compatibility.md, and a look at what reached the provider.
Needs a relay with mock providers (RELAY_BASE_URL, RELAY_KEY); the other variables are the harness's.
"""
import functools
import importlib.metadata
import inspect
import json
import os
import urllib.request
from pathlib import Path

import pytest
from openai import OpenAI

BASE_URL = os.environ["RELAY_BASE_URL"] + "/v1"
KEY = os.environ["RELAY_KEY"]
HEADERS = {"X-Relay-User": "connected"}
# With a budget for thinking and with thinking that is bound to its history; with optional signatures and with demanded ones.
MODELS = ["claude-haiku-4-5", "claude-sonnet-5-5", "gemini-2.5-flash", "gemini-3.8-flash"]
CLAUDE = MODELS[:2]
ROUNDS = 3
WORKS = "works"
NOT_CARRIED = "works; reasoning of earlier steps is not carried, since the client drops it"
UNFORCED = "works; 400 on models which can't be forced to call a tool (5.5 and later)"
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": f"Tells {name}", "parameters": CITY}}
    for name in ["get_weather", "get_time"]
]


def installed(name):
    return f"{name} {importlib.metadata.version(name)}"


def cell(client, feature, models=MODELS):
    """One test a model. It gets the model and a mark for the prompt; it returns what was seen if it is not just "works"."""

    def decorate(run):
        @pytest.mark.parametrize("model", models)
        @functools.wraps(run)
        def test(model):
            seen = run(model=model, mark=f"[{client}: {feature}: {model}]") or WORKS
            report(client, feature, model, seen, Path(inspect.getfile(run)).name)

        test.__signature__ = inspect.Signature([inspect.Parameter("model", inspect.Parameter.POSITIONAL_OR_KEYWORD)])
        return test

    return decorate


def report(client, feature, model, seen, file):
    provider = "claude" if model.startswith("claude") else "gemini"
    if path := os.environ.get("RELAY_CELLS"):
        with open(path, "a") as cells:
            cells.write("\t".join([client, feature, provider, seen, f"tests/clients/python/{file}"]) + "\n")


def upstream(mark):
    """The bodies of all requests with this mark that reached the provider, the oldest first."""
    with urllib.request.urlopen(os.environ["RELAY_SPY_URL"], data=mark.encode()) as response:
        return json.load(response)


def patient(mark, user="connected", scripted=False, kind=OpenAI, headers=None, **options):
    """A client whose requests have a mark that `calls` finds; `scripted`: of the relay whose providers answer what `script` sets."""
    base = os.environ["RELAY_SCRIPTED_URL" if scripted else "RELAY_TAP_URL"] + "/v1"
    bound = {"X-Relay-User": user} if user is not None else {}
    made = {"api_key": os.environ["RELAY_SCRIPTED_KEY"] if scripted else KEY, "base_url": base}
    return kind(default_headers=bound | {"X-Test-Mark": mark} | (headers or {}), **(made | options))


def spy(path, text):
    request = urllib.request.Request(os.environ["RELAY_SPY_URL"] + path, text.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read() or "null")


def calls(mark):
    """The requests with this mark that reached Relay: `connection`, `retry`, `line`."""
    return spy("/calls", f"X-Test-Mark: {mark}\r\n")


def left(path):
    """Waits until Relay left a provider's call with this in its path; what the call was doing."""
    return spy("/left", path)


def log(mark):
    """The lines of Relay's log, one a request, with this in them."""
    return spy("/log", mark)


def script(answer):
    """What a provider answers to the next call of the scripted relay."""
    spy("/script", json.dumps(answer))


def turns_of(body):
    """The assistant's turns in a body, as lists of blocks or parts."""
    if "messages" in body:
        contents = [message["content"] for message in body["messages"] if message["role"] == "assistant"]
        return [content if isinstance(content, list) else [content] for content in contents]
    return [content["parts"] for content in body["contents"] if content["role"] == "model"]


def reasoning_of(turn):
    """The thinking blocks and signatures of a turn. Google's placeholder for a missing signature does not count."""
    blocks = [block for block in turn if block.get("type") in ("thinking", "redacted_thinking")]
    signatures = [part["thoughtSignature"] for part in turn if part.get("thoughtSignature")]
    return blocks + [signature for signature in signatures if signature != "skip_thought_signature_validator"]


def held_reasoning(message):
    """What an OpenAI-shaped answer (as a dict) holds of it."""
    holders = [*(message.get("tool_calls") or []), message]
    signatures = [((holder.get("extra_content") or {}).get("google") or {}).get("thought_signature") for holder in holders]
    return [*(message.get("thinking_blocks") or []), *filter(None, signatures)]


def conversation(mark, requests):
    """All requests of a conversation: each begins with what the one before held, so no history was edited on its way."""
    bodies = upstream(mark)
    assert len(bodies) == requests
    histories = [without_markers(body.get("messages") or body["contents"]) for body in bodies]
    for before, after in zip(histories, histories[1:]):
        assert after[: len(before)] == before
    return bodies


def without_markers(value):
    """`cache_control` moves on from turn to turn and is no part of the history."""
    if isinstance(value, dict):
        return {name: without_markers(inner) for name, inner in value.items() if name != "cache_control"}
    return [without_markers(inner) for inner in value] if isinstance(value, list) else value


def carried(mark, requests):
    """For clients which may drop what they don't know: whether the last request held reasoning of every earlier turn."""
    turns = turns_of(conversation(mark, requests)[-1])
    return WORKS if all(reasoning_of(turn) for turn in turns) else NOT_CARRIED
