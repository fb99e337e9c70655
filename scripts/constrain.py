# /// script
# requires-python = ">=3.11"
# dependencies = ["tomlkit>=0.13"]
# ///
"""Write the versions that uv resolved here into pyproject.toml, so that a fresh clone gets the ones that were tested.

    uv run scripts/constrain.py            after the tests have passed: pin what they ran with
    uv run scripts/constrain.py --clear    before an upgrade: let uv choose anew

`uv.lock` is not kept in the repository, since it records the download addresses of one machine; names and versions are
all that is needed. Comments and layout of pyproject.toml stay as they are.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import tomlkit
from tomlkit.items import Array

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
EXPORT = [
    "uv",
    "export",
    "--quiet",
    "--all-extras",
    "--group",
    "test",
    "--group",
    "notebooks",
    "--no-emit-project",
    "--no-hashes",
    "--no-annotate",
]
EXPORT += ["--no-header", "--format", "requirements.txt"]


def resolved() -> list[str]:
    """The default, test, notebook and extras' dependencies as `name==version ; marker`, sorted, from uv's lock."""
    result = subprocess.run(EXPORT, cwd=PYPROJECT.parent, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"uv export failed: {result.stderr.strip()}")
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    odd = [line for line in lines if "==" not in line or "://" in line]
    if odd or not lines:
        raise SystemExit(f"not a plain name==version: {odd or 'nothing was exported'}")
    return sorted(lines, key=str.lower)


def write(constraints: list[str]) -> bool:
    """Put the constraints into `[tool.uv]`; returns whether the file changed."""
    before = PYPROJECT.read_text(encoding="utf-8")
    document = tomlkit.parse(before)
    section = document["tool"]["uv"]  # type: ignore[index]
    if constraints:
        section["constraint-dependencies"] = _lines(constraints)  # type: ignore[index]
    elif "constraint-dependencies" in section:  # type: ignore[operator]
        del section["constraint-dependencies"]  # type: ignore[union-attr]
    after = tomlkit.dumps(document)
    if after != before:
        PYPROJECT.write_text(after, encoding="utf-8")
    return after != before


def _lines(constraints: list[str]) -> Array:
    array = tomlkit.array()
    array.extend(constraints)
    return array.multiline(True)


def main() -> None:
    """Read the options and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clear", action="store_true", help="remove the constraints")
    options = parser.parse_args()
    constraints = [] if options.clear else resolved()
    changed = write(constraints)
    print(f"{len(constraints)} constraints, {'written' if changed else 'as they were'}")


if __name__ == "__main__":
    main()
