"""Whisper's encoder as an ONNX graph, built directly from its weights.

The same network as :mod:`sercore.encoders.whisper`. Neither Keras nor an exporter takes part, so a computer
that only predicts needs no TensorFlow, and layer normalisation and GELU stay single operators, which are
faster than the sums and products that an exporter makes of them.

References
----------
Radford et al.: Robust speech recognition via large-scale weak supervision. ICML 2023.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import EncoderError
from .mel import N_MELS
from .sources import size_of

OPSET = 20
"""Version of the operators; the first one with GELU."""


def whisper_graph(tensors: Mapping[str, np.ndarray], *, n_frames: int) -> bytes:
    """Whisper's encoder as an ONNX file.

    Parameters
    ----------
    tensors : mapping of str to np.ndarray
        From :func:`sercore.encoders.weights.read_ctranslate2`.
    n_frames : int
        Log-mel frames of the input, two per position.

    Returns
    -------
    bytes
        Input (1, n_frames, 80), output (1, n_blocks, n_frames / 2, width), as in
        :func:`sercore.encoders.whisper.build_whisper`.

    Raises
    ------
    EncoderError
        A tensor is missing, there are more frames than positions, or the package ``onnx`` is not installed.
    """
    size = size_of(tensors)
    if not 0 < n_frames <= 2 * size.n_positions:
        raise EncoderError(f"n_frames={n_frames}; the encoder accepts 1 to {2 * size.n_positions} frames")
    graph = _Graph(tensors)
    x = graph.node("Transpose", "log_mel", perm=[0, 2, 1])
    for number in (1, 2):
        kernel, bias = (graph.weight(f"conv{number}/{part}") for part in ("weight", "bias"))
        x = graph.node("Gelu", graph.node("Conv", x, kernel, bias, pads=[1, 1], strides=[number]))
    x = graph.node("Transpose", x, perm=[0, 2, 1])
    table = tensors["encoder/position_encodings/encodings"][: -(-n_frames // 2)]
    x = graph.node("Add", x, graph.constant(table))
    outputs = []
    for number in range(size.n_blocks):
        x = _block(graph, x, f"layer_{number}", size.n_heads, size.width)
        outputs.append(x)
    outputs[-1] = graph.normalise(x, "layer_norm")
    axis = graph.constant(np.array([1]))
    stacked = [graph.node("Unsqueeze", output, axis) for output in outputs]
    graph.node("Concat", *stacked, axis=1, output="blocks")
    return graph.to_bytes(
        {"log_mel": (1, n_frames, N_MELS)}, {"blocks": (1, size.n_blocks, None, size.width)}
    )


def _block(graph: _Graph, x: str, name: str, n_heads: int, width: int) -> str:
    """One block: attention, then two layers, each on normalised frames and added to its input."""
    split = graph.constant(np.array([0, -1, 3, n_heads, width // n_heads]))
    qkv = graph.dense(
        graph.normalise(x, f"{name}/self_attention/layer_norm"), f"{name}/self_attention/linear_0"
    )
    # (1, n_frames, 3 * width) to query, key and value (1, n_heads, n_frames, width / n_heads)
    qkv = graph.node("Transpose", graph.node("Reshape", qkv, split), perm=[2, 0, 3, 1, 4])
    query, key, value = (graph.node("Gather", qkv, graph.constant(np.int64(k)), axis=0) for k in range(3))
    query = graph.node("Mul", query, graph.constant(np.float32((width // n_heads) ** -0.5)))
    scores = graph.node("MatMul", query, graph.node("Transpose", key, perm=[0, 1, 3, 2]))
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    joined = graph.node("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", joined, graph.constant(np.array([0, 0, width])))
    x = graph.node("Add", x, graph.dense(joined, f"{name}/self_attention/linear_1"))
    hidden = graph.dense(graph.normalise(x, f"{name}/ffn/layer_norm"), f"{name}/ffn/linear_0")
    return graph.node("Add", x, graph.dense(graph.node("Gelu", hidden), f"{name}/ffn/linear_1"))


class _Graph:
    """Operators and weights, added one by one; every method returns the name of its result."""

    def __init__(self, tensors: Mapping[str, np.ndarray]):
        try:
            import onnx
        except ImportError as error:
            raise EncoderError(
                'the ONNX graph of an encoder needs: pip install "sercore[pretrained]"'
            ) from error
        self.onnx, self.tensors, self.nodes, self.constants = onnx, tensors, [], []

    def node(self, operator: str, *inputs: str, output: str = "", **attributes) -> str:
        output = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        value = np.ascontiguousarray(value).reshape(np.shape(value))
        self.constants.append(self.onnx.numpy_helper.from_array(value, name))
        return name

    def weight(self, name: str, *, transpose: bool = False) -> str:
        if f"encoder/{name}" not in self.tensors:
            raise EncoderError(f"the weights lack 'encoder/{name}'; they are not those of a Whisper encoder")
        value = np.asarray(self.tensors[f"encoder/{name}"], dtype=np.float32)
        return self.constant(value.T if transpose else value)

    def dense(self, x: str, name: str) -> str:
        product = self.node("MatMul", x, self.weight(f"{name}/weight", transpose=True))
        return self.node("Add", product, self.weight(f"{name}/bias"))

    def normalise(self, x: str, name: str) -> str:
        gamma, beta = self.weight(f"{name}/gamma"), self.weight(f"{name}/beta")
        return self.node("LayerNormalization", x, gamma, beta, axis=-1, epsilon=1e-5)

    def to_bytes(self, inputs: Mapping[str, tuple], outputs: Mapping[str, tuple]) -> bytes:
        helper, kind = self.onnx.helper, self.onnx.TensorProto.FLOAT
        ends = [[helper.make_tensor_value_info(name, kind, shape) for name, shape in part.items()]
                for part in (inputs, outputs)]  # fmt: skip
        graph = helper.make_graph(self.nodes, "whisper", *ends, initializer=self.constants)
        opset = helper.make_opsetid("", OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
