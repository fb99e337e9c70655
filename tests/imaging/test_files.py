"""Atomic writes, and image bytes that carry pixels and nothing else."""

from __future__ import annotations

import errno
import os
import stat
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.errors import EwardrobeError, PhotoError
from ewardrobe.imaging import open_photo, strip_metadata, to_jpeg_bytes, to_png_bytes, write_atomically

from .samples import exif, picture, save


def test_bytes_and_functions_are_written(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    write_atomically(target, b"one")
    assert target.read_bytes() == b"one"
    write_atomically(str(target), lambda file: file.write(b"two"))
    assert target.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(os.name == "nt", reason="the umask is a thing of POSIX")
def test_the_umask_is_respected(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def interrupted(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, interrupted)

    def full(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EwardrobeError, match=r"a\.bin could not be written: .*space"):
        write_atomically(target, full)
    assert target.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EwardrobeError) as caught:
        write_atomically(tmp_path / "no" / "a", b"")
    assert "\n" not in str(caught.value)


def test_written_images_carry_nothing_but_pixels() -> None:
    image = picture()
    image.info.update({"comment": b"secret", "icc_profile": b"secret" * 99, "exif": exif(gps=True).tobytes()})
    image.info["parameters"] = "secret"
    for data in (to_png_bytes(image), to_jpeg_bytes(image)):
        assert b"secret" not in data and b"Exif" not in data
    assert (np.asarray(Image.open(BytesIO(to_png_bytes(image)))) == np.asarray(image)).all()


def test_label_maps_become_palette_pngs() -> None:
    wardrobe = taxonomy.load("wardrobe")
    labels = np.array([[0, 5, 16], [255, 8, 1]], np.uint8)
    with Image.open(BytesIO(to_png_bytes(labels, palette=wardrobe.palette()))) as image:
        assert image.mode == "P" and (np.asarray(image) == labels).all()
        assert tuple(np.asarray(image.convert("RGB"))[0, 1]) == wardrobe["top"].colour


def test_jpeg_of_a_transparent_image_lies_on_white() -> None:
    data = to_jpeg_bytes(Image.new("RGBA", (8, 8), (255, 0, 0, 0)))
    assert np.asarray(Image.open(BytesIO(data))).min() > 250


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_jpegs_are_stripped_without_touching_a_pixel(orientation: int, options: dict[str, object]) -> None:
    film = b"\xff\xd8 a film that trails the photo, with Exif and SecretCamera"
    made = {"comment": b"secret", "quality": 90, **options}
    data = save(picture(), "JPEG", exif=exif(orientation, "2024:05:06 07:08:09", gps=True), **made)
    clean, suffix = strip_metadata(data + film)
    before, after = open_photo(data), open_photo(clean)
    assert suffix == ".jpg" and (before.pixels == after.pixels).all()
    assert after.taken_at is None
    for trace in (b"SecretCamera", b"secret", b"film", b"2024"):
        assert trace not in clean
    with Image.open(BytesIO(clean)) as image:
        assert dict(image.getexif()) == ({} if orientation == 1 else {0x0112: orientation})


def test_a_profile_survives_stripping() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for file_format in ("JPEG", "PNG", "WEBP"):
        clean, _ = strip_metadata(save(picture(), file_format, icc_profile=profile, exif=exif(gps=True)))
        with Image.open(BytesIO(clean)) as image:
            assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "GIF"])
def test_other_kinds_are_stripped_too(file_format: str, orientation: int) -> None:
    image = picture().quantize(64) if file_format == "GIF" else picture()
    options = {} if file_format == "GIF" else {"exif": exif(orientation, gps=True)}
    data = save(image, file_format, **options)
    clean, suffix = strip_metadata(data)
    assert suffix in {".png", ".webp"} and b"SecretCamera" not in clean
    assert (open_photo(clean).pixels == open_photo(data).pixels).all()


def test_transparency_survives_stripping() -> None:
    image = picture().convert("RGBA")
    image.putalpha(100)
    clean, _ = strip_metadata(save(image, "TIFF"))
    alpha = open_photo(clean).alpha
    assert alpha is not None and (alpha == 100).all()


def test_only_images_are_stripped() -> None:
    with pytest.raises(PhotoError):
        strip_metadata(b"no image")
