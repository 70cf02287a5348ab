"""Relay for your backend: registration tokens, users and connections, and OpenAI clients that a user's own key pays for.

    from relayservice import Relay

    relay = Relay()  # RELAY_KEY and RELAY_BASE_URL
    ai = relay.openai(user="jieun_123")
"""

from . import webhooks
from ._aio import AsyncRelay
from ._client import Relay
from ._errors import RelayError
from ._needed import key_needed
from ._types import Connection, RegistrationToken, Usage, UsageRow, User, UserPage

__all__ = [
    "AsyncRelay",
    "Connection",
    "RegistrationToken",
    "Relay",
    "RelayError",
    "Usage",
    "UsageRow",
    "User",
    "UserPage",
    "key_needed",
    "webhooks",
]
__version__ = "0.1.0"
