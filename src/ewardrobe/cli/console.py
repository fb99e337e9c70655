"""What a person sees beside the results: errors, notes, and the progress of a long run. All of it on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["byte_progress", "note", "print_error", "progress", "step_progress"]

_RED, _PLAIN = "\033[31m", "\033[0m"


def print_error(message: str) -> None:
    """Print one line, red on a terminal."""
    line = f"ewardrobe: {' '.join(message.split())}"
    coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(f"{_RED}{line}{_PLAIN}" if coloured else line, file=sys.stderr)


def note(message: str) -> None:
    """Print a line that is not part of the result, so that pipes stay clean."""
    print(message, file=sys.stderr)


@contextmanager
def progress(total: int, title: str) -> Iterator[Callable[[], None]]:
    """Give a function to call after each of `total` steps; shows a bar on a terminal when there is more than one."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def byte_progress(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function to call with the bytes so far and in all; None where there is no terminal to show them."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


@contextmanager
def step_progress(title: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function to call with the steps done and all steps; the bar is there from the first call on.

    None where it is not to be `shown`, or there is no terminal for it.
    """
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: list[TaskID] = []

    def on_step(done: int, total: int) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(title))
        bar.update(tasks[0], completed=done, total=total)

    try:
        yield on_step
    finally:
        bar.stop()
