"""The events that Relay sends to your endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any, Dict, Iterable, List, Mapping, Optional, Union

from ._errors import RelayError

#: How old, or how far in the future, an event may be, in seconds.
TOLERANCE = 300


def verify(
    body: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, Iterable[str]],
    *,
    tolerance: float = TOLERANCE,
    now: Optional[float] = None,
) -> Dict[str, Any]:
    """Checks that an event came from your Relay, unchanged and recently, and returns it, with its `id`.

    Give it the body as it was sent, before any JSON parser. `secret` is `whsec_...`, or several while you roll it.
    Raises RelayError `invalid_webhook`: answer 400 and do nothing.

        event = webhooks.verify(request.get_data(), request.headers, os.environ["RELAY_WEBHOOK_SECRET"])
    """
    lower = {str(name).lower(): value for name, value in headers.items()}
    id, timestamp, signatures = (lower.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not id or not timestamp or not signatures:
        raise _invalid("a header of Standard Webhooks is missing: webhook-id, webhook-timestamp or webhook-signature")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise _invalid("webhook-timestamp is not a number")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise _invalid("webhook-timestamp is too old or too far in the future")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    signed = f"{id}.{timestamp}.".encode() + raw
    sent = [_decoded(text[3:]) for text in signatures.split(" ") if text.startswith("v1,")]
    secrets: List[str] = [secret] if isinstance(secret, str) else list(secret)
    for key in [_key(text) for text in secrets]:
        expected = hmac.new(key, signed, hashlib.sha256).digest()
        # Compares in constant time.
        if any(signature and hmac.compare_digest(expected, signature) for signature in sent):
            return _parsed(raw, id)
    raise _invalid("no signature fits: the secret is another one, or the body was changed")


def _key(secret: str) -> bytes:
    key = _decoded(secret[6:] if secret.startswith("whsec_") else secret) if isinstance(secret, str) else None
    if not key:
        raise RelayError("the secret must be `whsec_` and base64, as Relay showed it", code="invalid_value", param="secret")
    return key


def _decoded(text: str) -> Optional[bytes]:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _parsed(raw: bytes, id: str) -> Dict[str, Any]:
    try:
        return {"id": id, **json.loads(raw)}
    except (ValueError, TypeError):
        raise _invalid("the body is not a JSON object") from None


def _invalid(message: str) -> RelayError:
    return RelayError(message, code="invalid_webhook")
