"""Shared by the tests: a well-formed key, and a server that returns scripted answers and records requests."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from relayservice import AsyncRelay, Relay

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def make_key(body="Secret".ljust(43, "x")):
    rest, digits = zlib.crc32(f"rly-{body}".encode()), ""
    while len(digits) < 6:
        digits, rest = BASE62[rest % 62] + digits, rest // 62
    return f"rly-{body}{digits}"


KEY = make_key()
TOKEN = {
    "registrationToken": "rrt-hidden",
    "endUserLabel": "ana",
    "provider": None,
    "expiresAt": "2026-11-24T10:00:00.123Z",
    "connectUrl": "http://r/connect#rrt-hidden",
}
CHAT = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
CHAT["choices"] = [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}]
MESSAGES = [{"role": "user", "content": "Hello!"}]


def refusal(status, code, headers=None, **more):
    """An error as Relay says it."""
    error = {"message": f"It is {code}.", "type": "some_error", "param": None, "code": code, **more}
    return {"status": status, "headers": {"x-relay-request-id": "req_1", "x-request-id": "req_1", **(headers or {})}, "body": {"error": error}}


class Fake:
    """A server that gives these answers in turn, and the last one from then on."""

    def __init__(self, *answers):
        self.answers, self.requests = answers, []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                fake.requests.append({"method": self.command, "path": self.path, "headers": self.headers, "body": body})
                answer = fake.answers[min(len(fake.requests), len(fake.answers)) - 1]
                if answer is None:  # hangs up
                    self.close_connection = True
                    return
                if answer == "silent":
                    fake.done.wait(5)
                    self.close_connection = True
                    return
                content = answer.get("body", "")
                text = content if isinstance(content, str) else json.dumps(content)
                self.send_response(answer.get("status", 200))
                for name, value in {"content-type": "application/json", **answer.get("headers", {})}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.done = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.done.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self):
        return [f"{request['method']} {request['path']}" for request in self.requests]


class Kind:
    """One of the two clients, used the same way: `kind.run(lambda relay: relay.usage(), base_url=...)`."""

    def __init__(self, name):
        self.name, self.is_async = name, name == "async"

    def run(self, *calls, key=KEY, **options):
        """The results of calls, one after another, on one client. A list is what `for` or `async for` yields."""
        if self.is_async:
            return asyncio.run(self._async(calls, key, options))
        with Relay(key, **options) as relay:
            results = [self._sync(call(relay)) for call in calls]
        return results[0] if len(results) == 1 else results

    @staticmethod
    def _sync(result):
        return list(result) if inspect.isgenerator(result) else result

    @staticmethod
    async def _async(calls, key, options):
        results = []
        async with AsyncRelay(key, **options) as relay:
            for call in calls:
                result = call(relay)
                if inspect.isasyncgen(result):
                    results.append([each async for each in result])
                else:
                    results.append(await result if inspect.isawaitable(result) else result)
        return results[0] if len(results) == 1 else results
