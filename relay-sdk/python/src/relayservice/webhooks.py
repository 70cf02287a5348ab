"""What an endpoint for Relay's events needs: `webhooks.verify`. It needs no Relay key."""

from ._webhooks import TOLERANCE, verify

__all__ = ["TOLERANCE", "verify"]
