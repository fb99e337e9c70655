"""The file that is written: size, orientation and colour profile of the original, and where the picture is from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from ewardrobe.errors import PhotoError
from ewardrobe.imaging import open_photo
from ewardrobe.restyling import Restyled, read_provenance, restyle
from tests.conftest import Scene
from tests.imaging.samples import swapped_profile
from tests.restyling.conftest import truth_of

SceneFile = Callable[..., tuple[Path, Scene]]
TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def made_of(path: Path, scene: Scene) -> Restyled:
    return restyle(truth_of(scene, path), "make the top red")


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_photo_stays_turned(orientation: int, scene_file: SceneFile, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    path, scene = scene_file("turned.png", turn=TURNS[orientation], exif=exif)
    made = made_of(path, scene)
    saved = made.save(tmp_path / "out.png")
    with Image.open(path) as before, Image.open(saved) as after:
        assert after.size == before.size
        assert after.getexif().get(ExifTags.Base.Orientation, 1) == orientation
    assert (open_photo(saved).pixels == made.pixels).all()


def test_a_jpegs_own_pixels_are_kept_bit_for_bit(scene_file: SceneFile, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera"
    path, scene = scene_file("photo.jpg", turn=TURNS[6], exif=exif, quality=90)
    made = made_of(path, scene)
    saved = made.save(tmp_path / "out.png")
    with Image.open(path) as before, Image.open(saved) as after:
        untouched = np.rot90(made.mask == 0)
        assert (np.asarray(before)[untouched] == np.asarray(after)[untouched]).all()
        assert after.getexif().get(ExifTags.Base.Make) is None


def test_a_colour_profile_is_kept_and_used(scene_file: SceneFile, tmp_path: Path) -> None:
    profile = swapped_profile()
    path, scene = scene_file("wide.png", icc_profile=profile)
    made = made_of(path, scene)
    saved = made.save(tmp_path / "out.png")
    with Image.open(path) as before, Image.open(saved) as after:
        assert after.info["icc_profile"] == profile
        assert (np.asarray(before)[made.mask == 0] == np.asarray(after)[made.mask == 0]).all()
    # What is seen is what was made, as far as eight bits in another profile hold it.
    assert np.abs(open_photo(saved).pixels.astype(int) - made.pixels).max() <= 4


def test_transparency_is_kept(tmp_path: Path, scene_file: SceneFile) -> None:
    path, scene = scene_file("photo.png")
    rgba = np.dstack([scene.pixels, np.full(scene.label_map.shape, 255, np.uint8)])
    rgba[:40, :, 3], rgba[100:, :, 3] = 0, 128
    Image.fromarray(rgba).save(path)
    made = made_of(path, scene)
    saved = made.save(tmp_path / "out.png")
    with Image.open(saved) as after:
        assert after.mode == "RGBA"
        stored = np.asarray(after)
    assert (stored[..., 3] == rgba[..., 3]).all()
    assert (stored[made.mask == 0] == rgba[made.mask == 0]).all()
    assert np.abs(open_photo(saved).pixels.astype(int) - made.pixels).max() <= 2


@pytest.mark.parametrize("mode", ["L", "P", "CMYK"])
def test_other_kinds_become_plain_rgb(mode: str, tmp_path: Path, scene_file: SceneFile) -> None:
    path, scene = scene_file("photo.tif")
    with Image.open(path) as image:
        converted = image.convert(mode)
    converted.save(path)
    made = made_of(path, scene)
    saved = made.save(tmp_path / "out.png")
    assert (open_photo(saved).pixels == made.pixels).all()
    reds = made.pixels[made.mask == 1].astype(int)
    assert np.median(reds[:, 0] - reds[:, 1]) > 60


def test_the_provenance_can_be_read_back(scene_file: SceneFile, tmp_path: Path) -> None:
    path, scene = scene_file("photo.png")
    made = made_of(path, scene)
    assert read_provenance(made.save(tmp_path / "out.png")) == made.provenance
    assert read_provenance(path) is None
    with pytest.raises(PhotoError, match="not a PNG"):
        (tmp_path / "rubbish.png").write_bytes(b"rubbish")
        read_provenance(tmp_path / "rubbish.png")


def test_a_picture_that_was_no_file_can_be_saved(scene_file: SceneFile, tmp_path: Path) -> None:
    _, scene = scene_file("photo.png")
    made = restyle(truth_of(scene), "make the top red")
    assert (open_photo(made.save(tmp_path / "out.png")).pixels == made.pixels).all()
