"""A photo all the way in: opened, segmented by a real (small) model, described, stored."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe.attributes import Describer
from ewardrobe.errors import PhotoError, TaxonomyError
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.runtime import Runtime
from ewardrobe.taxonomy import map_names
from ewardrobe.wardrobe import Wardrobe
from tests.segmentation.models import paint, person, photograph, write_colour_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="module")
def segmenter(model: Path) -> Segmenter:
    return Segmenter(model, threads=1)


@pytest.fixture(scope="module")
def describer(model: Path) -> Describer:
    return Describer(Runtime(model, threads=1), None)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(photograph(paint((256, 128), person(20)))).save(tmp_path / "me.png")
    return tmp_path / "me.png"


def test_a_photo_becomes_garments(
    wardrobe: Wardrobe, segmenter: Segmenter, describer: Describer, photo: Path
) -> None:
    result = wardrobe.add(photo, segmenter=segmenter, describe=describer.describe)
    expected = segmenter.segment(photo)
    assert [garment.label for garment in result.garments] == [garment.label for garment in expected.garments]
    assert {"top", "pants", "footwear"} <= {garment.label for garment in result.garments}
    cutouts = {cutout.garment.number: cutout.image for cutout in expected.cutouts() if cutout.garment}
    for stored, found in zip(result.garments, expected.garments, strict=True):
        (seen,) = stored.appearances
        said = describer.describe(expected, found)
        assert (seen.number, seen.box, seen.area, seen.person) == (
            found.number,
            found.box,
            found.area,
            found.person,
        )
        assert seen.model == "colours"
        assert stored.provenance["label"].confidence == pytest.approx(found.score)
        np.testing.assert_array_equal(np.asarray(Image.open(seen.mask)) >= 128, found.mask)
        np.testing.assert_array_equal(np.asarray(Image.open(seen.cutout)), np.asarray(cutouts[found.number]))
        assert stored.colours == said.colours
        assert (stored.type, stored.pattern) == tuple(
            v.name if v.known else None for v in (said.type, said.pattern)
        )
        assert seen.embedding is not None and seen.embedding_model == said.embedding_model
        np.testing.assert_allclose(seen.embedding, said.embedding, atol=1e-6)
    assert wardrobe.check() == []


@pytest.mark.parametrize("kind", ["path", "bytes", "image", "array"])
def test_every_kind_of_source(
    wardrobe: Wardrobe, segmenter: Segmenter, describer: Describer, photo: Path, kind: str
) -> None:
    image = Image.open(photo)
    source = {"path": str(photo), "bytes": photo.read_bytes(), "image": image, "array": np.asarray(image)}[
        kind
    ]
    first = wardrobe.add(source, segmenter=segmenter, describe=describer.describe)
    assert first.photo is not None and first.garments
    np.testing.assert_array_equal(np.asarray(Image.open(first.photo.file)), np.asarray(image))
    assert wardrobe.add(source, segmenter=segmenter, describe=describer.describe).skipped


def test_a_photo_known_already_is_not_segmented_again(
    wardrobe: Wardrobe,
    segmenter: Segmenter,
    describer: Describer,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wardrobe.add(photo, segmenter=segmenter, describe=describer.describe)
    monkeypatch.setattr(Segmenter, "segment", lambda *_: pytest.fail("segmented again"))
    assert wardrobe.add(photo, segmenter=segmenter).skipped


def test_an_empty_scene_is_not_stored(wardrobe: Wardrobe, segmenter: Segmenter, describer: Describer) -> None:
    empty = photograph(np.zeros((64, 64), np.uint8))
    result = wardrobe.add(empty, segmenter=segmenter, describe=describer.describe)
    assert (result.photo, result.garments) == (None, ())
    assert wardrobe.check() == []


def test_the_same_shirt_in_a_second_photo_is_pointed_out(
    wardrobe: Wardrobe, segmenter: Segmenter, describer: Describer, photo: Path
) -> None:
    wardrobe.add(photo, segmenter=segmenter, describe=describer.describe)
    target = io.BytesIO()
    Image.open(photo).save(target, "PNG", compress_level=1)
    again = wardrobe.add(target.getvalue(), segmenter=segmenter, describe=describer.describe)
    assert not again.skipped
    pairs = {(pair.garment_id, pair.other_id) for pair in again.look_alikes}
    first = [garment.id for garment in wardrobe.find(sort="id")][: len(again.garments)]
    assert set(zip([garment.id for garment in again.garments], first, strict=True)) <= pairs


def test_a_model_of_other_classes_is_mapped_or_refused(
    wardrobe: Wardrobe, describer: Describer, photo: Path, tmp_path: Path
) -> None:
    assert ("deepfashion2", "wardrobe") in map_names()
    pixels = photograph(paint((256, 128), [("trousers", (30, 40, 50, 150))], "deepfashion2"), "deepfashion2")
    mapped = Segmenter(write_colour_model(tmp_path / "df2.onnx", "deepfashion2"), threads=1)
    result = wardrobe.add(pixels, segmenter=mapped, describe=describer.describe)
    assert [garment.label for garment in result.garments] == ["pants"]
    assert ("parts", "wardrobe") not in map_names()
    unmapped = Segmenter(write_colour_model(tmp_path / "parts.onnx", "parts"), threads=1)
    with pytest.raises(TaxonomyError):
        wardrobe.add(photo, segmenter=unmapped, describe=describer.describe)
    assert len(wardrobe.photos()) == 1 and wardrobe.check() == []


def test_what_is_no_photo(wardrobe: Wardrobe, segmenter: Segmenter, tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_text("dear")
    with pytest.raises(PhotoError):
        wardrobe.add(tmp_path / "letter.jpg", segmenter=segmenter)
    assert wardrobe.check() == []
