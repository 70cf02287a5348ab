"""Where things are in a run, and the load generator."""

import json
import os
import subprocess
from pathlib import Path

from machine import BenchError

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "bench-out"


class Context:
    """Where things are in this run. `folder` is temporary, `out` is kept."""

    def __init__(self, folder, profiling):
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
        self.folder, self.out = folder, OUT
        self.tools = target / "release"
        with_symbols = target / "profiling" if profiling else target
        self.relay = Path(os.environ.get("BENCH_RELAY", with_symbols / "release" / "relay"))
        self.before = os.environ.get("BENCH_BEFORE")
        self.mock_port = 0


def start_load(context, plan):
    """Begins to carry out a plan."""
    path = context.folder / "plan.json"
    path.write_text(json.dumps(plan))
    command = [context.tools / "bench-load", path]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def load(context, plan):
    """Carries out a plan; returns its report."""
    return finish_load(start_load(context, plan))


def finish_load(running):
    out, errors = running.communicate()
    if running.returncode:
        raise BenchError(f"bench-load ended with {running.returncode}: {errors}")
    return json.loads(out)


def summary(run):
    cpu = run["gateway_cpu_us"] / max(run["ok"], 1)
    return f"{run['ok'] / run['window_s']:.0f} /s, {cpu:.1f} us CPU each, answer {run['answer_us']}"
