#!/usr/bin/env python3
"""Relay and nginx before the same mock provider, in one run, interleaved. See docs/benchmarks.md.

  tests/bench/run.py                                  all scenarios, about six minutes
  tests/bench/run.py --quick                          one short round, about a minute
  tests/bench/run.py --only nginx --scenario S1,S2    one gateway, some scenarios
  BENCH_BEFORE=old/relay tests/bench/run.py --only relay,before   another build beside this one
  tests/bench/run.py --profile relay --scenario S1    where the time goes
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))
import entries
import machine
import profiling
import report
import scenarios
import tools
from machine import BenchError, say
from tools import Context, load


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of short windows")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a window")
    parser.add_argument("--streams", type=int, default=1000, help="streams held open for the memory figure; 0: leave out")
    parser.add_argument("--only", default="nginx,relay", help="gateways to measure")
    parser.add_argument("--scenario", default=",".join(s.id for s in scenarios.SCENARIOS))
    parser.add_argument("--profile", choices=sorted(entries.GATEWAYS), help="profile this gateway under load")
    parser.add_argument("--callgrind", action="store_true", help="with --profile: count instructions, not time")
    parser.add_argument("--no-build", action="store_true", help="use the binaries as they are")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    known = {scenario.id: scenario for scenario in scenarios.SCENARIOS}
    names = options.only.split(",") if not options.profile else [options.profile]
    wanted = options.scenario.split(",")
    if unknown := (set(wanted) - set(known)) | (set(names) - set(entries.GATEWAYS)):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    options.names, options.scenarios = names, [known[name] for name in wanted]
    return options


def build(options, context):
    """Builds the tools, and Relay apart from them, so that it is measured with the features that it ships with."""
    cargo = ["cargo", "build", "--release", "--manifest-path", tools.ROOT / "Cargo.toml"]
    subprocess.run([*cargo, "-p", "relay-tests", "--bin", "bench-mock", "--bin", "bench-load"], check=True)
    if "relay" not in options.names or "BENCH_RELAY" in os.environ:
        return
    env = dict(os.environ)
    if options.profile:
        cargo += ["--target-dir", context.relay.parent.parent]
        env |= {"CARGO_PROFILE_RELEASE_STRIP": "none", "CARGO_PROFILE_RELEASE_DEBUG": "line-tables-only"}
        env["RUSTFLAGS"] = env.get("RUSTFLAGS", "") + " -C force-frame-pointers=yes"
    subprocess.run([*cargo, "-p", "relay-cli"], check=True, env=env)


def start_and_memory(context, entry, options, problems):
    """Starts the gateway some times and leaves it running; its start-up time and memory."""
    times = []
    for again in range(2 if options.quick else 5):
        if again:
            entry.stop()
        entry.start()
        times.append(entry.first_answer())
    time.sleep(1.0)
    found = {"start_ms": round(median(times) * 1000, 1), "idle_mb": mb(entry.process.resident_kib())}
    if options.streams:
        run = load(context, scenarios.held(entry, options.streams))
        note_problems(problems, f"{entry.name} {options.streams} open streams", run)
        before, peak = run["resident_kib"]["before"], run["resident_kib"]["peak"]
        found |= {"held_kib": round((peak - before) / options.streams, 1), "held_mb": mb(peak), "streams": options.streams}
    say(f"{entry.name}: {found}")
    return found


def mb(kib):
    return round(kib * 1024 / 1e6, 1)


def note_problems(problems, where, run):
    if run["errors"] or not run["ok"]:
        problems.append(f"{where}: {run['ok']} right answers, errors {run['errors']}, e.g. {run['sample']!r}")
        say("  WRONG", problems[-1])


def rounds(context, everyone, options, problems):
    """All scenarios against all entries, `options.rounds` times."""
    runs = {}
    for number in range(options.rounds):
        for scenario in options.scenarios:
            first = number % len(everyone)  # nobody is always the first
            for entry in everyone[first:] + everyone[:first]:
                kinds = runs.setdefault(scenario.id, {}).setdefault(entry.name, {})
                for kind, make in (("busy", scenarios.busy), ("paced", scenarios.paced)):
                    if kind == "busy" and entry.name == "direct":
                        continue
                    run = load(context, make(scenario, entry, options.seconds))
                    note_problems(problems, f"{scenario.id} {entry.name} {kind}", run)
                    kinds.setdefault(kind, []).append(run)
                    say(f"round {number + 1} {scenario.id} {entry.name} {kind}: {tools.summary(run)}")
    return runs


def measure(context, direct, gateways, options):
    problems, about = [], machine.description()
    memory = {entry.name: start_and_memory(context, entry, options, problems) for entry in gateways}
    runs = rounds(context, [direct, *gateways], options, problems)
    for entry in gateways:
        memory[entry.name]["end_mb"] = mb(entry.process.resident_kib())
    found = report.results(about, runs, memory, options.scenarios)
    (context.out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    print(report.tables(found))
    for problem in problems:
        print("WRONG:", problem)
    missed = any(verdict["verdict"] == "MISS" for verdict in found["verdicts"])
    return 1 if problems or (missed and options.strict) else 0


def main():
    options = arguments()
    tools.OUT.mkdir(exist_ok=True)
    started = []
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as folder:
        context = Context(Path(folder), profiling=options.profile == "relay")
        try:
            if "nginx" in options.names:
                machine.find_nginx()  # before minutes of building
            if not options.no_build:
                build(options, context)
            machine.prepare()
            direct = entries.Direct(context)
            started.append(direct)
            direct.start()
            context.mock_port = direct.port
            direct.first_answer()
            gateways = [entries.GATEWAYS[name](context) for name in options.names]
            for gateway in gateways:
                started.append(gateway)
                gateway.prepare()
            if options.profile:
                look = profiling.instructions if options.callgrind else profiling.samples
                look(context, gateways[0], options.scenarios[0])
                return 0
            return measure(context, direct, gateways, options)
        except (BenchError, subprocess.CalledProcessError) as error:
            say(f"bench: {error}")
            return 2
        finally:
            for entry in started:
                entry.stop()


if __name__ == "__main__":
    sys.exit(main())
