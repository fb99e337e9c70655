"""The command `ewardrobe`: every verb parses, calls the library and prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main", "run"]


def main() -> None:
    """Run the command line of this process and exit with its code."""
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code: 0 done, 1 failed, 2 bad usage, 130 stopped by Ctrl-C."""
    from ewardrobe.cli.guard import run_guarded

    return run_guarded(arguments)
