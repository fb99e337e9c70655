"""Showing a run over many photos: one block per photo, a bar meanwhile, and a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer

from ewardrobe.cli.console import note, print_error, progress
from ewardrobe.cli.output import print_json

if TYPE_CHECKING:
    from ewardrobe.jobs import Outcome

__all__ = ["show_run"]


def show_run(
    outcomes: Iterable[Outcome],
    total: int,
    *,
    title: str,
    describe: Callable[[Outcome], str],
    as_json: bool = False,
) -> None:
    """Print each outcome as it comes and a summary; exits with 1 when any photo failed.

    `describe` gives the text of a photo that is done. With `as_json` stdout carries one JSON list at the end.
    """
    counts: Counter[str] = Counter()
    records = []
    with progress(total, title) as advance:
        for outcome in outcomes:
            counts[outcome.status] += 1
            advance()
            if as_json:
                records.append(outcome.to_dict())
            if outcome.status == "failed":
                print_error(_named(outcome))
            elif not as_json:
                print(_named(outcome) if outcome.status == "skipped" else describe(outcome))
    if as_json:
        print_json(records)
    if total > 1 or counts["failed"]:
        note(_summary(counts))
    if counts["failed"]:
        raise typer.Exit(1)


def _named(outcome: Outcome) -> str:
    path = str(outcome.source.path)
    reason = outcome.reason
    # The reader's own messages begin with the file's name already.
    said = reason if path in reason else f"{path}: {reason}"
    return f"{said}, skipped" if outcome.status == "skipped" else said


def _summary(counts: Counter[str]) -> str:
    parts = [f"{counts['done']} {'photo' if counts['done'] == 1 else 'photos'} done"]
    parts += [f"{counts[key]} {key}" for key in ("skipped", "failed") if counts[key]]
    return ", ".join(parts)
