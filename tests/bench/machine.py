"""Processes, processor cores, ports and memory of the machine that the benchmark runs on (Linux)."""

import os
import platform
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

CPUS = sorted(os.sched_getaffinity(0))
# The gateway alone on one core; mock, load generator and this script on the others.
GATEWAY_CPUS = {CPUS[-1]}
OTHER_CPUS = set(CPUS[:-1]) or GATEWAY_CPUS
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something that the person at the terminal has to know or do."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def prepare():
    """Keeps this script and what it starts off the gateway's core, with as many open files as allowed."""
    os.sched_setaffinity(0, OTHER_CPUS)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A program that runs until stop(), in a process group of its own."""

    def __init__(self, command, log, cpus, env=None):
        self.log = Path(log)
        with open(self.log, "ab") as out:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cpus),
            )

    def ended(self):
        return self._child.poll() is not None

    def pids(self):
        """The process and its descendants."""
        found = [self._child.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def resident_kib(self):
        return self._memory_kib("Rss:")

    def needed_kib(self):
        """Without the pages that the process has given back, and that the system takes when it needs some (MADV_FREE)."""
        return self._memory_kib("Rss:") - self._memory_kib("LazyFree:")

    def _memory_kib(self, name):
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(name):
                    total += int(line.split()[1])
        return total

    def stop(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            if self.ended():
                return
            os.killpg(self._child.pid, how)
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                continue


def find_nginx():
    """Debian's nginx; installed here if it is missing and this is root."""
    need = Path(__file__).resolve().parents[2] / "scripts" / "need.sh"
    if subprocess.run([need, "nginx"]).returncode:
        raise BenchError("there is no nginx: install it, or use --only relay")
    return subprocess.run([need, "--path", "nginx"], check=True, capture_output=True, text=True).stdout.strip()


def description():
    """What a reader of the figures wants to know of the machine."""
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": len(CPUS), "kernel": platform.release(), "load_before": os.getloadavg()[0]}
