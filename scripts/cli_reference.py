"""Write docs/reference/cli.md from the commands themselves; a test holds the two together.

uv run --group test python scripts/cli_reference.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ewardrobe.cli.app import command

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"

HEAD = """\
# Commands

<!-- Written by scripts/cli_reference.py from the commands themselves; edit their help instead. -->

Results go to stdout, notes, progress and errors to stderr. Exit codes: 0 done, 1 something failed, 2 bad usage,
130 stopped by Ctrl-C. Errors are one line; `EWARDROBE_DEBUG=1` shows the traceback instead.

What lists takes `--json`, `--csv` or `--table` (the default). Where photos are taken, a folder stands for all photos
below it, and a pattern in quotes for what it matches. One photo that fails does not stop the others: the summary counts
it, and the exit code is 1.

Environment: `EWARDROBE_HOME` is the wardrobe's data folder and that of pulled models, `NO_COLOR` switches colours off.
"""


def render() -> str:
    """The page's text."""
    return "\n".join([HEAD, *_commands(command(), "ewardrobe")]).rstrip() + "\n"


def _commands(group: Any, path: str) -> Iterator[str]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield f"## {path} {name}\n\n{_sentence(found.help)}\n"
            for inner, leaf in found.commands.items():
                yield from _command(leaf, f"{path} {name} {inner}", "###")
        else:
            yield from _command(found, f"{path} {name}", "##")


def _command(found: Any, path: str, heading: str) -> Iterator[str]:
    arguments = [param for param in found.params if param.param_type_name == "argument"]
    options = [param for param in found.params if param.param_type_name == "option"]
    usage = " ".join([path, *map(_usage, arguments), *(["[OPTIONS]"] if options else [])])
    yield f"{heading} {path}\n\n```\n{usage}\n```\n\n{_sentence(found.help)}\n"
    rows = [(f"`{_escaped(_usage(param))}`", _help(param)) for param in arguments]
    rows += [(_names(param), _help(param)) for param in options]
    if rows:
        yield "| | |\n|---|---|\n" + "\n".join(f"| {left} | {right} |" for left, right in rows) + "\n"


def _usage(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _names(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    return names if param.is_flag else f"{names} {_escaped(param.metavar or 'VALUE')}"


def _help(param: Any) -> str:
    text = _sentence(param.help)
    if param.param_type_name == "option" and not param.is_flag:
        shown = param.show_default if isinstance(param.show_default, str) else param.default
        if shown is not None:
            text += f" Default: {shown}."
    return _escaped(text)


def _escaped(text: str) -> str:
    """As a cell of a table."""
    return text.replace("|", "\\|")


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8")
    print(f"{PAGE} written")
