"""The sewing patterns: half a garment as a ring of curves, in metres; the axis of the body is x = 0."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Segment:
    """One edge of half a panel, in metres: a quadratic curve; `open` edges are not sewn to the other panel."""

    start: Point
    control: Point
    end: Point
    open: bool = False


def line(start: Point, end: Point, *, open: bool = False) -> Segment:
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    return Segment(start, middle, end, open)


def shifted(curve: Segment, dx: float, dy: float) -> Segment:
    (a, b), (c, d), (e, f) = curve.start, curve.control, curve.end
    return Segment((a + dx, b + dy), (c + dx, d + dy), (e + dx, f + dy))


T_SHIRT = (
    Segment((0, 0.635), (0.075, 0.64), (0.09, 0.725), open=True),
    line((0.09, 0.725), (0.215, 0.69)),
    Segment((0.215, 0.69), (0.31, 0.63), (0.385, 0.51)),
    line((0.385, 0.51), (0.295, 0.45), open=True),
    line((0.295, 0.45), (0.225, 0.51)),
    Segment((0.225, 0.51), (0.212, 0.25), (0.23, 0.0)),
    Segment((0.23, 0.0), (0.1, -0.008), (0, -0.008), open=True),
)
JEANS = (
    Segment((0, 0.985), (0.1, 0.985), (0.195, 1.01), open=True),
    Segment((0.195, 1.01), (0.25, 0.86), (0.252, 0.73)),
    Segment((0.252, 0.73), (0.255, 0.35), (0.27, 0.0)),
    line((0.27, 0.0), (0.105, 0.0), open=True),
    Segment((0.105, 0.0), (0.06, 0.5), (0.022, 0.69)),
    line((0.022, 0.69), (0, 0.715)),
)
