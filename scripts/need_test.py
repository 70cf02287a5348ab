#!/usr/bin/env python3
"""Tests need.sh on machines that are made up: a PATH with stubs only, and an apt-get that notes what it is asked for."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEED = ROOT / "scripts" / "need.sh"
BASH = shutil.which("bash")
MAKE = shutil.which("make")
# What each program of a complete machine answers to `--version`.
COMPLETE = {
    "git": "git version 2.39.5",
    "make": "GNU Make 4.3",
    "cc": "",
    "cargo": "cargo 1.95.0 (f2d3ce0bd 2026-03-21)",
    "node": "v20.20.2",
    "npm": "10.8.2",
    "python3": "Python 3.11.2",
    "shellcheck": "version: 0.9.0",
    "curl": "curl 7.88.1",
    "kill": "",
    "tar": "tar (GNU tar) 1.34",
    "strace": "strace -- version 6.1",
    "chromium": "Chromium 150.0.7871.100 built on Debian GNU/Linux 12 (bookworm)",
    "firefox-esr": "Mozilla Firefox 140.12.0esr",
    "WebKitWebDriver": "",
    "Xvfb": "",
    "nginx": "",
    "haproxy": "",
    "caddy": "",
    "fc-list": "NotoSansCJK-Regular.ttc: Noto Sans CJK KR",
    "MiniBrowser": "",
}


class Machine:
    """A machine with some programs, in a temporary folder. `asked` lists each call of a program, in order."""

    def __init__(self, test, programs, uid=1000):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        (self.bin / "bash").symlink_to(BASH)
        self.add("id", str(uid))
        for name, answer in programs.items():
            self.add(name, answer)

    def add(self, name, answer="", then=""):
        """Adds a program that notes its call and prints `answer`."""
        file = self.bin / name
        file.write_text(f"#!{BASH}\necho \"{name} $*\" >> '{self.root}/asked'\necho '{answer}'\n{then}\n")
        file.chmod(0o755)

    def asked(self, program):
        file = self.root / "asked"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if line.split()[0] == program]

    def run(self, *command, **env):
        env = {"PATH": str(self.bin), "RELAY_SBIN": "", "HOME": str(self.root), "RELAY_MINIBROWSER": str(self.bin / "MiniBrowser"), **env}
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=env, cwd=ROOT)
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    def need(self, *arguments, **env):
        return self.run(BASH, NEED, *arguments, **env)


def without(*names, **changes):
    """The programs of a complete machine without some, and with others in their place."""
    changes = {name.replace("_", "-"): answer for name, answer in changes.items()}
    return {name: answer for name, answer in COMPLETE.items() if name not in names} | changes


class Missing(unittest.TestCase):
    def test_a_complete_machine_passes_in_silence(self):
        self.assertEqual(Machine(self, COMPLETE).need("demo", "example", "check", "test"), (0, [], []))

    def test_one_line_names_all_that_is_missing(self):
        code, out, err = Machine(self, {"cargo": COMPLETE["cargo"]}).need("test", "check")
        self.assertEqual((code, out, len(err)), (1, [], 1), err)
        missing, install = err[0].split(". On Debian, as root: ")
        names = [name.split(" ")[0] for name in missing.removeprefix("missing: ").split(", ")]
        rows = [line.split() for line in (ROOT / "scripts/packages.txt").read_text().splitlines() if line and line[0] != "#"]
        wanted = [row[0] for row in rows if {"test", "check"} & set(row[3].split(","))]
        cargo = {"cargo", "clippy", "rustfmt"}  # the stub of cargo answers for these
        self.assertEqual(names, [name for name in wanted if name not in cargo])
        self.assertTrue(install.startswith("apt-get update && apt-get install git make gcc libc6-dev python3 python3-venv"), install)
        self.assertEqual(len(install.split()), len(set(install.split())) + 1, "each package once; apt-get twice")

    def test_what_another_target_needs_is_left_out(self):
        self.assertEqual(Machine(self, without("chromium", "strace", "node", "shellcheck")).need("demo")[0], 0)

    def test_what_debian_does_not_have_is_named_with_a_source(self):
        code, _, err = Machine(self, without("node", cargo="cargo 1.63.0")).need("test")
        self.assertEqual(code, 1)
        self.assertRegex(err[0], r"^missing: cargo 1\.89 or newer \(\S+/cargo is 1\.63\.0\) \[https://rustup\.rs\], node 20 or newer \[https://nodejs\.org\]$")

    def test_a_shell_builtin_is_no_program(self):
        self.assertIn("missing: kill. On Debian, as root: apt-get update && apt-get install procps", Machine(self, without("kill")).need("test")[2])

    def test_an_unknown_name_is_an_error(self):
        self.assertEqual(Machine(self, COMPLETE).need("tests")[0], 2)


class Versions(unittest.TestCase):
    def test_a_browser_below_the_minimum_is_named_with_what_to_install(self):
        for name, row, answer, version in [
            ("firefox-esr", "firefox 140 or newer", "Mozilla Firefox 128.14.0esr", "128.14.0"),
            ("firefox-esr", "firefox 140 or newer", "Mozilla Firefox 139.9", "139.9"),
            ("chromium", "chromium 150 or newer", "Chromium 99.0.1", "99.0.1"),
        ]:
            machine = Machine(self, COMPLETE | {name: answer})
            line = f"missing: {row} ({machine.bin}/{name} is {version}). On Debian, as root: apt-get update && apt-get install {name}"
            self.assertEqual(machine.need("test"), (1, [], [line]))

    def test_the_minimum_and_all_above_pass(self):
        for version in ["140.0", "140", "153.8.0esr", "1000.1"]:
            self.assertEqual(Machine(self, without(firefox_esr=f"Mozilla Firefox {version}")).need("test")[0], 0, version)

    def test_the_first_program_that_is_new_enough_is_taken(self):
        machine = Machine(self, without(firefox_esr="Mozilla Firefox 128.0esr", firefox="Mozilla Firefox 153.0"))
        self.assertEqual(machine.need("--path", "firefox"), (0, [f"{machine.bin}/firefox"], []))

    def test_a_program_without_a_version_is_not_taken(self):
        machine = Machine(self, without(firefox_esr="Command requires the firefox snap to be installed."))
        self.assertIn("has no version", machine.need("test")[2][0])

    def test_a_browser_may_be_in_another_place(self):
        machine = Machine(self, without("chromium"))
        machine.add("my-chromium", COMPLETE["chromium"])
        path = f"{machine.bin}/my-chromium"
        self.assertEqual(machine.need("--path", "chromium", RELAY_CHROMIUM=path), (0, [path], []))

    def test_the_minima_are_those_of_the_packages(self):
        minima = {row[0]: row[2] for row in (line.split() for line in (ROOT / "scripts/packages.txt").read_text().splitlines()) if len(row) > 3}
        self.assertEqual(re.search(r'rust-version = "(.*)"', (ROOT / "Cargo.toml").read_text())[1], minima["cargo"])
        engines = json.loads((ROOT / "tests/browser/package.json").read_text())["engines"]
        self.assertEqual(engines["node"], f">={minima['node']}")


class Installing(unittest.TestCase):
    """Root, on Debian."""

    def debian(self, programs, brings):
        """`brings`: what its apt-get installs, whatever it is asked for."""
        machine = Machine(self, programs, uid=0)
        stubs = machine.root / "stubs"
        machine.bin.rename(stubs)
        machine.bin.mkdir()
        for file in stubs.iterdir():
            file.rename(machine.bin / file.name)
        for name, answer in brings.items():
            machine.add(name, answer)
            (machine.bin / name).rename(stubs / name)
        mv = shutil.which("mv")
        machine.add("apt-get", "", f"[ \"$1\" = update ] || {mv} -f '{stubs}'/* '{machine.bin}'")
        return machine

    def test_the_lists_of_packages_are_updated_first(self):
        machine = self.debian(without("strace", firefox_esr="Mozilla Firefox 128.0esr"), {"strace": "strace 6.1", "firefox-esr": "Mozilla Firefox 153.8.0esr"})
        self.assertEqual(machine.need("test")[:2], (0, []))
        self.assertEqual(machine.asked("apt-get"), ["apt-get update -qq", "apt-get install -y -qq strace firefox-esr"])

    def test_nothing_is_installed_where_nothing_is_missing(self):
        machine = self.debian(COMPLETE, {})
        self.assertEqual((machine.need("test"), machine.asked("apt-get")), ((0, [], []), []))

    def test_nothing_is_installed_where_debian_lacks_something(self):
        machine = self.debian(without("strace", "cargo"), {})
        code, _, err = machine.need("test")
        self.assertEqual((code, len(err), machine.asked("apt-get")), (1, 1, []))
        self.assertIn("cargo 1.89 or newer [https://rustup.rs], strace. On Debian", err[0])

    def test_a_browser_that_is_still_too_old_is_named(self):
        machine = self.debian(without("firefox-esr"), {"firefox-esr": "Mozilla Firefox 128.0esr"})
        code, _, err = machine.need("test")
        self.assertEqual(code, 1)
        self.assertRegex(err[-1], r"^missing: firefox 140 or newer \(\S+ is 128\.0\)")

    def test_a_check_installs_nothing(self):
        machine = self.debian(without("strace"), {})
        self.assertEqual((machine.need("--check", "test")[0], machine.asked("apt-get")), (1, []))


class Make(unittest.TestCase):
    def test_the_check_comes_before_anything_is_built_or_downloaded(self):
        for goals in [["check", "test"], ["test"], ["demo"], ["-j8", "test"], ["-j8", "check", "test"]]:
            machine = Machine(self, without("make", "strace", "cc", "chromium", "firefox-esr"))
            code, out, err = machine.run(MAKE, "--no-print-directory", *goals)
            self.assertEqual((code, out), (2, []), goals)
            self.assertEqual(len([line for line in err if line.startswith("missing: make, c-compiler")]), 1, err)
            calls = [call for program in ("cargo", "npm", "node", "python3", "git") for call in machine.asked(program)]
            self.assertEqual([call for call in calls if "version" not in call and "import" not in call], [], goals)


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main()
