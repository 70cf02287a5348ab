"""An app's backend that calls AI for its users through Relay, with the official OpenAI client. See README.md."""
import asyncio
import json
import os
import sys
import urllib.error
import urllib.request

import openai
from openai import AsyncOpenAI, OpenAI

RELAY = os.environ.get("RELAY_BASE_URL", "http://127.0.0.1:8080")  # without /v1
RELAY_KEY = os.environ.get("RELAY_KEY") or sys.exit("set RELAY_KEY to a Relay key (rly-...); `relay demo` prints one")

# What the user pastes. This one is good for simulated providers only.
USERS_KEY = os.environ.get("USERS_OPENAI_KEY", "sk-mock-good-1234")


def ai_for(user, kind=OpenAI):
    """A client for one of your users: Relay takes their key, whatever the model."""
    return kind(api_key=RELAY_KEY, base_url=f"{RELAY}/v1", default_headers={"X-Relay-User": user})


def post(path, credential, body):
    """Status and JSON of a call to Relay's own API."""
    headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
    request = urllib.request.Request(RELAY + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def registration_token(user, provider=None):
    """A token with which this user can connect one key: `registrationToken` for your page, `connectUrl` for the user's browser."""
    wanted = {"endUserLabel": user} | ({"provider": provider} if provider else {})
    status, body = post("/v1/registration-tokens", RELAY_KEY, wanted)
    if status != 201:
        sys.exit(f"{body['error']['code']}: {body['error']['message']}")
    return body


def paste_key(token, provider, key):
    """What the user's browser does with the token. Your backend never sees the key; here one program plays both."""
    status, body = post("/v1/registration", token, {"provider": provider, "apiKey": key})
    return f"{body['provider']} …{body['last4']} is {body['state']}" if status == 201 else f"{status} {body['error']['code']}"


def ask(user, model):
    """Asks, and says what to do if it can't be answered."""
    try:
        chats = ai_for(user).chat.completions.with_raw_response
        raw = chats.create(model=model, messages=[{"role": "user", "content": "Hello!"}])
        return f"{raw.parse().choices[0].message.content} (paid by {raw.headers['x-relay-key']})"
    except openai.PermissionDeniedError as error:
        if error.code != "provider_key_missing":
            raise
        return f"send {user} to {registration_token(user, error.body['provider'])['connectUrl']}"
    except openai.APIStatusError as error:
        return f"{error.status_code} {error.code} ({error.request_id})"


def tell(user, text):
    """Streams an answer. A stream that breaks raises APIError: what came so far is not the whole answer."""
    messages = [{"role": "user", "content": text}]
    usage = {"include_usage": True}
    with ai_for(user).chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True, stream_options=usage) as stream:
        try:
            for chunk in stream:
                print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)
                if chunk.usage:
                    print(f" ({chunk.usage.total_tokens} tokens)")
        except openai.APIError as error:
            print(f" … {error.code} ({stream.response.headers['x-request-id']})")


async def at_once(user, questions):
    """Several streams at the same time, on one client."""
    async with ai_for(user, AsyncOpenAI) as ai:

        async def answer(question):
            messages = [{"role": "user", "content": question}]
            text = ""
            async for chunk in await ai.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True):
                text += chunk.choices[0].delta.content or ""
            return text

        return await asyncio.gather(*map(answer, questions))


def main():
    user = "py_ana"
    print("a typo:      ", paste_key(registration_token(user)["registrationToken"], "openai", "sk-mock-refused-1234"))
    print("connected:   ", paste_key(registration_token(user)["registrationToken"], "openai", USERS_KEY))
    print("chat:        ", ask(user, "gpt-4o-mini"))
    print("no key yet:  ", ask(user, "claude-haiku-4-5"))
    print("no model:    ", ask(user, "unheard-of-9"))
    print("stream:       ", end="")
    tell(user, "Tell me a story")
    print("async:       ", " | ".join(asyncio.run(at_once(user, ["One?", "Two?"]))))
    embeddings = ai_for(user).embeddings.create(model="text-embedding-3-small", input=["a note", "another"]).data
    print("embeddings:  ", len(embeddings), "of", len(embeddings[0].embedding), "numbers")


main()
