"""`open_photo`: what it reads, how it comes out, and the one line it says where it cannot."""

from __future__ import annotations

import os
import threading
import warnings
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ewardrobe.errors import EwardrobeError, MissingExtraError, PhotoError
from ewardrobe.imaging import open_photo, photos

from .samples import deep_colour_png, exif, mutated, picture, png, readable, save, swapped_profile

FILES = readable()
TRUTH = np.asarray(picture()).astype(int)
GREY = np.asarray(picture().convert("L").convert("RGB")).astype(int)


def refused(source: object) -> str:
    """The one line with which `open_photo` refuses the source."""
    with warnings.catch_warnings(), pytest.raises(PhotoError) as caught:
        warnings.simplefilter("error")
        open_photo(source)  # type: ignore[arg-type]
    line = str(caught.value)
    assert "\n" not in line and len(line) < 500
    return line


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_comes_out_as_8_bit_srgb(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = open_photo(FILES[name])
    assert photo.pixels.dtype == np.uint8 and photo.pixels.shape == (64, 96, 3)
    assert photo.pixels.flags.c_contiguous and not photo.pixels.flags.writeable
    assert photo.size == (photo.width, photo.height) == (96, 64)
    truth = GREY if "grey" in name or "float" in name else TRUTH
    close = 12 if name in {"palette", "gif"} else 3
    assert np.abs(photo.pixels - truth).mean() < close
    assert photo.alpha is None and photo.data == FILES[name]


def test_16_bit_colour() -> None:
    assert (open_photo(deep_colour_png(TRUTH.astype(np.uint8))).pixels == TRUTH).all()


def test_bilevel() -> None:
    assert set(np.unique(open_photo(save(picture().convert("1"), "PNG")).pixels)) == {0, 255}


def test_transparency_lies_on_white_and_is_kept() -> None:
    image = picture().convert("RGBA")
    coverage = np.full((64, 96), 255, np.uint8)
    coverage[:, 48:] = 0
    image.putalpha(Image.fromarray(coverage))
    for data in (save(image, "PNG"), save(image, "WEBP", lossless=True, exact=True)):
        photo = open_photo(data)
        assert (photo.pixels[:, 48:] == 255).all() and (photo.pixels[:, :48] == TRUTH[:, :48]).all()
        assert photo.alpha is not None and (photo.alpha == coverage).all()


def test_palette_with_a_transparent_colour() -> None:
    image = Image.fromarray(np.zeros((4, 4), np.uint8)).convert("P")
    photo = open_photo(save(image, "PNG", transparency=0))
    assert (photo.pixels == 255).all() and photo.alpha is not None


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    for file_format in ("GIF", "PNG", "WEBP"):
        data = save(frames[0], file_format, save_all=True, append_images=frames[1:])
        assert np.abs(open_photo(data).pixels.astype(int) - (255, 0, 0)).max() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_undone(orientation: int, file_format: str) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = picture() if orientation == 1 else picture().transpose(undo[orientation])
    options = (
        {"quality": 95} if file_format == "JPEG" else {"lossless": True} if file_format == "WEBP" else {}
    )
    photo = open_photo(save(stored, file_format, exif=exif(orientation), **options))
    assert photo.size == (96, 64)
    assert np.abs(photo.pixels - TRUTH).mean() < 3


def test_damaged_exif_does_not_cost_the_photo() -> None:
    data = save(picture(), "JPEG", exif=exif(6, "2024:05:06 07:08:09"))
    at = data.index(b"Exif") + 10
    assert open_photo(data[:at] + b"\xff" * 12 + data[at + 12 :]).size in {(96, 64), (64, 96)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:05:06 07:08:09", datetime(2024, 5, 6, 7, 8, 9)),
        ("0000:00:00 00:00:00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_taken_at(text: str | None, expected: datetime | None) -> None:
    assert open_photo(save(picture(), "JPEG", exif=exif(1, text))).taken_at == expected


def test_a_colour_profile_is_applied() -> None:
    """In a profile whose red and blue are exchanged, stored red is seen as blue."""
    swapped = swapped_profile()
    photo = open_photo(save(Image.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=swapped))
    red, _, blue = photo.pixels[0, 0]
    assert blue > 200 > red


@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 200])
def test_a_damaged_profile_is_ignored(profile: bytes) -> None:
    assert (open_photo(save(picture(), "PNG", icc_profile=profile)).pixels == TRUTH).all()


def test_sources_of_every_kind_agree(tmp_path: Path) -> None:
    path = tmp_path / "my.photo.png"
    path.write_bytes(FILES["png"])
    with path.open("rb") as file:
        found = [open_photo(s) for s in (path, str(path), FILES["png"], BytesIO(FILES["png"]), file)]
    with Image.open(path) as image:
        found.append(open_photo(image))
    found.append(open_photo(TRUTH.astype(np.uint8)))
    assert all((photo.pixels == TRUTH).all() for photo in found)
    assert [photo.name for photo in found] == [
        "my.photo",
        "my.photo",
        "photo",
        "photo",
        "my.photo",
        "my.photo",
        "photo",
    ]
    assert found[0].path == path and found[2].path is None
    assert len({photo.sha256 for photo in found[:5]}) == 1
    assert found[0].format == "PNG" and found[-1].format is None
    assert found[-1].sha256 == open_photo(TRUTH.astype(np.uint8)).sha256 != found[0].sha256


def test_arrays() -> None:
    grey = np.full((5, 7), 9, np.uint8)
    assert (open_photo(grey).pixels == 9).all() and (open_photo(grey[..., None]).pixels == 9).all()
    transparent = np.zeros((5, 7, 4), np.uint8)
    assert (open_photo(transparent).pixels == 255).all()
    own = np.zeros((5, 7, 3), np.uint8)
    photo = open_photo(own)
    own[:] = 77
    assert (photo.pixels == 0).all(), "later changes of the caller's array must not reach the photo"
    for wrong in (np.zeros((5, 7)), np.zeros((5, 7, 2), np.uint8), np.zeros((0, 7, 3), np.uint8)):
        assert "uint8" in refused(wrong)


def test_what_is_no_source_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError):
        open_photo(42)  # type: ignore[arg-type]


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    line = refused(png(60_000, 60_000, b"\0" * 1000))
    assert "60000 x 60000" in line and "200,000,000" in line
    assert "12 x 9" in _refused_above(100, save(Image.new("RGB", (12, 9)), "GIF"))
    assert "96 x 64" in _refused_above(6143, TRUTH.astype(np.uint8))


def _refused_above(limit: int, source: bytes | np.ndarray) -> str:
    with pytest.raises(PhotoError) as caught:
        open_photo(source, max_pixels=limit)
    return str(caught.value)


def test_pillows_own_limit_and_warnings_are_back_afterwards() -> None:
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    threads = [threading.Thread(target=open_photo, args=(FILES["jpeg"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused(FILES["jpeg"][:300])
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


@pytest.mark.parametrize("name", [name for name in FILES if name not in {"gif"}])
def test_truncated_files_are_refused(name: str) -> None:
    refused(FILES[name][: len(FILES[name]) // 2])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello, this is a text and no photo", "not an image"),
        (b"%PDF-1.7 and so on", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, says: str) -> None:
    assert says in refused(data)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "missing.jpg")
    assert "folder" in refused(tmp_path)
    assert "no such file" in refused(str(tmp_path / "two\nlines.jpg"))
    assert refused("null\0.jpg") and refused("long" * 2000)
    assert "mode 'rb'" in refused(StringIO("text"))
    file = BytesIO(b"no image")
    file.name = "two\nlines.jpg"
    assert "two\\nlines" in refused(file)


@pytest.mark.skipif(os.name == "nt", reason="pipes in folders are a thing of POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "regular file" in refused(tmp_path / "pipe.jpg")


@pytest.mark.skipif(os.name == "nt", reason="permissions as in POSIX")
def test_no_permission() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "locked.jpg"
        path.write_bytes(FILES["jpeg"])
        path.chmod(0)
        root = os.geteuid() == 0
        if root:  # root may read anything, so become nobody for a moment
            os.seteuid(65534)
        try:
            assert "permission" in refused(path)
        finally:
            if root:
                os.seteuid(0)


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MAX_BYTES", 1000)
    path = tmp_path / "large.bmp"
    path.write_bytes(FILES["bmp"])
    assert "no photo" in refused(path) and "no photo" in refused(BytesIO(FILES["bmp"]))


def test_heic_needs_the_extra_or_is_read() -> None:
    try:
        import pillow_heif
    except ImportError:
        box = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
        with pytest.raises(MissingExtraError, match=r'pip install "ewardrobe\[heic\]"'):
            open_photo(box)
        assert "heic" in refused(box)
        return
    pillow_heif.register_heif_opener()
    data = save(picture(), "HEIF", quality=95)
    assert np.abs(open_photo(data).pixels - TRUTH).mean() < 6
    refused(data[: len(data) // 2])


@settings(max_examples=300)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_fuzzed_files_open_or_are_refused_in_one_line(name: str, data: st.DataObject) -> None:
    source = mutated(FILES[name], lambda low, high: data.draw(st.integers(low, high)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            photo = open_photo(source, max_pixels=4_000_000)
        except EwardrobeError as error:
            assert "\n" not in str(error)
        else:
            assert photo.pixels.dtype == np.uint8 and photo.pixels.ndim == 3
