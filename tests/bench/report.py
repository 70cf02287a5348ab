"""Medians of the runs, the targets, and the tables."""

from statistics import median

IDLE_MB, START_MS, HELD_KIB = 20, 100, 30


def results(machine, runs, memory, scenarios):
    """Everything that was found, as one value for results.json."""
    rows = [row(scenario, runs.get(scenario.id, {})) for scenario in scenarios]
    return {"machine": machine, "scenarios": rows, "memory": memory, "verdicts": verdicts(rows, memory), "runs": runs}


def row(scenario, by_entry):
    """The medians of one scenario, by entry."""
    figures = {name: figures_of(scenario, kinds) for name, kinds in by_entry.items()}
    direct = figures.get("direct", {})
    for name, own in figures.items():
        if name != "direct":
            own["added_us"] = {
                key: own["latency_us"][key] - direct["latency_us"][key]
                for key in own.get("latency_us", {})
                if key in direct.get("latency_us", {})
            }
    cpu = {name: figures.get(name, {}).get("cpu_us") for name in ("nginx", "relay")}
    ratio = cpu["relay"] / cpu["nginx"] if all(cpu.values()) else None
    return {
        "id": scenario.id,
        "title": scenario.title,
        "streamed": scenario.streamed,
        "target": scenario.target,
        "ratio": ratio,
        "entries": figures,
    }


def figures_of(scenario, kinds):
    found = {}
    busy = [run for run in kinds.get("busy", []) if run["ok"]]
    if busy:
        found["cpu_us"] = median(run["gateway_cpu_us"] / run["ok"] for run in busy)
        found["per_s"] = round(median(run["ok"] / run["window_s"] for run in busy))
    paced = [run for run in kinds.get("paced", []) if run["ok"]]
    if paced:
        parts = {"first": "first_us", "chunk": "chunk_us"} if scenario.streamed else {"answer": "answer_us"}
        found["latency_us"] = {
            f"{part}_{quantile}": median(run[member][quantile] for run in paced)
            for part, member in parts.items()
            for quantile in ("p50", "p99")
        }
    return found


def verdicts(rows, memory):
    """Relay's figures that have a target: (what, figure, target, whether it is met)."""
    found = [(f"{row['id']} {row['title']}, CPU x nginx", row["ratio"], row["target"]) for row in rows if row["target"]]
    relay = memory.get("relay", {})
    found.append(("start to first answer, ms", relay.get("start_ms"), START_MS))
    found.append(("idle memory, MB", relay.get("idle_mb"), IDLE_MB))
    found.append(("memory of an open stream, KiB", relay.get("held_kib"), HELD_KIB))
    return [
        {"what": what, "figure": figure, "target": target, "verdict": "PASS" if figure <= target else "MISS"}
        for what, figure, target in found
        if figure is not None
    ]


def tables(results):
    """The report for the terminal, in Markdown."""
    parts = [cpu_table(results["scenarios"]), latency_table(results["scenarios"]), memory_table(results["memory"])]
    if results["verdicts"]:
        parts.append(verdict_table(results["verdicts"]))
    return "\n\n".join(parts)


def cpu_table(rows):
    lines = [["CPU, microseconds a request", "nginx", "relay", "relay / nginx", "target", ""]]
    for row in rows:
        cpu = {name: row["entries"].get(name, {}).get("cpu_us") for name in ("nginx", "relay")}
        target = f"<= {row['target']}" if row["target"] else ""
        met = row["target"] and row["ratio"] and ("PASS" if row["ratio"] <= row["target"] else "MISS")
        ratio = row["ratio"] and f"{row['ratio']:.2f}"
        lines.append([f"{row['id']} {row['title']}", cpu["nginx"], cpu["relay"], ratio, target, met or ""])
    return table(lines)


def latency_table(rows):
    lines = [["added latency, microseconds", "direct p50 / p99", "nginx adds p50 / p99", "relay adds p50 / p99"]]
    for row in rows:
        for part, title in (("answer", "answer"), ("first", "first event"), ("chunk", "each chunk")):
            direct = row["entries"].get("direct", {}).get("latency_us", {})
            if f"{part}_p50" in direct:
                added = [row["entries"].get(name, {}).get("added_us", {}) for name in ("nginx", "relay")]
                lines.append([f"{row['id']} {title}"] + [pair(part, figures) for figures in (direct, *added)])
    return table(lines)


def pair(part, figures):
    p50, p99 = figures.get(f"{part}_p50"), figures.get(f"{part}_p99")
    return None if p50 is None else f"{p50:.0f} / {p99:.0f}"


def memory_table(memory):
    names = [name for name in ("nginx", "relay") if name in memory]
    titles = {
        "start_ms": "start to first answer, ms",
        "idle_mb": "idle memory, MB",
        "held_kib": "memory of an open stream, KiB",
        "held_mb": "memory with all of them open, MB",
        "end_mb": "memory at the end of the run, MB",
    }
    lines = [["start and memory", *names]]
    lines += [[title] + [memory[name].get(key) for name in names] for key, title in titles.items()]
    return table(lines)


def verdict_table(verdicts):
    lines = [["relay", "figure", "target", ""]]
    lines += [[v["what"], f"{v['figure']:.2f}", f"<= {v['target']}", v["verdict"]] for v in verdicts]
    return table(lines)


def table(lines):
    cells = [[text(cell) for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    drawn = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)


def text(cell):
    if cell is None:
        return "-"
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)
