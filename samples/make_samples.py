"""Exports every sample: its model before training as `model.onnx`, and the data of its training script as `batch.npz`.

    python samples/make_samples.py [NAME ...]

Wants torch, onnx, onnxscript and numpy. `optimize=False` keeps the parameters' names and the line of the script behind
every node; those lines name files relative to the sample, so the model reads the same on every machine.
"""
import os
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import onnx
import torch

SAMPLES = Path(__file__).resolve().parent
MODELS = {
    "deep_sigmoid": "DeepSigmoid",
    "exploding": "DeepRegressor",
    "plain_cnn": "PlainCNN",
    "exploding_rnn": "SequenceClassifier",
    "healthy_residual": "ResidualNet",
}


def without_folders_of_this_machine(text):
    """Paths of the interpreter's packages, from the folder of packages on."""
    return re.sub(r'"[^"]*[/\\]((?:site|dist)-packages[/\\])', r'"\1', text)


def strip_paths(entries):
    for entry in entries:
        entry.value = without_folders_of_this_machine(entry.value)


def make(name):
    torch.manual_seed(0)
    os.chdir(SAMPLES / name)
    script = runpy.run_path("train.py", run_name="train")
    inputs, target = script["make_data"]()
    model = script[MODELS[name]]()
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        model, (inputs[:32],), input_names=["x"], output_names=["y"], dynamic_shapes=({0: batch},),
        dynamo=True, optimize=False, verbose=False,
    )
    proto = program.model_proto
    for node in proto.graph.node:
        strip_paths(node.metadata_props)
    for function in proto.functions:
        for node in function.node:
            strip_paths(node.metadata_props)
    data = proto.SerializeToString(deterministic=True)
    assert str(SAMPLES).encode() not in data and sys.prefix.encode() not in data, "a path of this machine is left"
    onnx.checker.check_model(proto)
    Path("model.onnx").write_bytes(data)
    np.savez_compressed("batch.npz", x=inputs.numpy(), target=target.numpy())
    print(f"{name}: {len(data)} bytes, {tuple(inputs.shape)} -> {tuple(target.shape)}")


for sample in sys.argv[1:] or MODELS:
    make(sample)
