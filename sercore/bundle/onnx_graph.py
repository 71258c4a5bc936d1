"""Bounds of ONNX networks: known operators, bounded size, no other files.

The file is read as Protocol Buffers without the ``onnx`` package, which prediction does not need. Only the
fields that name operators and graphs inside of graphs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import BundleError

OPERATORS = frozenset({
    "Add", "And", "AveragePool", "Cast", "Concat", "ConstantOfShape", "Conv", "Cos", "CumSum", "Div",
    "Expand", "Gather", "Gemm", "GlobalAveragePool", "Greater", "Identity", "IsNaN", "Less", "Loop",
    "MatMul", "Max", "MaxPool", "Mul", "Neg", "Not", "Pad", "Reciprocal", "ReduceProd", "ReduceSum", "Relu",
    "Reshape", "ReverseSequence", "Shape", "Sigmoid", "Sin", "Slice", "Softmax", "Split", "Sqrt",
    "Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Where",
})  # fmt: skip
"""Operators that exported networks use; ``Loop`` is the recurrence of an LSTM."""

MAX_NODES = 5_000
"""Most operators of a network; those of sercore have at most a few hundred."""

_MODEL_GRAPH, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 20, 25  # field numbers of onnx.proto
_GRAPH_NODE, _GRAPH_SPARSE = 1, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_GRAPHS = 6, 11


def check_onnx(content: bytes, *, where: str) -> None:
    """Raise BundleError unless an ONNX file contains only operators in :data:`OPERATORS`.

    Parameters
    ----------
    content : bytes
    where : str
        Name of the file in error messages.

    Raises
    ------
    BundleError
        Not Protocol Buffers, an operator is not in use by sercore networks, a loop contains a loop, there
        are more than :data:`MAX_NODES` operators, or weights may be in another file.
    """
    if b"location" in content:  # every pointer to another file has this key
        raise BundleError(f"{where}: its weights point to other files; refused")
    try:
        _check_model(memoryview(content), where)
    except (IndexError, ValueError) as error:
        raise BundleError(f"{where}: not a valid ONNX network ({error})") from error


def _check_model(content: memoryview, where: str) -> None:
    pending, n_nodes = [], 0
    for field, value in _fields(content):
        if field in (_MODEL_TRAINING, _MODEL_FUNCTIONS):
            raise BundleError(f"{where}: contains functions or training steps; refused")
        if field == _MODEL_GRAPH:
            pending.append((value, 0))
    while pending:
        graph, depth = pending.pop()
        for field, node in _fields(graph):
            if field == _GRAPH_SPARSE:
                raise BundleError(f"{where}: contains sparse weights, not used by sercore networks; refused")
            if field == _GRAPH_NODE:
                n_nodes += 1
                pending += [(inner, depth + 1) for inner in _check_node(node, where)]
        if depth > 1 or n_nodes > MAX_NODES:
            raise BundleError(
                f"{where}: loops inside of loops, or more than {MAX_NODES} operators; sercore networks have "
                "neither; refused"
            )


def _check_node(node: memoryview, where: str) -> list[memoryview]:
    """Graphs inside of a node, such as the body of a loop, after checking its operator."""
    operator, domain, graphs = "", "", []
    for field, value in _fields(node):
        if field == _NODE_OPERATOR:
            operator = bytes(value).decode()
        elif field == _NODE_DOMAIN:
            domain = bytes(value).decode()
        elif field == _NODE_ATTRIBUTE:
            graphs += [inner for number, inner in _fields(value) if number in _ATTRIBUTE_GRAPHS]
    if operator not in OPERATORS or domain not in ("", "ai.onnx"):
        raise BundleError(
            f"{where}: contains the operator {domain + operator!r:.80}, not used by sercore networks; refused"
        )
    return graphs


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of every field of a message that is a string or a message itself."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, at = _varint(message, at)
            if size > len(message) - at:
                raise ValueError("a field is longer than the file")
            yield key >> 3, message[at : at + size]
            at += size
        else:
            raise ValueError(f"a field of type {kind}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
