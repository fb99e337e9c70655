"""The models there are: the one that ships, those that can be pulled by name, those that were.

`catalogue.json` lists them. A model that others published carries no description of its own; the catalogue holds it,
and it is found again by the file's checksum, so that a copy under any name works too. What the user adds lies in a
folder `models` of the data home (`EWARDROBE_HOME`, else the platform's place for data).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.imaging import write_atomically
from ewardrobe.segmentation.description import (
    METADATA_KEY,
    ModelDescription,
    read_description,
    write_description,
)
from ewardrobe.segmentation.download import Progress, checked, download, read_file
from ewardrobe.segmentation.onnxfile import read_metadata

__all__ = ["ModelInfo", "describe_foreign", "export", "info", "models", "models_folder", "pull", "resolve"]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class ModelInfo:
    """One model of the catalogue, or one the user put into the models folder.

    `path` is its file, None until it is pulled; `commercial_use` True, False, or None where the licence leaves it
    unclear.
    """

    name: str
    title: str
    about: str
    licence: str
    commercial_use: bool | None
    path: Path | None
    url: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    source: str | None = None
    description: ModelDescription | None = None

    @property
    def installed(self) -> bool:
        """Whether it can be used now."""
        return self.path is not None

    @property
    def licence_note(self) -> str:
        """The licence, with a warning where it does not clearly allow commercial use."""
        if self.commercial_use:
            return self.licence
        warning = "NOT for commercial use" if self.commercial_use is False else "commercial use UNCLEAR"
        return f"{self.licence or 'no licence stated'} [{warning}]"


def models_folder() -> Path:
    """Where pulled models lie; made by `pull`."""
    home = os.environ.get("EWARDROBE_HOME")
    if home:
        return Path(home) / "models"
    import platformdirs

    return Path(platformdirs.user_data_dir("ewardrobe", appauthor=False)) / "models"


def models() -> tuple[ModelInfo, ...]:
    """The catalogue, then the other described ONNX files in the models folder, by name."""
    listed = tuple(_from_row(row) for row in _rows())
    names = {item.name for item in listed}
    folder = models_folder()
    others = sorted(folder.glob("*.onnx")) if folder.is_dir() else []
    return listed + tuple(_from_file(path) for path in others if path.stem not in names)


def info(name: str) -> ModelInfo:
    """The model of that name; ModelError, naming what there is, when there is none."""
    found = next((item for item in models() if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in models())
        raise ModelError(f"unknown model {name!r}; there are: {known}; or give the path of an .onnx file")
    return found


def resolve(model: str | os.PathLike[str]) -> Path:
    """The file of a model given by name or path; ModelError when it is unknown, missing, or not pulled yet."""
    text = os.fspath(model)
    if isinstance(model, os.PathLike) or text.endswith(".onnx") or os.sep in text or "/" in text:
        path = Path(text).expanduser()
        if not path.is_file():
            raise ModelError(f"model file {path} does not exist")
        return path
    found = info(text)
    if found.path is None:
        raise ModelError(_how_to_get(found))
    return found.path


def describe_foreign(path: Path) -> ModelDescription | None:
    """The catalogue's description of a file that carries none, known by its size and checksum; None for any other."""
    if METADATA_KEY in read_metadata(path):
        return None
    size = path.stat().st_size
    for row in _rows():
        if row.get("bytes") == size and "description" in row and _checksum(path) == row["sha256"]:
            return ModelDescription.from_json(
                row["description"], where=f"the catalogue's entry {row['name']}"
            )
    return None


def pull(
    name: str,
    *,
    source: str | os.PathLike[str] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Fetch a model of the catalogue into the models folder, check it against its checksum, and return its file.

    `source`: a local file to take instead of the download. What is there already is kept unless `force`. Nothing is
    left behind when it fails. `progress` is called with (bytes so far, bytes in all). ModelError when the name is
    unknown, the network cannot be reached, or the checksum differs.
    """
    found = info(name)
    if found.url is None or found.sha256 is None:
        if found.path is not None:
            return found.path
        raise ModelError(_how_to_get(found))
    if found.path is not None and not force:
        return found.path
    target = models_folder() / f"{name}.onnx"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{target.parent} cannot be made: {error.strerror or error}") from None
    blocks = read_file(Path(source)) if source is not None else download(found.url, name)
    write_atomically(target, checked(blocks, name, found.bytes or 0, found.sha256, progress))
    return target


def export(name: str, path: str | os.PathLike[str]) -> Path:
    """Copy a model, given by name or path, to `path` as one .onnx file that carries its description."""
    origin, target = resolve(name), Path(path)
    if target.is_dir():
        target = target / origin.name
    description = describe_foreign(origin)
    if description is not None:
        write_description(origin, target, description)
        return target
    ModelDescription.from_onnx_metadata(read_metadata(origin), where=origin.name)
    write_atomically(target, lambda file: file.writelines(read_file(origin)))
    return target


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    document = json.loads((_HERE / "catalogue.json").read_text(encoding="utf-8"))
    return tuple(document["models"])


def _from_row(row: dict[str, Any]) -> ModelInfo:
    path = _HERE / row["file"] if "file" in row else models_folder() / f"{row['name']}.onnx"
    path = path if path.is_file() else None
    return ModelInfo(
        name=row["name"],
        title=row["title"],
        about=row["about"],
        licence=row["licence"],
        commercial_use=row["commercial_use"],
        path=path,
        url=row.get("url"),
        bytes=row.get("bytes"),
        sha256=row.get("sha256"),
        source=row.get("source"),
        description=_description(row, path),
    )


def _description(row: dict[str, Any], path: Path | None) -> ModelDescription | None:
    if "description" in row:
        return ModelDescription.from_json(row["description"], where=f"the catalogue's entry {row['name']}")
    return read_description(path) if path is not None else None


def _from_file(path: Path) -> ModelInfo:
    try:
        about = read_description(path)
    except ModelError as error:
        return ModelInfo(path.stem, path.stem, str(error), "", None, None)
    return ModelInfo(
        path.stem,
        about.title or about.name,
        about.about,
        about.licence,
        about.commercial_use,
        path,
        description=about,
    )


def _how_to_get(found: ModelInfo) -> str:
    if found.url is None:
        return (
            f"model {found.name} is not in this installation; install eWardrobe again, or give another model"
        )
    return f"model {found.name} is not here yet; get it with: ewardrobe models pull {found.name}"


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
