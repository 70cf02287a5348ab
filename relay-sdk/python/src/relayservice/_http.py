"""Requests and responses of Relay's own API, apart from sending them: the two clients do that."""

from __future__ import annotations

import email.utils
import json
import math
import random
import time
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, TypeVar
from urllib.parse import urlencode

from ._checks import check_timeout, check_user, segment
from ._errors import RelayError
from ._types import Json

Result = TypeVar("Result")

#: A wait that is longer than this, in seconds, is up to the caller.
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Place:
    """Where Relay is. `standard`: nobody chose the address."""

    base: str
    standard: bool


@dataclass(frozen=True)
class Request:
    """A request to Relay, without the key."""

    method: str
    path: str
    body: Optional[Json] = None
    #: The same in every attempt, so that Relay issues only one token.
    idempotency_key: Optional[str] = None
    #: In seconds; `None` for the client's.
    timeout: Optional[float] = None

    def arguments(self, key: str, place: Place, usual: float) -> dict[str, Any]:
        """The arguments of the HTTP client's `request`."""
        headers = {"accept": "application/json", "authorization": f"Bearer {key}"}
        if self.body is not None:
            headers["content-type"] = "application/json"
        if self.idempotency_key is not None:
            headers["idempotency-key"] = self.idempotency_key
        content = None if self.body is None else json.dumps(self.body).encode()
        timeout = usual if self.timeout is None else check_timeout(self.timeout)
        arguments = {"method": self.method, "url": place.base + self.path, "headers": headers, "content": content}
        return {**arguments, "timeout": timeout, "follow_redirects": False}


def parsed(of: Callable[[Json], Result], value: Any, place: Place) -> Result:
    """Makes a type of this package out of a response."""
    try:
        return of(value)
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        message = f"{place.base} does not respond like Relay. RELAY_BASE_URL or `base_url` must be the URL of Relay itself"
        raise RelayError(message, code="unexpected_response") from cause


def post(path: str, body: Optional[Json], idempotency_key: Optional[str], timeout: Optional[float]) -> Request:
    return Request("POST", path, body, idempotency_key or str(uuid.uuid4()), timeout)


def path_of(user: str, provider: Optional[str] = None) -> str:
    """The path of a user, or of a user's key for a provider."""
    path = f"/v1/users/{segment('user', check_user(user))}"
    return path if provider is None else f"{path}/connections/{segment('provider', provider)}"


def query(values: Mapping[str, object]) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def grant(user: str, **members: object) -> Json:
    """The body of a request for a registration token."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in members.items() if value is not None}
    return {"endUserLabel": check_user(user), **given}


@dataclass(frozen=True)
class Outcome:
    """A value, or an error with the wait that Relay asked for, in seconds."""

    value: Any = None
    error: Optional[RelayError] = None
    wait: Optional[float] = None
    cause: Optional[Exception] = None

    def pause(self, tries: int, max_retries: float) -> float:
        """How long to wait for the next attempt. Raises the error if there is none."""
        assert self.error is not None
        pause: float = min(0.5 * 2**tries, 8) * (1 - random.random() / 4) if self.wait is None else self.wait
        if not self.error.retryable or tries >= max_retries or pause > LONGEST_WAIT:
            raise self.error from self.cause
        return pause


def failed(cause: Exception, place: Place, arguments: Mapping[str, Any]) -> Outcome:
    """The outcome of a request without a response. The HTTP library depends on the OpenAI client's version, so names decide."""
    if any(kind.__name__ == "TimeoutException" for kind in type(cause).__mro__):
        message = f"Relay did not answer within {arguments['timeout']:g} s. Check that {place.base} is up, or raise `timeout`"
        return Outcome(error=RelayError(message, code="timeout", retryable=True), cause=cause)
    message = f"Relay can't be reached at {place.base}. Check that it runs, and that RELAY_BASE_URL or `base_url` is right"
    return Outcome(error=RelayError(message, code="connection_failed", retryable=True), cause=cause)


def read(status: int, headers: Mapping[str, str], text: str, place: Place) -> Outcome:
    """The outcome of a response."""
    body = _parsed(text)
    if 200 <= status < 300 and (isinstance(body, dict) or status == 204):
        return Outcome(value=body)
    said = headers.get("x-should-retry")
    retryable = said == "true" if said else status in (408, 429) or status >= 500
    facts: dict[str, Any] = {"status": status, "request_id": headers.get("x-relay-request-id"), "retryable": retryable}
    error = body.get("error") if isinstance(body, dict) else None
    if status >= 300 and isinstance(error, dict) and isinstance(error.get("code"), str):
        message = str(error.get("message"))
        if place.standard and status == 401:
            message += f". This is the answer of {place.base}, because neither RELAY_BASE_URL nor `base_url` names another Relay"
        facts.update({name: error.get(name) for name in ("code", "type", "param", "provider")})
        return Outcome(error=RelayError(message, **facts), wait=_wait(headers))
    to = headers.get("location", "").split("?")[0]
    html = "html" in headers.get("content-type", "")
    what = f"redirects to {to}" if to else "returns a web page" if html else "does not respond like Relay"
    message = f"{place.base} {what}. Check for a proxy in between: RELAY_BASE_URL or `base_url` must be the URL of Relay itself"
    return Outcome(error=RelayError(message, code="unexpected_response", **facts), wait=_wait(headers))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _wait(headers: Mapping[str, str]) -> Optional[float]:
    """`retry-after-ms`, or `retry-after` in seconds or as a date; in seconds."""
    ms, after = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        seconds = float(ms) / 1000 if ms else float(after or "")
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    except ValueError:
        pass
    date = email.utils.parsedate_tz(after or "")
    return None if date is None else max(email.utils.mktime_tz(date) - time.time(), 0.0)

