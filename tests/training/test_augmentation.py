import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.training.augment import Augmenter, photometric  # noqa: E402
from ewardrobe.training.batches import Batches, Phase  # noqa: E402
from ewardrobe.training.items import Item, TrainingSet  # noqa: E402
from ewardrobe.training.scenery import draw_props, emptied, studio, texture  # noqa: E402

pytestmark = pytest.mark.train

RED, GREY = (220, 30, 30), (120, 120, 120)


def _item(kind: str) -> Item:
    """A red garment (class 5) on grey: where the image is red, the label must be 5, whatever the warp."""
    pixels = np.full((120, 90, 3), GREY, np.uint8)
    labels = np.zeros((120, 90), np.uint8)
    pixels[30:90, 20:60] = RED
    labels[30:90, 20:60] = 5
    return Item("one", kind, pixels, labels, alpha=(labels > 0).astype(np.uint8) * 255)


def _disagreement(image: np.ndarray, labels: np.ndarray) -> float:
    small = image[::2, ::2].astype(int)
    red = (small[..., 0] - small[..., 1]) > 95
    known = labels != 255
    return float((red != (labels == 5))[known].mean())


@pytest.mark.parametrize("seed", range(12))
def test_labels_follow_the_photo(seed: int) -> None:
    plain = np.full((100, 80, 3), 60, np.uint8)
    augmenter = Augmenter([plain], [plain])
    rng = np.random.default_rng(seed)
    image, labels = augmenter.worn(rng, _item("worn"), (128, 96))
    assert image.shape == (128, 96, 3) and labels.shape == (64, 48)
    if (labels == 255).any():  # otherwise the person may stand on a ground that happens to be red
        assert _disagreement(image, labels) < 0.03
    assert set(np.unique(labels)) <= {0, 5, 255}


@pytest.mark.parametrize("seed", range(12))
def test_pasted_garments_lie_where_their_label_says(seed: int) -> None:
    augmenter = Augmenter([np.full((100, 80, 3), 60, np.uint8)], [])
    image, labels = augmenter.flat(np.random.default_rng(seed), _item("flat"), None, (128, 96))
    inside = (labels == 5) & (np.roll(labels, 1, 0) == 5) & (np.roll(labels, -1, 0) == 5)
    inside &= (np.roll(labels, 1, 1) == 5) & (np.roll(labels, -1, 1) == 5)
    assert inside.sum() > 40
    colours = image[::2, ::2][inside].astype(int)
    assert (np.abs(colours - RED).max(-1) < 12).mean() > 0.95


def test_batches_are_the_same_whenever_made_and_differ_by_number() -> None:
    data = TrainingSet([_item("worn")], [_item("flat")], [])
    augmenter = Augmenter([np.zeros((50, 50, 3), np.uint8)], [])
    phase = Phase(steps=3, height=64, width=64, batch=2)
    first, again = (Batches(data, augmenter, phase, 17, seed=7) for _ in range(2))
    assert torch.equal(first[1][0], again[1][0]) and torch.equal(first[1][1], again[1][1])
    assert not torch.equal(first[1][0], first[2][0])
    other = Batches(data, augmenter, phase, 17, seed=8)
    assert not torch.equal(first[1][0], other[1][0])


def test_emptied_photo_has_lost_the_garment() -> None:
    item = _item("flat")
    left = emptied(item.pixels, item.labels > 0)
    assert np.abs(left.astype(int) - GREY).max() < 40


def test_props_are_drawn_beside_the_garment_in_place() -> None:
    item = _item("flat")
    assert item.alpha is not None
    changed = 0
    for seed in range(8):
        ground = np.full((120, 90, 3), 200, np.uint8)
        draw_props(np.random.default_rng(seed), ground, item.alpha)
        changed += (ground != 200).any()
    assert changed == 8


def test_grounds_and_light_keep_shape_and_type() -> None:
    rng = np.random.default_rng(0)
    for make in (studio, texture):
        ground = make(rng, 64, 48)
        assert ground.shape == (64, 48, 3) and ground.dtype == np.uint8
    lit = photometric(rng, ground)
    assert lit.shape == ground.shape and lit.dtype == np.uint8
