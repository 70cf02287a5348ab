"""What is measured: the mock provider itself, nginx in front of it, Relay in front of it."""

import http.client
import json
import os
import subprocess
import time

import machine
import scenarios
from machine import BenchError, Process

START_TIMEOUT_S = 30


class Entry:
    """Something that answers on a loopback port."""

    name = ""
    translates = False
    wrapper = ()  # a command that runs the entry's own, for profiles

    def __init__(self, context):
        self.context, self.port, self.process = context, machine.free_port(), None

    def prepare(self):
        """What has to be done once, before the first start."""

    def command(self):
        raise NotImplementedError

    def headers(self, provider):
        """Header lines of a request; `{user}` becomes its user."""
        key = scenarios.PROVIDER_KEYS[provider]
        return {
            "openai": [f"authorization: Bearer {key}"],
            "anthropic": [f"x-api-key: {key}", "anthropic-version: 2023-06-01"],
            "google": [f"x-goog-api-key: {key}"],
        }[provider]

    def start(self):
        log = self.context.out / f"{self.name}.log"
        self.process = Process([*self.wrapper, *self.command()], log, machine.GATEWAY_CPUS)

    def stop(self):
        if self.process:
            self.process.stop()

    def call(self, method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def first_answer(self):
        """Seconds from now to the first right answer to a chat request."""
        plan = scenarios.plan(scenarios.SCENARIOS[0], self)
        headers = dict(line.replace("{user}", "0001").split(": ", 1) for line in plan["headers"])
        begin = time.monotonic()
        while time.monotonic() - begin < START_TIMEOUT_S and not self.process.ended():
            try:
                status, text = self.call("POST", plan["path"], {"content-type": "application/json", **headers}, plan["body"])
            except OSError:
                time.sleep(0.001)
                continue
            if status == 200 and "relaybench-end" in text and "u=0001" in text:
                return time.monotonic() - begin
            if status < 500:
                raise BenchError(f"{self.name} answers {status}: {text[:400]}")
        raise BenchError(f"{self.name} does not answer; see {self.process.log}")


class Direct(Entry):
    """The mock provider without a gateway: what latency is compared with."""

    name = "direct"

    def command(self):
        return [self.context.tools / "bench-mock", "--port", str(self.port)]

    def start(self):
        self.process = Process(self.command(), self.context.out / "mock.log", machine.OTHER_CPUS)


class Nginx(Entry):
    """nginx as a plain proxy: one worker, keep-alive to the provider, no buffering (as an API that streams needs)."""

    name = "nginx"

    def prepare(self):
        folder = self.context.folder / "nginx"
        folder.mkdir()
        paths = " ".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.config = folder / "nginx.conf"
        self.config.write_text(f"""
worker_processes 1;
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
pid {folder}/nginx.pid;
error_log {self.context.out}/nginx.log error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  {paths}
  client_max_body_size 32m;
  client_body_buffer_size 64k;
  keepalive_requests 10000000;
  keepalive_timeout 600s;
  upstream provider {{
    server 127.0.0.1:{self.context.mock_port};
    keepalive 1024;
    keepalive_requests 10000000;
  }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }}
  }}
}}
""")

    def command(self):
        return [machine.find_nginx(), "-c", self.config, "-p", self.config.parent]


class Relay(Entry):
    """Relay as it ships: SQLite store, authentication, sealed keys, metering."""

    name = "relay"
    translates = True

    @property
    def program(self):
        return self.context.relay

    def prepare(self):
        folder = self.context.folder / self.name
        folder.mkdir()
        self.config = folder / "bench.toml"
        made = self._init(folder)
        self.key = made["relayKey"]
        provider = f"http://127.0.0.1:{self.context.mock_port}"
        self.config.write_text(f"""
[server]
listen = "127.0.0.1:{self.port}"
workers = 1

[storage]
path = "{made["store"]}"

[master_key]
file = "{made["masterKeyFile"]}"

[upstream]
openai = "{provider}"
anthropic = "{provider}"
google = "{provider}"
allow_http_loopback = true

[metrics]
listen = "127.0.0.1:{machine.free_port()}"

[log]
level = "warn"
""")
        self.start()
        try:
            self._wait_until_it_listens()
            for user in range(scenarios.USERS):
                for provider in scenarios.PROVIDER_KEYS:
                    self._register(f"{user:04}", provider)
        finally:
            self.stop()

    def command(self):
        return [self.program, "serve", "--config", self.config]

    def headers(self, provider):
        return [f"authorization: Bearer {self.key}", "x-relay-user: u{user}"]

    def _init(self, folder):
        """Makes a master key, a store and a project with its Relay key; returns where they are."""
        command = [self.program, "init", "--dir", folder, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise BenchError(f"relay init ended with {done.returncode}: {done.stderr or done.stdout}")
        return json.loads(done.stdout)

    def _wait_until_it_listens(self):
        begin = time.monotonic()
        while time.monotonic() - begin < START_TIMEOUT_S and not self.process.ended():
            try:
                return self.call("GET", "/api/health", {}, None)
            except OSError:
                time.sleep(0.01)
        raise BenchError(f"relay does not start; see {self.process.log}")

    def _register(self, user, provider):
        """Stores a provider key of a user, the way an app does."""
        token = self._post("/v1/registration-tokens", self.key, {"user": f"u{user}"})["registrationToken"]
        key = scenarios.PROVIDER_KEYS[provider].replace("{user}", user)
        self._post("/v1/registration", token, {"provider": provider, "apiKey": key})

    def _post(self, path, bearer, body):
        headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
        status, text = self.call("POST", path, headers, json.dumps(body))
        if status != 201:
            raise BenchError(f"relay answers {status} to POST {path}: {text[:400]}")
        return json.loads(text)


class Before(Relay):
    """Another build of Relay, to compare a change with what was before it: BENCH_BEFORE names its `relay` program."""

    name = "before"

    def prepare(self):
        if not self.context.before:
            raise BenchError("`before` needs BENCH_BEFORE: the path of the `relay` program to compare with")
        super().prepare()

    @property
    def program(self):
        return self.context.before


GATEWAYS = {"nginx": Nginx, "relay": Relay, "before": Before}
