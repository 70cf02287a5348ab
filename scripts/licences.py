#!/usr/bin/env python3
"""Fails if a dependency has a licence that is not on the list, or comes from elsewhere than the crates registry.

The list is the one of `deny.toml`, so that `cargo deny check` (where it is installed) and this script agree.
"""
import json
import re
import subprocess
import sys
import tomllib

with open("deny.toml", "rb") as file:
    allowed = set(tomllib.load(file)["licenses"]["allow"])

metadata = json.loads(subprocess.run(
    ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"], capture_output=True, text=True, check=True).stdout)


def permitted(expression):
    """Whether one alternative of an SPDX expression consists of allowed licences only. (No nesting deeper than one bracket.)"""
    expression = expression.replace("/", " OR ")
    while brackets := re.search(r"\(([^()]*)\)", expression):
        verdict = "TRUE" if permitted(brackets.group(1)) else "FALSE"
        expression = expression[:brackets.start()] + verdict + expression[brackets.end():]
    good = lambda name: name == "TRUE" or name in allowed
    return any(all(good(name.strip()) for name in alternative.split(" AND ")) for alternative in expression.split(" OR "))


bad = []
for package in metadata["packages"]:
    name = f"{package['name']} {package['version']}"
    if not permitted(package["license"] or ""):
        bad.append(f"{name}: licence {package['license']!r}")
    if package["source"] and not package["source"].startswith("registry+"):
        bad.append(f"{name}: comes from {package['source']}")
print("\n".join(bad) or f"licences of {len(metadata['packages'])} packages are on the list")
sys.exit(bool(bad))
