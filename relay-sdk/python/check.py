"""Builds the package, and tests it on the oldest and the newest Python that is here, and on the one that runs this.

Further arguments are Pythons that have an OpenAI client and pytest already: the tests run there too. `make pysdk` runs this.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
#: The oldest that the OpenAI client 2 supports.
OLDEST = 9
#: The OpenAI client 3 needs 3.10.
REQUIREMENTS = {OLDEST: "requirements-3.9.txt"}


def run(*command: object, quiet: bool = True) -> None:
    ended = subprocess.run([str(part) for part in command], cwd=HERE, stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT, text=True)
    if ended.returncode:
        sys.exit(f"{ended.stdout or ''}failed: {' '.join(map(str, command))}")


def minor(python: str) -> int | None:
    """The minor version of a Python 3 that can make virtual environments; `None` for anything else."""
    code = "import ensurepip, sys, venv; print(sys.version_info[1] if sys.version_info[0] == 3 else -1)"
    try:
        ended = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30)
    except OSError:
        return None
    return int(ended.stdout) if ended.returncode == 0 else None


def pythons() -> dict[int, str]:
    """The Pythons to test on, by minor version."""
    found: dict[int, str] = {}
    for number in range(OLDEST, 30):
        managed = sorted(Path.home().glob(f".pyenv/versions/3.{number}.*/bin/python3"))
        for python in [shutil.which(f"python3.{number}"), *map(str, managed)]:
            if python and number not in found and minor(python) == number:
                found[number] = python
    own = minor(sys.executable)
    if own is None or own < OLDEST:
        sys.exit("this Python can't make virtual environments, or is older than 3.9")
    chosen = {own: sys.executable}
    if found:
        chosen |= {number: found[number] for number in (min(found), max(found)) if number != own}
    return dict(sorted(chosen.items()))


def environment(number: int, python: str) -> Path:
    """A virtual environment with what the tests need, in the versions of the lock file."""
    requirements = HERE / "tests" / REQUIREMENTS.get(number, "requirements.txt")
    folder = HERE / f".venv-3.{number}"
    marker = folder / ".installed"
    if not marker.exists() or marker.read_text() != requirements.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        run(python, "-m", "venv", folder)
        pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run(*pip, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", requirements)
        marker.write_text(requirements.read_text())
    return folder / "bin/python"


def documented(folder: Path) -> list[Path]:
    """The code of the pages, each block as a file."""
    pages = [HERE / "README.md", HERE.parents[1] / "docs/sdk.md"]
    blocks = [code for page in pages for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)]
    files = [folder / f"block{at}.py" for at in range(len(blocks))]
    for file, code in zip(files, blocks):
        file.write_text(code)
    return files


def main() -> None:
    chosen = pythons()
    environments = {number: environment(number, python) for number, python in chosen.items()}
    own = environments[minor(sys.executable) or 0]
    # Where tests/clients/sdk finds FastAPI.
    link = HERE / ".venv"
    link.unlink(missing_ok=True)
    link.symlink_to(own.parent.parent.name)
    shutil.rmtree(HERE / "dist", ignore_errors=True)
    run(own, "-m", "hatchling", "build")
    (wheel,) = (HERE / "dist").glob("*.whl")
    run(own, "-m", "mypy")
    with TemporaryDirectory() as folder:
        run(own, "-m", "mypy", *documented(Path(folder)))
    for number, python in environments.items():
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--force-reinstall", wheel)
        print(f"Python 3.{number}", flush=True)
        run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", quiet=False)
    # Commands run in this file's folder.
    for python in map(os.path.abspath, sys.argv[1:]):
        print(f"{python}, from the source", flush=True)
        run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=src tests", quiet=False)


main()
