"""A foreign network's description: what is known of it, and what the user says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import ModelError, UsageError
from ewardrobe.segmentation.description import InputSpec, ModelDescription, read_description_file
from ewardrobe.segmentation.foreign.classes import classes_from, is_background, names_from_id2label
from ewardrobe.training.importing.interface import Foreign

__all__ = ["describe"]


def describe(
    foreign: Foreign,
    name: str,
    *,
    classes: str | None = None,
    description: Path | None = None,
    size: int | None = None,
) -> ModelDescription:
    """The description of the file that `foreign` becomes; see `import_model` for the arguments.

    Raises:
        UsageError: options that do not go together.
        ModelError: the classes have no names, or another number of them; a size that the network cannot take.
    """
    if classes is not None and description is not None:
        raise UsageError("--classes and --description exclude one another: a description has its classes")
    if description is not None:
        about = _given(foreign, description)
    else:
        about = ModelDescription(name=name, **foreign.fields, **_classes(foreign, name, classes))
    spec = replace(about.input, name="image", layout="NCHW", divisor=foreign.net.divisor)
    if size is not None:
        about = replace(about, sizes={}, scales={})
        is_long = spec.long_side is not None
        spec = replace(spec, long_side=size) if is_long else replace(spec, height=size, width=size)
    _check_size(spec, foreign.net.divisor)
    return replace(about, input=spec)


def _given(foreign: Foreign, path: Path) -> ModelDescription:
    given = read_description_file(path)
    if given.task != foreign.task:
        raise ModelError(f"{path.name} describes a {given.task} model; this is a {foreign.task} one")
    described = len(given.labels) or len(given.load_taxonomy()) - (foreign.task == "instance")
    wanted = foreign.net.classes - (foreign.task == "instance")
    if foreign.task != "matting" and described != wanted:
        raise ModelError(f"{path.name} describes {described} classes; the network has {wanted}")
    return replace(given, outputs=foreign.fields["outputs"], decode=foreign.fields.get("decode", ""))


def _classes(foreign: Foreign, name: str, classes: str | None) -> dict[str, Any]:
    """The description's fields of the classes: those the user gives, else those that are known."""
    count = foreign.net.classes
    if classes is None:
        if foreign.classes is None:
            raise ModelError(
                f"{name} does not say which its {count} classes are, background first: give --classes or --description"
            )
        return dict(foreign.classes)
    if foreign.task == "matting":
        raise UsageError("--classes is for models that tell classes apart; this one finds the foreground")
    if classes in taxonomies.names():
        if (own := len(taxonomies.load(classes))) != count:
            raise ModelError(f"taxonomy {classes} has {own} classes; {name} has {count}, background included")
        return {"taxonomy": classes}
    names = _read_names(classes)
    if len(names) == count and is_background(names[0]):
        names = names[1:]
    if len(names) != count - 1:
        raise ModelError(
            f"{classes} names {len(names)} classes; {name} has {count - 1} and a background, which comes first"
        )
    if foreign.task == "instance":
        return classes_from(names, name, background=False)
    return classes_from(["background", *names], name, background=True)


def _read_names(classes: str) -> list[str]:
    path = Path(classes).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(taxonomies.names())
        raise UsageError(f"--classes {classes}: there is no such file, nor taxonomy ({known})") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"--classes {classes} cannot be read: {reason}") from None
    if path.suffix != ".json":
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        document = json.loads(text)
    except ValueError:
        raise UsageError(f"--classes {classes} is not valid JSON") from None
    return names_from_id2label(document if isinstance(document, dict) else {}, classes)


def _check_size(spec: InputSpec, divisor: int) -> None:
    for side in (spec.height, spec.width):
        if side is not None and side % divisor:
            raise ModelError(f"its input is {side} pixels: give --size, a multiple of {divisor}")
