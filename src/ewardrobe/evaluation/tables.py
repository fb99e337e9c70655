"""Tables of text cells, as Markdown that reads well as plain text; `html` shows the same ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Table", "number", "short"]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as plain text; `header` has as many as each row. `note` stands below."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """A Markdown table whose columns line up; all but the first are right-aligned. The title is left out."""
        cells = [[_escaped(cell) for cell in row] for row in (self.header, *self.rows)]
        widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(self.header))]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [_line(cells[0], widths), _line(rule, widths), *(_line(row, widths) for row in cells[1:])]
        text = "\n".join(lines)
        return f"{text}\n\n{_escaped(self.note)}" if self.note else text


def short(value: float) -> str:
    """Three digits, or "-" where nothing was measured."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def number(value: float) -> float | None:
    """The value as JSON knows it: NaN, "nothing was measured", becomes None."""
    return None if math.isnan(value) else value


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [cells[0].ljust(widths[0])]
    padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "| " + " | ".join(padded) + " |"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*")
