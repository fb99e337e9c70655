"""A mask that somebody gave, and what somebody pointed at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ewardrobe.errors import MaskError, TaxonomyError, UsageError
from ewardrobe.imaging import open_photo
from ewardrobe.imaging.grabcut import grab_cut
from ewardrobe.imaging.previews import preview_size, reduced_mask, repainted
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.given import given_mask
from ewardrobe.segmentation.picking import match_garment, pick
from ewardrobe.taxonomy import IGNORE
from tests.segmentation.models import paint, person, photograph, write_colour_model

SIZE = (256, 192)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return Segmenter(write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx"))


def iou(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(a & b) / np.count_nonzero(a | b))


def disc(size: tuple[int, int], x: float, y: float, radius: float) -> npt.NDArray[np.bool_]:
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.hypot(columns - x, rows - y) <= radius


def test_a_given_mask_has_the_photos_edge() -> None:
    """Painted a little too large, the soft edge lies where the photo's is; far from the edge nothing is soft."""
    truth = disc(SIZE, 96, 128, 50)
    pixels = np.where(truth[..., None], np.uint8([200, 30, 40]), np.uint8([235, 235, 230]))
    photo = open_photo(pixels)
    given = disc(SIZE, 96, 128, 51.5)
    made = given_mask(photo, given, "top", others=disc(SIZE, 96, 240, 30))
    garment = made.garments[0]
    assert (garment.mask == given).all() and garment.label == "top"
    assert (made.label_map[given] == made.taxonomy.index("top")).all()
    assert set(np.unique(made.label_map)) == {0, made.taxonomy.index("top"), IGNORE}
    alpha = garment.alpha
    assert iou(alpha > 0.5, truth) > max(0.97, iou(given, truth))
    assert (alpha[disc(SIZE, 96, 128, 44)] == 1).all() and (alpha[~disc(SIZE, 96, 128, 58)] == 0).all()
    assert made.cutouts()[0].image.mode == "RGBA"


def test_a_thin_strap_is_not_lost() -> None:
    photo = open_photo(np.full((*SIZE, 3), 128, np.uint8))
    mask = np.zeros(SIZE, np.bool_)
    mask[20:200, 90:91] = True
    assert (given_mask(photo, mask, "belt").garments[0].alpha[mask] > 0.4).all()


def test_masks_that_cannot_be() -> None:
    photo = open_photo(np.full((*SIZE, 3), 128, np.uint8))
    with pytest.raises(MaskError, match="empty"):
        given_mask(photo, np.zeros(SIZE, np.bool_), "top")
    with pytest.raises(MaskError, match="192x256 pixels, not 256x192"):
        given_mask(photo, np.ones(SIZE[::-1], np.bool_), "top")
    with pytest.raises(TaxonomyError):
        given_mask(photo, np.ones(SIZE, np.bool_), "wheel")


def test_what_the_model_knows(segmenter: Segmenter) -> None:
    found = segmenter.segment(open_photo(photograph(paint(SIZE, person(50)))))
    for garment in found.garments:
        x, y, width, height = garment.box
        boxed = pick(found, box=(x - 3, y - 3, width + 6, height + 6))
        assert (boxed.label, boxed.by) == (garment.label, "model") and iou(boxed.mask, garment.mask) > 0.85
        rows, columns = np.nonzero(garment.mask)
        point = int(columns[len(columns) // 2]), int(rows[len(rows) // 2])
        assert (pick(found, point=point).mask == garment.mask).all()
        assert match_garment(found, garment.mask, garment.label) is garment
    # A sloppy box that cuts a corner off still means the whole garment; half a garment means that half.
    top = next(garment for garment in found.garments if garment.label == "top")
    x, y, width, height = top.box
    assert iou(pick(found, box=(x, y, width, round(height * 0.97))).mask, top.mask) > 0.9
    half = pick(found, box=(x, y, width // 2, height)).mask
    assert not half[:, x + width // 2 + 1 :].any() and half.any()


def test_what_the_model_does_not_know(segmenter: Segmenter) -> None:
    """A thing in the colour of no class, on a ground the model calls background: by its colours alone."""
    classes = segmenter.taxonomy.colours
    ground = classes[0].astype(np.int16)
    truth = disc(SIZE, 100, 120, 36)
    noise = np.random.default_rng(0).integers(-8, 9, (*SIZE, 3))
    pixels = np.clip(ground + noise + np.where(truth[..., None], 26, 0), 0, 255).astype(np.uint8)
    found = segmenter.segment(open_photo(pixels))
    assert not found.garments
    boxed = pick(found, box=(58, 78, 84, 84))
    assert boxed.by == "colours" and iou(boxed.mask, truth) > 0.85
    clicked = pick(found, point=(100, 120))
    assert clicked.by == "colours" and iou(clicked.mask, truth) > 0.8
    assert boxed.label in [segmenter.taxonomy[index].name for index in segmenter.taxonomy.garments]


def test_pointing_at_nothing(segmenter: Segmenter) -> None:
    found = segmenter.segment(open_photo(photograph(paint(SIZE, person(50)))))
    for box in ((500, 500, 9, 9), (-50, -50, 40, 40), (5, 5, 0, 9), (5, 5, -9, 9)):
        with pytest.raises(MaskError):
            pick(found, box=box)
    with pytest.raises(MaskError, match="outside"):
        pick(found, point=(192, 5))
    with pytest.raises(UsageError):
        pick(found)
    with pytest.raises(UsageError):
        pick(found, box=(1, 1, 9, 9), point=(1, 1))
    assert match_garment(found, np.eye(*SIZE, dtype=np.bool_), "bag") is None


def test_grab_cut_holds_to_points_and_box() -> None:
    truth = disc(SIZE, 60, 60, 30) | disc(SIZE, 130, 60, 30)
    noise = np.random.default_rng(1).integers(-10, 11, (*SIZE, 3))
    pixels = np.clip(np.where(truth[..., None], 60, 190) + noise, 0, 255).astype(np.uint8)
    box = (20, 20, 150, 80)
    mask = grab_cut(pixels, box, inside=[(60, 60)])
    assert iou(mask, truth) > 0.9
    assert (mask == grab_cut(pixels, box, inside=[(60, 60)])).all()
    outside = np.ones(SIZE, np.bool_)
    outside[20:100, 20:170] = False
    assert not mask[outside].any()
    whole = grab_cut(pixels, (0, 0, SIZE[1], SIZE[0]))
    assert iou(whole, truth) > 0.85
    with pytest.raises(MaskError, match="nothing stands out"):
        grab_cut(np.full((*SIZE, 3), 128, np.uint8), (40, 40, 60, 60), outside=[(70, 70), (50, 50), (90, 90)])


def test_painting_on_a_preview() -> None:
    """A stroke on the small picture changes the large mask there, smoothly, and nowhere else."""
    large = disc((3000, 4000), 2000, 1500, 900)
    small_size = preview_size(4000, 3000)
    assert (
        small_size == (1280, 960)
        and preview_size(300, 200) == (300, 200)
        and preview_size(9000, 3) == (1280, 1)
    )
    small = reduced_mask(large, small_size)
    assert repainted(large, small) is large
    painted = small | disc((960, 1280), 200, 200, 40)
    after = repainted(large, painted)
    scale = 3000 / 960
    stroke = disc((3000, 4000), (200 + 0.5) * scale, (200 + 0.5) * scale, 40.5 * scale)
    assert iou(after & ~large, stroke) > 0.97
    near = disc((3000, 4000), 200 * scale, 200 * scale, 44 * scale)
    assert (after[~near] == large[~near]).all()
    with pytest.raises(MaskError, match="form"):
        repainted(large, np.ones((960, 1200), np.bool_))
    with pytest.raises(MaskError):
        repainted(disc((10, 10), 5, 5, 3), np.ones((20, 20), np.bool_))
