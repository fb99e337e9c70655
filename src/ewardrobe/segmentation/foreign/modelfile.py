"""An ONNX file without a description, as far as it tells whose it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.onnxfile import read_metadata
from ewardrobe.segmentation.onnxgraph import Graph, Shape, read_graph

__all__ = ["ModelFile"]

_PLAIN = ("model", "onnx")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file's path, its metadata, and its graph's inputs, outputs and weights."""

    path: Path
    metadata: dict[str, str]
    graph: Graph

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Of the file `path`; ModelError when it is missing or no ONNX model."""
        return cls(path, read_metadata(path), read_graph(path))

    @property
    def name(self) -> str:
        """What to call the model: the file's name, or its folder's for a `model.onnx`."""
        names = [self.path.stem, self.path.absolute().parent.name, self.path.absolute().parent.parent.name]
        found = next((name for name in names if not name.startswith(_PLAIN)), "") or self.path.stem
        return "".join(letter for letter in found if letter.isprintable()) or "model"

    @property
    def image(self) -> tuple[str, Shape] | None:
        """The name and shape of its only input, None where there are several."""
        return next(iter(self.graph.inputs.items())) if len(self.graph.inputs) == 1 else None

    def first_output(self) -> tuple[str, Shape]:
        """The name and shape of the first output; an empty name where there is none."""
        return next(iter(self.graph.outputs.items()), ("", ()))

    def neighbour(self, name: str) -> dict[str, Any] | None:
        """The JSON object in the file `name` beside it (or beside its folder, where that is called `onnx`).

        None where there is none; ModelError where it is no JSON object.
        """
        folders = [self.path.parent]
        if self.path.absolute().parent.name == "onnx":
            folders.append(self.path.absolute().parent.parent)
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is None:
            return None
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise ModelError(f"{path}, which describes {self.path.name}, is not valid JSON") from None
        if not isinstance(document, dict):
            raise ModelError(f"{path}, which describes {self.path.name}, is no JSON object")
        return document
