"""A small Whisper encoder: its weights, its output by hand, and CTranslate2 files; a small ONNX encoder."""

import hashlib
import struct

import numpy as np
import pytest

from sercore.encoders import EncoderRecipe


def packed(tensors, *, aliases=(), version=6) -> bytes:
    """The bytes of a CTranslate2 file with these tensors."""
    types = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def text(name):
        return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"

    content = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(tensors))
    for name, value in tensors.items():
        value = np.asarray(value)
        content += text(name) + struct.pack(f"<B{value.ndim}I", value.ndim, *value.shape)
        content += struct.pack("<BI", types[value.dtype.name], value.nbytes) + value.tobytes()
    content += struct.pack("<I", len(aliases))
    return content + b"".join(text(alias) + text(name) for alias, name in aliases)


def toy_tensors():
    """Weights of an encoder of width 8 with 2 blocks and 2 heads, drawn at random."""
    rng, width = np.random.default_rng(11), 8

    def draw(*shape):
        return rng.normal(scale=0.3, size=shape).astype(np.float32)

    made = {
        "encoder/position_encodings/encodings": draw(100, width), "encoder/num_heads": np.int16(2),
        "encoder/conv1/weight": draw(width, 80, 3), "encoder/conv1/bias": draw(width),
        "encoder/conv2/weight": draw(width, width, 3), "encoder/conv2/bias": draw(width),
        "encoder/layer_norm/gamma": 1 + draw(width), "encoder/layer_norm/beta": draw(width),
    }  # fmt: skip
    for number in range(2):
        for part, inner, outer in (("self_attention", 3, 1), ("ffn", 4, 4)):
            prefix = f"encoder/layer_{number}/{part}"
            made |= {
                f"{prefix}/layer_norm/gamma": 1 + draw(width), f"{prefix}/layer_norm/beta": draw(width),
                f"{prefix}/linear_0/weight": draw(inner * width, width),
                f"{prefix}/linear_0/bias": draw(inner * width),
                f"{prefix}/linear_1/weight": draw(width, outer * width),
                f"{prefix}/linear_1/bias": draw(width),
            }  # fmt: skip
    return made


def encoder_by_hand(tensors, log_mel):
    """Blocks (n_blocks, n_frames, width) in plain numpy, as the paper describes them."""
    from scipy.special import erf, softmax

    def get(name):
        return np.float64(tensors[f"encoder/{name}"])

    def gelu(x):
        return 0.5 * x * (1 + erf(x / np.sqrt(2)))

    def norm(x, name):
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        return x * get(f"{name}/gamma") + get(f"{name}/beta")

    def linear(x, name):
        return x @ get(f"{name}/weight").T + get(f"{name}/bias")

    x = np.float64(log_mel)
    for name, stride in (("conv1", 1), ("conv2", 2)):
        padded = np.pad(x, ((1, 1), (0, 0)))
        windows = np.stack([padded[t : t + 3].T for t in range(0, len(x), stride)])
        x = gelu(np.einsum("tck,ock->to", windows, get(f"{name}/weight")) + get(f"{name}/bias"))
    x = x + get("position_encodings/encodings")[: len(x)]
    blocks = []
    for number in range(2):
        part = f"layer_{number}/self_attention"
        query, key, value = np.split(linear(norm(x, f"{part}/layer_norm"), f"{part}/linear_0"), 3, axis=1)
        heads = [
            softmax(query[:, h] @ key[:, h].T / np.sqrt(4), axis=1) @ value[:, h]
            for h in (slice(0, 4), slice(4, 8))
        ]
        x = x + linear(np.concatenate(heads, axis=1), f"{part}/linear_1")
        part = f"layer_{number}/ffn"
        x = x + linear(gelu(linear(norm(x, f"{part}/layer_norm"), f"{part}/linear_0")), f"{part}/linear_1")
        blocks.append(x)
    blocks[-1] = norm(x, "layer_norm")
    return np.stack(blocks)


def toy_recipe(folder, **settings):
    """Recipe of the small encoder, whose file is written to a folder."""
    content = packed(toy_tensors())
    path = folder / "model.bin"
    path.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return EncoderRecipe("toy", path=str(path), sha256=sha256, **{"seconds": 2.0, **settings})


def wave_graph(path, *, n_samples="n_samples", stacked=False, mask=False, names=("first", "second")):
    """An ONNX encoder: two convolutions of 400 samples, every 320, with 3 channels each.

    With an attention mask, waves are multiplied by the proportion of samples that it marks.
    """
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(5)
    inputs = [helper.make_tensor_value_info("waves", TensorProto.FLOAT, ["batch", n_samples])]
    if mask:
        inputs.append(
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", n_samples])
        )
    axis = numpy_helper.from_array(np.array([1]), "axis")
    weights, nodes, waves = [axis], [], "waves"
    if mask:
        nodes.append(helper.make_node("Cast", ["attention_mask"], ["marked"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("ReduceMean", ["marked"], ["proportion"]))
        nodes.append(helper.make_node("Mul", ["waves", "proportion"], [waves := "scaled"]))
    nodes.append(helper.make_node("Unsqueeze", [waves, "axis"], ["x"]))
    for name in names:
        kernel = rng.standard_normal((3, 1, 400)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"{name}_kernel"))
        nodes.append(helper.make_node("Conv", ["x", f"{name}_kernel"], [f"{name}_y"], strides=[320]))
        nodes.append(helper.make_node("Transpose", [f"{name}_y"], [name], perm=[0, 2, 1]))
    shapes = {name: ["batch", "frames", 3] for name in names}
    if stacked:
        nodes += [helper.make_node("Unsqueeze", [name, "axis"], [f"{name}_1"]) for name in names]
        nodes.append(helper.make_node("Concat", [f"{name}_1" for name in names], ["blocks"], axis=1))
        shapes = {"blocks": ["batch", len(names), "frames", 3]}
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    ]
    graph = helper.make_graph(nodes, "encoder", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return {w.name.removesuffix("_kernel"): numpy_helper.to_array(w)[:, 0] for w in weights[1:]}
