"""`segment` and `cutout`: the files they write, and how runs over folders end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe import taxonomy
from ewardrobe.imaging import decode_rle
from tests.cli.conftest import Command, write_photo
from tests.segmentation.models import paint, person


def test_a_photo_becomes_the_files_of_the_contract(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("segment", photos / "person.png", "--model", model, "--out", out)
    assert said.code == 0, said.err
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        "person.labels.png",
        "person.overlay.jpg",
        "person.1-top.png",
        "person.2-pants.png",
        "person.3-footwear.png",
        "person.json",
    }
    truth = paint((256, 192), person(50))
    with Image.open(out / "person.labels.png") as image:
        assert (image.mode, image.size) == ("P", (192, 256))
        assert image.getpalette() == taxonomy.load("wardrobe").palette()
        labels = np.asarray(image)
    assert (labels == truth).mean() > 0.98
    document = json.loads((out / "person.json").read_text())
    assert document["images"] == [{"id": 1, "file_name": "person.png", "width": 192, "height": 256}]
    assert [row["id"] for row in document["categories"]] == list(range(17))
    for row in document["annotations"]:
        mask = decode_rle(row["segmentation"])
        assert mask.shape == (256, 192)
        assert row["area"] == mask.sum()
        assert (labels[mask] == row["category_id"]).all()
    with Image.open(out / "person.1-top.png") as cutout:
        assert cutout.mode == "RGBA"
        assert 45 <= cutout.width <= 75 and 60 <= cutout.height <= 95


def test_only_what_is_asked_for_is_saved(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command("segment", photos / "person.png", "--model", model, "--out", out, "--save", "labels, mask")
    assert said.code == 0, said.err
    assert sorted(path.name for path in out.glob("person*")) == ["person.labels.png", "person.mask.png"]
    said = command(
        "segment", photos / "person.png", "--model", model, "--out", out, "--save", "labels,nonsense"
    )
    assert said.code == 2
    assert "nonsense" in said.err and "overlay" in said.err


def test_a_folder_goes_on_after_a_broken_file_and_says_so(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("segment", photos, "--model", model, "--out", out)
    assert said.code == 1
    assert "3 photos done, 1 failed" in said.err
    errors = [line for line in said.err.splitlines() if line.startswith("ewardrobe:")]
    assert len(errors) == 1 and "broken.jpg" in errors[0]
    assert (out / "more" / "pair.json").exists()
    assert not list(out.rglob("*hidden*")) and not list(out.rglob("*notes*"))


def test_a_second_run_goes_on_where_the_first_stopped(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.jpg").unlink()
    out = tmp_path / "out"
    arguments = ("segment", photos, "--model", model, "--out", out)
    assert command(*arguments).code == 0
    before = (out / "dress.json").stat().st_mtime_ns
    said = command(*arguments)
    assert said.code == 0
    assert "0 photos done, 3 skipped" in said.err
    assert (out / "dress.json").stat().st_mtime_ns == before

    (out / "dress.json").unlink()
    assert "1 photo done, 2 skipped" in command(*arguments).err
    write_photo(photos / "dress.png", [("skirt", (40, 30, 100, 90))])
    assert "1 photo done, 2 skipped" in command(*arguments).err
    assert "3 photos done" in command(*arguments, "--overwrite").err
    assert "3 photos done" in command(*arguments, "--save", "mask").err


def test_photos_of_one_name_do_not_overwrite_each_other(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copy(photos / "person.png", photos / "more" / "person.png")
    with Image.open(photos / "dress.png") as image:
        image.save(photos / "person.webp", lossless=True)
    (photos / "broken.jpg").unlink()
    out = tmp_path / "out"
    assert command("segment", photos, "--model", model, "--out", out, "--save", "json").code == 0
    found = {str(path.relative_to(out)) for path in out.rglob("*.json")}
    assert found == {
        "person.png.json",
        "person.webp.json",
        "dress.json",
        "more/pair.json",
        "more/person.json",
    }


def test_more_jobs_find_the_same(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for out, jobs in ((one, 1), (two, 2)):
        said = command("segment", photos, "--model", model, "--out", out, "--jobs", jobs)
        assert said.code == 1 and "3 photos done, 1 failed" in said.err
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*.*") if not path.name.startswith("."))
    assert len(names) > 10
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_patterns_and_missing_files(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = command("segment", f"{photos}/d*.png", photos / "nowhere.png", "--model", model, "--out", out)
    assert said.code == 1
    assert "nowhere.png" in said.err and "1 photo done, 1 failed" in said.err
    (tmp_path / "empty").mkdir()
    said = command("segment", tmp_path / "empty", "--model", model)
    assert said.code == 1
    assert "no photo in the folder" in said.err


def test_json_is_one_list_on_stdout(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    said = command("segment", photos, "--model", model, "--out", tmp_path / "out", "--json")
    records = {Path(record["photo"]).name: record for record in json.loads(said.out)}
    assert records["broken.jpg"]["status"] == "failed" and records["broken.jpg"]["reason"]
    assert [item["class"] for item in records["dress.png"]["garments"]] == ["dress"]
    assert all(Path(file).is_file() for file in records["dress.png"]["files"])


def test_a_video_comes_out_labelled(command: Command, model: Path, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    from tests.segmentation.models import photograph

    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (192, 256))
    for step in range(3):
        writer.write(photograph(paint((256, 192), person(20 + 20 * step)))[:, :, ::-1].copy())
    writer.release()
    said = command("segment", clip, "--model", model, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    capture = cv2.VideoCapture(str(tmp_path / "out" / "clip.overlay.mp4"))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 3
    said = command("cutout", clip, "--model", model, "--out", tmp_path / "out")
    assert said.code == 1 and "segment it instead" in said.err


def test_parts_are_the_person_and_clean_pictures_beside(
    command: Command, model: Path, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = command("cutout", photos / "person.png", "--of", "parts", "--model", model, "--out", out)
    assert said.code == 0, said.err
    assert sorted(path.name for path in out.glob("*.png")) == [
        "person.bottom.png",
        "person.person.png",
        "person.top.png",
    ]
    truth = paint((256, 192), person(50))
    with Image.open(out / "person.person.png") as image:
        assert (image.mode, image.size) == ("RGBA", (192, 256))
        solid = np.asarray(image)[:, :, 3] > 127
    assert (solid == (truth != 0)).mean() > 0.98
    with Image.open(out / "person.top.png") as image:
        solid = np.asarray(image)[:, :, 3] > 127
    assert (solid == (truth == taxonomy.load("wardrobe").index("top"))).mean() > 0.98


def test_backgrounds(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    dress = photos / "dress.png"
    out = tmp_path / "colour"
    assert command("cutout", dress, "--model", model, "--out", out, "--background", "#20c040").code == 0
    with Image.open(out / "dress.1-dress.png") as image:
        assert image.mode == "RGB"
        assert image.getpixel((2, 2)) == (0x20, 0xC0, 0x40)
    picture = tmp_path / "ground.png"
    Image.new("RGB", (50, 40), (9, 8, 200)).save(picture)
    out = tmp_path / "picture"
    assert (
        command("cutout", dress, "--model", model, "--out", out, "--background", picture, "--crop").code == 0
    )
    with Image.open(out / "dress.1-dress.png") as image:
        assert image.width < 192
        assert image.getpixel((0, 0))[2] > 150
    for wrong in ("#12", "nowhere.png"):
        said = command("cutout", dress, "--model", model, "--out", out, "--background", wrong)
        assert said.code == 2 and wrong in said.err


def test_one_class_alone(command: Command, model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("cutout", photos / "person.png", "--model", model, "--out", out, "--of")
    assert command(*arguments, "footwear").code == 0
    assert [path.name for path in out.glob("*.png")] == ["person.3-footwear.png"]
    said = command(*arguments, "hat")
    assert said.code == 0 and "no hat in it" in said.out
    said = command(*arguments, "sombrero")
    assert said.code == 2 and "eyewear" in said.err
