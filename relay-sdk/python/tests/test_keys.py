"""What is wrong with key, address and arguments: reported without a request, key and address at the first call."""

import pytest
from fake import CHAT, KEY, MESSAGES, make_key

from relayservice import AsyncRelay, Relay, RelayError

NOWHERE = "http://127.0.0.1:1"


def late(kind, code, key=KEY, base_url=NOWHERE):
    """What the first call raises, each kind of call the same. Nothing raises before."""
    (Relay, AsyncRelay)[kind.is_async](key, base_url=base_url).openai(user="ana")
    errors = []
    for call in (
        lambda relay: relay.create_registration_token("ana"),
        lambda relay: relay.users.list(),
        lambda relay: relay.connections.list("ana"),
        lambda relay: relay.usage(),
        lambda relay: relay.openai("ana").models.list() if not kind.is_async else relay.openai("ana").chat.completions.create(model="m", messages=MESSAGES),
        lambda relay: relay.openai("ana").with_options(timeout=5).chat.completions.create(model="m", messages=MESSAGES),
    ):
        with pytest.raises(RelayError) as raised:
            kind.run(call, key=key, base_url=base_url)
        errors.append(raised.value)
        assert (raised.value.code, raised.value.status, raised.value.retryable) == (code, None, False)
        assert raised.value.message == errors[0].message
    return errors[0]


def test_a_key_of_relay_is_accepted(kind, fake):
    for body in ("0" * 43, "z" * 43, "Ab9".ljust(43, "Q")):
        server = fake({"body": {"connections": []}})
        assert kind.run(lambda relay: relay.connections.list("ana"), key=make_key(body), base_url=server.base_url) == []


@pytest.mark.parametrize("none", [None, ""])
def test_no_key_raises_at_the_first_call(kind, none):
    assert "RELAY_KEY" in str(late(kind, "missing_relay_key", key=none))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (KEY.replace("Secret", "Sercet"), "typo"),
        (KEY[:-1] + "!", "typo"),
        (KEY[:-3], "53 characters, but this one has 50"),
        (f"{KEY}\n", "white space"),
        (7, "string"),
        ("rrt-Secret", "registration token"),
        ("sk-proj-Secret", "provider key"),
        ("AIzaSecret", "begins with rly-"),
    ],
)
def test_a_wrong_key_is_refused_with_the_reason_and_not_shown(kind, key, words):
    error = late(kind, "invalid_relay_key", key=key)
    assert words in str(error)
    assert "Secret" not in f"{error!r} {error} {error.__dict__}"


def test_key_and_address_may_come_after_the_client(kind, fake, monkeypatch):
    server = fake({"body": {"connections": []}}, {"body": CHAT})
    made = []

    def remember(relay):
        made.append(relay.openai("ana"))
        monkeypatch.setenv("RELAY_KEY", KEY)
        monkeypatch.setenv("RELAY_BASE_URL", f"{server.base_url}/v1/")
        return relay.connections.list("ana")

    kind.run(remember, lambda _: made[0].chat.completions.create(model="m", messages=MESSAGES), key=None)
    assert server.asked() == ["GET /v1/users/ana/connections", "POST /v1/chat/completions"]
    assert {request["headers"]["authorization"] for request in server.requests} == {f"Bearer {KEY}"}


def test_slashes_and_v1_at_the_end_of_the_address_do_not_matter():
    for end in ("", "/", "//", "/v1", "/v1/", "//v1", "/v1/v1", "//v1//v1//"):
        for base in ("https://vault.example", "https://vault.example:8443/relay"):
            assert Relay(KEY, base_url=base + end).base_url == base


@pytest.mark.parametrize("url", ["vault.example", "ftp://vault.example", "https://me:secret@vault.example", "/v1", "", 7, "http://a:b"])
def test_an_invalid_address_is_refused(kind, url):
    assert late(kind, "invalid_value", base_url=url).param == "base_url"


def test_without_an_address_the_first_call_says_once_whose_host_gets_the_key(kind):
    import httpx_of_openai as http

    client = http.client(kind.is_async, 401, {"error": {"code": "invalid_relay_key", "message": "It is not valid"}})
    errors = []

    def ask(relay):
        with pytest.raises(RelayError) as raised:
            kind.run(lambda same: same.usage(), http_client=client)
        errors.append(raised.value)

    with pytest.warns(UserWarning, match="RELAY_BASE_URL.*https://vault.relayservice.im") as shown:
        ask(None)
        ask(None)
    assert len(shown) == 1 and "Secret" not in str(shown[0].message)
    assert all("RELAY_BASE_URL" in str(error) for error in errors)
    with pytest.raises(RelayError) as raised:
        kind.run(lambda relay: relay.usage(), http_client=client, base_url="https://vault.relayservice.im")
    assert "RELAY_BASE_URL" not in str(raised.value)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}, {"timeout": "soon"}, {"max_retries": -1}])
def test_invalid_limits_are_refused(options):
    for client in (Relay, AsyncRelay):
        with pytest.raises(RelayError) as raised:
            client(KEY, **options)
        assert (raised.value.code, raised.value.param) == ("invalid_value", next(iter(options)))


@pytest.mark.parametrize(("user", "code"), [("", "missing_user"), (None, "missing_user"), ("a" * 129, "invalid_user"), ("two words", "invalid_user"), ("지은", "invalid_user"), (7, "invalid_user"), ("a\n", "invalid_user")])
def test_a_user_is_checked_before_a_request(kind, fake, user, code):
    server = fake({"body": {}})
    for call in (
        lambda relay: relay.create_registration_token(user),
        lambda relay: relay.users.get(user),
        lambda relay: relay.connections.list(user),
        lambda relay: relay.openai(user),
    ):
        with pytest.raises(RelayError) as raised:
            kind.run(call, base_url=server.base_url)
        assert (raised.value.code, raised.value.param) == (code, "user")
    assert server.requests == []


def test_labels_and_providers_that_would_change_the_path_are_refused(kind):
    for call, code in (
        (lambda relay: relay.users.delete("."), "invalid_user"),
        (lambda relay: relay.users.delete(".."), "invalid_user"),
        (lambda relay: relay.connections.delete("ana", ""), "invalid_value"),
        (lambda relay: relay.connections.verify("ana", ".."), "invalid_value"),
    ):
        with pytest.raises(RelayError) as raised:
            kind.run(call, base_url=NOWHERE)
        assert raised.value.code == code
