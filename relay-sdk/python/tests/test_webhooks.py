"""The signatures of webhooks, with the vectors of the Standard Webhooks project."""

import base64
import hashlib
import hmac

import pytest

from relayservice import RelayError, webhooks

# https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhook.py
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
WANT = {"id": ID, "test": 2432232314}


def check(more=None, body=BODY, secret=SECRET, now=AT):
    headers = {name: value for name, value in {**HEADERS, **(more or {})}.items() if value is not None}
    return webhooks.verify(body, headers, secret, now=now)


def refused(code="invalid_webhook", **options):
    with pytest.raises(RelayError) as raised:
        check(**options)
    assert raised.value.code == code


def test_the_vector_of_the_project_is_accepted_in_every_form():
    assert check() == WANT
    assert check(body=BODY.encode()) == WANT
    assert check(secret=SECRET[6:]) == WANT
    assert webhooks.verify(BODY, {name.title(): value for name, value in HEADERS.items()}, SECRET, now=AT) == WANT


def test_one_of_several_signatures_and_secrets_is_enough():
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    assert check({"webhook-signature": f"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,abc {SIGNATURE}"}) == WANT
    assert check(secret=[other, SECRET]) == WANT
    refused(secret=other)


def test_a_changed_old_future_or_unsigned_event_is_refused():
    refused(body=BODY.replace("2", "3"))
    for name in HEADERS:
        refused(more={name: None})
    refused(more={"webhook-id": "msg_another"})
    for now in (AT + 301, AT - 301):
        refused(now=now)
    for now in (AT + 300, AT - 300):
        assert check(now=now) == WANT
    for timestamp in ("hello", str(AT + 1), "-1", "1e9", "\u0661"):
        refused(more={"webhook-timestamp": timestamp})
    for signature in ("v1,", "", "v1", SIGNATURE[3:], SIGNATURE.replace("v1", "v2"), "v1,!!!", "v1,\u00e9"):
        refused(more={"webhook-signature": signature})
    for secret in ("", "whsec_", "whsec_!", "whsec_\u00e9"):
        refused("invalid_value", secret=secret)


def test_a_signed_body_that_is_not_an_object_is_refused():
    key = base64.b64decode(SECRET[6:])
    for body in ("no JSON", "[1]"):
        signature = base64.b64encode(hmac.new(key, f"{ID}.{AT}.{body}".encode(), hashlib.sha256).digest()).decode()
        refused(more={"webhook-signature": f"v1,{signature}"}, body=body)
