"""Checks that need no request."""

from __future__ import annotations

import re
import zlib
from typing import Optional
from urllib.parse import quote, urlsplit

from ._errors import RelayError

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _checksum(text: str) -> str:
    """The checksum at the end of a key: CRC-32 of the text before it, as six base-62 digits."""
    rest, digits = zlib.crc32(text.encode()), ""
    while len(digits) < 6:
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits


def check_key(key: object) -> str:
    """Checks a key without a request, and raises what is wrong with it. The message never contains the key."""

    def wrong(message: str, code: str = "invalid_relay_key") -> RelayError:
        return RelayError(message, code=code, param="key")

    if not key:
        raise wrong("There is no Relay key. Set RELAY_KEY in the environment, or pass `Relay(key=...)`", "missing_relay_key")
    if not isinstance(key, str) or re.search(r"\s", key):
        raise wrong("The Relay key must be a string without white space in or around it. Copy it again")
    if key.startswith("rrt-"):
        raise wrong("This is a registration token (rrt-), which is for the widget. `key` must be a Relay key (rly-)")
    if key.startswith("sk-"):
        raise wrong("This is a provider key (sk-), which a user pastes into the widget. `key` must be a Relay key (rly-)")
    if not key.startswith("rly-"):
        raise wrong("A Relay key begins with rly-. Copy it again, or create one with `relay keys create`")
    if len(key) != 53:
        raise wrong(f"A Relay key has 53 characters, but this one has {len(key)}. Copy all of it")
    if not key.isascii() or _checksum(key[:-6]) != key[-6:]:
        raise wrong("The Relay key has a typo: its checksum does not match. Copy it again")
    return key


def check_user(user: object) -> str:
    """Checks the developer's id of a user, by the same rule as the API."""
    if user is None or user == "":
        raise RelayError("`user` is missing. Pass your own id of the user", code="missing_user", param="user")
    if isinstance(user, str) and re.fullmatch(r"[\x21-\x7e]{1,128}", user):
        return user
    message = "`user` must have 1 to 128 visible ASCII characters, without spaces. Use your own id of the user, not a name"
    raise RelayError(message, code="invalid_user", param="user")


def segment(param: str, text: object) -> str:
    """Encodes a segment of a path. URL parsers resolve `.` and `..`, even if they are percent-encoded."""
    if isinstance(text, str) and text and text not in (".", ".."):
        return quote(text, safe="")
    code = "invalid_user" if param == "user" else "invalid_value"
    raise RelayError(f"`{param}` can't be empty, . or .. here", code=code, param=param)


def check_base_url(text: object) -> str:
    """Checks Relay's URL, and removes `/v1`, however often and with however many slashes: it belongs to the paths."""
    try:
        url = urlsplit(text) if isinstance(text, str) else None
        if url and url.scheme in ("http", "https") and url.hostname and "@" not in url.netloc and not re.search(r"\s", url.geturl()):
            url.port  # raises if it is not a number
            return f"{url.scheme}://{url.netloc}{re.sub(r'(/+v1)*/*$', '', url.path)}"
    except ValueError:
        pass
    message = "`base_url` must be the http or https URL of your Relay, such as https://vault.example"
    raise RelayError(message, code="invalid_value", param="base_url")


def check_number(param: str, value: object, least: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value < 2**31:
        return value
    raise RelayError(f"`{param}` must be a number from {least:g} to 2^31", code="invalid_value", param=param)


def check_timeout(value: object) -> float:
    """A timeout in seconds. Zero would mean that nothing may take any time."""
    return check_number("timeout", value, 0.001)


def check_paid(paid: object) -> Optional[bool]:
    if paid is None or isinstance(paid, bool):
        return paid
    raise RelayError("`paid` must be True or False", code="invalid_value", param="paid")
