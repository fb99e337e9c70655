"""Garments put on a person whose pixels are known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import ewardrobe
from ewardrobe.errors import MissingExtraError, ModelError, UsageError
from ewardrobe.imaging import open_photo
from ewardrobe.taxonomy import load
from ewardrobe.tryon import GarmentPiece, LiveFitter, create_engine, dress, garment_pieces
from tests.tryon.conftest import Standing, flat_piece

WARDROBE = load("wardrobe")


def test_a_top_is_put_on_and_the_rest_stays(standing: Standing) -> None:
    seen = standing()
    made = dress(seen, [flat_piece("top", colour=(20, 160, 40))])
    assert made.pixels.shape == seen.photo.pixels.shape
    chest = made.pixels[130:170, 105:135].reshape(-1, 3).astype(int)
    assert (chest[:, 1] > chest[:, 0] + 15).mean() > 0.95
    # Left and right of the garment stay left and right of the picture.
    assert chest.reshape(40, 30, 3)[:, :10, 1].mean() > 1.5 * chest.reshape(40, 30, 3)[:, -10:, 1].mean()
    labels = seen.label_map
    for name in ("hair", "footwear"):
        there = labels == WARDROBE.index(name)
        assert np.array_equal(made.pixels[there], seen.photo.pixels[there]), name
    shins = np.s_[300:370]
    assert np.array_equal(made.pixels[shins], seen.photo.pixels[shins])
    assert made.worn == ("top (garment)",)


def test_the_same_seed_gives_the_same_picture(standing: Standing) -> None:
    seen = standing(items=("outerwear", "pants"))
    first, second = (dress(seen, [flat_piece("top")], seed=3).pixels for _ in range(2))
    assert np.array_equal(first, second)


def test_long_sleeves_give_way_to_skin_under_short_ones(standing: Standing) -> None:
    seen = standing(items=("outerwear", "pants"))
    was = seen.label_map == WARDROBE.index("outerwear")
    made = dress(seen, [flat_piece("top")])
    # Where the coat's sleeve ended, at (75, 205), its colour is gone.
    old = seen.photo.pixels[196:206, 68:76].reshape(-1, 3).mean(axis=0)
    new = made.pixels[196:206, 68:76].reshape(-1, 3).mean(axis=0)
    assert was[196:206, 68:76].mean() > 0.8
    assert np.abs(old - new).max() > 15


def test_an_outfit_is_put_on_from_below(standing: Standing) -> None:
    seen = standing(items=("dress", "footwear"))
    made = dress(seen, [flat_piece("top", colour=(20, 160, 40)), flat_piece("pants", colour=(40, 40, 200))])
    assert [name.split()[0] for name in made.worn] == ["pants", "top"]
    shin = made.pixels[290:330].astype(int)
    assert ((shin[..., 2] > shin[..., 0] + 60).sum(axis=1) > 10).all()


def test_a_worn_garment_goes_back_where_it_was(standing: Standing) -> None:
    seen = standing(items=("dress", "footwear"), seed=2)
    piece = next(piece for piece in garment_pieces(seen) if piece.label == "dress")
    assert piece.worn is not None
    made = dress(seen, [piece])
    inside = seen.label_map == WARDROBE.index("dress")
    gap = np.abs(made.pixels[inside].astype(int) - seen.photo.pixels[inside])
    assert np.median(gap) < 12
    outside = seen.label_map == 0
    assert (
        np.abs(made.pixels[outside].astype(int) - seen.photo.pixels[outside]).max(axis=1) > 30
    ).mean() < 0.02


def test_what_makes_no_sense_is_one_line(standing: Standing) -> None:
    seen = standing()
    with pytest.raises(UsageError, match="no garment is given"):
        dress(seen, [])
    with pytest.raises(UsageError, match="two garments of one place"):
        dress(seen, [flat_piece("pants"), flat_piece("skirt")])
    with pytest.raises(UsageError, match="found: top, pants"):
        garment_pieces(seen, "dress")


def test_a_cutout_keeps_its_colours(tmp_path: Path) -> None:
    piece = flat_piece("top")
    rgba = np.dstack([np.where(piece.alpha[..., None] > 0, piece.pixels, 0), piece.alpha])
    Image.fromarray(rgba).save(tmp_path / "shirt.png")
    read = GarmentPiece.from_cutout(open_photo(tmp_path / "shirt.png"), "top")
    solid = read.alpha == 255
    assert set(map(tuple, read.pixels[solid].reshape(-1, 3).tolist())) <= {(200, 30, 40), (100, 15, 20)}
    edge = (read.alpha > 60) & (read.alpha < 200)
    assert (read.pixels[edge][:, 1] < 90).all()  # no white rim
    with pytest.raises(UsageError, match="not transparent"):
        GarmentPiece.from_cutout(open_photo(np.zeros((9, 9, 3), np.uint8)), "top")


def test_from_files_and_saved_without_metadata(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "examples"
    made = ewardrobe.try_on(folder / "people" / "grace-hopper.jpg", folder / "flat" / "striped-t-shirt.jpg")
    target = made.save(tmp_path / "made.jpg")
    with Image.open(target) as image, Image.open(folder / "people" / "grace-hopper.jpg") as photo:
        assert image.size == photo.size
        assert not image.getexif()
    assert np.array_equal(made.pixels[:150], made.photo.pixels[:150])
    assert (made.pixels[480:] != made.photo.pixels[480:]).mean() > 0.5


def test_the_live_garment_follows_the_person(standing: Standing) -> None:
    seen = standing()
    fitter = LiveFitter(flat_piece("top", colour=(20, 160, 40)))
    frame = np.ascontiguousarray(seen.photo.pixels)
    made = fitter.draw(frame, seen.label_map, 0.04)
    assert (made[130:170, 105:135, 1].astype(int) > made[130:170, 105:135, 0]).mean() > 0.95
    assert np.array_equal(made[330:], frame[330:])
    first = fitter.landmarks
    overlay = fitter.overlay(np.roll(seen.label_map, 30, axis=1), 0.04)
    assert overlay is not None and first is not None and fitter.landmarks is not None
    assert overlay.shape == (400, 240, 4)
    assert (fitter.landmarks[:, 0] - first[:, 0]).min() > 5
    assert fitter.overlay(np.zeros_like(seen.label_map), 0.04) is None
    assert fitter.draw(frame, np.zeros_like(seen.label_map), 0.04) is frame


def test_a_foreign_model_needs_its_weights_then_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"there are: warp, fashn-vton-1\.5"):
        create_engine("magic")
    with pytest.raises(ModelError, match="no folder is given"):
        create_engine("fashn-vton-1.5")
    with pytest.raises(ModelError, match="there are none in"):
        create_engine("fashn-vton-1.5", weights=tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "fashn_vton", None)
    with pytest.raises(MissingExtraError, match="needs the package fashn_vton"):
        create_engine("fashn-vton-1.5", weights=tmp_path)


def test_a_foreign_model_is_called_as_its_own_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standing: Standing
) -> None:
    asked: dict[str, object] = {}

    class Pipeline:
        def __init__(self, weights_dir: str) -> None:
            asked["weights_dir"] = weights_dir

        def __call__(self, **how: object) -> SimpleNamespace:
            asked.update(how)
            return SimpleNamespace(images=[Image.new("RGB", (576, 864), (9, 8, 7))])

    package = ModuleType("fashn_vton")
    package.TryOnPipeline = Pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fashn_vton", package)
    (tmp_path / "model.safetensors").write_bytes(b"")
    engine = create_engine("fashn-vton-1.5", weights=tmp_path)
    made = dress(standing(), [flat_piece("pants")], engine=engine, seed=5)
    assert made.engine == "fashn-vton-1.5"
    assert (asked["weights_dir"], asked["category"], asked["seed"]) == (str(tmp_path), "bottoms", 5)
    assert made.pixels[200, 120].tolist() == [9, 8, 7]
