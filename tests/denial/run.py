#!/usr/bin/env python3
"""Attacks a release build, and looks whether a good tenant notices. See docs/benchmarks.md, "Attacks".

  tests/denial/run.py                                  each attack for 60 seconds, 100 connections; about 14 minutes
  tests/denial/run.py --only token_flood --seconds 10  one attack, short
  RELAY=old/relay tests/denial/run.py                  another build

For each attack: a time of calm, then the attack. It fails if a call or a look at /api/health is not answered, if the p99
of the calls is more than three times that of the calm (below FLOOR_MS nothing counts as slow), if that of calls with large
bodies is more than LARGE_MS longer, if a look takes more than 100 ms at p99, if slowhttptest calls the server unavailable,
or if its memory grows beyond the bound.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEED = HERE.parents[1] / "scripts" / "need.sh"
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]
import attacks
import entries
import machine
import tools
from machine import BenchError, say

FLOOR_MS = 30.0
TIMES = 3.0
HEALTH_MS = 100.0
# The most memory that the server may use: the body budget and what translation needs for it. docs/security.md.
MOST_MIB = 768
# What slowhttptest does, a program that others judge servers by: its four modes, 800 connections each.
SLOWHTTPTEST = {
    "slowhttptest_headers": ["-H", "-x", 24, "-t", "GET", "-i", 5],
    "slowhttptest_body": ["-B", "-s", 8192, "-x", 10, "-f", "application/json", "-i", 5],
    "slowhttptest_read": ["-X", "-w", 10, "-y", 20, "-n", 5, "-z", 32, "-k", 3, "-t", "GET"],
    "slowhttptest_range": ["-R", "-t", "HEAD", "-a", 10, "-b", 3000],
}
PATHS = {"slowhttptest_headers": "/", "slowhttptest_body": "/v1/registration"}
ALL = [*attacks.ATTACKS, *SLOWHTTPTEST]
# What a call with a large body may take longer: it waits for the jobs of others that have begun.
LARGE_MS = 500.0
SHARED = {"large_bodies": 16}  # connections of an attack whose bodies would fill this machine's memory otherwise


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--no-build", action="store_true", help="use the programs as they are")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return options


class Target(entries.Relay):
    """Relay with its own number of workers and cores, two projects, and a log that nobody reads."""

    name = "attacked"

    def prepare(self):
        super().prepare()
        self.config.write_text(self.config.read_text().replace("workers = 1\n", "").replace('level = "warn"', 'level = "info"'))
        self.good = {"key": self.key}
        command = [self.program, "projects", "create", "Attacker", "--config", self.config, "--json"]
        project = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        command = [self.program, "keys", "create", "--project", project["id"], "--config", self.config, "--json"]
        self.bad = {"key": json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["relayKey"]}

    def start(self):
        if hasattr(self, "bad"):
            self.unread, log = os.pipe()
            self.process = machine.Process(self.command(), f"/dev/fd/{log}", set(machine.CPUS))
            os.close(log)
        else:
            super().start()

    def register_bad(self):
        """Connections of the attacker's own user."""
        for provider, key in entries.scenarios.PROVIDER_KEYS.items():
            token = self._post("/v1/registration-tokens", self.bad["key"], {"user": "u0001"})["registrationToken"]
            self._post("/v1/registration", token, {"provider": provider, "apiKey": key.replace("{user}", "0001")})

    def token(self):
        return self._post("/v1/registration-tokens", self.bad["key"], {"user": "u0001"})["registrationToken"]


class Memory(threading.Thread):
    """The most resident memory that was in use, looked at ten times a second."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.most, self.running = process, 0, True

    def run(self):
        while self.running and not self.process.ended():
            try:
                self.most = max(self.most, self.process.needed_kib())
            except OSError:
                pass
            time.sleep(0.1)

    def stop(self):
        self.running = False
        self.join()
        return round(self.most / 1024, 1)


def script(name, *args, cpu=0):
    command = ["nice", "-n", str(cpu), sys.executable, HERE / name, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def attacker(name, port, seconds, connections, setup):
    """Starts an attack: one of `attacks.py`, or of slowhttptest."""
    if name not in SLOWHTTPTEST:
        return script("attacks.py", name, port, seconds, SHARED.get(name, connections), setup, cpu=10)
    if subprocess.run([NEED, "slowhttptest"]).returncode:
        raise BenchError("there is no slowhttptest: install it, or leave its attacks out with --only")
    program = subprocess.run([NEED, "--path", "slowhttptest"], check=True, capture_output=True, text=True).stdout.strip()
    url = f"http://127.0.0.1:{port}{PATHS.get(name, '/widget.js')}"
    options = ["-c", 800, "-r", 200, "-l", max(int(seconds), 1), "-p", 3, "-u", url, *SLOWHTTPTEST[name]]
    return subprocess.Popen(["nice", "-n", "10", program, *map(str, options)], stdout=subprocess.PIPE, text=True)


def what_slowhttptest_found(process):
    """The last state of its connections, and whether it ever found the server unavailable."""
    text = re.sub("\x1b\\[[0-9;]*m", "", process.communicate()[0])
    said = {what: int(count) for what, count in re.findall(r"^(connected|error|closed): +(\d+)", text, re.M)}
    available = re.findall(r"^service available: +(\w+)", text, re.M)
    return {"rounds": 1, "said": {**said, "available": available.count("YES"), "unavailable": available.count("NO")}}


def result(process):
    out, _ = process.communicate()
    if process.returncode:
        raise BenchError(f"{process.args} ended with {process.returncode}")
    return json.loads(out)


def attacked(context, name, options):
    """One attack on a server of its own; what was measured."""
    target = Target(context)
    try:
        target.prepare()
        target.start()
        target._wait_until_it_listens()
        target.register_bad()
        good, bad = context.folder / "good.json", context.folder / "bad.json"
        good.write_text(json.dumps(target.good))
        bad.write_text(json.dumps({**target.bad, "token": target.token()}))
        calm = result(script("tenant.py", target.port, min(options.seconds, 15), good))
        memory = Memory(target.process)
        memory.start()
        attack = attacker(name, target.port, options.seconds, options.connections, bad)
        during = result(script("tenant.py", target.port, options.seconds, good))
        got = what_slowhttptest_found(attack) if name in SLOWHTTPTEST else result(attack)
        found = {"calm": calm, "during": during, "attacker": got, "mib": memory.stop()}
        found["ended"] = target.process.ended()
        after = result(script("tenant.py", target.port, 2, good))
        return {**found, "after": after}
    finally:
        target.stop()
        subprocess.run(["rm", "-rf", context.folder / target.name], check=True)


def faults(found):
    """What was not as it should be."""
    calm, during, out = found["calm"], found["during"], []
    for when in ("calm", "during", "after"):
        for what in ("calls", "large", "health"):
            if found[when][what]["wrong"]:
                out.append(f"{what} {when}: {dict(found[when][what]['wrong'])}")
    allowed = max(FLOOR_MS, TIMES * calm["calls"]["p99"])
    if during["calls"]["p99"] > allowed:
        out.append(f"calls p99 {during['calls']['p99']} ms, allowed {allowed:.1f}")
    if during["large"]["p99"] > calm["large"]["p99"] + LARGE_MS:
        out.append(f"large calls p99 {during['large']['p99']} ms")
    if found["attacker"]["said"].get("unavailable"):
        out.append("slowhttptest found it unavailable")
    if during["health"]["p99"] > HEALTH_MS:
        out.append(f"health p99 {during['health']['p99']} ms")
    if found["mib"] > MOST_MIB:
        out.append(f"{found['mib']} MiB of memory")
    if found["ended"]:
        out.append("the server ended")
    return out


def line(name, found, wrong):
    calm, during = found["calm"]["calls"], found["during"]["calls"]
    cells = [name, calm["p50"], calm["p99"], during["p50"], during["p99"], during["max"]]
    cells += [found["during"]["large"]["p99"], found["during"]["health"]["p99"]]
    said = ", ".join(f"{count} {what}" for what, count in sorted(found["attacker"]["said"].items()))
    return "| " + " | ".join(map(str, [*cells, found["mib"], said, "; ".join(wrong) or "ok"])) + " |"


def build(context):
    cargo = ["cargo", "build", "--release", "--locked", "--manifest-path", tools.ROOT / "Cargo.toml"]
    if "RELAY" not in os.environ:
        subprocess.run([*cargo, "-p", "relay-cli"], check=True)
    subprocess.run([*cargo, "-p", "relay-tests", "--bin", "bench-mock"], check=True)


def main():
    options = arguments()
    tools.OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="relay-denial-") as folder:
        context = tools.Context(Path(folder), profiling=False)
        context.relay = Path(os.environ.get("RELAY", context.relay))
        if not options.no_build:
            build(context)
        direct = entries.Direct(context)
        try:
            direct.start()
            context.mock_port = direct.port
            direct.first_answer()
            lines, failed = [], 0
            for name in options.only:
                found = attacked(context, name, options)
                wrong = faults(found)
                failed += bool(wrong)
                lines.append(line(name, found, wrong))
                say(lines[-1])
        finally:
            direct.stop()
    print("| attack | calm p50 ms | p99 | attacked p50 | p99 | max | large p99 | health p99 | MiB | what the attacker got | |")
    print("| --- |" + " ---: |" * 8 + " --- | --- |")
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
