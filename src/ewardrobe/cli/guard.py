"""The one place where errors become a line on stderr and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import typer

from ewardrobe.cli.console import print_error
from ewardrobe.errors import EwardrobeError

__all__ = ["run_guarded"]

INTERRUPTED = 130
# Typer carries its own copy of Click in newer versions: BadParameter -> UsageError -> ClickException in both.
_ClickException: type[Exception] = typer.BadParameter.__mro__[2]


def run_guarded(arguments: Sequence[str] | None) -> int:
    """Run a command line; what a user can cause is one line, without a traceback unless EWARDROBE_DEBUG is set."""
    from ewardrobe.cli.app import command

    try:
        code = command().main(args=arguments, prog_name="ewardrobe", standalone_mode=False)
        sys.stdout.flush()
        # Newer Typers turn Ctrl-C into this code themselves, older ones into Abort.
        return _stopped() if code == INTERRUPTED else code if isinstance(code, int) else 0
    except BrokenPipeError:
        return _pipe_closed()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except _ClickException as error:
        return _bad_usage(error)
    except EwardrobeError as error:
        if os.environ.get("EWARDROBE_DEBUG"):
            raise
        print_error(str(error))
        return error.exit_code
    except OSError as error:
        if os.environ.get("EWARDROBE_DEBUG"):
            raise
        where = f": {error.filename}" if error.filename else ""
        print_error(f"{error.strerror or error}{where}")
        return 1


def _stopped() -> int:
    print_error("stopped; what was finished is kept, and the same command goes on from there")
    return INTERRUPTED


def _bad_usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return 2
    hint = f" (see: {context.command_path} --help)" if context is not None else ""
    print_error(" ".join(message.split()) + hint)
    return 2


def _pipe_closed() -> int:
    # `ewardrobe find | head` is no failure; the flush at exit must not complain either.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
