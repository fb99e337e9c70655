"""Photos in: files as they were, masks exact, the same photo once, look-alikes shown."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ewardrobe.imaging import Photo, open_photo
from ewardrobe.wardrobe import Wardrobe
from ewardrobe.wardrobe.adding import mask_pixels
from tests.wardrobe import rendered


def test_the_original_is_untouched_and_named_by_its_hash(wardrobe: Wardrobe) -> None:
    data = rendered.photo_bytes(3, private=True)
    result = wardrobe.add_segmented(open_photo(data), [rendered.item(0)], model="m")
    sha256 = hashlib.sha256(data).hexdigest()
    assert result.photo is not None
    assert result.photo.file == wardrobe.path / "originals" / sha256[:2] / f"{sha256}.jpg"
    assert result.photo.file.read_bytes() == data
    assert (result.photo.sha256, result.photo.file_sha256) == (sha256, sha256)
    assert (result.photo.width, result.photo.height) == rendered.SIZE
    assert result.photo.taken_at is not None and result.photo.taken_at.isoformat() == "2024-05-17T08:30:00"


def test_an_appearance_has_its_files(wardrobe: Wardrobe) -> None:
    item = rendered.item(4)
    garment = wardrobe.add_segmented(rendered.photo(0), [item], model="m").garments[0]
    (seen,) = garment.appearances
    mask = np.asarray(Image.open(seen.mask))
    assert mask.dtype == np.uint8 and mask.shape == (rendered.SIZE[1], rendered.SIZE[0])
    np.testing.assert_array_equal(mask >= 128, item.mask)
    assert item.alpha is not None
    assert np.abs(mask / 255 - item.alpha).max() <= 0.51  # only where alpha and mask disagree
    np.testing.assert_array_equal(np.asarray(Image.open(seen.cutout)), np.asarray(item.cutout))
    thumbnail = Image.open(seen.thumbnail)
    assert thumbnail.format == "WEBP" and max(thumbnail.size) <= 320
    assert (seen.box, seen.area, seen.label, seen.score) == (item.box, int(item.mask.sum()), "top", 0.9)
    assert item.attributes is not None and seen.embedding is not None
    np.testing.assert_allclose(seen.embedding, item.attributes.embedding, atol=1e-6)
    assert garment.picture == seen.cutout


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_mask_file_holds_the_mask_exactly_whatever_the_alpha(seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((5, 7)) < 0.5
    alpha = random.uniform(0, 1, (5, 7)).astype(np.float32)
    pixels = mask_pixels(mask, alpha)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels >= 128, mask)
    agree = (alpha >= 0.5) == mask
    np.testing.assert_allclose(pixels[agree] / 255, alpha[agree], atol=0.006)
    np.testing.assert_array_equal(mask_pixels(mask, None), np.where(mask, 255, 0))


def test_a_photo_stored_before_is_skipped(wardrobe: Wardrobe) -> None:
    first = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0), rendered.item(1)])
    wardrobe.remove(first.garments[0].id)
    before = wardrobe.history()
    again = wardrobe.add_segmented(rendered.photo(0), [rendered.item(7)])
    assert again.skipped and not first.skipped
    assert again.photo == first.photo
    assert [garment.id for garment in again.garments] == [first.garments[1].id]
    assert wardrobe.history() == before


def test_a_photo_without_garments_is_not_stored(wardrobe: Wardrobe) -> None:
    result = wardrobe.add_segmented(rendered.photo(0), [])
    assert (result.photo, result.garments, result.skipped) == (None, (), False)
    assert wardrobe.photos() == [] and wardrobe.history() == []
    assert wardrobe.check() == []


def test_a_picture_that_was_no_file_is_kept_as_png(wardrobe: Wardrobe) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (72, 96, 3), np.uint8)
    stored = wardrobe.add_segmented(Photo(pixels), [rendered.item(0)]).photo
    assert stored is not None and stored.file.suffix == ".png"
    np.testing.assert_array_equal(np.asarray(Image.open(stored.file)), pixels)
    assert wardrobe.add_segmented(Photo(pixels), [rendered.item(0)]).skipped


def test_look_alikes_are_reported_not_refused(wardrobe: Wardrobe) -> None:
    first = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0), rendered.item(1)], model="m")
    assert first.look_alikes == ()
    same = wardrobe.add_segmented(rendered.photo(1), [rendered.item(0), rendered.item(2)], model="m")
    assert len(same.garments) == 2
    (found,) = same.look_alikes
    assert (found.garment_id, found.other_id) == (same.garments[0].id, first.garments[0].id)
    assert found.similarity == pytest.approx(1.0, abs=1e-5)


def test_embeddings_of_another_model_are_not_compared(wardrobe: Wardrobe) -> None:
    first = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model="m1").garments[0]
    second = wardrobe.add_segmented(rendered.photo(1), [rendered.item(0)], model="m2")
    assert second.look_alikes == ()
    assert wardrobe.similar(first.id) == []


def test_what_made_an_embedding_goes_before_what_found_the_garment(wardrobe: Wardrobe) -> None:
    said = rendered.attributes(0, embedding_model="encoder-1")
    first, second = (
        wardrobe.add_segmented(rendered.photo(n), [rendered.item(0, attributes=said)], model=f"m{n}")
        for n in (0, 1)
    )
    assert first.garments[0].appearances[0].embedding_model == "encoder-1"
    assert len(second.look_alikes) == 1


def test_a_gone_garment_is_no_look_alike(wardrobe: Wardrobe) -> None:
    first = wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)], model="m").garments[0]
    wardrobe.edit(first.id, status="sold")
    assert wardrobe.add_segmented(rendered.photo(1), [rendered.item(0)], model="m").look_alikes == ()


def test_similar_garments_come_most_alike_first(wardrobe: Wardrobe) -> None:
    base = rendered.attributes(1).embedding
    noise = rendered.attributes(2).embedding
    mixes = [base, base + 0.2 * noise, base + 0.6 * noise, noise]
    ids = [
        wardrobe.add_segmented(
            rendered.photo(n), [rendered.item(n, attributes=rendered.attributes(n, embedding=mix))], model="m"
        )
        .garments[0]
        .id
        for n, mix in enumerate(mixes)
    ]
    found = wardrobe.similar(ids[0], limit=3)
    assert [garment.id for garment in found] == ids[1:]
    values = [garment.similarity for garment in found]
    expected = [float(base @ (mix / np.linalg.norm(mix))) for mix in mixes[1:]]
    assert values == pytest.approx(expected, abs=1e-5)


def test_nothing_to_compare(wardrobe: Wardrobe) -> None:
    from ewardrobe.errors import UsageError

    with pytest.raises(UsageError, match="no photo to compare"):
        wardrobe.similar(wardrobe.new(type="hat").id)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_file_name_that_is_no_text(wardrobe: Wardrobe, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))
    path.write_bytes(rendered.photo_bytes(1))
    stored = wardrobe.add_segmented(open_photo(path), [rendered.item(0)]).photo
    assert stored is not None and stored.name == "caf?.jpg"


def test_a_folder_with_an_awkward_name(tmp_path: Path) -> None:
    folder = tmp_path / "100% #1? ü%20 'x'"
    with Wardrobe.open(folder) as wardrobe:
        wardrobe.add_segmented(rendered.photo(0), [rendered.item(0)])
        wardrobe.backup(tmp_path / "all.zip")
        wardrobe.restore(tmp_path / "all.zip")
        assert wardrobe.check() == []
    assert (folder / "wardrobe.db").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name, "all.zip"]


def test_home_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path / "elsewhere"))
    with Wardrobe.open() as wardrobe:
        assert wardrobe.path == tmp_path / "elsewhere"
    assert (tmp_path / "elsewhere" / "wardrobe.db").is_file()
    assert (tmp_path / "elsewhere").stat().st_mode & 0o077 == 0
