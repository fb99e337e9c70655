"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ewardrobe.errors import UsageError

__all__ = [
    "Described",
    "EngineSettings",
    "Home",
    "Jobs",
    "Model",
    "Out",
    "Overwrite",
    "Photos",
    "Size",
    "inference_size",
    "parse_settings",
]

Photos = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO...", help="Photos, folders (with all below them) or patterns such as 'in/*.jpg'."
    ),
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to; made when it is not there.")
]
Model = Annotated[
    str,
    typer.Option("--model", "-m", metavar="NAME|FILE", help="A model by name (see `models list`) or file."),
]
Described = Annotated[
    Path | None,
    typer.Option(
        "--description",
        metavar="FILE",
        help="What the model is, as JSON, for an .onnx file that does not say it.",
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size", help="Inference size: pixels of the long side, or a name the model knows, as 'live'."
    ),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, max=256, help="Photos at the same time.")
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Do photos again that an earlier run with these options finished.")
]
EngineSettings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting of the engine diffusion, such as model=FOLDER or steps=20; may be given again.",
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="EWARDROBE_HOME",
        help="The wardrobe's data folder.",
        show_default="the user's data folder",
    ),
]


def inference_size(size: str | None) -> int | str | None:
    """`--size` as the library takes it: pixels as a number, a name as it is."""
    return int(size) if size is not None and size.isdigit() else size


def parse_settings(texts: list[str] | None) -> dict[str, object]:
    """`--set KEY=VALUE` as the library takes it."""
    settings: dict[str, object] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {text!r} is not KEY=VALUE, such as steps=20")
        settings[name.strip()] = value.strip()
    return settings
