from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ewardrobe.errors import EwardrobeError, PhotoError
from ewardrobe.segmentation import Segmenter, iter_video, segment_video
from tests.segmentation.models import paint, photograph

FRAMES = 6


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dress that walks from left to right."""
    path = tmp_path_factory.mktemp("videos") / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 12.0, (320, 256))
    for number in range(FRAMES):
        scene = photograph(paint((256, 320), [("dress", (16 + 32 * number, 64, 96, 128))]))
        writer.write(scene[:, :, ::-1])
    writer.release()
    return path


def frames_of(path: Path) -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    while (answer := capture.read())[0]:
        yield answer[1]
    capture.release()


def test_frame_by_frame(segmenter: Segmenter, clip: Path) -> None:
    found = list(iter_video(clip, segmenter))
    assert [result.photo.name for result in found] == [f"walk.{number}" for number in range(1, FRAMES + 1)]
    lefts = []
    for result in found:
        dress = [item for item in result.garments if item.label == "dress"]
        assert len(dress) == 1
        lefts.append(dress[0].box[0])
    np.testing.assert_allclose(np.diff(lefts), 32, atol=8)


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".webm", ".mkv"])
def test_a_labelled_video_comes_out(segmenter: Segmenter, clip: Path, tmp_path: Path, suffix: str) -> None:
    seen: list[tuple[int, int | None]] = []
    summary = segment_video(
        clip, tmp_path / f"out{suffix}", segmenter, progress=lambda done, of: seen.append((done, of))
    )
    assert (summary.frames, summary.rate, summary.size) == (FRAMES, 12.0, (320, 256))
    assert seen[-1] == (FRAMES, FRAMES)
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]
    written = list(frames_of(summary.path))
    assert len(written) == FRAMES
    assert any(
        np.abs(frame.astype(int) - plain).max() > 100
        for frame, plain in zip(written, frames_of(clip), strict=True)
    )


def test_a_limit(segmenter: Segmenter, clip: Path, tmp_path: Path) -> None:
    assert segment_video(clip, tmp_path / "two.mp4", segmenter, limit=2).frames == 2


def test_what_is_no_video(segmenter: Segmenter, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(PhotoError, match=r"text\.mp4 cannot be opened"):
        segment_video(tmp_path / "text.mp4", tmp_path / "out.mp4", segmenter)
    with pytest.raises(PhotoError, match="does not exist"):
        segment_video(tmp_path / "missing.mp4", tmp_path / "out.mp4", segmenter)
    with pytest.raises(PhotoError, match="camera 63 cannot be opened"):
        segment_video(63, tmp_path / "out.mp4", segmenter)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp4"]


def test_where_no_video_can_be_written(segmenter: Segmenter, clip: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "none" / "out.mp4", tmp_path / "out.docx"):
        with pytest.raises(EwardrobeError, match="cannot be written as a video"):
            segment_video(clip, target, segmenter)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_off_run_leaves_nothing(segmenter: Segmenter, clip: Path, tmp_path: Path) -> None:
    def stop(done: int, of: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment_video(clip, tmp_path / "out.mp4", segmenter, progress=stop)
    assert list(tmp_path.iterdir()) == []
