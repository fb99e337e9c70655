"""Training and calibration of the small networks over texture measures; NumPy alone, the same for the same input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.networks import TextureNetwork

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

DATA = Path(__file__).parents[1] / "src" / "ewardrobe" / "attributes" / "data"
MEMBERS, HIDDEN, EPOCHS, BATCH = 6, 24, 60, 128
DECAY, DROP = 0.02, 0.25


def train(
    features: Floats, labels: Labels, weights: Floats, names: tuple[str, ...], *, seed: int = 0
) -> TextureNetwork:
    """An ensemble trained with Adam, dropout, noise and weight decay."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    values = np.clip((features - centre) / scale, -4, 4)
    values = np.column_stack([values, np.ones(len(values))])
    truth = np.eye(len(names))[labels] * 0.95 + 0.05 / len(names)
    pairs = [
        _train_one(values, truth, weights, np.random.default_rng(seed * 100 + n)) for n in range(MEMBERS)
    ]
    hidden, output = (np.array(part, np.float32) for part in zip(*pairs, strict=True))
    return TextureNetwork(centre.astype(np.float32), scale.astype(np.float32), hidden, output, names, 1.0)


def _train_one(
    values: Floats, truth: Floats, weights: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    wide, answers = values.shape[1], truth.shape[1]
    layers = [
        rng.normal(0, np.sqrt(1.0 / wide), (wide, HIDDEN)),
        rng.normal(0, np.sqrt(1.0 / HIDDEN), (HIDDEN + 1, answers)),
    ]
    first, second = [np.zeros_like(layer) for layer in layers], [np.zeros_like(layer) for layer in layers]
    parts = len(values) // BATCH + 1
    steps, step = EPOCHS * parts, 0
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(values)), parts):
            step += 1
            rate = 0.01 * 0.5 * (1 + np.cos(np.pi * step / steps))
            for number, gradient in enumerate(
                _gradients(layers, values[rows], truth[rows], weights[rows], rng)
            ):
                first[number] = 0.9 * first[number] + 0.1 * gradient
                second[number] = 0.999 * second[number] + 0.001 * gradient**2
                move = first[number] / (1 - 0.9**step) / (np.sqrt(second[number] / (1 - 0.999**step)) + 1e-8)
                layers[number] -= rate * (move + DECAY * layers[number])
    return layers[0], layers[1]


def _gradients(
    layers: list[Floats], values: Floats, truth: Floats, weights: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    seen = values + rng.normal(0, 0.1, values.shape)
    seen[:, :-1] *= (rng.random(seen[:, :-1].shape) > 0.1) / 0.9
    raw = np.maximum(seen @ layers[0], 0)
    kept = (rng.random(raw.shape) > DROP) / (1 - DROP)
    inner = np.column_stack([raw * kept, np.ones(len(raw))])
    logits = inner @ layers[1]
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    error = (likely - truth) * weights[:, None] / len(values)
    back = (error @ layers[1][:-1].T) * kept * (raw > 0)
    return seen.T @ back, inner.T @ error


def balanced(labels: Labels, answers: int, *, balance: float, weights: Floats | None = None) -> Floats:
    """Weights whose sum per answer is its count to the power 1 - balance, times those given."""
    weights = np.ones(len(labels)) if weights is None else weights
    sums = np.maximum(np.bincount(labels, weights, minlength=answers), 1e-9)
    weighed = weights * (sums.max() / sums)[labels] ** balance
    return np.asarray(weighed / weighed.mean())


def cross_validated(
    features: Floats,
    labels: Labels,
    weights: Floats,
    names: tuple[str, ...],
    real: npt.NDArray[np.bool_],
    folds: int = 5,
) -> Floats:
    """Out-of-fold probabilities of the real garments, in their order; rendered ones are in every training part."""
    numbers = np.flatnonzero(real)
    fold = np.random.default_rng(1).permutation(len(numbers)) % folds
    likely = np.zeros((len(numbers), len(names)))
    for number in range(folds):
        used = np.ones(len(labels), bool)
        used[numbers[fold == number]] = False
        network = train(features[used], labels[used], weights[used], names, seed=number + 1)
        likely[fold == number] = network.probabilities(features[numbers[fold == number]])
    return likely


def sharpness(likely: Floats, labels: Labels) -> float:
    """The exponent of the probabilities that makes the labels likeliest (temperature scaling, Guo et al. 2017)."""
    logs = np.log(likely + 1e-9)

    def loss(power: float) -> float:
        scores = power * logs
        return float((np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]).mean())

    return float(min(np.linspace(0.5, 3.0, 51), key=loss))


def save(network: TextureNetwork, name: str, power: float) -> None:
    """Write `data/<name>.npz`, as `load_network` reads it."""
    np.savez(
        DATA / f"{name}.npz",
        centre=network.centre,
        scale=network.scale,
        hidden=network.hidden,
        output=network.output,
        names=np.array(network.names),
        sharpness=np.float64(power),
    )
