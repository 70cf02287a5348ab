#!/usr/bin/env python3
"""Runs cargo-deny with deny.toml: licences, bans and sources always, and advisories if a database can be had.

    deny.py CARGO_DENY

The database of advisories is RustSec's. It is the clone or folder that RELAY_ADVISORY_DB names, or else fetched; if that fails, the last
one that was fetched here. Without any, advisories are skipped, which is said, and nothing fails for want of a network. A database may be
old, so the date of its newest advisory is printed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

URL = "https://github.com/RustSec/advisory-db"
TIMEOUT = 120


def main():
    deny = [str(Path(sys.argv[1]).absolute()), "--locked", "--all-features"]
    subprocess.run([*deny, "check", "--hide-inclusion-graph", "--allow", "license-not-encountered", "licenses", "bans", "sources"], check=True)
    given = os.environ.get("RELAY_ADVISORY_DB")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder if given else os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "relay-advisories"
        config = Path(folder) / "deny.toml"
        config.write_text(Path("deny.toml").read_text().replace("[advisories]\n", f"[advisories]\ndb-path = {str(home)!r}\n", 1))
        environment = redirected(given, Path(folder)) if given else dict(os.environ)
        database = fetched(deny, config, environment, home)
        if database is None:
            if given:
                sys.exit(f"RELAY_ADVISORY_DB is {given}, which could not be read as RustSec's advisory-db")
            print("advisories skipped: no database (it could not be fetched; RELAY_ADVISORY_DB may name a copy)")
            return
        print(f"advisories as of {newest(database)} ({sum(1 for _ in database.glob('crates/*/*.md'))} in the database)", flush=True)
        subprocess.run([*deny, "--offline", "--config", str(config), "check", "--hide-inclusion-graph", "advisories"], check=True)


def redirected(given, folder):
    """An environment in which git finds the given database in place of RustSec's address."""
    source = Path(given).absolute()
    if not (source / "crates").is_dir():
        sys.exit(f"RELAY_ADVISORY_DB is {given}, which has no folder `crates`; name a copy of RustSec's advisory-db")
    if not (source / ".git").exists():
        # A folder without history, such as an unpacked archive.
        copy = folder / "copy"
        shutil.copytree(source, copy)
        identity = ["-c", "user.name=relay", "-c", "user.email=relay@localhost"]
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "a copy"]):
            subprocess.run(["git", "-C", str(copy), *arguments], check=True)
        source = copy
    return {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{source}.insteadOf", "GIT_CONFIG_VALUE_0": URL}


def fetched(deny, config, environment, home):
    """The folder of the newest database that can be had, or None."""
    command = [*deny, "--config", str(config), "fetch", "db"]
    try:
        subprocess.run(command, env=environment, timeout=TIMEOUT, capture_output=True, check=False)
    except subprocess.TimeoutExpired:
        pass
    found = [folder for folder in home.glob("advisory-db-*") if any(folder.glob("crates/*/*.md"))]
    return found[0] if found else None


def newest(database):
    """The date of the newest advisory."""
    dates = (re.search(r'^date = "([0-9-]{10})"', file.read_text(errors="replace"), re.M) for file in database.glob("crates/*/*.md"))
    return max((date.group(1) for date in dates if date), default="an unknown date")


try:
    main()
except subprocess.CalledProcessError as error:
    sys.exit(error.returncode)
