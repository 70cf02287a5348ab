"""The OpenAI clients that `relay.openai` creates, with the OpenAI client that is installed."""

import asyncio
import re
from pathlib import Path

import httpx_of_openai as http
import openai
import pytest
from fake import CHAT, KEY, MESSAGES, refusal

from relayservice import AsyncRelay, Relay, RelayError, key_needed


def chat(ai, **more):
    return ai.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, **more)


def seen(fake, kind, use=chat, options=None, **settings):
    """The request that a client of `relay.openai` makes."""
    server = fake({"body": CHAT})
    kind.run(lambda relay: use(relay.openai("ana", **(options or {}))), base_url=server.base_url, **settings)
    return server.requests[-1]


def test_it_is_an_openai_client_bound_to_relay_and_to_the_user(kind, fake):
    server = fake({"body": CHAT})
    made = []
    answer = kind.run(lambda relay: made.append(relay.openai("jieun_123")) or chat(made[0]), base_url=server.base_url)
    assert type(made[0]).__name__ == ("AsyncOpenAI" if kind.is_async else "OpenAI")
    assert isinstance(made[0], openai.AsyncOpenAI if kind.is_async else openai.OpenAI)
    assert answer.choices[0].message.content == "Hi"
    headers = server.requests[0]["headers"]
    assert server.asked() == ["POST /v1/chat/completions"]
    assert (headers["authorization"], headers["x-relay-user"], headers["x-relay-paid"]) == (f"Bearer {KEY}", "jieun_123", None)
    assert (made[0].api_key, str(made[0].base_url)) == (KEY, f"{server.base_url}/v1/")


def test_paid_false_marks_a_free_tier_user_and_only_booleans_are_accepted(kind, fake):
    assert [seen(fake, kind, options={"paid": paid})["headers"]["x-relay-paid"] for paid in (False, True, None)] == ["false", "true", None]
    for paid in ("false", 0):
        with pytest.raises(RelayError) as raised:
            kind.run(lambda relay: relay.openai("ana", paid=paid), base_url="http://r")
        assert raised.value.param == "paid"


def test_your_own_headers_are_kept_and_relays_two_are_set_also_in_copies(kind, fake):
    headers = {"X-Trace": "t1", "x-relay-USER": "mallory", "X-Relay-Paid": "true"}
    for use, options in (
        (chat, {"default_headers": headers, "paid": False}),
        (lambda ai: chat(ai.with_options(default_headers=headers)), {"paid": False}),
        (lambda ai: chat(ai.copy(timeout=5, default_headers=headers).with_options(max_retries=0)), {"paid": False}),
    ):
        got = seen(fake, kind, use, options)["headers"]
        assert (got["x-trace"], got.get_all("x-relay-user"), got.get_all("x-relay-paid")) == ("t1", ["ana"], ["false"])
        assert got["authorization"] == f"Bearer {KEY}"


def test_options_of_the_openai_client_pass_through_and_those_of_relay_are_applied(kind):
    made = []
    kind.run(lambda relay: made.append(relay.openai("a", max_retries=0)), base_url="http://r", timeout=12.5, max_retries=5)
    kind.run(lambda relay: made.append(relay.openai("a")), base_url="http://r")
    usual = openai.OpenAI(api_key="x")
    assert (made[0].timeout, made[0].max_retries) == (12.5, 0)
    assert (made[1].timeout, made[1].max_retries) == (usual.timeout, usual.max_retries)
    for name in ("api_key", "base_url"):
        with pytest.raises(TypeError, match=name):
            kind.run(lambda relay: relay.openai("a", **{name: "x"}), base_url="http://r")


def test_openais_environment_is_ignored(kind, fake, monkeypatch):
    for name, value in {
        "OPENAI_BASE_URL": "http://evil.example/v1",
        "OPENAI_API_KEY": "sk-own",
        "OPENAI_ADMIN_KEY": "sk-admin",
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_PROJECT_ID": "proj-1",
        "OPENAI_CUSTOM_HEADERS": "X-Relay-User: mallory\nAuthorization: Bearer sk-other",
    }.items():
        monkeypatch.setenv(name, value)
    for use in (chat, lambda ai: chat(ai.with_options(timeout=5))):
        headers = seen(fake, kind, use)["headers"]
        assert (headers.get_all("authorization"), headers.get_all("x-relay-user")) == ([f"Bearer {KEY}"], ["ana"])
        assert (headers["openai-organization"], headers["openai-project"]) == (None, None)
        assert "sk-" not in str(headers)


def test_its_calls_raise_the_openai_clients_errors(kind, fake):
    server = fake(refusal(403, "provider_key_missing", {"x-should-retry": "false"}, provider="openai"))
    with pytest.raises(openai.PermissionDeniedError) as raised:
        kind.run(lambda relay: chat(relay.openai("ana")), base_url=server.base_url)
    assert (raised.value.code, raised.value.request_id, len(server.requests)) == ("provider_key_missing", "req_1", 1)


def test_key_needed_names_the_provider_for_which_the_user_must_connect_a_key(kind, fake):
    page = (Path(__file__).parents[3] / "docs/errors.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| 403 \| `(\w+)` \|.*open the widget.*\|$", page, re.M)
    assert len(codes) >= 4
    for code in codes:
        answer = refusal(403, code, {"x-should-retry": "false"}, provider="google")
        with pytest.raises(openai.PermissionDeniedError) as raised:
            kind.run(lambda relay: chat(relay.openai("ana")), base_url=fake(answer).base_url)
        try:
            raise RuntimeError("wrapped") from raised.value
        except RuntimeError as wrapped:
            errors = [raised.value, wrapped, answer["body"], answer["body"]["error"], RelayError("", code=code, provider="google")]
        assert [key_needed(error) for error in errors] == ["google"] * 5


def test_key_needed_in_a_stream_that_has_begun(kind, fake):
    error = {"message": "No.", "type": "permission_error", "param": None, "code": "provider_key_revoked", "provider": "google"}
    import json

    events = {"headers": {"content-type": "text/event-stream"}, "body": f"data: {json.dumps({'error': error})}\n\n"}

    def read(relay):
        if not kind.is_async:
            return list(chat(relay.openai("ana"), stream=True))

        async def pieces():
            return [piece async for piece in await chat(relay.openai("ana"), stream=True)]

        return pieces()

    with pytest.raises(openai.APIError) as raised:
        kind.run(read, base_url=fake(events).base_url)
    assert key_needed(raised.value) == "google"


def test_key_needed_is_none_for_anything_else():
    loop = ValueError("loop")
    loop.__cause__ = loop
    others = [None, 7, "no", "{", b"\xff", {}, [], loop, ValueError(), RelayError("", code="provider_key_missing")]
    others.append(RelayError("", code="insufficient_quota", provider="openai"))
    assert [key_needed(other) for other in others] == [None] * len(others)
    assert key_needed('{"error": {"code": "provider_key_missing", "provider": "openai"}}') == "openai"


def test_clients_share_the_connections_and_closing_one_does_not_close_them(kind, fake):
    server = fake({"body": CHAT})

    def twice(relay):
        if not kind.is_async:
            with relay.openai("ana") as ai:
                chat(ai)
            return chat(relay.openai("bo"))

        async def use():
            async with relay.openai("ana") as ai:
                await chat(ai)
            return await chat(relay.openai("bo"))

        return use()

    assert kind.run(twice, base_url=server.base_url).choices[0].message.content == "Hi"
    assert [request["headers"]["x-relay-user"] for request in server.requests] == ["ana", "bo"]


def test_your_own_http_client_carries_all_calls(kind):
    requests = []
    own = http.client(kind.is_async, 200, {**CHAT, "connections": []}, requests)
    kind.run(lambda relay: relay.connections.list("ana"), lambda relay: chat(relay.openai("ana")), base_url="http://r.example", http_client=own)
    assert [str(request.url) for request in requests] == ["http://r.example/v1/users/ana/connections", "http://r.example/v1/chat/completions"]
    assert not own.is_closed


def test_one_async_client_serves_several_event_loops(fake):
    server = fake({"body": {**CHAT, "connections": []}})
    relay = AsyncRelay(KEY, base_url=server.base_url)

    async def both():
        assert await relay.connections.list("ana") == []
        await chat(relay.openai("ana"))
        await relay.close()

    for _ in range(3):
        asyncio.run(both())
    assert len(server.requests) == 6


def test_the_key_is_in_nothing_that_is_printed_after_a_call(fake):
    relay = Relay(KEY, base_url=fake({"body": CHAT}).base_url)
    ai = relay.openai("ana")
    chat(ai)
    for shown in (ai, ai.chat.completions, ai.with_options(timeout=5), vars(ai), vars(relay)):
        assert "Secret" not in f"{shown!r} {shown}"
    relay.close()
