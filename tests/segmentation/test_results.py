from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from ewardrobe import taxonomy
from ewardrobe.errors import EwardrobeError, ModelError, PhotoError, TaxonomyError, UsageError
from ewardrobe.imaging import decode_rle, open_photo
from ewardrobe.segmentation import Segmentation, Segmenter
from tests.segmentation.models import description, paint, person, photograph, write_colour_model

SIZE = (260, 400)
SHAPES = [*person(30), *person(200), ("outerwear", (45, 40, 12, 75))]
GREEN = (0, 200, 0)


@pytest.fixture(scope="module")
def result(exact: Segmenter) -> Segmentation:
    return exact.segment(photograph(paint(SIZE, SHAPES)))


def test_what_is_painted_is_found(result: Segmentation) -> None:
    np.testing.assert_array_equal(result.label_map, paint(SIZE, SHAPES))
    assert [(item.number, item.person, item.label) for item in result.garments] == [
        (1, 1, "top"),
        (2, 1, "outerwear"),
        (3, 1, "pants"),
        (4, 1, "footwear"),
        (5, 2, "top"),
        (6, 2, "pants"),
        (7, 2, "footwear"),
    ]
    for garment in result.garments:
        x, y, width, height = garment.box
        assert garment.mask.sum() == garment.area == garment.mask[y : y + height, x : x + width].sum()
        assert garment.score > 0.9


def test_any_kind_of_photo_goes_in(exact: Segmenter, tmp_path: Path) -> None:
    pixels = photograph(paint(SIZE, SHAPES))
    path = tmp_path / "outfit.png"
    Image.fromarray(pixels).save(path)
    for source in (path, str(path), path.read_bytes(), Image.open(path), pixels, open_photo(path)):
        assert len(exact.segment(source).garments) == 7  # type: ignore[arg-type]
    assert exact.segment(path).photo.name == "outfit"


def test_alphas_are_soft_at_edges_and_full_within(result: Segmentation) -> None:
    for garment in result.garments:
        alpha = garment.alpha
        assert (alpha.dtype, alpha.shape) == (np.float32, SIZE)
        assert alpha.min() >= 0 and alpha.max() == 1
        mask = garment.mask
        assert ((alpha > 0.5) != mask).mean() < 0.005
    person = result.person_alpha()
    assert person[150, 60] == 1 and person[5, 390] == 0
    np.testing.assert_array_equal(result.person_mask(), result.label_map != 0)


def test_cutouts(result: Segmentation) -> None:
    cutouts = result.cutouts()
    assert [cutout.name for cutout in cutouts] == [item.label for item in result.garments]
    for cutout in cutouts:
        assert cutout.image.mode == "RGBA" and cutout.garment is not None
        width = cutout.garment.box[2]
        assert width <= cutout.image.width <= 1.2 * width + 8
        colour = result.taxonomy[cutout.name].colour
        pixels = np.asarray(cutout.image)
        solid = pixels[pixels[..., 3] == 255][:, :3].astype(int)
        assert np.abs(solid - colour).max(axis=1).mean() < 8


def test_cutouts_of_other_things(result: Segmentation) -> None:
    assert [cutout.name for cutout in result.cutouts("top")] == ["top", "top"]
    assert [cutout.name for cutout in result.cutouts("person")] == ["person"]
    assert [cutout.name for cutout in result.cutouts("parts")] == ["person", "top", "bottom", "top", "bottom"]
    assert result.cutouts("hat") == []
    with pytest.raises(TaxonomyError, match="no class 'cravat'"):
        result.cutouts("cravat")
    whole = result.cutouts("pants", background=GREEN, crop=False)[0].image
    assert (whole.mode, whole.size) == ("RGB", SIZE[::-1])
    assert whole.getpixel((0, 0)) == GREEN


def test_a_wide_margin_is_kept(result: Segmentation) -> None:
    tight, wide = (result.cutouts("top", margin=margin)[0].image.size for margin in (0.0, 0.3))
    assert wide[0] - tight[0] > 25


def test_the_background_can_be_replaced(result: Segmentation) -> None:
    replaced = np.asarray(result.replace_background(GREEN))
    assert tuple(replaced[2, 2]) == GREEN
    np.testing.assert_allclose(replaced[60, 70], result.photo.pixels[60, 70], atol=3)
    picture = Image.new("RGB", (40, 40), (1, 2, 3))
    assert np.asarray(result.replace_background(picture))[2, 2].tolist() == [1, 2, 3]


def test_parts(result: Segmentation) -> None:
    parts = result.remap("parts")
    assert [(item.person, item.label) for item in parts.garments] == [
        (1, "top"),
        (1, "bottom"),
        (2, "top"),
        (2, "bottom"),
    ]
    # The jacket and the shirt under it are one top.
    assert parts.garments[0].area == result.garments[0].area + result.garments[1].area
    table = taxonomy.load_map("wardrobe", "parts")
    np.testing.assert_array_equal(parts.label_map, table.apply(result.label_map))
    seam = parts.garments[0].alpha[60:90, 50:66]
    assert seam.min() == 1  # no gap where shirt and jacket met
    np.testing.assert_array_equal(parts.person_mask(), result.person_mask())
    assert parts.to_coco()["info"]["taxonomy"] == "parts"
    with pytest.raises(TaxonomyError, match="no map from parts"):
        parts.remap("people-clothing")


def test_ignored_classes_make_no_garment(exact: Segmenter) -> None:
    labels = paint((200, 100), [("legwear", (20, 20, 60, 160))])
    parts = exact.segment(photograph(labels)).remap("parts")
    assert parts.garments == ()
    assert (parts.label_map[50, 50], parts.label_map[2, 2]) == (taxonomy.IGNORE, 0)


def test_features_are_pooled_over_the_garment(result: Segmentation) -> None:
    assert result.features is not None
    assert result.features.shape == (3, 17, 25)
    mean, std = description().mean, description().std
    for garment in result.garments:
        if garment.area > 2000:
            colour = (np.array(result.taxonomy[garment.label].colour) / 255 - mean) / std
            assert np.abs(result.pooled(garment) - colour).max() < 1.2
    top, pants = (result.pooled(result.garments[k]) for k in (0, 2))
    assert np.abs(top - pants).max() > 0.5


def test_a_model_without_features_says_so(result: Segmentation) -> None:
    from dataclasses import replace

    with pytest.raises(ModelError, match="gives no features"):
        replace(result, encoder=None).pooled(result.garments[0])


def test_presence(result: Segmentation) -> None:
    assert result.presence is not None
    present = {result.taxonomy[int(k)].name for k in np.flatnonzero(result.presence > 0.5)}
    assert present == {"background", "hair", "skin", "top", "outerwear", "pants", "footwear"}


def test_coco_is_what_pycocotools_reads(result: Segmentation, tmp_path: Path) -> None:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(result.to_coco()))
    coco = COCO(path)
    assert [row["name"] for row in coco.loadCats(coco.getCatIds())] == list(result.taxonomy.labels)
    for row, garment in zip(coco.loadAnns(coco.getAnnIds()), result.garments, strict=True):
        np.testing.assert_array_equal(coco.annToMask(row).astype(bool), garment.mask)
        np.testing.assert_array_equal(decode_rle(row["segmentation"]), garment.mask)
        assert (row["id"], tuple(row["bbox"]), row["area"]) == (garment.number, garment.box, garment.area)
        assert (row["category_id"], row["person"]) == (garment.index, garment.person)


def test_the_files_of_the_contract(exact: Segmenter, tmp_path: Path) -> None:
    source = tmp_path / "IMG 1.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    exif[0x010F] = "ACME"
    exif.get_ifd(0x8825)[1] = "N"
    upright = photograph(paint((300, 200), person(60, 20)))
    Image.fromarray(np.rot90(upright)).save(source, exif=exif, quality=98, subsampling=0)
    result = exact.segment(source)
    paths = result.save(tmp_path / "out", ("mask", "labels", "overlay", "cutouts", "json"))
    assert [path.name for path in paths] == [
        "IMG 1.labels.png",
        "IMG 1.overlay.jpg",
        "IMG 1.1-top.png",
        "IMG 1.2-pants.png",
        "IMG 1.3-footwear.png",
        "IMG 1.json",
        "IMG 1.mask.png",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    labels = Image.open(paths[0])
    assert (labels.mode, labels.size) == ("P", (200, 300))
    np.testing.assert_array_equal(np.asarray(labels), result.label_map)
    assert labels.getpalette()[:51] == taxonomy.load("wardrobe").palette()[:51]  # type: ignore[index]
    assert Image.open(paths[1]).size == (200, 300)
    assert Image.open(paths[2]).mode == "RGBA"
    document = json.loads(paths[5].read_text())
    assert document["images"] == [{"id": 1, "file_name": "IMG 1.jpg", "width": 200, "height": 300}]
    mask = Image.open(paths[6])
    assert (mask.mode, mask.size) == ("L", (200, 300))
    for path in paths:
        if path.suffix != ".json":
            assert not Image.open(path).getexif() and b"ACME" not in path.read_bytes()


def test_what_is_saved_can_be_chosen_and_named(result: Segmentation, tmp_path: Path) -> None:
    assert [path.name for path in result.save(tmp_path, ["json"], stem="other")] == ["other.json"]
    with pytest.raises(UsageError, match="cannot save 'music'"):
        result.save(tmp_path, ["music"])
    (tmp_path / "file").write_text("")
    with pytest.raises(EwardrobeError, match="cannot be made"):
        result.save(tmp_path / "file" / "folder")


def test_a_photo_with_nothing_in_it(exact: Segmenter, tmp_path: Path) -> None:
    result = exact.segment(np.zeros((30, 50, 3), np.uint8))
    assert (result.garments, result.cutouts(), result.cutouts("person")) == ((), [], [])
    assert not result.person_alpha().any()
    assert result.to_coco()["annotations"] == []
    assert len(result.save(tmp_path)) == 3


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2000, 3), (37, 91)])
def test_odd_shapes(segmenter: Segmenter, size: tuple[int, int]) -> None:
    result = segmenter.segment(np.full((*size, 3), (73, 219, 255), np.uint8))
    assert result.label_map.shape == size
    assert [item.label for item in result.garments] in (["top"], [])


def test_many_photos_one_of_them_broken(segmenter: Segmenter) -> None:
    scene = photograph(paint((256, 200), person(60)))
    failed: list[str] = []
    sources = [scene, b"no photo", scene, scene]
    results = list(segmenter.segment_many(sources, on_error=lambda _, error: failed.append(str(error))))
    assert [len(result.garments) for result in results] == [3, 3, 3]
    assert len(failed) == 1
    with pytest.raises(PhotoError):
        list(segmenter.segment_many(sources))
    assert list(segmenter.segment_many([])) == []


def test_a_large_photo(tmp_path: Path) -> None:
    """7 megapixels, with cut-outs: the edges stay where they are; scores of that size would be 480 MB."""
    import tracemalloc

    small = paint((256, 192), person(56))
    pixels = np.kron(photograph(small), np.ones((12, 12, 1), np.uint8))
    model = Segmenter(write_colour_model(tmp_path / "m.onnx", stride=1), threads=1)
    tracemalloc.start()
    result = model.segment(pixels)
    cutouts = result.cutouts()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (result.label_map != np.kron(small, np.ones((12, 12), np.uint8))).mean() < 0.01
    assert [cutout.name for cutout in cutouts] == ["top", "pants", "footwear"]
    assert peak < 250e6
