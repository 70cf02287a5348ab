"""Every row of ../errors.json with the official client: its class, its code, the request id, and how often Relay was asked."""
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from shared import calls, patient, script

ROWS = [(row, f"error-{at}-") for at, row in enumerate(json.loads(Path("../errors.json").read_text())["rows"]) if "sent" in row]
NAMES = [f"{row['status']} {row['code']}" for row, _ in ROWS]
CLASSES = {
    400: openai.BadRequestError, 401: openai.AuthenticationError, 403: openai.PermissionDeniedError, 404: openai.NotFoundError,
    409: openai.ConflictError, 422: openai.UnprocessableEntityError, 429: openai.RateLimitError,
}


def class_of(status):
    """The client has one class for all that is 500 or more, and its general one for the rest."""
    return CLASSES.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)


def post(ai, path, body, **headers):
    return ai.post(path, body=body, cast_to=object, options={"headers": headers})


def connect(ai, row, user):
    """Asks for a token, and connects a key to a user of this row alone."""
    known = {"claude": ("anthropic", "sk-ant-"), "gemini": ("google", "AQ.")}
    provider, prefix = known.get(row["model"].split("-")[0], ("openai", "sk-"))
    token = post(ai, "/registration-tokens", {"user": user})["registrationToken"]
    post(ai.with_options(api_key=token), "/registration", {"provider": provider, "apiKey": f"{prefix}mock-{row['key']}-{user}"})


def call(ai, row):
    headers = row.get("headers", {}) | ({"X-Long": "x" * row["long_header"]} if "long_header" in row else {})
    if "get" in row:
        return ai.get(row["get"] + "x" * row.get("long_path", 0), cast_to=object, options={"headers": headers})
    if "post" in row:
        return post(ai, row["post"], row["body"], **headers)
    if "embeddings" in row:
        return ai.embeddings.create(**row["embeddings"], extra_headers=headers)
    request = {"model": row["model"], "messages": [{"role": "user", "content": row.get("text", "Hello!")}], **row.get("body", {})}
    if "nested" in row:
        request["metadata"] = json.loads("[" * row["nested"] + "]" * row["nested"])
    answer = ai.chat.completions.create(**request, extra_headers=headers)
    return list(answer) if request.get("stream") else answer


def meet(row, mark):
    user = row.get("user", f"{mark}user" if "key" in row else "connected")
    ai = patient(mark, user=user, scripted="script" in row)
    if "key" in row:
        connect(ai.with_options(default_headers={"X-Test-Mark": "none"}), row, user)
    if credential := row.get("credential"):
        ai = ai.with_options(api_key={"wrong": "rly-wrong", "narrow": os.environ["RELAY_NARROW_KEY"]}[credential])
    if "token" in row:
        ai = ai.with_options(api_key=post(ai, "/registration-tokens", row["token"])["registrationToken"])
    if "before" in row:
        call(ai, row["before"])
    before = len(calls(mark))
    for _ in range(row["sent"] if "script" in row else 0):
        script(row["script"])
    try:
        call(ai, row)
    except Exception as error:
        return error, len(calls(mark)) - before
    return None, 0


@pytest.fixture(scope="module")
def met():
    """The result of each row, in parallel: most of the time goes into the client's waits. The scripted rows run one after another."""
    scripted = [(row, mark) for row, mark in ROWS if "script" in row]
    with ThreadPoolExecutor(48) as pool:
        one_by_one = pool.submit(lambda: [(mark, meet(row, mark)) for row, mark in scripted])
        rest = {mark: pool.submit(meet, row, mark) for row, mark in ROWS if "script" not in row}
        return dict(one_by_one.result()) | {mark: future.result() for mark, future in rest.items()}


@pytest.mark.parametrize("row,mark", ROWS, ids=NAMES)
def test_an_error_has_its_class_code_and_request_id(row, mark, met):
    error, sent = met[mark]
    in_stream = row.get("body", {}).get("stream", False)
    assert type(error) is (openai.APIError if in_stream else class_of(row["status"])), repr(error)
    assert error.code == row["code"]
    assert {"message", "type", "code", "param"} <= error.body.keys()
    assert error.body["message"] and error.type
    if not in_stream:
        assert error.status_code == row["status"]
        assert error.request_id.startswith("req_") and len(error.request_id) == 30
        assert error.response.headers["x-relay-request-id"] == error.request_id
    assert sent == row["sent"], "how often it was sent"
