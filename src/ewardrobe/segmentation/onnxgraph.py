"""What goes into an ONNX graph and comes out of it, read without building it: enough to tell whose model it is.

The fields are those of `GraphProto`, `ValueInfoProto` and `TensorProto` in
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. The weights' numbers are skipped, so a file of any size is read
in milliseconds.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ewardrobe.segmentation.onnxfile import (
    BYTES,
    GRAPH,
    VARINT,
    MalformedError,
    read_field,
    read_varint,
    with_bytes,
)

__all__ = ["Graph", "Shape", "read_graph"]

Shape = tuple[int | None, ...]
"""Sizes in order, None where the graph leaves one open."""

_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12


@dataclass(frozen=True, slots=True)
class Graph:
    """The shapes of a graph's inputs and outputs, in its order, and of its weights, by name."""

    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    weights: dict[str, Shape]


def read_graph(path: Path) -> Graph:
    """The graph of the ONNX file `path`; ModelError when it is missing or no ONNX model."""

    def read(data: mmap.mmap) -> Graph:
        found = Graph({}, {}, {})
        for number, start, end in _messages(data, 0, len(data)):
            if number != GRAPH:
                continue
            for part, first, last in _messages(data, start, end):
                if part == _INITIALIZER:
                    name, shape = _tensor(data, first, last)
                    found.weights[name] = shape
                elif part in (_INPUT, _OUTPUT):
                    name, shape = _value(data, first, last)
                    (found.inputs if part == _INPUT else found.outputs)[name] = shape
        for name in found.weights:  # files of before 2019 name the weights among the inputs
            found.inputs.pop(name, None)
        return found

    return with_bytes(path, read)


def _messages(data: mmap.mmap, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of bytes within a message: number, and where the content starts and ends."""
    while position < end:
        number, wire, content, position = read_field(data, position)
        if position > end:
            raise MalformedError
        if wire == BYTES:
            yield number, content, position


def _value(data: mmap.mmap, position: int, end: int) -> tuple[str, Shape]:
    name, shape = "", []
    for number, start, stop in _messages(data, position, end):
        if number == 1:
            name = data[start:stop].decode("utf-8")
        elif number == 2:  # TypeProto > tensor_type > shape > dim
            for a, *tensor in _messages(data, start, stop):
                for b, *dims in _messages(data, *tensor) if a == 1 else ():
                    shape += [_size(data, *dim) for c, *dim in _messages(data, *dims) if b == 2 and c == 1]
    return name, tuple(shape)


def _size(data: mmap.mmap, position: int, end: int) -> int | None:
    while position < end:
        number, wire, content, position = read_field(data, position)
        if number == 1 and wire == VARINT:
            return read_varint(data, content)[0]
    return None


def _tensor(data: mmap.mmap, position: int, end: int) -> tuple[str, Shape]:
    name, shape = "", []
    while position < end:
        number, wire, content, position = read_field(data, position)
        if number == 1 and wire == VARINT:
            shape.append(read_varint(data, content)[0])
        elif number == 1 and wire == BYTES:  # packed
            while content < position:
                value, content = read_varint(data, content)
                shape.append(value)
        elif number == 8 and wire == BYTES:
            name = data[content:position].decode("utf-8")
    return name, tuple(shape)
