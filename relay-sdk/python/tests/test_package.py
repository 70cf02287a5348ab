"""The built package, if there is one: `check.py` builds it."""

import tarfile
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
MODULES = sorted(path.name for path in (HERE / "src/relayservice").iterdir() if path.is_file())
BUILT = list((HERE / "dist").glob("*"))


@pytest.mark.skipif(not BUILT, reason="not built: run check.py")
def test_both_distributions_are_complete():
    (wheel,) = (path for path in BUILT if path.suffix == ".whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert sorted(name.split("/")[1] for name in names if name.startswith("relayservice/")) == MODULES
    assert "py.typed" in MODULES
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == ["Requires-Dist: openai<4,>=2"]
    (source,) = (path for path in BUILT if path.suffix == ".gz")
    with tarfile.open(source) as archive:
        files = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {f"src/relayservice/{name}" for name in MODULES} | {"README.md", "pyproject.toml"} <= files
