#!/usr/bin/env python3
"""One attacker of `run.py`: attacks.py NAME PORT SECONDS CONNECTIONS SETUP.json

Each attack is a function that owns one connection for one round; it is called again, on a new connection, until the time is
over. It prints how often it was called and what the server said."""

import asyncio
import collections
import json
import resource
import socket
import sys
import time
from pathlib import Path

ATTACKS = {}
KIB = 1024
# A round ends after this time, so that an attacker whose connection is kept does not miss the end.
ROUND_S = 20


def attack(call):
    ATTACKS[call.__name__] = call
    return call


def head(method, path, *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: relay", *headers, "", ""]).encode()


def post(path, bearer, body, *headers, announced=None):
    length = len(body) if announced is None else announced
    lines = ["content-type: application/json", f"content-length: {length}", *headers]
    if bearer:
        lines.insert(0, f"authorization: Bearer {bearer}")
    return head("POST", path, *lines) + body


async def status(reader):
    line = await reader.readline()
    return line.split(b" ")[1].decode() if line.count(b" ") >= 1 else "closed"


async def answer(reader):
    """Reads one whole answer with a Content-Length; its status."""
    text = await reader.readuntil(b"\r\n\r\n")
    for line in text.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return text.split(b" ")[1].decode()


async def until_closed(reader):
    while await reader.read(64 * KIB):
        pass
    return "closed"


@attack
async def pipelined_without_reading(setup, reader, writer):
    """3,000 requests for the largest asset at once; the answers are never read."""
    writer.transport.pause_reading()
    writer.write(head("GET", "/widget.js") * 3000)
    await writer.drain()
    await asyncio.sleep(ROUND_S)
    return "held"


@attack
async def unfinished_bodies(setup, reader, writer):
    """All of a body but its last byte, without a credential."""
    writer.write(post("/v1/registration", None, b"x" * 16_383, announced=16_384))
    await writer.drain()
    return await status(reader)


@attack
async def unfinished_bodies_with_a_token(setup, reader, writer):
    """The same with a good token."""
    writer.write(post("/v1/registration", setup["token"], b"x" * 16_383, announced=16_384))
    await writer.drain()
    return await status(reader)


@attack
async def large_bodies(setup, reader, writer):
    """Chats of 30 MiB, with a Relay key of another project, whose answers do not end."""
    prompt = '{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"{{mock chunks=3 delay_us=60000000}} '
    body = prompt.encode() + b"x" * (30 * KIB * KIB) + b'"}]}'
    writer.write(post("/v1/chat/completions", setup["key"], body, "x-relay-user: u0001"))
    await writer.drain()
    found = await status(reader)
    await asyncio.sleep(ROUND_S / 4)
    return found


@attack
async def chunked_silence(setup, reader, writer):
    """A body that never ends, sent to a route that does not read it."""
    writer.write(head("GET", "/api/health", "transfer-encoding: chunked"))
    await writer.drain()
    return await until_closed(reader)


@attack
async def unread_chunks(setup, reader, writer):
    """A refused request whose body goes on."""
    writer.write(head("POST", "/v1/nothing", "transfer-encoding: chunked"))
    while not reader.at_eof():
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)
    return "closed"


@attack
async def slow_heads(setup, reader, writer):
    """A head of which one byte comes every half second."""
    for byte in head("GET", "/api/health", "x-slow: " + "a" * 200):
        writer.write(bytes([byte]))
        await writer.drain()
        if reader.at_eof():
            break
        await asyncio.sleep(0.5)
    return "closed"


@attack
async def slow_bodies(setup, reader, writer):
    """A body of which one byte comes every half second, with a good Relay key."""
    writer.write(post("/v1/chat/completions", setup["key"], b"", "x-relay-user: u0001", announced=1_000_000))
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.5)
    return "closed"


@attack
async def slow_reads(setup, reader, writer):
    """A stream of 8 MB that is read a byte a second."""
    prompt = "{{mock chunks=20000 bytes=400}} x"
    chat = {"model": "claude-haiku-4-5", "stream": True, "messages": [{"role": "user", "content": prompt}]}
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    writer.write(post("/v1/chat/completions", setup["key"], json.dumps(chat).encode(), "x-relay-user: u0001"))
    await writer.drain()
    writer.transport.pause_reading()
    await asyncio.sleep(ROUND_S)
    return "held"


@attack
async def idle_connections(setup, reader, writer):
    """A hundred further connections for each of the attacker's, which say nothing."""
    others = []
    try:
        for _ in range(100):
            others.append(await asyncio.open_connection("127.0.0.1", setup["port"]))
        await until_closed(reader)
        return "closed"
    finally:
        for _, other in others:
            other.transport.abort()


@attack
async def log_flood(setup, reader, writer):
    """Methods of 100 KB, while nobody reads the server's log."""
    writer.write(b"A" * 100_000 + head("", "/"))
    await writer.drain()
    return await status(reader)


@attack
async def wrong_credentials(setup, reader, writer):
    """Wrong credentials as fast as they are answered."""
    for _ in range(1000):
        writer.write(post("/v1/chat/completions", "rly-wrong", b"{}"))
        found = await answer(reader)
    return found


@attack
async def wrong_credentials_from_everywhere(setup, reader, writer):
    """The same, each connection from an address of its own."""
    address = f"127.{setup['round'] >> 16 & 255}.{setup['round'] >> 8 & 255}.{setup['round'] & 255}"
    _, own = await asyncio.open_connection("127.0.0.1", setup["port"], local_addr=(address, 0))
    own.write(post("/v1/chat/completions", "rly-wrong", b"{}"))
    await own.drain()
    await asyncio.sleep(0.05)
    own.transport.abort()
    return "asked"


@attack
async def token_flood(setup, reader, writer):
    """Another project's registration tokens, each for a user of its own, as fast as they are answered."""
    for _ in range(1000):
        label = f"x{time.monotonic_ns()}"
        writer.write(post("/v1/registration-tokens", setup["key"], json.dumps({"user": label}).encode()))
        found = await answer(reader)
        setup["said"][found] += 1
    return found


def references():
    """A strict schema whose references walk a deep chain."""
    deep, path = {"type": "string", "description": "x" * 2000}, "#"
    for _ in range(50):
        deep, path = {"type": "object", "properties": {"a": deep}, "required": ["a"]}, path + "/properties/a"
    refs = {f"r{n}": {"$ref": path} for n in range(190)}
    schema = {**deep, "properties": {**deep["properties"], **refs}, "additionalProperties": False}
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    tools = [{**tool, "function": {**tool["function"], "name": f"f{n}"}} for n in range(100)]
    return {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "x"}], "tools": tools}


def merged():
    """`allOf` with thousands of entries."""
    entries = [{"properties": {}, "required": [f"r{n}"]} for n in range(24_000)]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"allOf": entries}}}
    return {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "x"}], "tools": [tool] * 4}


def chat(model, schema=None, messages=None):
    """A request with one schema, for a tool of Gemini or as Claude's format."""
    body = {"model": model, "messages": messages or [{"role": "user", "content": "x"}]}
    if schema and model.startswith("gemini"):
        body["tools"] = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    elif schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "f", "strict": True, "schema": schema}}
    return body


def wide(model):
    """As many members as fit into 60 KiB, each required."""
    names = [f"p{n}" for n in range(1600)]
    members = {name: {"type": "string"} for name in names}
    return chat(model, {"type": "object", "properties": members, "required": names, "additionalProperties": False})


def branches(model):
    """As many branches."""
    branch = lambda n: {"type": "object", "properties": {f"p{n}": {"type": "string"}}, "additionalProperties": False}
    return chat(model, {"type": "object", "properties": {"a": {"anyOf": [branch(n) for n in range(650)]}}})


def loops(model):
    """As many references to the schema itself."""
    return chat(model, {"type": "object", "properties": {f"p{n}": {"$ref": "#"} for n in range(2500)}})


def parts(model):
    """As many parts of one letter."""
    return chat(model, messages=[{"role": "user", "content": [{"type": "text", "text": "a"}] * 1900}])


LARGE = [references, merged]
SMALL = [lambda call=call, model=model: call(model) for call in (wide, branches, loops, parts) for model in ("claude-haiku-4-5", "gemini-2.5-flash")]


async def in_turn(bodies, setup, reader, writer):
    """Sends one of these bodies, the next one in the next round."""
    body = setup["round"] % len(bodies)
    if body not in setup:
        made = json.dumps(bodies[body](), separators=(",", ":")).encode()
        setup[body] = post("/v1/chat/completions", setup["key"], made, "x-relay-user: u0001")
    writer.write(setup[body])
    await writer.drain()
    return await status(reader)


@attack
async def hostile_schemas(setup, reader, writer):
    """Schemas that cost much to read, for each translation in turn."""
    return await in_turn(LARGE, setup, reader, writer)


@attack
async def small_hostile_bodies(setup, reader, writer):
    """The same in bodies of at most 64 KiB, and messages of many parts."""
    return await in_turn(SMALL, setup, reader, writer)


async def one(call, port, setup, ends):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=256 * KIB)
    try:
        return await asyncio.wait_for(call(setup, reader, writer), min(ROUND_S * 1.5, max(ends - time.monotonic(), 0.1)))
    finally:
        writer.transport.abort()


async def again(call, port, setup, ends):
    while time.monotonic() < ends:
        setup["round"] += 1
        try:
            found = await one(call, port, setup, ends)
        except asyncio.TimeoutError:
            found = "held"
        except (OSError, asyncio.IncompleteReadError) as error:
            found = type(error).__name__
            await asyncio.sleep(0.01)
        setup["said"][found] += 1


async def main(name, port, seconds, connections, path):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    setup = {**json.loads(Path(path).read_text()), "port": int(port), "said": collections.Counter(), "round": 0}
    ends = time.monotonic() + float(seconds)
    await asyncio.gather(*(again(ATTACKS[name], int(port), setup, ends) for _ in range(int(connections))))
    print(json.dumps({"rounds": setup["round"], "said": setup["said"]}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
