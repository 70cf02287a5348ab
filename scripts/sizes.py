#!/usr/bin/env python3
"""Fails if a source file has more than 600 lines. (Clippy's `too_many_lines` holds functions to 80.)"""
import subprocess
import sys

LIMIT = 600
files = subprocess.run(["git", "ls-files", "*.rs", "*.ts", "*.mjs", "*.py", "*.sh"], capture_output=True, text=True, check=True)
long = []
for path in files.stdout.split():
    with open(path, encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    if lines > LIMIT:
        long.append(f"{path}: {lines} lines, more than {LIMIT}")
print("\n".join(long) or f"no source file over {LIMIT} lines")
sys.exit(bool(long))
