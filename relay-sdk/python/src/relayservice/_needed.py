from __future__ import annotations

import json
import re
from typing import Iterator, Optional

#: The codes that a user solves by connecting a key. docs/errors.md says so of each.
_CODES = re.compile(r"provider_(account_disabled|key_(missing|invalid|revoked|needs_(workspace|organization|project)))")


def key_needed(error: object) -> Optional[str]:
    """The provider for which the user must connect a key, or `None` if this error has another reason.

    Accepts any error: those of this package and of the OpenAI client, in a stream too, those that were raised from one of these, groups
    of them, those of frameworks that keep the response's `body`, and the parsed JSON of a response.

        provider = key_needed(error)
        if provider is not None:
            token = relay.create_registration_token(user=user, provider=provider)
    """
    return _find(error, 5)


def _find(error: object, depth: int) -> Optional[str]:
    if error is None or depth == 0:
        return None
    if isinstance(error, (str, bytes)):
        error = _parsed(error)
    code, body = _member(error, "code"), _member(error, "body")
    provider = _member(error, "provider") or _member(body, "provider")
    if isinstance(code, str) and _CODES.fullmatch(code) and isinstance(provider, str):
        return provider
    for inner in _inner(error, body):
        found = _find(inner, depth - 1)
        if found:
            return found
    return None


def _inner(error: object, body: object) -> Iterator[object]:
    yield body
    yield _member(error, "error")
    if isinstance(error, BaseException):
        yield error.__cause__
        yield None if error.__suppress_context__ else error.__context__
        exceptions = getattr(error, "exceptions", ())
        yield from exceptions if isinstance(exceptions, (tuple, list)) else ()


def _member(of: object, name: str) -> object:
    if isinstance(of, dict):
        return of.get(name)
    return getattr(of, name, None) if isinstance(of, BaseException) else None


def _parsed(text: object) -> object:
    try:
        return json.loads(text)  # type: ignore[arg-type]
    except ValueError:
        return None
