"""Rows as a table for people, or as JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from ewardrobe.errors import UsageError

__all__ = ["AsCsv", "AsJson", "AsTable", "print_json", "print_rows"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
AsTable = Annotated[bool, typer.Option("--table", help="Print a table (the default).")]

Row = Mapping[str, Any]


def print_rows(
    rows: Sequence[Row],
    *,
    as_json: bool,
    as_csv: bool,
    as_table: bool = False,
    columns: Sequence[str] | None = None,
) -> None:
    """Print rows in one of the three ways; UsageError when more than one is asked for.

    `columns` chooses and orders what the table shows; JSON and CSV always have every key.
    """
    if as_json + as_csv + as_table > 1:
        raise UsageError("choose one of --json, --csv and --table")
    if as_json:
        print_json(list(rows))
    elif as_csv:
        _print_csv(rows)
    else:
        _print_table(rows, columns)


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def _print_csv(rows: Sequence[Row]) -> None:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(sys.stdout, keys, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value, lists=json.dumps) for key, value in row.items()})


def _print_table(rows: Sequence[Row], columns: Sequence[str] | None) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    keys = list(columns or dict.fromkeys(key for row in rows for key in row))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key in keys:
        numeric = any(isinstance(row.get(key), float | int) for row in rows)
        table.add_column(key.replace("_", " "), justify="right" if numeric else "left")
    for row in rows:
        # Text, not str: a garment called "[red]" is not markup.
        table.add_row(*(Text(_cell(row.get(key))) for key in keys))
    if sys.stdout.isatty():
        Console().print(table)
        return
    # A pipe has no width: a line there is never cut, nor padded.
    console = Console(width=10_000, no_color=True)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _cell(value: Any, lists: Any = None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if lists is None else repr(value)
    if isinstance(value, list | tuple | dict):
        if lists is not None:
            return str(lists(value, default=str, ensure_ascii=False))
        parts = (
            [f"{k}: {_cell(v)}" for k, v in value.items()] if isinstance(value, dict) else map(_cell, value)
        )
        return ", ".join(parts)
    return str(value)
