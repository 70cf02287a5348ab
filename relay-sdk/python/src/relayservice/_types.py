"""What Relay returns. Times are in UTC. Members that a newer Relay adds are left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Mapping, Optional

Json = Mapping[str, Any]


def _time(text: Any) -> Optional[datetime]:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None


@dataclass(frozen=True)
class RegistrationToken:
    """A token with which one user can store one key, once. Its `repr` shows neither the token nor the link."""

    #: `rrt-...`: pass it to the widget in this user's page, and nowhere else.
    registration_token: str = field(repr=False)
    #: Your own id of the user.
    user: str
    #: The only provider that the user can choose; `None` for any.
    provider: Optional[str]
    expires_at: Optional[datetime]
    #: The name as it is shown; `None` if you gave none.
    end_user_name: Optional[str]
    #: Relay's hosted page with the widget, for links and WebViews. It contains the token, so send it only to this user.
    connect_url: str = field(repr=False)

    @classmethod
    def _of(cls, row: Json) -> RegistrationToken:
        expires_at, name = _time(row.get("expiresAt")), row.get("endUserName")
        return cls(row["registrationToken"], row["endUserLabel"], row.get("provider"), expires_at, name, row["connectUrl"])


@dataclass(frozen=True)
class Connection:
    """A user's key for one provider."""

    provider: str
    #: `active`, `unverified`, `restricted`, `no_credit`, `invalid` or `revoked`. Only the last two prevent calls: open the widget.
    state: str
    #: The key's last four characters.
    last4: str
    connected_at: Optional[datetime]
    last_used_at: Optional[datetime]
    #: The region whose host the key works at, such as `eu`; `None` for the provider's usual host.
    region: Optional[str] = None
    #: Anthropic's workspace, where the user gave one.
    workspace_id: Optional[str] = None
    #: OpenAI's organization, where the user gave one.
    organization_id: Optional[str] = None
    #: OpenAI's project, where the user gave one.
    project_id: Optional[str] = None

    @classmethod
    def _of(cls, row: Json) -> Connection:
        times = (_time(row.get("connectedAt")), _time(row.get("lastUsedAt")))
        account = (row.get(name) for name in ("region", "workspaceId", "organizationId", "projectId"))
        return cls(row["provider"], row["state"], row["last4"], *times, *account)


@dataclass(frozen=True)
class User:
    """One of your users."""

    #: Your own id of the user.
    user: str
    created_at: Optional[datetime]
    #: `connected`; or `pending`: a token was issued for the user, who has not connected a key yet.
    state: str
    #: The providers of their keys.
    providers: tuple[str, ...]
    #: Their keys; empty in lists of users.
    connections: tuple[Connection, ...] = ()

    @classmethod
    def _of(cls, row: Json) -> User:
        connections = tuple(Connection._of(each) for each in row.get("connections") or ())
        providers = row.get("providers")
        names = tuple(providers) if providers is not None else tuple(each.provider for each in connections)
        return cls(row["endUserLabel"], _time(row.get("createdAt")), row.get("state", "connected"), names, connections)


@dataclass(frozen=True)
class UserPage:
    """A page of users. Pass `next_after` as `after` for the next page."""

    users: tuple[User, ...]
    has_more: bool
    next_after: Optional[str]

    @classmethod
    def _of(cls, row: Json) -> UserPage:
        return cls(tuple(User._of(each) for each in row["users"]), bool(row["hasMore"]), row.get("nextAfter"))


@dataclass(frozen=True)
class UsageRow:
    """The usage of one user, model and day. The kinds of tokens do not overlap, except that `output_tokens` include `reasoning_tokens`."""

    day: str
    user: str
    provider: str
    model: str
    tier: str
    requests: int
    errors: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int

    @classmethod
    def _of(cls, row: Json) -> UsageRow:
        counts = ("requests", "errors", "inputTokens", "cacheReadTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens")
        numbers = [int(row.get(name, 0)) for name in counts]
        return cls(row["day"], row["endUserLabel"], row["provider"], row["model"], row["tier"], *numbers)


@dataclass(frozen=True)
class Usage:
    """`has_more`: there are more than 10,000 rows; request fewer days."""

    from_day: str
    to_day: str
    rows: tuple[UsageRow, ...]
    has_more: bool

    @classmethod
    def _of(cls, row: Json) -> Usage:
        return cls(row["from"], row["to"], tuple(UsageRow._of(each) for each in row["usage"]), bool(row.get("hasMore")))
