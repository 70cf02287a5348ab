"""Runs the examples: `python3 start.py`. With RELAY_BASE_URL and RELAY_KEY set, on that relay, else on a `relay demo` of its own."""
import importlib.util
import json
import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
DEMO = shlex.split(os.environ.get("RELAY_PROGRAM", "cargo run --quiet -p relay-cli --")) + ["demo", "--port", "0", "--json"]


def python():
    """A Python that has the client: this one, or one in .venv, which is made at first."""
    if importlib.util.find_spec("openai"):
        return sys.executable
    program = HERE / ".venv/bin/python"
    if not program.exists():
        print("installing requirements.txt into .venv", flush=True)
        venv.create(HERE / ".venv", with_pip=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return program


def run(relay, key):
    bound = {"RELAY_BASE_URL": relay, "RELAY_KEY": key}
    bound |= {"OPENAI_BASE_URL": f"{relay}/v1", "OPENAI_API_KEY": key, "OPENAI_CUSTOM_HEADERS": "X-Relay-User: py_ana"}
    for file in ["example.py", "unchanged.py"]:
        subprocess.run([program, HERE / file], env=os.environ | bound, check=True)


program = python()
if "RELAY_KEY" in os.environ:
    run(os.environ.get("RELAY_BASE_URL", "http://127.0.0.1:8080"), os.environ["RELAY_KEY"])
else:
    print("starting `relay demo` (cargo builds it at first)", flush=True)
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True, cwd=HERE) as demo:
        try:
            lines = (json.loads(line) for line in demo.stdout)
            ready = next((line for line in lines if line.get("ready")), None) or sys.exit("`relay demo` did not start")
            run(ready["baseUrl"].removesuffix("/v1"), ready["relayKey"])
        finally:
            demo.terminate()
