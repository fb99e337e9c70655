"""Which photos a list of paths means, and that no two of them write to one name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ewardrobe.errors import PhotoError
from ewardrobe.jobs import find_sources


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_are_searched_with_all_below_and_each_photo_comes_once(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "deep/er/c.webp", "clip.mp4", "text.txt", ".hidden/d.jpg", ".e.jpg")
    found = find_sources([tmp_path / "a.png", tmp_path, tmp_path / "deep"])
    assert [
        (str(source.path.relative_to(tmp_path)), source.stem, str(source.folder)) for source in found
    ] == [
        ("a.png", "a", "."),
        ("b.JPG", "b", "."),
        ("clip.mp4", "clip", "."),
        ("deep/er/c.webp", "c", "deep/er"),
    ]
    assert [source.is_video for source in found] == [False, False, True, False]


def test_a_named_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "odd.name.dat", "[1].jpg")
    names = [source.path.name for source in find_sources([tmp_path / "odd.name.dat", tmp_path / "[1].jpg"])]
    assert names == ["odd.name.dat", "[1].jpg"]
    assert find_sources([tmp_path / "gone.jpg"])[0].path == tmp_path / "gone.jpg"


def test_patterns(tmp_path: Path) -> None:
    touch(tmp_path, "x1.jpg", "x2.jpg", "y.jpg", "sub/x3.jpg")
    assert [source.stem for source in find_sources([f"{tmp_path}/x*.jpg"])] == ["x1", "x2"]
    assert [source.stem for source in find_sources([f"{tmp_path}/**/x*.jpg"])] == ["x3", "x1", "x2"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "text.txt")
    with pytest.raises(PhotoError, match="no photo in the folder"):
        find_sources([tmp_path])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "x", "y"]),
            st.sampled_from(["a", "b", "A", "a.jpg", "a-2"]),
            st.sampled_from(["jpg", "png", "JPG"]),
        ),
        min_size=1,
    )
)
def test_no_two_photos_share_a_place(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("photos")
    for below, stem, ending in names:
        touch(folder, f"{below}/{stem}.{ending}" if below else f"{stem}.{ending}")
    places = [(source.folder, source.stem) for source in find_sources([folder])]
    assert len({(place, stem.casefold()) for place, stem in places}) == len(places)
    assert len(places) == sum(path.is_file() for path in folder.rglob("*"))


def test_files_of_one_name_from_two_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/1.jpg")
    assert [source.stem for source in find_sources([tmp_path / "a/1.jpg", tmp_path / "b/1.jpg"])] == [
        "1.jpg",
        "1.jpg-2",
    ]
