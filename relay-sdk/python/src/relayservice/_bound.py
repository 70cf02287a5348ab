"""OpenAI clients that are bound to Relay and to a user, and so are the copies that `with_options` makes of them."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from openai import AsyncOpenAI, OpenAI

from ._access import Access
from ._checks import check_paid, check_user

#: Replaced by the real address at each call.
PLACEHOLDER = "http://relay.invalid/v1"
#: Headers that only this package sets, or that are meant for OpenAI and come from the environment.
_OURS = {"x-relay-user", "x-relay-paid", "authorization"}
_OPENAIS = {"openai-organization": "organization", "openai-project": "project"}


class Binding:
    """Who pays, and where. The clients take it for the function that gives the key, and pass it to their copies."""

    def __init__(self, access: Access, user: str, paid: Optional[bool], options: Mapping[str, Any], shared: bool) -> None:
        self.access = access
        self.headers = {"X-Relay-User": check_user(user)}
        if check_paid(paid) is not None:
            self.headers["X-Relay-Paid"] = "true" if paid else "false"
        #: OpenAI's headers that the caller asked for.
        self.wanted = {header for header, name in _OPENAIS.items() if options.get(name) is not None}
        #: Whether the HTTP client belongs to others too, so that no client may close it.
        self.shared = shared

    def __call__(self) -> Any:
        return self.access.check()[0]

    def merged(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        """The headers of a call, without those of others that mean the same."""
        hidden = _OURS | (_OPENAIS.keys() - self.wanted)
        kept = {name: value for name, value in headers.items() if name.lower() not in hidden}
        return {**kept, **self.headers}


class AsyncBinding(Binding):
    async def __call__(self) -> str:
        return self.access.check()[0]


class _Bound:
    """What both clients do differently. It comes before the client's class, whose attributes these properties replace."""

    _api_key_provider: Any

    @property
    def _binding(self) -> Optional[Binding]:
        provider = self.__dict__.get("_api_key_provider")
        return provider if isinstance(provider, Binding) else None

    @property
    def api_key(self) -> str:
        """The Relay key. Not stored here, so that it does not appear where a client is printed."""
        binding = self._binding
        return (binding.access.key if binding else None) or ""

    @api_key.setter
    def api_key(self, _: str) -> None: ...

    @property
    def admin_api_key(self) -> None:
        """Meant for OpenAI: never sent to Relay."""

    @admin_api_key.setter
    def admin_api_key(self, _: object) -> None: ...

    @property
    def base_url(self) -> Any:
        url = super().base_url  # type: ignore[misc]
        binding = self._binding
        return type(url)(f"{binding.access.base_url}/v1/") if binding else url

    @base_url.setter
    def base_url(self, _: object) -> None: ...

    @property
    def default_headers(self) -> Any:
        headers = super().default_headers  # type: ignore[misc]
        binding = self._binding
        return binding.merged(headers) if binding else headers


class BoundOpenAI(_Bound, OpenAI):  # type: ignore[misc]
    def close(self) -> None:
        if not (self._binding and self._binding.shared):
            super().close()


class BoundAsyncOpenAI(_Bound, AsyncOpenAI):  # type: ignore[misc]
    async def close(self) -> None:
        if not (self._binding and self._binding.shared):
            await super().close()


def _options(access: Access, options: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("api_key", "base_url"):
        if name in options:
            raise TypeError(f"`{name}` is Relay's: pass it to Relay() instead")
    settings = {"timeout": access.chosen_timeout, "max_retries": access.chosen_retries}
    given = {name: value for name, value in settings.items() if value is not None}
    return {**given, **options, "base_url": PLACEHOLDER}


def openai(access: Access, user: str, paid: Optional[bool], http: Any, options: Mapping[str, Any]) -> OpenAI:
    shared = options.get("http_client") is None and http is not None
    binding = Binding(access, user, paid, options, shared)
    return BoundOpenAI(**{**_options(access, options), **({"http_client": http} if shared else {}), "api_key": binding})


def async_openai(access: Access, user: str, paid: Optional[bool], http: Any, options: Mapping[str, Any]) -> AsyncOpenAI:
    shared = options.get("http_client") is None and http is not None
    binding = AsyncBinding(access, user, paid, options, shared)
    return BoundAsyncOpenAI(**{**_options(access, options), **({"http_client": http} if shared else {}), "api_key": binding})


for _name, _class in (("OpenAI", BoundOpenAI), ("AsyncOpenAI", BoundAsyncOpenAI)):
    _class.__name__ = _class.__qualname__ = _name
