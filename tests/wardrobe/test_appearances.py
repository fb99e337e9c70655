"""Cut-outs mended by their owner: what is stored, what comes back, what stays the owner's."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ewardrobe.errors import ChangedError, MaskError, NotFoundError, UsageError
from ewardrobe.imaging import open_photo
from ewardrobe.segmentation import Segmenter
from ewardrobe.wardrobe import Wardrobe
from tests.segmentation.models import paint, person, photograph, write_colour_model
from tests.wardrobe import rendered
from tests.wardrobe.rows import files_of, rows_of

WIDTH, HEIGHT = rendered.SIZE


def describe(_: Any, garment: Any) -> Any:
    return rendered.attributes(700 + garment.area)


def block(left: int, top: int, right: int, bottom: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def stored_alpha(wardrobe: Wardrobe, appearance_id: int) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(wardrobe.appearances.get(appearance_id).mask))


def test_the_owners_mask_is_stored_and_everything_follows(filled: Wardrobe) -> None:
    filled.edit(1, type="tunic")
    before = filled.get(1)
    old = before.appearances[0]
    mask = block(10, 5, 60, 65)
    after = filled.appearances.set_mask(old.id, mask, describe=describe)
    new = after.appearances[0]
    assert (filled.appearances.mask(old.id) == mask).all()
    assert (new.box, new.area) == ((10, 5, 50, 60), 3000)
    assert new.checked_at is not None and old.checked_at is None
    assert len({new.mask, new.cutout, new.thumbnail} & {old.mask, old.cutout, old.thumbnail}) == 0
    cutout = Image.open(new.cutout)
    assert abs(cutout.width - 50) <= 8 and abs(cutout.height - 60) <= 8
    alpha = stored_alpha(filled, old.id)
    assert 0 < np.count_nonzero((alpha > 0) & (alpha < 255)) < 1200  # a soft edge, and only an edge
    assert new.embedding is not None and old.embedding is not None
    assert not np.allclose(new.embedding, old.embedding)
    # The owner's word stands; what is automatic was computed anew, from the new mask.
    assert (after.type, after.provenance["type"].source) == ("tunic", "owner")
    assert after.changed_at > before.changed_at
    assert filled.check() == []


def test_it_is_described_as_what_its_owner_says_it_is(filled: Wardrobe) -> None:
    asked = []

    def noting(segmentation: Any, garment: Any) -> Any:
        asked.append(garment.label)
        return describe(segmentation, garment)

    filled.edit(1, label="outerwear")
    item = filled.appearances.set_mask(1, block(10, 5, 60, 65), describe=noting).appearances[0]
    assert (asked, item.label) == (["outerwear"], "top")


def test_taking_back_and_the_way_to_the_first(filled: Wardrobe) -> None:
    item = filled.get(1).appearances[0]
    first = filled.appearances.mask(item.id)
    rows, files = rows_of(filled), files_of(filled)
    filled.appearances.set_mask(item.id, block(0, 0, 30, 30), describe=describe)
    filled.appearances.set_mask(item.id, block(5, 5, 40, 40), describe=describe)
    filled.undo()
    assert (filled.appearances.mask(item.id) == block(0, 0, 30, 30)).all()
    filled.undo()
    assert (rows_of(filled), files_of(filled)) == (rows, files)
    filled.appearances.set_mask(item.id, block(0, 0, 30, 30), describe=describe)
    filled.appearances.set_mask(item.id, block(5, 5, 40, 40), describe=describe)
    alpha = stored_alpha(filled, item.id)
    back = filled.appearances.reset_mask(item.id, describe=describe).appearances[0]
    assert (filled.appearances.mask(item.id) == first).all()
    assert (back.box, back.area, back.score, back.model) == (item.box, item.area, item.score, item.model)
    assert back.checked_at is None
    assert back.mask.read_bytes() == item.mask.read_bytes()
    filled.undo()
    assert (stored_alpha(filled, item.id) == alpha).all()
    assert filled.check() == []


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_mask_comes_back_exactly(data: st.DataObject, tmp_path_factory: Any, empty_home: Path) -> None:
    """Whatever was painted, `mask` gives it back to the pixel, and the cut-out shows it."""
    home = tmp_path_factory.mktemp("any") / "home"
    shutil.copytree(empty_home, home)
    with Wardrobe.open(home) as wardrobe:
        wardrobe.add_segmented(rendered.photo(1), [rendered.item(1), rendered.item(2)], model="m")
        for _ in range(data.draw(st.integers(1, 3))):
            seed = data.draw(st.integers(0, 2**32 - 1))
            random = np.random.default_rng(seed)
            mask = np.zeros((HEIGHT, WIDTH), np.bool_)
            for _ in range(data.draw(st.integers(1, 5))):
                x, y = random.integers(0, WIDTH), random.integers(0, HEIGHT)
                mask[y : y + random.integers(1, 40), x : x + random.integers(1, 40)] ^= True
            if not mask.any():
                with pytest.raises(MaskError):
                    wardrobe.appearances.set_mask(1, mask, describe=describe)
                continue
            item = wardrobe.appearances.set_mask(1, mask, describe=describe).appearances[0]
            assert (wardrobe.appearances.mask(1) == mask).all()
            rows, columns = np.nonzero(mask)
            box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
            assert (item.box, item.area) == (box, np.count_nonzero(mask))
            Image.open(item.cutout).load()
        assert wardrobe.check() == []
        while wardrobe.undo():
            pass
        assert files_of(wardrobe) == {}


@pytest.mark.parametrize(
    ("mask", "line"),
    [
        (np.zeros((HEIGHT, WIDTH), np.bool_), "empty"),
        (np.ones((WIDTH, HEIGHT), np.bool_), "96x72 pixels, not 72x96"),
    ],
)
def test_masks_that_are_none(filled: Wardrobe, mask: npt.NDArray[np.bool_], line: str) -> None:
    rows, files = rows_of(filled, with_history=True), files_of(filled)
    with pytest.raises(MaskError, match=line):
        filled.appearances.set_mask(1, mask, describe=describe)
    assert (rows_of(filled, with_history=True), files_of(filled)) == (rows, files)


def test_what_was_changed_meanwhile_is_left_alone(filled: Wardrobe) -> None:
    seen = filled.get(1).changed_at
    filled.edit(1, notes="new")
    rows, files = rows_of(filled), files_of(filled)
    with pytest.raises(ChangedError, match="changed meanwhile"):
        filled.appearances.set_mask(1, block(1, 1, 9, 9), describe=describe, unchanged_since=seen)
    assert (rows_of(filled), files_of(filled)) == (rows, files)

    def slow(segmentation: Any, garment: Any) -> Any:
        # Another window saves while this one's cut-out is being made.
        filled.appearances.set_mask(1, block(2, 2, 20, 20), describe=describe)
        return describe(segmentation, garment)

    now: datetime = filled.get(1).changed_at
    with pytest.raises(ChangedError):
        filled.appearances.set_mask(1, block(1, 1, 9, 9), describe=slow, unchanged_since=now)
    with pytest.raises(ChangedError):
        filled.appearances.set_mask(1, block(1, 1, 9, 9), describe=slow)
    assert (filled.appearances.mask(1) == block(2, 2, 20, 20)).all()
    assert filled.check() == []
    filled.remove(1)
    with pytest.raises(NotFoundError):
        filled.appearances.set_mask(1, block(1, 1, 9, 9), describe=describe)


def test_only_what_can_be_taken_back_is_kept(filled: Wardrobe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ewardrobe.wardrobe.history.KEPT_ACTIONS", 2)
    first = filled.appearances.mask(1)
    for size in range(10, 40, 5):
        filled.appearances.set_mask(1, block(0, 0, size, size), describe=describe)
    masks = [name for name in files_of(filled) if name.startswith("masks/")]
    assert len(masks) == 4 + 3  # each garment's; of the past of one, the first and those of two steps
    assert filled.check() == []
    filled.appearances.reset_mask(1, describe=describe)
    assert (filled.appearances.mask(1) == first).all()


def test_purging_leaves_no_earlier_cut_out(filled: Wardrobe) -> None:
    filled.appearances.set_mask(1, block(0, 0, 30, 30), describe=describe)
    filled.appearances.set_mask(1, block(0, 0, 40, 30), describe=describe)
    filled.remove(1, purge=True)
    assert filled.check() == []
    filled.remove(2, purge=True)
    filled.remove(3, purge=True)
    filled.remove(4, purge=True)
    assert files_of(filled) == {}


def test_a_backup_keeps_the_past(filled: Wardrobe, tmp_path: Path) -> None:
    first = filled.appearances.mask(1)
    filled.appearances.set_mask(1, block(0, 0, 30, 30), describe=describe)
    filled.backup(tmp_path / "b.zip")
    with Wardrobe.open(tmp_path / "other") as other:
        other.restore(tmp_path / "b.zip")
        assert other.check() == []
        other.appearances.reset_mask(1, describe=describe)
        assert (other.appearances.mask(1) == first).all()


def test_cutting_out_exactly_that(filled: Wardrobe) -> None:
    photo = filled.photos()[0]
    rows, files = rows_of(filled), files_of(filled)
    new = filled.appearances.add(photo.id, block(50, 40, 90, 70), "bag", describe=describe)
    assert (new.label, new.type, len(new.appearances)) == ("bag", "shirt", 1)
    assert new.appearances[0].photo_id == photo.id and new.appearances[0].number == 3
    assert [item.garment_id for item in filled.appearances.of_photo(photo.id)][-1] == new.id
    filled.undo()
    assert (rows_of(filled), files_of(filled)) == (rows, files)
    with pytest.raises(NotFoundError):
        filled.appearances.add(99, block(50, 40, 90, 70), "bag", describe=describe)
    with pytest.raises(UsageError, match="label must be one of"):
        filled.appearances.add(photo.id, block(50, 40, 90, 70), "skin", describe=describe)


def test_several_photos_of_one_garment(filled: Wardrobe) -> None:
    filled.merge(1, 3)
    rows = rows_of(filled)
    moved = filled.get(1).appearances[1]
    new = filled.appearances.move(moved.id, describe=describe)
    assert [item.id for item in new.appearances] == [moved.id] and new.label == moved.label
    assert len(filled.get(1).appearances) == 1
    filled.undo()
    assert rows_of(filled) == rows
    assert len(filled.appearances.move(moved.id, 2).appearances) == 2
    with pytest.raises(UsageError, match="already"):
        filled.appearances.move(moved.id, 2)
    with pytest.raises(UsageError, match="only photo"):
        filled.appearances.move(filled.get(1).appearances[0].id, describe=describe)
    with pytest.raises(NotFoundError):
        filled.appearances.move(moved.id, 3)


def test_redoing_finds_the_same_garment(wardrobe: Wardrobe, tmp_path: Path) -> None:
    model = write_colour_model(tmp_path / "colours.onnx")
    Image.fromarray(photograph(paint((256, 192), person(50)))).save(tmp_path / "p.png")
    segmenter = Segmenter(model)
    photo = open_photo(tmp_path / "p.png")
    wardrobe.add(photo, segmenter=segmenter, describe=describe)
    garment = wardrobe.find(label="top")[0]
    item = garment.appearances[0]
    good = wardrobe.appearances.mask(item.id)
    bad = good.copy()
    bad[:, : item.box[0] + item.box[2] // 3] = False
    wardrobe.appearances.set_mask(item.id, bad, describe=describe)
    redone = wardrobe.appearances.redo_mask(item.id, segmenter, describe=describe).appearances[0]
    assert (wardrobe.appearances.mask(item.id) == good).all()
    assert (redone.model, redone.label, redone.checked_at) == ("colours", "top", None)
    elsewhere = np.zeros_like(good)
    elsewhere[:20, :20] = True
    wardrobe.appearances.set_mask(item.id, elsewhere, describe=describe)
    with pytest.raises(NotFoundError, match="finds no garment"):
        wardrobe.appearances.redo_mask(item.id, segmenter, describe=describe)
    assert wardrobe.check() == []


def test_accepting(filled: Wardrobe) -> None:
    changed = filled.get(1).changed_at
    assert filled.appearances.accept(1).checked_at is not None
    assert filled.get(1).changed_at == changed
    assert filled.history()[0].verb == "accept"
