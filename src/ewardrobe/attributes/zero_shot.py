"""An optional second opinion: engines that compare a garment's picture with sentences, such as FashionCLIP.

They are large (200 to 600 MB) and made by others, so none ships; `pull_engine` fetches one by name. An engine is a
folder: `engine.json` (an entry like those of `data/zero_shot.json`), one or two ONNX graphs and a `tokenizer.json`. A
graph takes `pixel_values` or `input_ids` (or, exported as one, both) and gives `image_embeds` and `text_embeds`.

    engine = ZeroShotEngine.load("fashion-clip")
    describe(segmentation, garment, engine=engine)

What an engine says is the relation of its scores to each other, not a calibrated probability.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.attributes.values import Value
from ewardrobe.errors import MissingExtraError, ModelError
from ewardrobe.imaging import write_atomically
from ewardrobe.segmentation.catalogue import models_folder
from ewardrobe.segmentation.download import Progress, checked, download, read_file

__all__ = ["EngineSpec", "ZeroShotEngine", "pull_engine", "zero_shot_engines"]

_SPEC = "engine.json"

Array = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class EngineSpec:
    """What an engine is and eats.

    Attributes:
        size: pixels of the square that its image graph takes.
        mean, std: of RGB in 0..1.
        context: tokens that its text graph takes; shorter sentences are filled with `padding_token`.
        scale: what a cosine is multiplied by before the softmax.
    """

    title: str
    licence: str
    source: str
    image_graph: str
    text_graph: str
    tokenizer: str
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    context: int
    padding_token: int
    scale: float

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any], where: str) -> EngineSpec:
        """The spec in an entry; ModelError, naming `where`, when it lacks something."""
        try:
            known = {name: entry[name] for name in cls.__dataclass_fields__}
            return cls(**{**known, "mean": tuple(known["mean"]), "std": tuple(known["std"])})
        except (KeyError, TypeError) as error:
            raise ModelError(
                f"{where} is no description of a zero-shot engine: {error} is missing or wrong"
            ) from None


@cache
def _catalogue() -> Mapping[str, Any]:
    text = (resources.files("ewardrobe.attributes") / "data" / "zero_shot.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def zero_shot_engines() -> dict[str, Path | None]:
    """The engines that can be pulled by name, each with its folder, `None` until it is pulled."""
    folders = {name: models_folder() / "zero-shot" / name for name in _catalogue()["engines"]}
    return {name: folder if (folder / _SPEC).is_file() else None for name, folder in folders.items()}


def pull_engine(
    name: str, *, source: Path | None = None, progress: Progress | None = None, force: bool = False
) -> Path:
    """Fetch an engine into the models folder and return its folder; `source` is a folder to take the files from.

    Raises:
        ModelError: the name is unknown, the network cannot be reached, or a checksum differs. Nothing half fetched
            counts as an engine: its description is written last.
    """
    entries = _catalogue()["engines"]
    if name not in entries:
        raise ModelError(f"unknown zero-shot engine {name!r}; there are: {', '.join(entries)}")
    folder = models_folder() / "zero-shot" / name
    if (folder / _SPEC).is_file() and not force:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for file, about in entries[name]["files"].items():
        blocks = read_file(source / file) if source is not None else download(about["url"], name)
        try:
            write_atomically(folder / file, _writer(blocks, name, about, progress))
        except ModelError as error:
            if source is not None:
                raise
            raise ModelError(
                f"zero-shot engine {name} could not be fetched ({_reason(error)}); try again when online, or put the "
                f"files of {entries[name]['source']} into a folder and call pull_engine({name!r}, source=folder)"
            ) from None
    write_atomically(folder / _SPEC, json.dumps(entries[name], indent=2).encode())
    return folder


def _writer(
    blocks: Iterator[bytes], name: str, about: Mapping[str, Any], progress: Progress | None
) -> Callable[[BinaryIO], None]:
    if "sha256" in about:
        return checked(blocks, name, about.get("bytes", 0), ("sha256", about["sha256"]), progress)
    return lambda file: file.writelines(blocks)


def _reason(error: ModelError) -> str:
    text = str(error)
    return text[text.find("(") + 1 : text.rfind(")")] if "(" in text else text


class ZeroShotEngine:
    """A loaded engine; load it once, use it often."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Load the engine in `folder`.

        Raises:
            ModelError: the folder is no engine, or its files do not fit its description.
            MissingExtraError: the package that reads sentences is not installed.
        """
        self.name = folder.name
        try:
            entry = json.loads((folder / _SPEC).read_text(encoding="utf-8"))
        except OSError:
            raise ModelError(f"{folder} is no zero-shot engine: it has no {_SPEC}") from None
        except ValueError:
            raise ModelError(f"{folder / _SPEC} is not valid JSON; pull the engine again") from None
        self.spec = EngineSpec.from_dict(entry, str(folder / _SPEC))
        self._tokenizer = _tokenizer(folder / self.spec.tokenizer, self.spec)
        self._image_graph = _session(folder / self.spec.image_graph, threads)
        same = self.spec.image_graph == self.spec.text_graph
        self._text_graph = self._image_graph if same else _session(folder / self.spec.text_graph, threads)
        self._texts: dict[tuple[str, ...], Array] = {}

    @classmethod
    def load(cls, engine: str | Path, *, threads: int | None = None) -> ZeroShotEngine:
        """An engine by name, or the folder that it lies in; ModelError when it is unknown or not pulled yet."""
        if isinstance(engine, Path):
            return cls(engine, threads=threads)
        known = zero_shot_engines()
        if engine not in known:
            raise ModelError(f"unknown zero-shot engine {engine!r}; there are: {', '.join(known)}")
        folder = known[engine]
        if folder is None:
            raise ModelError(
                f"zero-shot engine {engine} is not here yet; fetch it with pull_engine({engine!r})"
            )
        return cls(folder, threads=threads)

    def embed_image(self, picture: Picture) -> Array:
        """A picture, uint8 (H, W, 3) sRGB, as a direction, float32 (D,), L2-normalised; it is not cut or bent."""
        given = {**self._tokens([""]), "pixel_values": _square(picture, self.spec)}
        return np.asarray(_unit(self._run(self._image_graph, given, "image_embeds"))[0])

    def embed_texts(self, texts: Sequence[str]) -> Array:
        """Sentences as directions, float32 (N, D), L2-normalised; remembered."""
        key = tuple(texts)
        if key not in self._texts:
            blank = np.full((1, 1, 3), 255, dtype=np.uint8)
            given = {**self._tokens(texts), "pixel_values": _square(blank, self.spec)}
            self._texts[key] = _unit(self._run(self._text_graph, given, "text_embeds"))
        return self._texts[key]

    def choose(self, picture: Picture, names: Sequence[str], prompt: str = "a photo of a {}") -> Value:
        """Which of `names` the picture is likest to, each put into `prompt`."""
        scores = self.spec.scale * (
            self.embed_texts([prompt.format(name) for name in names]) @ self.embed_image(picture)
        )
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        order = np.argsort(-weights)
        runner_up = names[order[1]] if len(names) > 1 else None
        return Value(names[order[0]], float(weights[order[0]]), runner_up, "model")

    def answer(self, question: str, picture: Picture, names: Sequence[str] | None = None) -> Value | None:
        """The answer to "type", "style" or "season", among our names or among `names`; `None` to any other question."""
        prompt = _catalogue()["prompts"].get(question)
        vocabulary = type_vocabulary()
        ours = {"type": vocabulary.names, "style": tuple(vocabulary.styles), "season": vocabulary.seasons}
        return None if prompt is None else self.choose(picture, names or ours[question], prompt)

    def _tokens(self, texts: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
        encoded = self._tokenizer.encode_batch(list(texts))
        return {
            "input_ids": np.array([item.ids for item in encoded], dtype=np.int64),
            "attention_mask": np.array([item.attention_mask for item in encoded], dtype=np.int64),
        }

    def _run(self, graph: Any, given: Mapping[str, npt.NDArray[Any]], output: str) -> Array:
        inputs = {item.name for item in graph.get_inputs()}
        try:
            return np.asarray(
                graph.run([output], {name: given[name] for name in inputs})[0], dtype=np.float32
            )
        except Exception as error:  # onnxruntime raises a dozen kinds, all directly under Exception
            raise ModelError(f"zero-shot engine {self.name} failed to run: {_first_line(error)}") from None


def _tokenizer(path: Path, spec: EngineSpec) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtraError(
            "zero-shot engines need one more package: pip install 'ewardrobe[zero-shot]'"
        ) from None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception
        raise ModelError(f"{path} is not a tokenizer that can be read: {error}") from None
    tokenizer.enable_truncation(spec.context)
    tokenizer.enable_padding(length=spec.context, pad_id=spec.padding_token)
    return tokenizer


def _session(path: Path, threads: int | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # as in _run
        raise ModelError(f"{path} is not a model that ONNX Runtime can load: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _square(picture: Picture, spec: EngineSpec) -> Array:
    """The whole picture, shrunk onto a white square, float32 (1, 3, size, size)."""
    factor = spec.size / max(picture.shape[:2])
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    small = cv2.resize(
        picture, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    canvas = np.full((spec.size, spec.size, 3), 255, dtype=np.uint8)
    top, left = (spec.size - height) // 2, (spec.size - width) // 2
    canvas[top : top + height, left : left + width] = small
    values = (canvas / 255 - np.array(spec.mean)) / np.array(spec.std)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32)


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)
