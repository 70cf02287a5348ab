from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, List, Optional, Sequence
from weakref import WeakKeyDictionary

from . import _http
from ._access import Access
from ._client import _nothing, connections_of
from ._http import Request, Result
from ._types import Connection, Json, RegistrationToken, Usage, User, UserPage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

Call = Callable[[Request, Callable[[Json], Any]], Awaitable[Any]]


class AsyncRelay:
    """`Relay` for asyncio: the same arguments and methods. Event loops can share it: each has connections of its own.

    Under another library than asyncio, pass an `http_client`, an `httpx.AsyncClient` (with openai 3: `httpx2.AsyncClient`).
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
        self._own: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        self.users = AsyncUsers(self._call)
        self.connections = AsyncConnections(self._call)

    def __repr__(self) -> str:
        return "AsyncRelay()"

    @property
    def base_url(self) -> str:
        """Relay's URL, without `/v1`."""
        return self._access.base_url

    async def create_registration_token(
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
        """As `Relay.create_registration_token`."""
        origins = None if allowed_origins is None else tuple(allowed_origins)
        members = {"provider": provider, "expiresInSeconds": expires_in_seconds, "allowedOrigins": origins, "replace": replace}
        body = _http.grant(user, endUserName=end_user_name, **members)
        request = _http.post("/v1/registration-tokens", body, idempotency_key, timeout)
        return await self._call(request, RegistrationToken._of)

    def openai(self, user: str, *, paid: Optional[bool] = None, **options: Any) -> AsyncOpenAI:
        """As `Relay.openai`, but an `AsyncOpenAI`. Create it in the event loop that uses it."""
        from . import _bound

        return _bound.async_openai(self._access, user, paid, self._client(), options)

    async def usage(
        self, *, from_day: Optional[str] = None, to_day: Optional[str] = None, user: Optional[str] = None, timeout: Optional[float] = None
    ) -> Usage:
        """As `Relay.usage`."""
        path = f"/v1/usage{_http.query({'from': from_day, 'to': to_day, 'user': user})}"
        return await self._call(Request("GET", path, timeout=timeout), Usage._of)

    async def close(self) -> None:
        """Closes this event loop's connections to Relay, also those of the clients that `openai()` made. An `http_client` of yours stays open."""
        own = self._own.pop(asyncio.get_running_loop(), None)
        if own is not None:
            await own.aclose()

    async def __aenter__(self) -> AsyncRelay:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _client(self) -> Any:
        """The HTTP client of the running event loop: connections can't move to another one. `None` outside of a loop."""
        if self._given is not None:
            return self._given
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        if loop not in self._own:
            from openai import DefaultAsyncHttpxClient

            for ended in [other for other in self._own if other.is_closed()]:
                del self._own[ended]
            self._own[loop] = DefaultAsyncHttpxClient()
        return self._own[loop]

    async def _call(self, request: Request, of: Callable[[Json], Result]) -> Result:
        key, place = self._access.check()
        arguments = request.arguments(key, place, self._access.timeout)
        tries = 0
        while True:
            try:
                response = await self._client().request(**arguments)
                outcome = _http.read(response.status_code, response.headers, response.text, place)
            except Exception as cause:
                outcome = _http.failed(cause, place, arguments)
            if outcome.error is None:
                return _http.parsed(of, outcome.value, place)
            await asyncio.sleep(outcome.pause(tries, self._access.max_retries))
            tries += 1


class AsyncUsers:
    """`relay.users`"""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def list(
        self, *, limit: Optional[int] = None, after: Optional[str] = None, state: Optional[str] = None, timeout: Optional[float] = None
    ) -> AsyncIterator[User]:
        """As `Relay.users.list`, for `async for`."""
        while True:
            page = await self.page(limit=limit, after=after, state=state, timeout=timeout)
            for user in page.users:
                yield user
            if not page.has_more or page.next_after is None:
                return
            after = page.next_after

    async def page(
        self, *, limit: Optional[int] = None, after: Optional[str] = None, state: Optional[str] = None, timeout: Optional[float] = None
    ) -> UserPage:
        """As `Relay.users.page`."""
        path = f"/v1/users{_http.query({'limit': limit, 'after': after, 'state': state})}"
        page: UserPage = await self._call(Request("GET", path, timeout=timeout), UserPage._of)
        return page

    async def get(self, user: str, *, timeout: Optional[float] = None) -> User:
        """As `Relay.users.get`."""
        found: User = await self._call(Request("GET", _http.path_of(user), timeout=timeout), User._of)
        return found

    async def delete(self, user: str, *, timeout: Optional[float] = None) -> None:
        """As `Relay.users.delete`."""
        await self._call(Request("DELETE", _http.path_of(user), timeout=timeout), _nothing)


class AsyncConnections:
    """`relay.connections`"""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def list(self, user: str, *, timeout: Optional[float] = None) -> List[Connection]:
        """As `Relay.connections.list`."""
        found: list[Connection] = await self._call(Request("GET", f"{_http.path_of(user)}/connections", timeout=timeout), connections_of)
        return found

    async def delete(self, user: str, provider: str, *, timeout: Optional[float] = None) -> None:
        """As `Relay.connections.delete`."""
        await self._call(Request("DELETE", _http.path_of(user, provider), timeout=timeout), _nothing)

    async def verify(self, user: str, provider: str, *, timeout: Optional[float] = None) -> Connection:
        """As `Relay.connections.verify`."""
        request = _http.post(f"{_http.path_of(user, provider)}/verify", None, None, timeout)
        found: Connection = await self._call(request, Connection._of)
        return found
