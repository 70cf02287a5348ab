from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Sequence

from . import _http
from ._access import Access
from ._http import Request, Result
from ._types import Connection, Json, RegistrationToken, Usage, User, UserPage

if TYPE_CHECKING:
    from openai import OpenAI

Call = Callable[[Request, Callable[[Json], Any]], Any]


class Relay:
    """A client of Relay for your backend. Threads can share it.

    Creating one sends no request and needs no key yet: a build may have none. The first call checks it.

    `key`: your Relay key, `rly-...`; default: `RELAY_KEY`. `base_url`: your Relay; default: `RELAY_BASE_URL`, else the Relay project's own
    service, `https://vault.relayservice.im`, with a warning. `timeout`, in seconds, of one attempt: to connect, to send, and between two
    pieces of a response; default 30, for AI calls the OpenAI client's 600. `max_retries` after 408, 429, 5xx or a broken connection, also
    for AI calls; default 2. `http_client`: an `httpx.Client` (with openai 3: `httpx2.Client`), for a proxy or a test.
    """

    def __init__(
        self,
        key: Optional[str] = None,
        *,
        base_url: Optional[str] = None,
        timeout: Optional[float] = None,
        max_retries: Optional[int] = None,
        http_client: Any = None,
    ) -> None:
        self._access = Access(key, base_url, timeout, max_retries)
        self._given = http_client
        self._own: Any = None
        self._lock = threading.Lock()
        self.users = Users(self._call)
        self.connections = Connections(self._call)

    def __repr__(self) -> str:
        return "Relay()"

    @property
    def base_url(self) -> str:
        """Relay's URL, without `/v1`."""
        return self._access.base_url

    def create_registration_token(
        self,
        user: str,
        *,
        end_user_name: Optional[str] = None,
        provider: Optional[str] = None,
        expires_in_seconds: Optional[int] = None,
        allowed_origins: Optional[Sequence[str]] = None,
        replace: Optional[bool] = None,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> RegistrationToken:
        """Issues a token with which a user can connect a key in the widget. Retries get the same token.

        `user`: your own id of the user, 1 to 128 visible ASCII characters. `end_user_name`: what the widget and the console show as the
        user's name, at most 80 characters of any language. `provider`: the only one that the user can choose; default: any.
        `expires_in_seconds`: 60 to 3600, default 600. `allowed_origins`: of pages that may use the token; default: the project's.
        `replace=False`: a connected key is neither replaced nor removed. `idempotency_key`: the same one returns the same token for a day.
        """
        origins = None if allowed_origins is None else tuple(allowed_origins)
        members = {"provider": provider, "expiresInSeconds": expires_in_seconds, "allowedOrigins": origins, "replace": replace}
        body = _http.grant(user, endUserName=end_user_name, **members)
        request = _http.post("/v1/registration-tokens", body, idempotency_key, timeout)
        return self._call(request, RegistrationToken._of)

    def openai(self, user: str, *, paid: Optional[bool] = None, **options: Any) -> OpenAI:
        """A plain OpenAI client whose calls are paid with this user's key. Creating one sends no request, so you can create many.

        `paid=False`: meters the user's calls under the free tier; the user's key still pays. `options`: every argument of `OpenAI()` except
        `api_key` and `base_url`. Its calls raise the OpenAI client's errors, whose `code` is Relay's.
        """
        from . import _bound

        return _bound.openai(self._access, user, paid, self._client(), options)

    def usage(
        self, *, from_day: Optional[str] = None, to_day: Optional[str] = None, user: Optional[str] = None, timeout: Optional[float] = None
    ) -> Usage:
        """Requests, errors and tokens by day, user, provider, model and tier. Days such as `2026-11-01`, in UTC; default: the last 30."""
        path = f"/v1/usage{_http.query({'from': from_day, 'to': to_day, 'user': user})}"
        return self._call(Request("GET", path, timeout=timeout), Usage._of)

    def close(self) -> None:
        """Closes the connections to Relay, also those of the clients that `openai()` made. An `http_client` of yours stays open."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(self) -> Any:
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                from openai import DefaultHttpxClient

                self._own = DefaultHttpxClient()
            return self._own

    def _call(self, request: Request, of: Callable[[Json], Result]) -> Result:
        key, place = self._access.check()
        arguments = request.arguments(key, place, self._access.timeout)
        tries = 0
        while True:
            try:
                response = self._client().request(**arguments)
                outcome = _http.read(response.status_code, response.headers, response.text, place)
            except Exception as cause:
                outcome = _http.failed(cause, place, arguments)
            if outcome.error is None:
                return _http.parsed(of, outcome.value, place)
            time.sleep(outcome.pause(tries, self._access.max_retries))
            tries += 1


class Users:
    """`relay.users`"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def list(
        self, *, limit: Optional[int] = None, after: Optional[str] = None, state: Optional[str] = None, timeout: Optional[float] = None
    ) -> Iterator[User]:
        """All users, sorted by id, page by page as you iterate. `limit`: users on a page, 1 to 200, default 50.

        Those who ever connected a key; with `state="pending"` those for whom only a token was issued.
        """
        while True:
            page = self.page(limit=limit, after=after, state=state, timeout=timeout)
            yield from page.users
            if not page.has_more or page.next_after is None:
                return
            after = page.next_after

    def page(
        self, *, limit: Optional[int] = None, after: Optional[str] = None, state: Optional[str] = None, timeout: Optional[float] = None
    ) -> UserPage:
        """One page of users: those whose ids sort after `after`."""
        path = f"/v1/users{_http.query({'limit': limit, 'after': after, 'state': state})}"
        page: UserPage = self._call(Request("GET", path, timeout=timeout), UserPage._of)
        return page

    def get(self, user: str, *, timeout: Optional[float] = None) -> User:
        """One user with their connections. Raises `user_not_found`."""
        found: User = self._call(Request("GET", _http.path_of(user), timeout=timeout), User._of)
        return found

    def delete(self, user: str, *, timeout: Optional[float] = None) -> None:
        """Erases a user, their keys and all rows about them. An unknown user is not an error."""
        self._call(Request("DELETE", _http.path_of(user), timeout=timeout), _nothing)


class Connections:
    """`relay.connections`"""

    def __init__(self, call: Call) -> None:
        self._call = call

    def list(self, user: str, *, timeout: Optional[float] = None) -> List[Connection]:
        """A user's keys, with provider and state. Raises `user_not_found`."""
        found: list[Connection] = self._call(Request("GET", f"{_http.path_of(user)}/connections", timeout=timeout), connections_of)
        return found

    def delete(self, user: str, provider: str, *, timeout: Optional[float] = None) -> None:
        """Disconnects a key. A missing key is not an error."""
        self._call(Request("DELETE", _http.path_of(user, provider), timeout=timeout), _nothing)

    def verify(self, user: str, provider: str, *, timeout: Optional[float] = None) -> Connection:
        """Checks a key with the provider now. Raises `provider_key_missing`."""
        request = _http.post(f"{_http.path_of(user, provider)}/verify", None, None, timeout)
        found: Connection = self._call(request, Connection._of)
        return found


def connections_of(row: Json) -> list[Connection]:
    return [Connection._of(each) for each in row["connections"]]


def _nothing(_: Json) -> None:
    return None
