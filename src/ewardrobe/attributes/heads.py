"""Small trained heads on the segmentation model's features, in NumPy.

`data/heads.npz` holds a few networks of one hidden layer, trained alike from different seeds, whose scores are
averaged, and one calibrated read-out per question (`type`, `style`, `season`, and the labelled sets' own words).
It was fitted on the features of one model and says which; another model's features mean nothing to it.
Trained by `ewardrobe.training.heads`.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError

__all__ = ["SCHEMA_VERSION", "Heads", "ReadOut", "shipped_heads"]

SCHEMA_VERSION = 1

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ReadOut:
    """One question's last layer: `weights` float32 (networks, hidden, answers), `bias` (networks, answers)."""

    names: tuple[str, ...]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    temperature: float


@dataclass(frozen=True)
class Heads:
    """Trained heads and the projection of the embedding.

    Attributes:
        model: name of the segmentation model whose features they read.
        model_sha256: `graph_sha256` of its file.
        read_outs: by question.
        about: how they were fitted and what they scored.
    """

    model: str
    model_sha256: str
    centre: Vector
    spread: Vector
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    read_outs: Mapping[str, ReadOut]
    projection: npt.NDArray[np.float32]
    projection_centre: Vector
    about: Mapping[str, Any]

    def hidden(self, vector: Vector) -> npt.NDArray[np.float32]:
        """The hidden layers' outputs for features (F,), float32 (networks, hidden): read once, asked many times."""
        normalised = np.clip((vector - self.centre) / self.spread, -8, 8)
        return np.asarray(np.maximum(self.weights @ normalised + self.bias, 0), dtype=np.float32)

    def probabilities(self, question: str, hidden: npt.NDArray[np.float32]) -> Vector:
        """Calibrated probabilities of the answers to `question`, float32 (answers,), summing to 1."""
        read_out = self.read_outs[question]
        scores = np.einsum("nh,nha->na", hidden, read_out.weights) + read_out.bias
        scores = scores.mean(axis=0) / read_out.temperature
        exponents = np.exp(scores - scores.max())
        return np.asarray(exponents / exponents.sum(), dtype=np.float32)

    def names(self, question: str) -> tuple[str, ...]:
        """The answers to `question`, in the order of `probabilities`."""
        return self.read_outs[question].names

    @property
    def embedding_id(self) -> str:
        """Eight digits that change when the projection does: embeddings of different projections do not compare."""
        return hashlib.sha256(self.projection.astype(np.float16).tobytes()).hexdigest()[:8]

    def save(self, path: Path) -> None:
        """Write an `.npz` at `path`; weights are kept as float16."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "centre": self.centre,
            "spread": self.spread,
            "weights": self.weights.astype(np.float16),
            "bias": self.bias,
            "projection": self.projection.astype(np.float16),
            "projection_centre": self.projection_centre,
        }
        questions = {}
        for name, read_out in self.read_outs.items():
            questions[name] = {"names": read_out.names, "temperature": read_out.temperature}
            arrays[f"{name}.weights"] = read_out.weights.astype(np.float16)
            arrays[f"{name}.bias"] = read_out.bias
        meta = {
            "schema_version": SCHEMA_VERSION,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "read_outs": questions,
            "about": self.about,
        }
        arrays["meta"] = np.array(json.dumps(meta, ensure_ascii=False))
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # NumPy types its flag with the arrays

    @classmethod
    def load(cls, source: Path | IO[bytes]) -> Heads:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, damaged, or of another schema version.
        """
        where = source if isinstance(source, Path) else "the heads' file"
        try:
            with np.load(source, allow_pickle=False) as stored:
                meta = json.loads(str(stored["meta"]))
                arrays = {name: stored[name] for name in stored.files if name != "meta"}
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"{where} is not a file of heads: {error}") from None
        if meta.get("schema_version") != SCHEMA_VERSION:
            raise ModelError(
                f"{where} has schema version {meta.get('schema_version')}, this needs {SCHEMA_VERSION}"
            )
        single = {name: np.asarray(values, dtype=np.float32) for name, values in arrays.items()}
        read_outs = {
            name: ReadOut(
                tuple(entry["names"]),
                single[f"{name}.weights"],
                single[f"{name}.bias"],
                float(entry["temperature"]),
            )
            for name, entry in meta["read_outs"].items()
        }
        plain = ("centre", "spread", "weights", "bias", "projection", "projection_centre")
        return cls(
            model=meta["model"],
            model_sha256=meta["model_sha256"],
            read_outs=read_outs,
            about=meta["about"],
            **{name: single[name] for name in plain},
        )


@lru_cache(maxsize=1)
def shipped_heads() -> Heads | None:
    """The heads that come with the package, `None` in a package built without them."""
    file = resources.files("ewardrobe.attributes") / "data" / "heads.npz"
    if not file.is_file():
        return None
    with file.open("rb") as stream:
        return Heads.load(stream)
