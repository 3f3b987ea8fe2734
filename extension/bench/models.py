"""The networks of the benchmark: their modules for PyTorch, and their graphs for Gradient Doctor.

    python models.py    writes models/<name>.onnx anew

The graphs are stored without their weights, which the benchmark draws: a weight's values do not change its speed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Benchmark:
    network: Callable[[], nn.Module]
    batch: Callable[[], Tensor]
    classes: int
    """How many a target has one of, for every output position."""


def mlp(widths: list[int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths[:-2], widths[1:-1]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def conv(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def vgg(widths: list[list[int]]) -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = 3
    for stage in widths:
        for outputs in stage:
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU()]
            inputs = outputs
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * 4 * 4, 256), nn.ReLU(), nn.Linear(256, 10))


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*conv(inputs, outputs, stride), *conv(outputs, outputs)[:-1])
        same = stride == 1 and inputs == outputs
        self.skip = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.skip(x))


def resnet18() -> nn.Sequential:
    """He et al. (2016) with the stem for small images."""
    blocks: list[nn.Module] = []
    inputs = 64
    for outputs, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        blocks += [BasicBlock(inputs, outputs, stride), BasicBlock(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*conv(3, 64), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


class UNet(nn.Module):
    def __init__(self, width: int = 16, depth: int = 3, classes: int = 4) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(depth + 1)]
        double = lambda inputs, outputs: nn.Sequential(*conv(inputs, outputs), *conv(outputs, outputs))
        self.down = nn.ModuleList([double(i, o) for i, o in zip([3, *widths[:-2]], widths[:-1])])
        self.middle = double(widths[-2], widths[-1])
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.up = nn.ModuleList([nn.ConvTranspose2d(i, o, 2, 2) for i, o in pairs])
        self.join = nn.ModuleList([double(i, o) for i, o in pairs])
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for block in self.down:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.middle(x)
        for up, join, skip in zip(self.up, self.join, reversed(skips)):
            x = join(torch.cat([skip, up(x)], 1))
        return self.head(x)


class Recurrent(nn.Module):
    """Classifies a sequence by its last step."""

    def __init__(self, cell: type[nn.RNNBase], layers: int) -> None:
        super().__init__()
        self.cell = cell(64, 128, layers, batch_first=True)
        self.head = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.cell(x)
        return self.head(states[:, -1])


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(split[0], split[1], split[2], is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[TransformerBlock(width, 4, causal=False) for _ in range(depth)])
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(x).mean(1))


class GPT(nn.Module):
    def __init__(self, vocabulary: int = 1000, length: int = 64, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.Sequential(*[TransformerBlock(width, 4, causal=True) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.blocks(self.token(x) + self.position))
        return self.head(x).transpose(1, 2)


benchmarks: dict[str, Benchmark] = {
    "mlp": Benchmark(lambda: mlp([784, 512, 512, 10], nn.ReLU), lambda: torch.randn(128, 784), 10),
    "mlp-30": Benchmark(lambda: mlp([256] * 31 + [10], nn.Sigmoid), lambda: torch.randn(64, 256), 10),
    "vgg": Benchmark(
        lambda: vgg([[32, 32], [64, 64], [128, 128]]), lambda: torch.randn(16, 3, 32, 32), 10
    ),
    "resnet-18": Benchmark(resnet18, lambda: torch.randn(8, 3, 32, 32), 10),
    "u-net": Benchmark(UNet, lambda: torch.randn(4, 3, 64, 64), 4),
    "lstm": Benchmark(lambda: Recurrent(nn.LSTM, 2), lambda: torch.randn(16, 50, 64), 10),
    "gru": Benchmark(lambda: Recurrent(nn.GRU, 2), lambda: torch.randn(16, 50, 64), 10),
    "rnn": Benchmark(lambda: Recurrent(nn.RNN, 1), lambda: torch.randn(16, 100, 64), 10),
    "transformer": Benchmark(Encoder, lambda: torch.randn(8, 32, 128), 10),
    "gpt": Benchmark(GPT, lambda: torch.randint(0, 1000, (8, 64)), 1000),
}


def export(name: str, folder: Path) -> None:
    import onnx

    benchmark = benchmarks[name]
    path = folder / f"{name}.onnx"
    torch.manual_seed(0)
    torch.onnx.export(
        benchmark.network(),
        (benchmark.batch(),),
        path,
        input_names=["x"],
        output_names=["y"],
        dynamo=False,
        opset_version=18,
        training=torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
    )
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.raw_data) > 256:
            tensor.ClearField("raw_data")
    onnx.save(model, path)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    for each in benchmarks:
        export(each, Path(__file__).parent / "models")
