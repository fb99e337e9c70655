"""Small networks over the measures of `texture`, with their weights in a data file; inference is NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

__all__ = ["TextureNetwork", "load_network"]


@dataclass(frozen=True)
class TextureNetwork:
    """Networks of one hidden layer whose probabilities are averaged.

    Attributes:
        centre: float32 (F,), the mean of each measure.
        scale: float32 (F,), its spread.
        hidden: float32 (E, F + 1, H), weights with the bias last.
        output: float32 (E, H + 1, P), weights with the bias last.
        names: the P answers.
        sharpness: what the averaged log-probabilities are multiplied with, so that confidences are right.
    """

    centre: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    hidden: npt.NDArray[np.float32]
    output: npt.NDArray[np.float32]
    names: tuple[str, ...]
    sharpness: float

    def probabilities(self, features: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """How likely each of `names` is for measures (N, F): float64 (N, P)."""
        values = np.clip((np.atleast_2d(np.asarray(features)) - self.centre) / self.scale, -4, 4)
        inner = np.maximum(np.einsum("nf,efh->enh", values, self.hidden[:, :-1]) + self.hidden[:, -1:], 0)
        logits = np.einsum("enh,ehp->enp", inner, self.output[:, :-1]) + self.output[:, -1:]
        each = _softmax(logits.astype(np.float64))
        return _softmax(self.sharpness * np.log(each.mean(axis=0) + 1e-9))


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def load_network(name: str) -> TextureNetwork:
    """The shipped network `data/<name>.npz`."""
    source = resources.files(__package__) / "data" / f"{name}.npz"
    with source.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        values = {key: stored[key] for key in stored.files}
    names = tuple(str(answer) for answer in values.pop("names"))
    return TextureNetwork(**{**values, "names": names, "sharpness": float(values["sharpness"])})
