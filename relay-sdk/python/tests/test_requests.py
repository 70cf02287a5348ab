"""Requests, retries and bad responses, counted at a server."""

import email.utils
import pickle
import re
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from fake import KEY, TOKEN, refusal

from relayservice import RelayError, key_needed

OK = {"status": 201, "body": TOKEN}
DOCS = Path(__file__).parents[3] / "docs"


def ask(relay, **more):
    return relay.create_registration_token("ana", **more)


def failed(kind, call, **options):
    with pytest.raises(RelayError) as raised:
        kind.run(call, **options)
    return raised.value


def test_a_token_is_requested_as_the_api_describes(kind, fake):
    server = fake(OK)
    token = kind.run(
        lambda relay: ask(relay, end_user_name="Ana", provider="openai", expires_in_seconds=60, allowed_origins=["https://a.example"], replace=False),
        base_url=server.base_url,
    )
    assert (token.registration_token, token.user, token.provider, token.connect_url) == ("rrt-hidden", "ana", None, "http://r/connect#rrt-hidden")
    assert token.expires_at == datetime(2026, 11, 24, 10, 0, 0, 123000, timezone.utc)
    assert "rrt-" not in f"{token!r} {token}"
    (request,) = server.requests
    assert server.asked() == ["POST /v1/registration-tokens"]
    assert (request["headers"]["authorization"], request["headers"]["content-type"]) == (f"Bearer {KEY}", "application/json")
    wanted = '{"endUserLabel": "ana", "endUserName": "Ana", "provider": "openai", "expiresInSeconds": 60, "allowedOrigins": ["https://a.example"], "replace": false}'
    assert request["body"] == wanted


def test_every_method_has_its_path(kind, fake):
    connection = {"provider": "openai", "state": "active", "last4": "1234", "connectedAt": "2026-11-24T10:00:00Z", "lastUsedAt": None, "region": "eu", "organizationId": "org-1"}
    user = {"endUserLabel": "ana", "createdAt": "2026-11-24T10:00:00Z", "providers": ["openai"]}
    usage = {"from": "a", "to": "b", "hasMore": False, "usage": [{"day": "d", "endUserLabel": "ana", "provider": "openai", "model": "m", "tier": "paid", "requests": 2, "outputTokens": 7, "newer": 1}]}
    answers = [{"body": body} for body in ({"users": [user], "hasMore": False, "nextAfter": None}, {**user, "connections": [connection]}, None, {"connections": [connection]}, None, connection, usage, usage)]
    for at in (2, 4):
        answers[at] = {"status": 204}
    server = fake(*answers)
    page, one, _, some, _, checked, report, _ = kind.run(
        lambda relay: relay.users.page(limit=2, after="a&b", state="pending"),
        lambda relay: relay.users.get("a/b%c"),
        lambda relay: relay.users.delete("ana"),
        lambda relay: relay.connections.list("ana"),
        lambda relay: relay.connections.delete("ana", "openai"),
        lambda relay: relay.connections.verify("ana", "google"),
        lambda relay: relay.usage(from_day="2026-11-01", to_day="2026-11-02", user="ana"),
        lambda relay: relay.usage(),
        base_url=server.base_url,
    )
    assert server.asked() == [
        "GET /v1/users?limit=2&after=a%26b&state=pending",
        "GET /v1/users/a%2Fb%25c",
        "DELETE /v1/users/ana",
        "GET /v1/users/ana/connections",
        "DELETE /v1/users/ana/connections/openai",
        "POST /v1/users/ana/connections/google/verify",
        "GET /v1/usage?from=2026-11-01&to=2026-11-02&user=ana",
        "GET /v1/usage",
    ]
    assert (page.users[0].user, page.has_more, one.connections, one.providers) == ("ana", False, tuple(some), ("openai",))
    assert (checked.state, checked.last_used_at) == ("active", None)
    assert (checked.region, checked.workspace_id, checked.organization_id, checked.project_id) == ("eu", None, "org-1", None)
    assert [(row.user, row.requests, row.output_tokens, row.input_tokens) for row in report.rows] == [("ana", 2, 7, 0)]


def test_all_users_are_listed_page_by_page(kind, fake):
    rows = [{"endUserLabel": label, "createdAt": "2026-11-24T10:00:00Z", "providers": []} for label in "abc"]
    server = fake({"body": {"users": rows[:2], "hasMore": True, "nextAfter": "b"}}, {"body": {"users": rows[2:], "hasMore": False, "nextAfter": None}})
    users = kind.run(lambda relay: relay.users.list(limit=2), base_url=server.base_url)
    assert [user.user for user in users] == ["a", "b", "c"]
    assert server.asked() == ["GET /v1/users?limit=2", "GET /v1/users?limit=2&after=b"]


@pytest.mark.parametrize(
    "bad",
    [
        refusal(500, "internal_error"),
        refusal(503, "storage_unavailable"),
        refusal(429, "too_many_refusals"),
        refusal(408, "request_timeout"),
        None,
        {"status": 502, "headers": {"content-type": "text/html"}, "body": "<h1>Bad Gateway</h1>"},
    ],
)
def test_what_may_pass_is_tried_again_with_the_same_idempotency_key(kind, fake, pauses, bad):
    server = fake(bad, bad, OK)
    assert kind.run(ask, base_url=server.base_url).user == "ana"
    keys = [request["headers"]["idempotency-key"] for request in server.requests]
    assert len(keys) == 3 and len(set(keys)) == 1 and re.match("[0-9a-f]{8}-", keys[0])
    assert 0.375 <= pauses[0] <= 0.5 and 0.75 <= pauses[1] <= 1


def test_two_calls_have_two_idempotency_keys_and_your_own_is_used_unchanged(kind, fake):
    server = fake(OK)
    kind.run(ask, ask, lambda relay: ask(relay, idempotency_key="form-7"), base_url=server.base_url)
    one, two, own = [request["headers"]["idempotency-key"] for request in server.requests]
    assert one != two and own == "form-7"


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_value"), (401, "invalid_relay_key"), (403, "scope_missing"), (404, "user_not_found"), (410, "gone")])
def test_a_permanent_error_is_not_retried(kind, fake, status, code):
    server = fake(refusal(status, code))
    error = failed(kind, ask, base_url=server.base_url)
    assert (error.status, error.code, error.retryable, len(server.requests)) == (status, code, False, 1)


def test_x_should_retry_takes_precedence_over_the_status(kind, fake, pauses):
    never, always = fake(refusal(500, "provider_key_unreadable", {"x-should-retry": "false"})), fake(refusal(400, "incomplete_body", {"x-should-retry": "true"}))
    assert not failed(kind, ask, base_url=never.base_url).retryable
    assert failed(kind, ask, base_url=always.base_url).retryable
    assert (len(never.requests), len(always.requests)) == (1, 3)


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_max_retries_is_the_number_of_retries(kind, fake, pauses, retries):
    server = fake(refusal(503, "draining"))
    failed(kind, ask, base_url=server.base_url, max_retries=retries)
    assert len(server.requests) == retries + 1


def test_retry_after_is_obeyed_up_to_a_minute(kind, fake, pauses):
    date = email.utils.formatdate(time.time() + 40, usegmt=True)
    for headers, least, most in (
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": date}, 30, 41),
        ({"retry-after": "never"}, 0.375, 0.5),
        ({"retry-after": "nan"}, 0.375, 0.5),
        ({"retry-after": email.utils.formatdate(0, usegmt=True)}, 0, 0),
    ):
        pauses.clear()
        kind.run(ask, base_url=fake(refusal(429, "too_many_refusals", headers), OK).base_url)
        assert least <= pauses[0] <= most, headers
    server = fake(refusal(429, "too_many_refusals", {"retry-after": "61"}))
    assert failed(kind, ask, base_url=server.base_url).code == "too_many_refusals"
    assert len(server.requests) == 1


def test_an_error_has_everything_that_relay_returned(kind, fake):
    server = fake(refusal(403, "provider_key_missing", provider="anthropic", param="provider"))
    error = failed(kind, lambda relay: relay.connections.verify("ana", "anthropic"), base_url=server.base_url)
    assert str(error) == "It is provider_key_missing. (403 provider_key_missing req_1)"
    assert (error.status, error.status_code, error.code, error.type) == (403, 403, "provider_key_missing", "some_error")
    assert (error.param, error.request_id, error.retryable, error.provider) == ("provider", "req_1", False, "anthropic")
    same = pickle.loads(pickle.dumps(error))
    assert (str(same), same.__dict__) == (str(error), error.__dict__)
    assert key_needed(error) == "anthropic"


@pytest.mark.parametrize("code", ["missing_relay_key", "connection_failed", "timeout", "unexpected_response", "provider_key_missing", "invalid_user", "invalid_value"])
def test_doc_url_is_a_page_that_has_the_code(code):
    page, text = RelayError("", code=code).doc_url.split("#:~:text=")
    assert f"`{text}`" in (DOCS / page.rsplit("/", 1)[1]).read_text(encoding="utf-8")


def test_a_relay_that_is_down_is_named(kind, fake, pauses):
    server = fake(OK)
    server.close()
    error = failed(kind, ask, base_url=server.base_url)
    assert (error.code, error.status, error.retryable, len(pauses)) == ("connection_failed", None, True, 2)
    assert server.base_url in str(error) and "RELAY_BASE_URL" in str(error) and error.__cause__ is not None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"headers": {"content-type": "text/html; charset=utf-8"}, "body": "<title>Sign in</title>"}, "web page"),
        ({"status": 403, "headers": {"content-type": "text/html"}, "body": "<title>Sign in</title>"}, "web page"),
        ({"status": 302, "headers": {"location": "https://login.example/?next=secret"}}, "redirects to https://login.example/. "),
        ({"body": ""}, "not respond like Relay"),
        ({"body": "null"}, "not respond like Relay"),
        ({"body": {"other": 1}}, "not respond like Relay"),
        ({"status": 204}, "not respond like Relay"),
        ({"status": 404, "body": {"detail": "Not Found"}}, "not respond like Relay"),
        ({"status": 400, "body": {"error": {"code": 7}}}, "not respond like Relay"),
    ],
)
def test_a_foreign_response_is_recognised(kind, fake, answer, words):
    server = fake(answer)
    error = failed(kind, ask, base_url=server.base_url)
    assert error.code == "unexpected_response" and not error.retryable
    assert words in str(error) and "RELAY_BASE_URL" in str(error)
    assert len(server.requests) == 1


def test_a_silent_relay_ends_with_the_timeout_of_the_client_or_of_the_call(kind, fake):
    server = fake("silent")
    error = failed(kind, ask, base_url=server.base_url, timeout=0.05, max_retries=0)
    assert (error.code, error.status, error.retryable) == ("timeout", None, True)
    assert "0.05 s" in str(error)
    assert "0.06 s" in str(failed(kind, lambda relay: relay.usage(timeout=0.06), base_url=server.base_url, max_retries=0))
    assert failed(kind, lambda relay: relay.usage(timeout=0), base_url=server.base_url).code == "invalid_value"


def test_the_key_is_in_nothing_that_is_printed(kind, fake):
    server = fake(refusal(401, "invalid_relay_key"))
    shown = []

    def look(relay):
        shown.extend([relay, relay.users, relay.connections, relay.openai("ana"), vars(relay.openai("ana"))])
        return relay.usage()

    shown.append(failed(kind, look, base_url=server.base_url))
    for each in shown:
        assert "Secret" not in f"{each!r} {each}"
