"""The lists and tables that datasets keep beside their images."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from ewardrobe.datasets.sample import BrokenSample
from ewardrobe.errors import DatasetError

__all__ = ["Row", "read_lines", "read_table", "rows_by_id"]

Row = dict[str, str]


def read_lines(path: Path) -> tuple[str, ...]:
    """The non-empty lines of a text file, stripped; raises `DatasetError` when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read {path}: check that it is there and is UTF-8 text") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def read_table(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """Rows of a CSV file with a header line, as strings; absent cells are empty.

    Raises:
        DatasetError: the file cannot be read, or one of `columns` is not in it.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            header = list(reader.fieldnames or [])
            absent = [column for column in columns if column not in header]
            if absent:
                raise DatasetError(f"{path} has no column {absent[0]!r}: it needs {', '.join(columns)}")
            return [{name: row[name] for name in header} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"cannot read {path}: check that it is there and is CSV in UTF-8") from error


def rows_by_id(rows: Iterable[Row], key: str) -> tuple[dict[str, Row], list[BrokenSample]]:
    """Rows by the value of their column `key`; a value that comes again is reported, the first counts."""
    unique: dict[str, Row] = {}
    repeated: list[BrokenSample] = []
    for row in rows:
        if row[key] in unique:
            repeated.append(BrokenSample(row[key], "listed twice; the first line counts"))
        else:
            unique[row[key]] = row
    return unique, repeated
