"""Only types: what mypy must accept, and what it must not."""

from __future__ import annotations

from typing import List, Optional

import openai

from relayservice import AsyncRelay, Connection, RegistrationToken, Relay, RelayError, Usage, key_needed

relay = Relay("rly-", base_url="http://127.0.0.1:8080", timeout=5, max_retries=0)
ai: openai.OpenAI = relay.openai(user="a", paid=False, max_retries=1)
text: Optional[str] = ai.chat.completions.create(model="m", messages=[]).choices[0].message.content
token: RegistrationToken = relay.create_registration_token("a", provider="openai", allowed_origins=["https://a"], timeout=5)
labels: List[str] = [user.user for user in relay.users.list(limit=3)]
page = relay.users.page()
following: Optional[str] = page.next_after
connections: List[Connection] = relay.connections.list("a")
usage: Usage = relay.usage(from_day="2026-11-01")
tokens: int = sum(row.output_tokens for row in usage.rows)
try:
    relay.users.delete("a")
except RelayError as error:
    provider: Optional[str] = key_needed(error)
    facts: List[object] = [error.code, error.request_id, error.status, error.retryable, error.doc_url]


async def use() -> None:
    async with AsyncRelay() as relay:
        ai: openai.AsyncOpenAI = relay.openai(user="a")
        await ai.chat.completions.create(model="m", messages=[])
        async for user in relay.users.list():
            labels.append(user.user)
        state: str = (await relay.connections.verify("a", "openai")).state
        labels.append(state)


relay.openai()  # type: ignore[call-arg]
relay.create_registration_token("a", expires_in_second=60)  # type: ignore[call-arg]
relay.key  # type: ignore[attr-defined]
