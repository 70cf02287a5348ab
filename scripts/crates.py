#!/usr/bin/env python3
"""Counts the crates of the server as it is shipped, or lists them for a bill of materials.

    crates.py            fails if there are more than LIMIT: each one is code that handles users' keys
    crates.py --sbom     prints a bill of materials of `relay` in CycloneDX's JSON, the same for the same Cargo.lock
"""
import json
import subprocess
import sys
import tomllib

# What relay-server needs on Linux with its default features, build scripts apart. Raise it only with a reason in the commit.
LIMIT = 175


def metadata():
    """The packages by id, and what each needs to run on Linux, with default features."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    packages = {package["id"]: package for package in found["packages"]}
    needs = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
        for node in found["resolve"]["nodes"]
    }
    return packages, needs


def shipped(name):
    """The names and versions of the crates of a program, as `cargo tree` resolves its features."""
    command = ["cargo", "tree", "--locked", "-p", name, "-e", "normal", "--prefix", "none", "-f", "{p}", "--target", "x86_64-unknown-linux-gnu"]
    tree = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}


def count():
    crates = shipped("relay-server")
    print(f"relay-server is made of {len(crates)} crates, of at most {LIMIT}")
    if len(crates) > LIMIT:
        sys.exit("that is more than scripts/crates.py allows: leave a dependency or its features out (`cargo tree -e normal -p relay-server`)")


def sbom():
    with open("Cargo.lock", "rb") as file:
        checksums = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.load(file)["package"]}
    packages, needs = metadata()
    crates = shipped("relay-cli")
    chosen = {id: p for id, p in packages.items() if (p["name"], f"v{p['version']}") in crates}
    reference = lambda package: f"pkg:cargo/{package['name']}@{package['version']}"

    def component(package):
        made = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"], "purl": reference(package)}
        if package["license"]:
            made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if checksum := checksums[package["name"], package["version"]]:
            made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return made

    ordered = sorted(chosen.values(), key=reference)
    own = next(package for package in ordered if package["name"] == "relay-cli")
    edges = lambda package: sorted({reference(packages[id]) for id in needs[package["id"]] if id in chosen})
    print(json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(own), "type": "application", "name": "relay"}},
        "components": [component(package) for package in ordered if package is not own],
        "dependencies": [{"ref": reference(package), "dependsOn": edges(package)} for package in ordered],
    }, indent=2))


sbom() if "--sbom" in sys.argv[1:] else count()
