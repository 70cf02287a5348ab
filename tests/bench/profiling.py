"""Where a gateway's time goes: perf (samples of time), or valgrind (instructions, the same on a busy machine)."""

import re
import shutil
import subprocess

import scenarios
import tools
from machine import BenchError, say

SECONDS = 6.0


def samples(context, entry, scenario):
    """Counts and samples of perf under full load."""
    if not shutil.which("perf"):
        raise BenchError("perf is missing (Debian: linux-perf); --callgrind uses valgrind instead")
    entry.start()
    entry.first_answer()
    data = context.out / "perf.data"
    pids = ",".join(str(pid) for pid in entry.process.pids())
    for look in (["stat", "-p", pids], ["record", "-q", "-F", "997", "-g", "-o", data, "-p", pids]):
        running = tools.start_load(context, scenarios.busy(scenario, entry, SECONDS))
        subprocess.run(["perf", *look, "--", "sleep", str(SECONDS - 1)], check=True)
        say(f"{scenario.id} {entry.name}: {tools.summary(tools.finish_load(running))}")
    report = ["perf", "report", "-i", data, "--stdio", "--no-children", "-g", "none", "--percent-limit", "1"]
    subprocess.run(report, check=True)
    say(f"more: perf report -i {data}")


def instructions(context, entry, scenario):
    """Instructions of the gateway itself a request, without the kernel's, by function."""
    if not shutil.which("valgrind"):
        raise BenchError("valgrind is missing (Debian: `sudo apt-get install valgrind`)")
    # The difference of two runs, so that the start and the first use of everything do not count.
    few, few_answers, _ = count(context, entry, scenario, 1.0)
    many, many_answers, file = count(context, entry, scenario, 2 * SECONDS)
    each = (many - few) / max(many_answers - few_answers, 1)
    listing = subprocess.run(["callgrind_annotate", file], capture_output=True, text=True, check=True).stdout
    print("\n".join(listing.splitlines()[:60]))
    print(f"{scenario.id} {entry.name}: {each:.0f} instructions a request ({many_answers} requests)")
    say(f"more: callgrind_annotate --tree=both {file}")


def count(context, entry, scenario, seconds):
    """Runs the gateway in valgrind: its instructions, its answers, the file of its busiest process."""
    for old in context.out.glob("callgrind.*"):
        old.unlink()
    trace = f"--callgrind-out-file={context.out}/callgrind.%p"
    entry.wrapper = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", trace]
    entry.start()
    entry.first_answer()
    run = tools.load(context, scenarios.busy(scenario, entry, seconds) | {"warmup_s": 0.0})
    entry.stop()
    totals = {file: total_of(file) for file in context.out.glob("callgrind.*")}
    return sum(totals.values()), run["ok"], max(totals, key=totals.get)


def total_of(file):
    found = re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)
    return int(found[1]) if found else 0
