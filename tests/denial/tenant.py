#!/usr/bin/env python3
"""The good tenant of `run.py`: tenant.py PORT SECONDS SETUP.json

Calls at a steady rate and looks at the server's health, each on a process of its own so that it measures the server and not
itself. Prints the times in milliseconds and what was not answered with 200."""

import collections
import http.client
import json
import sys
import threading
import time
from pathlib import Path

# Calls, calls with a body of 100 KB, and looks a second. A call that comes late is made at once, and its time counts from
# when it was due.
CALLS, LARGE_CALLS, LOOKS = 50, 2, 10
THREADS = 4
TIMEOUT_S = 20


class Watch:
    """Times of one kind of request."""

    def __init__(self):
        self.times, self.wrong, self.lock = [], collections.Counter(), threading.Lock()

    def add(self, began, found):
        with self.lock:
            self.times.append((time.monotonic() - began) * 1000)
            if found != 200:
                self.wrong[str(found)] += 1

    def report(self):
        times = sorted(self.times)
        at = lambda share: round(times[min(int(len(times) * share), len(times) - 1)], 2) if times else None
        return {"count": len(times), "p50": at(0.5), "p99": at(0.99), "max": at(1), "wrong": self.wrong}


def steadily(port, rate, ends, watch, method, path, headers, body, keep):
    due, connection = time.monotonic(), None
    while due < ends:
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            found = answer.status
        except (OSError, http.client.HTTPException) as error:
            found = type(error).__name__
        watch.add(due, found)
        if not keep or found != 200:
            connection.close()
            connection = None
        due += 1 / rate


def chat(text):
    messages = [{"role": "user", "content": "{{mock text=640}} hello " + text}]
    return json.dumps({"model": "gpt-4o-mini", "messages": messages})


def main(port, seconds, path):
    setup, port = json.loads(Path(path).read_text()), int(port)
    ends, calls, large, health = time.monotonic() + float(seconds), Watch(), Watch(), Watch()
    headers = {"authorization": f"Bearer {setup['key']}", "x-relay-user": "u0000", "content-type": "application/json"}
    call = (calls, "POST", "/v1/chat/completions", headers, chat(""), True)
    long = (large, "POST", "/v1/chat/completions", headers, chat("x" * 100_000), True)
    look = (health, "GET", "/api/health", {}, None, False)
    threads = [threading.Thread(target=steadily, args=(port, CALLS / THREADS, ends, *call)) for _ in range(THREADS)]
    threads.append(threading.Thread(target=steadily, args=(port, LARGE_CALLS, ends, *long)))
    threads.append(threading.Thread(target=steadily, args=(port, LOOKS, ends, *look)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"calls": calls.report(), "large": large.report(), "health": health.report()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
