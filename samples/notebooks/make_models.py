"""Exports the models of the notebooks beside this file, before training, and the data they are trained on.

    python samples/notebooks/make_models.py

Wants torch, onnx, onnxscript and numpy. The models are small on purpose: each notebook runs in a minute on a laptop.
"""
import re
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

HERE = Path(__file__).resolve().parent


def spirals(rows=512, classes=3):
    """Points on three arms of a spiral, and which arm: no straight line tells them apart."""
    generator = torch.Generator().manual_seed(1)
    label = torch.randint(classes, (rows,), generator=generator)
    radius = torch.rand(rows, generator=generator)
    angle = 4 * radius + 2 * torch.pi * label / classes + 0.15 * torch.randn(rows, generator=generator)
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1) * 2, label


def adding(rows=512, length=40):
    """The adding problem: of a sequence of numbers two are marked, one of them early; the target is their sum."""
    generator = torch.Generator().manual_seed(2)
    numbers = torch.rand(rows, length, generator=generator)
    marks = torch.zeros(rows, length)
    rows_ = torch.arange(rows)
    marks[rows_, torch.randint(length // 2, (rows,), generator=generator)] = 1
    marks[rows_, length // 2 + torch.randint(length // 2, (rows,), generator=generator)] = 1
    return torch.stack([numbers, marks], 2), (numbers * marks).sum(1, keepdim=True)


def stack(depth, activation, width=32):
    layers = []
    for i in range(depth):
        layers += [nn.Linear(2 if i == 0 else width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, 3))


class Adder(nn.Module):
    """An RNN whose state would grow without end if nothing held it: a matrix that stretches by two fifths each step."""

    def __init__(self, width=32):
        super().__init__()
        self.rnn = nn.RNN(2, width, nonlinearity="relu", batch_first=True)
        self.head = nn.Linear(width, 1)
        nn.init.orthogonal_(self.rnn.weight_hh_l0, gain=1.4)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(states[:, -1])


def without_paths(proto):
    """Lines of code behind nodes name files by themselves, not the folders of this machine."""
    nodes = [*proto.graph.node, *(node for function in proto.functions for node in function.node)]
    for node in nodes:
        for entry in node.metadata_props:
            entry.value = re.sub(r'"[^"]*[/\\]([^"/\\]+)"', r'"\1"', entry.value)


def export(name, model, x, dynamo=True):
    path = HERE / "models" / f"{name}.onnx"
    path.parent.mkdir(exist_ok=True)
    if dynamo:
        batch = torch.export.Dim("batch")
        program = torch.onnx.export(
            model, (x[:32],), input_names=["x"], output_names=["y"], dynamic_shapes=({0: batch},),
            dynamo=True, optimize=False, verbose=False,
        )
        proto = program.model_proto
        without_paths(proto)
        path.write_bytes(proto.SerializeToString(deterministic=True))
    else:
        # This exporter keeps the recurrence in one operator.
        torch.onnx.export(
            model, (x[:32],), str(path), input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
            dynamo=False, training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False, opset_version=18,
        )
    onnx.checker.check_model(onnx.load(path))
    assert str(HERE).encode() not in path.read_bytes(), "a path of this machine is left"
    print(f"{path.name}: {path.stat().st_size} bytes")


def main():
    (HERE / "data").mkdir(exist_ok=True)
    x, label = spirals()
    np.savez_compressed(HERE / "data" / "spirals.npz", x=x.numpy(), target=label.numpy())
    sequences, sums = adding()
    np.savez_compressed(HERE / "data" / "adding.npz", x=sequences.numpy(), target=sums.numpy())

    for name, make in {
        "sigmoid-12": lambda: stack(12, nn.Sigmoid),
        "relu-3": lambda: stack(3, nn.ReLU),
        "relu-12": lambda: stack(12, nn.ReLU),
        "relu-48": lambda: stack(48, nn.ReLU),
    }.items():
        torch.manual_seed(0)
        export(name, make(), x)
    torch.manual_seed(0)
    export("rnn", Adder().train(), sequences, dynamo=False)


if __name__ == "__main__":
    main()
