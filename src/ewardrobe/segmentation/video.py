"""Moving pictures: a video file or a camera, segmented frame by frame, with a labelled video out.

Frames are decoded and written by OpenCV (its bundled FFmpeg). The video is written beside its place and moved there
when it is finished, so that a half-written one is never taken for a whole one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.errors import EwardrobeError, PhotoError
from ewardrobe.imaging import Photo
from ewardrobe.segmentation.results import Segmentation
from ewardrobe.segmentation.segmenter import Segmenter

__all__ = ["VIDEO_SUFFIXES", "VideoSource", "VideoSummary", "iter_video", "segment_video"]

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"})
VideoSource = str | os.PathLike[str] | int
"""A video file, or the index of a camera (0 is the first)."""

_DEFAULT_RATE = 25.0
_CODECS = {".avi": "MJPG", ".webm": "VP80"}


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """A finished video: where it lies, its `frames`, `rate` (frames per second) and `size` (width, height)."""

    path: Path
    frames: int
    rate: float
    size: tuple[int, int]


def iter_video(
    source: VideoSource, segmenter: Segmenter, *, limit: int | None = None
) -> Iterator[Segmentation]:
    """Each frame's segmentation, in order, up to `limit` frames; PhotoError when the video or camera cannot be opened.

    The photo of frame n is named `<stem>.<n>`, n from 1.
    """
    capture = _open(source)
    stem = f"camera{source}" if isinstance(source, int) else Path(source).stem
    try:
        number = 0
        while limit is None or number < limit:
            there, frame = capture.read()
            if not there:
                break
            number += 1
            pixels = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            yield segmenter.segment(Photo(pixels=pixels, name=f"{stem}.{number}"))
        if not number:
            raise PhotoError(f"{_shown(source)} has no frame that can be decoded")
    finally:
        capture.release()


def segment_video(
    source: VideoSource,
    out_path: str | os.PathLike[str],
    segmenter: Segmenter | None = None,
    *,
    limit: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> VideoSummary:
    """Segment a video file or camera and write it again with the garments coloured, outlined and named.

    `segmenter` None: the default model at its live size. `limit`: at most that many frames (a camera has no end).
    `progress` is called with the frames done and the frames in all (None when unknown). Ctrl-C ends a recording from a
    camera properly, and keeps it. PhotoError when the source cannot be opened, EwardrobeError when `out_path` cannot be
    written; the output's suffix chooses its container (.mp4, .avi, .webm, .mkv).
    """
    target = Path(out_path)
    rate, total = _rate_and_length(source)
    segmenter = segmenter or Segmenter(size="live")
    partial = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    writer: cv2.VideoWriter | None = None
    frames, size = 0, (0, 0)
    try:
        try:
            for result in iter_video(source, segmenter, limit=limit):
                if writer is None:
                    size = result.photo.size
                    writer = _writer(partial, target, rate, size)
                writer.write(np.asarray(result.overlay())[:, :, ::-1])
                frames += 1
                if progress is not None:
                    progress(frames, total)
        except KeyboardInterrupt:
            if not (isinstance(source, int) and frames):
                raise
        if writer is not None:
            writer.release()
        partial.replace(target)
    finally:
        if writer is not None:
            writer.release()
        partial.unlink(missing_ok=True)
    return VideoSummary(target, frames, rate, size)


def _open(source: VideoSource) -> cv2.VideoCapture:
    if not isinstance(source, int) and not Path(source).is_file():
        raise PhotoError(f"{_shown(source)} does not exist")
    with _quiet():
        capture = cv2.VideoCapture(source if isinstance(source, int) else os.fspath(source))
    if not capture.isOpened():
        capture.release()
        advice = "is it plugged in, and free?" if isinstance(source, int) else "is it a video?"
        raise PhotoError(f"{_shown(source)} cannot be opened; {advice}")
    return capture


def _rate_and_length(source: VideoSource) -> tuple[float, int | None]:
    capture = _open(source)
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    return rate if 1 <= rate <= 240 else _DEFAULT_RATE, total if total > 0 else None


def _writer(partial: Path, target: Path, rate: float, size: tuple[int, int]) -> cv2.VideoWriter:
    codec = cv2.VideoWriter.fourcc(*_CODECS.get(target.suffix.lower(), "mp4v"))
    with _quiet():
        writer = cv2.VideoWriter(os.fspath(partial), codec, rate, size)
    if not writer.isOpened():
        raise EwardrobeError(
            f"{target} cannot be written as a video; use an existing folder and the suffix .mp4, .avi, .webm or .mkv"
        )
    return writer


@contextmanager
def _quiet() -> Iterator[None]:
    """OpenCV and its FFmpeg say nothing by themselves: what they could not do is raised as one line."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


def _shown(source: VideoSource) -> str:
    return f"camera {source}" if isinstance(source, int) else f"video {os.fspath(source)}"
