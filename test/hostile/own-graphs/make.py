"""Makes the ONNX files of this folder: `pip install onnx`, then `python make.py`. Input [N, 3, 32, 32], ten scores."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent
weight = np.random.default_rng(1).standard_normal((10, 3)).astype(np.float32) * 6
head = [
    helper.make_node("GlobalAveragePool", ["x"], ["p"]),
    helper.make_node("Flatten", ["p"], ["f"], axis=1),
    helper.make_node("Gemm", ["f", "W"], ["z"], transB=1),
]


def save(name, nodes, initializers=()):
    images = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 32, 32])
    scores = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    constants = [numpy_helper.from_array(weight, "W"), *initializers]
    graph = helper.make_graph([*head, *nodes], "g", [images], [scores], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (FOLDER / name).write_bytes(model.SerializeToString())


def constant(name, kind, value):
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(name, kind, [], [value]))


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


body = helper.make_graph(
    [helper.make_node("Identity", ["cond"], ["go"]), helper.make_node("Tanh", ["v"], ["w"])],
    "body",
    [value("i", TensorProto.INT64, []), value("cond", TensorProto.BOOL, []), value("v", TensorProto.FLOAT, None)],
    [value("go", TensorProto.BOOL, []), value("w", TensorProto.FLOAT, None)],
)
save(
    "loop-forever.onnx",
    [
        constant("times", TensorProto.INT64, 2**62),
        constant("on", TensorProto.BOOL, True),
        helper.make_node("Loop", ["times", "on", "z"], ["y"], body=body),
    ],
)

# While it is loaded: onnxruntime folds constants.
one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
save(
    "allocate.onnx",
    [
        helper.make_node("ConstantOfShape", ["size"], ["huge"], value=one),
        helper.make_node("Exp", ["huge"], ["powers"]),
        helper.make_node("ReduceSum", ["powers"], ["sum"], keepdims=0),
        helper.make_node("Add", ["z", "sum"], ["y"]),
    ],
    [numpy_helper.from_array(np.array([1_500_000_000]), "size")],
)

# While it runs: the size comes from the input.
save(
    "allocate-dyn.onnx",
    [
        helper.make_node("Shape", ["z"], ["shape"]),
        helper.make_node("Mul", ["shape", "factors"], ["size"]),
        helper.make_node("Expand", ["one", "size"], ["huge"]),
        helper.make_node("Exp", ["huge"], ["powers"]),
        helper.make_node("ReduceSum", ["powers"], ["sum"], keepdims=0),
        helper.make_node("Add", ["z", "sum"], ["y"]),
    ],
    [numpy_helper.from_array(np.array([1_000_000, 300]), "factors"), numpy_helper.from_array(np.float32(1), "one")],
)
