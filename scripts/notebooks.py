"""Execute the notebooks and keep what they print and draw; `--check` executes them and keeps nothing.

uv run --extra train --group notebooks scripts/notebooks.py [--check] [NAME...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"


def execute(path: Path, *, keep: bool) -> None:
    """Run all cells of a notebook in its folder; CellExecutionError where one fails."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(
        book, timeout=1800, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    if not keep:
        return
    for cell in book.cells:
        cell.metadata.pop("execution", None)  # when each cell ran: a change in every commit
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(book, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="notebooks; all where none is named")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not options.names or path.stem in options.names:
            print(path.stem, flush=True)
            execute(path, keep=not options.check)


if __name__ == "__main__":
    main()
