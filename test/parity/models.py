"""The networks of the parity fixtures: one of every family people train, as small as it can be and still be one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm


@dataclass
class Case:
    """A network, a batch for it, and the loss it is trained with."""

    network: Callable[[], nn.Module]
    input: Callable[[], Tensor]
    target: Callable[[Tensor], Tensor] | None
    loss: str = "cross-entropy"
    mode: str = "train"
    exporters: tuple[str, ...] = ("dynamo", "torchscript")
    opset: int = 20
    """Optimizers whose trajectory is recorded as well."""
    trajectories: tuple[str, ...] = field(default=())


def labels(count: int) -> Callable[[Tensor], Tensor]:
    """A class for everything but axis 1 of the output."""

    def of(output: Tensor) -> Tensor:
        shape = output.shape[:1] + output.shape[2:]
        return torch.randint(0, count, shape)

    return of


def values(output: Tensor) -> Tensor:
    return torch.randn_like(output)


def shares(output: Tensor) -> Tensor:
    return torch.rand_like(output)


def probabilities(output: Tensor) -> Tensor:
    return torch.randn_like(output).softmax(1)


def some_ignored(output: Tensor) -> Tensor:
    target = labels(output.shape[1])(output)
    target.view(-1)[::3] = -100
    return target


def normal(*shape: int) -> Callable[[], Tensor]:
    return lambda: torch.randn(*shape)


def tokens(count: int, *shape: int) -> Callable[[], Tensor]:
    return lambda: torch.randint(0, count, shape)


class Apply(nn.Module):
    """A function of modules: the first argument of `function` holds them by name."""

    def __init__(self, function: Callable[..., Tensor], **modules: nn.Module) -> None:
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


class Residual(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def mlp(activation: Callable[[], nn.Module], depth: int, width: int = 8, inputs: int = 6, outputs: int = 4) -> nn.Module:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), activation()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


class Activations(nn.Module):
    """Every activation of torch.nn once, between linear layers so that each matters."""

    def __init__(self, activations: list[nn.Module], width: int = 6) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(width, width) for _ in activations])
        self.activations = nn.ModuleList(activations)

    def forward(self, x: Tensor) -> Tensor:
        for linear, activation in zip(self.linears, self.activations):
            x = x + activation(linear(x))
        return x


class BasicBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            if stride != 1 or inputs != outputs
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


def resnet() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        BasicBlock(4, 4, 1),
        BasicBlock(4, 8, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 5),
    )


class Bottleneck(nn.Module):
    """ResNeXt: grouped convolution between two 1×1 convolutions."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, width // 2, 1)
        self.grouped = nn.Conv2d(width // 2, width // 2, 3, padding=1, groups=groups)
        self.expand = nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.expand(F.relu(self.grouped(F.relu(self.reduce(x))))))


class SqueezeExcite(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(width, width // 2, 1)
        self.up = nn.Conv2d(width // 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * F.hardsigmoid(self.up(F.relu(self.down(x.mean((2, 3), keepdim=True)))))


class InvertedResidual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, 2 * width, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.Hardswish(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=2 * width, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU6(),
            SqueezeExcite(2 * width),
            nn.Conv2d(2 * width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.layers = nn.ModuleList(
            [nn.Sequential(nn.BatchNorm2d(w), nn.ReLU(), nn.Conv2d(w, 3, 3, padding=1)) for w in (4, 7, 10)]
        )
        self.transition = nn.Sequential(nn.BatchNorm2d(13), nn.ReLU(), nn.Conv2d(13, 6, 1), nn.AvgPool2d(2))
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        features = [self.stem(x)]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return self.head(self.transition(torch.cat(features, 1)).mean((2, 3)))


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 2, 1)
        self.three = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 3, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 5, padding=2))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(3, 2, 1))
        self.head = nn.Linear(9, 5)

    def forward(self, x: Tensor) -> Tensor:
        branches = [self.one(x), self.three(x), self.five(x), self.pooled(x)]
        return self.head(F.relu(torch.cat(branches, 1)).amax((2, 3)))


class ShuffleNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 8, 1, groups=2)
        self.second = nn.Conv2d(8, 4, 1, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.first(x))
        n, c, h, w = y.shape
        shuffled = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.second(shuffled)


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.down2 = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.bottom = nn.Conv2d(6, 8, 3, padding=1)
        self.up2 = nn.ConvTranspose2d(8, 6, 2, 2)
        self.merge2 = nn.Conv2d(12, 6, 3, padding=1)
        self.merge1 = nn.Conv2d(10, 4, 3, padding=1)
        self.head = nn.Conv2d(4, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = F.relu(self.bottom(F.max_pool2d(b, 2)))
        b = F.relu(self.merge2(torch.cat([self.up2(c), b], 1)))
        up = F.interpolate(b, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.head(F.relu(self.merge1(torch.cat([up, a], 1))))


class LastStep(nn.Module):
    """A recurrent network that is judged by its last step."""

    def __init__(self, recurrent: nn.RNNBase, outputs: int = 3) -> None:
        super().__init__()
        self.recurrent = recurrent
        width = recurrent.hidden_size * (2 if recurrent.bidirectional else 1)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.recurrent(x)
        return self.head(y[:, -1])


class EveryStep(LastStep):
    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.recurrent(x)
        return self.head(torch.tanh(y)).transpose(1, 2)


class FinalState(nn.Module):
    """Judged by its final hidden and cell state, which start from learned ones."""

    def __init__(self) -> None:
        super().__init__()
        self.h0 = nn.Parameter(torch.randn(1, 1, 5))
        self.c0 = nn.Parameter(torch.randn(1, 1, 5))
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[0]
        _, (h, c) = self.lstm(x, (self.h0.expand(1, n, 5).contiguous(), self.c0.expand(1, n, 5).contiguous()))
        return self.head(torch.cat([h[0], c[0]], 1))


class CellLoop(nn.Module):
    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(x.shape[0], 5)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.head(h)


class CausalAttention(nn.Module):
    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, x: Tensor) -> Tensor:
        n, t, c = x.shape
        q, k, v = (
            part.view(n, t, self.heads, c // self.heads).transpose(1, 2) for part in self.qkv(x).split(c, dim=2)
        )
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(c // self.heads)
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))


class GPTBlock(nn.Module):
    def __init__(self, width: int, length: int) -> None:
        super().__init__()
        self.ln1 = nn.LayerNorm(width)
        self.attn = CausalAttention(width, 2, length)
        self.ln2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, vocabulary: int = 11, width: int = 8, length: int = 6) -> None:
        super().__init__()
        self.tok = nn.Embedding(vocabulary, width)
        self.pos = nn.Embedding(length, width)
        self.blocks = nn.Sequential(GPTBlock(width, length), GPTBlock(width, length))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, x: Tensor) -> Tensor:
        h = self.tok(x) + self.pos(torch.arange(x.shape[1]))
        return self.head(self.norm(self.blocks(h))).transpose(1, 2)


class RMSNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class Llama(nn.Module):
    """Rotary positions, RMS norms, SwiGLU, scaled_dot_product_attention."""

    def __init__(self, width: int = 8, heads: int = 2, length: int = 5) -> None:
        super().__init__()
        self.heads = heads
        self.tok = nn.Embedding(9, width)
        self.norm1 = RMSNorm(width)
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.norm2 = RMSNorm(width)
        self.gate, self.up = nn.Linear(width, 12, bias=False), nn.Linear(width, 12, bias=False)
        self.down = nn.Linear(12, width, bias=False)
        self.head = nn.Linear(width, 9, bias=False)
        angles = torch.outer(torch.arange(length).float(), torch.tensor([1.0, 0.1]))
        self.register_buffer("cos", torch.cat([angles, angles], -1).cos(), persistent=False)
        self.register_buffer("sin", torch.cat([angles, angles], -1).sin(), persistent=False)

    def rotate(self, x: Tensor) -> Tensor:
        a, b = x.chunk(2, -1)
        return x * self.cos + torch.cat([-b, a], -1) * self.sin

    def forward(self, x: Tensor) -> Tensor:
        h = self.tok(x)
        n, t, c = h.shape
        y = self.norm1(h)
        q, k, v = (w(y).view(n, t, self.heads, -1).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        y = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=True)
        h = h + self.wo(y.transpose(1, 2).reshape(n, t, c))
        y = self.norm2(h)
        h = h + self.down(F.silu(self.gate(y)) * self.up(y))
        return self.head(h).transpose(1, 2)


class ViT(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.pos_embed = nn.Parameter(torch.randn(1, 5, width))
        layer = nn.TransformerEncoderLayer(width, 2, 16, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 5)

    def forward(self, x: Tensor) -> Tensor:
        h = self.patch(x).flatten(2).transpose(1, 2)
        h = torch.cat([self.cls_token.expand(h.shape[0], -1, -1), h], 1) + self.pos_embed
        return self.head(self.norm(self.encoder(h)[:, 0]))


class EncoderDecoder(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.tok = nn.Embedding(9, width)
        self.encoder = nn.TransformerEncoderLayer(width, 2, 16, 0.0, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(width, 2, 16, 0.1, batch_first=True)
        self.head = nn.Linear(width, 9)

    def forward(self, x: Tensor) -> Tensor:
        h = self.tok(x)
        mask = torch.full((3, 3), float("-inf")).triu(1)
        return self.head(self.decoder(h[:, 3:], self.encoder(h[:, :3]), tgt_mask=mask)).transpose(1, 2)


class Highway(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform, self.gate = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(4), nn.LayerNorm(4)
        self.tokens = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 6))
        self.channels = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm2(x))


class TextCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tok = nn.Embedding(12, 6)
        self.convs = nn.ModuleList([nn.Conv1d(6, 4, k) for k in (2, 3)])
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.tok(x).transpose(1, 2)
        return self.head(torch.cat([F.relu(conv(h)).max(2).values for conv in self.convs], 1))


class TCN(nn.Module):
    """Causal dilated convolutions with weight normalization."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([weight_norm(nn.Conv1d(3, 3, 2, dilation=d)) for d in (1, 2, 4)])

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = x + F.relu(conv(F.pad(x, (conv.dilation[0], 0))))
        return x


class WaveNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filter, self.gate = (nn.Conv1d(4, 4, 2, dilation=2, padding=2) for _ in range(2))
        self.out = nn.Conv1d(4, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out((torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x)))[:, :, :-2])


class Factorization(nn.Module):
    """Pairwise interactions by ½((Σvx)² − Σ(vx)²)."""

    def __init__(self) -> None:
        super().__init__()
        self.v = nn.Parameter(torch.randn(6, 3))
        self.linear = nn.Linear(6, 1)

    def forward(self, x: Tensor) -> Tensor:
        square_of_sum = (x @ self.v).pow(2)
        sum_of_squares = x.pow(2) @ self.v.pow(2)
        return self.linear(x) + 0.5 * (square_of_sum - sum_of_squares).sum(1, keepdim=True)


class GraphConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        adjacency = (torch.rand(6, 6) > 0.5).float() + torch.eye(6)
        self.register_buffer("adjacency_mask", adjacency / adjacency.sum(1, keepdim=True))
        self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = F.elu(self.adjacency_mask @ self.first(x))
        return (self.adjacency_mask @ self.second(h)).transpose(1, 2)


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return F.cosine_similarity(self.tower(x[:, :4]), self.tower(x[:, 4:]), dim=1)


class ScalarLoss(nn.Module):
    """Computes its own loss."""

    def __init__(self) -> None:
        super().__init__()
        self.body = mlp(nn.Softplus, 2)
        self.log_temperature = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        logits = self.body(x) * self.log_temperature.exp()
        return torch.logsumexp(logits, 1).mean() + 0.1 * logits.abs().mean() + logits.std(1).mean()


class AttentionPooling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(4, 1)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.score(torch.tanh(x)).softmax(1)
        return self.head(torch.einsum("btc,btk->bc", x, weights))


class ConvLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.Conv2d(1 + 2, 8, 3, padding=1)
        self.head = nn.Conv2d(2, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _, height, width = x.shape
        h = x.new_zeros(n, 2, height, width)
        c = x.new_zeros(n, 2, height, width)
        for step in range(t):
            i, f, o, g = self.gates(torch.cat([x[:, step], h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.head(h)


class SpatialTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.locate = nn.Linear(16, 6)
        nn.init.normal_(self.locate.weight, std=0.05)
        self.locate.bias = nn.Parameter(torch.tensor([0.9, 0.1, 0.05, -0.1, 0.8, 0.0]))
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        theta = self.locate(x.flatten(1)).view(-1, 2, 3)
        grid = F.affine_grid(theta, x.shape, align_corners=False)
        return self.conv(F.grid_sample(x, grid, align_corners=False))


class PixelShuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(F.leaky_relu(self.conv(x), 0.2), 2)


activations = lambda: [
    nn.ReLU(),
    nn.LeakyReLU(0.1),
    nn.PReLU(),
    nn.ELU(1.5),
    nn.CELU(1.2),
    nn.SELU(),
    nn.GELU(),
    nn.GELU(approximate="tanh"),
    nn.SiLU(),
    nn.Mish(),
    nn.Softplus(),
    nn.Softsign(),
    nn.Sigmoid(),
    nn.LogSigmoid(),
    nn.Tanh(),
    nn.Tanhshrink(),
    nn.Softshrink(0.2),
    nn.Hardshrink(0.2),
    nn.Hardtanh(),
    nn.Hardsigmoid(),
    nn.Hardswish(),
    nn.ReLU6(),
    nn.Softmax(-1),
    nn.LogSoftmax(-1),
    nn.Softmin(-1),
]

norms = lambda: nn.Sequential(
    nn.Conv2d(2, 4, 3, padding=1),
    nn.GroupNorm(2, 4),
    nn.ReLU(),
    nn.Conv2d(4, 4, 3, padding=1),
    nn.InstanceNorm2d(4, affine=True),
    nn.LeakyReLU(),
    nn.Conv2d(4, 4, 1),
    nn.LayerNorm([4, 5, 5]),
    nn.LocalResponseNorm(3),
    nn.Flatten(),
    nn.Linear(100, 3),
)

cnn = lambda: nn.Sequential(
    nn.Conv2d(3, 6, 3, padding=1),
    nn.BatchNorm2d(6),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(6, 8, 3),
    nn.BatchNorm2d(8, eps=1e-3, momentum=0.3),
    nn.Tanh(),
    nn.Flatten(),
    nn.Dropout(0.5),
    nn.Linear(32, 5),
)

pooling = lambda: nn.Sequential(
    nn.Conv2d(2, 4, 3, padding=1),
    nn.MaxPool2d(3, 2, 1),
    nn.Conv2d(4, 4, 3, padding=1),
    nn.AvgPool2d(3, 1, 1),
    nn.Conv2d(4, 4, 3, padding=1),
    nn.AvgPool2d(2, 1, 1, count_include_pad=False),
    nn.AdaptiveMaxPool2d(1),
    nn.Flatten(),
    nn.Linear(4, 3),
)

optimizers = ("sgd", "momentum", "nesterov", "weight-decay", "adam", "adamw")

CASES: dict[str, Case] = {
    # Perceptrons.
    "mlp-relu": Case(lambda: mlp(nn.ReLU, 3), normal(8, 6), labels(4), trajectories=optimizers),
    "mlp-sigmoid-deep": Case(lambda: mlp(nn.Sigmoid, 10), normal(8, 6), values, "mse", trajectories=("sgd", "adam")),
    "mlp-tanh-huber": Case(lambda: mlp(nn.Tanh, 3), normal(8, 6), lambda y: 3 * values(y), "huber"),
    "activations": Case(lambda: Activations(activations()), normal(7, 6), values, "l1"),
    "functional-activations": Case(
        lambda: Apply(lambda m, x: F.glu(m.b(F.silu(F.elu(m.a(x)))), -1), a=nn.Linear(6, 8), b=nn.Linear(8, 8)),
        normal(5, 6),
        values,
        "mse",
    ),
    "batch-norm-1d": Case(
        lambda: nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.ELU(), nn.Linear(8, 4)),
        normal(9, 6),
        labels(4),
        trajectories=("momentum", "adam"),
    ),
    "layer-norm": Case(
        lambda: nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 4)),
        normal(5, 6),
        labels(4),
        trajectories=("adamw",),
    ),
    "highway": Case(lambda: nn.Sequential(Highway(6), Highway(6), nn.Linear(6, 3)), normal(5, 6), labels(3)),
    "weight-norm": Case(
        lambda: nn.Sequential(weight_norm(nn.Linear(6, 8)), nn.Tanh(), weight_norm(nn.Linear(8, 4), dim=1)),
        normal(5, 6),
        labels(4),
    ),
    "factorization-machine": Case(Factorization, normal(6, 6), values, "mse"),
    "siamese": Case(Siamese, normal(6, 8), values, "mse"),
    "scalar-loss": Case(ScalarLoss, normal(6, 6), None, "output"),
    # Losses.
    "loss-nll": Case(
        lambda: nn.Sequential(mlp(nn.ReLU, 1), nn.LogSoftmax(1)), normal(6, 6), labels(4), "nll", trajectories=("sgd",)
    ),
    "loss-probabilities": Case(lambda: mlp(nn.ReLU, 1), normal(6, 6), probabilities),
    "loss-ignore-index": Case(lambda: mlp(nn.ReLU, 1), normal(7, 6), some_ignored),
    "loss-spatial": Case(lambda: nn.Conv2d(2, 4, 3), normal(2, 2, 5, 5), labels(4)),
    "loss-bce": Case(lambda: mlp(nn.ReLU, 1), normal(6, 6), shares, "bce-with-logits", trajectories=("sgd",)),
    # Convolutions.
    "cnn-batch-norm": Case(cnn, normal(6, 3, 8, 8), labels(5)),
    "cnn-batch-norm-eval": Case(cnn, normal(6, 3, 8, 8), labels(5), mode="eval"),
    "resnet": Case(resnet, normal(4, 3, 6, 6), labels(5)),
    "resnext": Case(
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3, 2), Bottleneck(8, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        normal(3, 3, 9, 9),
        labels(8),
    ),
    "conv-strided-dilated-grouped": Case(
        lambda: nn.Sequential(
            nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=2),
            nn.Tanh(),
            nn.Conv2d(4, 6, (3, 2), stride=(1, 2), dilation=(2, 1), padding=(2, 0)),
            nn.Sigmoid(),
            nn.Conv2d(6, 6, 3, padding="same", groups=6),
        ),
        normal(2, 4, 11, 10),
        values,
        "mse",
    ),
    "conv-1d": Case(
        lambda: nn.Sequential(nn.Conv1d(2, 4, 5, 2, 2), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(12, 3)),
        normal(4, 2, 12),
        labels(3),
    ),
    "conv-3d": Case(
        lambda: nn.Sequential(nn.Conv3d(1, 3, 2, 1, 1), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(3, 2, 2)),
        normal(2, 1, 4, 5, 6),
        shares,
        "bce-with-logits",
    ),
    "conv-transposed": Case(
        lambda: nn.Sequential(
            nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(4, 4, 2, groups=2, dilation=2),
            nn.Flatten(2),
            nn.ConvTranspose1d(4, 2, 3),
        ),
        normal(2, 3, 4, 4),
        values,
        "mse",
    ),
    "pooling": Case(pooling, normal(3, 2, 9, 9), labels(3)),
    "norms": Case(norms, normal(3, 2, 5, 5), labels(3)),
    "mobilenet": Case(
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, 2, 1), InvertedResidual(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
        ),
        normal(4, 3, 8, 8),
        labels(5),
        trajectories=("nesterov", "weight-decay"),
    ),
    "densenet": Case(DenseNet, normal(4, 3, 6, 6), labels(5), trajectories=("momentum",)),
    "inception": Case(Inception, normal(3, 3, 6, 6), labels(5)),
    "shufflenet": Case(ShuffleNet, normal(3, 4, 4, 4), values, "mse"),
    "unet": Case(UNet, normal(2, 2, 8, 8), labels(3), trajectories=("weight-decay",)),
    "autoencoder": Case(
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64, 6),
            nn.Linear(6, 64),
            nn.Unflatten(1, (4, 4, 4)),
            nn.ReLU(),
            nn.ConvTranspose2d(4, 1, 4, 2, 1),
            nn.Sigmoid(),
        ),
        normal(2, 1, 8, 8),
        shares,
        "mse",
    ),
    "gan-discriminator": Case(
        lambda: nn.Sequential(
            spectral_norm(nn.Conv2d(3, 4, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(4, 6, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            spectral_norm(nn.Linear(24, 1)),
        ),
        normal(3, 3, 8, 8),
        shares,
        "bce-with-logits",
        exporters=("dynamo",),
    ),
    "spectral-norm": Case(
        lambda: nn.Sequential(spectral_norm(nn.Linear(6, 8)), nn.Tanh(), spectral_norm(nn.Linear(8, 4), dim=1)),
        normal(5, 6),
        labels(4),
        exporters=("dynamo",),
        trajectories=("sgd",),
    ),
    "pixel-shuffle": Case(PixelShuffle, normal(2, 2, 4, 4), values, "mse"),
    "spatial-transformer": Case(SpatialTransformer, normal(3, 1, 4, 4), values, "mse"),
    "upsample-nearest": Case(
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.Upsample(scale_factor=2), nn.Conv2d(3, 2, 3)),
        normal(2, 2, 5, 5),
        values,
        "mse",
    ),
    # Sequences.
    "rnn-tanh": Case(lambda: LastStep(nn.RNN(4, 5, batch_first=True)), normal(3, 6, 4), labels(3)),
    "rnn-relu-2-layers": Case(
        lambda: EveryStep(nn.RNN(4, 5, 2, nonlinearity="relu", batch_first=True)), normal(3, 5, 4), labels(3)
    ),
    "lstm": Case(lambda: LastStep(nn.LSTM(4, 5, batch_first=True)), normal(3, 6, 4), labels(3), trajectories=("adam",)),
    "lstm-2-layers-bidirectional": Case(
        lambda: EveryStep(nn.LSTM(4, 5, 2, bidirectional=True, batch_first=True)),
        normal(3, 5, 4),
        labels(3),
        trajectories=("momentum", "adamw"),
    ),
    "lstm-learned-state": Case(FinalState, normal(3, 5, 4), labels(3), exporters=("dynamo",)),
    "gru": Case(lambda: LastStep(nn.GRU(4, 5, batch_first=True)), normal(3, 6, 4), labels(3)),
    "gru-2-layers-bidirectional": Case(
        lambda: EveryStep(nn.GRU(4, 5, 2, bidirectional=True, batch_first=True)),
        normal(3, 5, 4),
        labels(3),
        trajectories=("sgd", "adam"),
    ),
    "gru-cell-loop": Case(lambda: CellLoop(nn.GRUCell(4, 5)), normal(3, 4, 4), labels(3)),
    "rnn-cell-loop": Case(lambda: CellLoop(nn.RNNCell(4, 5)), normal(3, 4, 4), labels(3)),
    "conv-lstm": Case(ConvLSTM, normal(2, 3, 1, 4, 4), values, "mse"),
    "text-cnn": Case(TextCNN, tokens(12, 4, 7), labels(3)),
    "tcn": Case(TCN, normal(2, 3, 9), values, "mse"),
    "wavenet": Case(WaveNet, normal(2, 4, 8), labels(3)),
    "attention-pooling": Case(AttentionPooling, normal(3, 5, 4), labels(3)),
    "embedding-mean": Case(
        lambda: Apply(lambda m, x: m.head(m.tok(x).mean(1)), tok=nn.Embedding(10, 4), head=nn.Linear(4, 3)),
        tokens(10, 5, 6),
        labels(3),
        trajectories=("sgd",),
    ),
    # Transformers.
    "transformer-encoder": Case(
        lambda: Apply(
            lambda m, x: m.head(m.encoder(m.tok(x)).mean(1)),
            tok=nn.Embedding(10, 8),
            encoder=nn.TransformerEncoder(
                nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True), 2, enable_nested_tensor=False
            ),
            head=nn.Linear(8, 3),
        ),
        tokens(10, 3, 5),
        labels(3),
    ),
    "transformer-decoder": Case(EncoderDecoder, tokens(9, 2, 6), labels(9)),
    "gpt-tied": Case(GPT, tokens(11, 2, 6), labels(11), trajectories=optimizers),
    "llama": Case(Llama, tokens(9, 2, 5), labels(9)),
    "vit": Case(ViT, normal(2, 3, 8, 8), labels(5)),
    "mixer": Case(Mixer, normal(2, 6, 4), values, "mse"),
    "graph-convolution": Case(GraphConvolution, normal(2, 6, 4), labels(3)),
    # Older operator sets, in which the same layers are written differently.
    "mlp-opset-11": Case(lambda: mlp(nn.GELU, 2), normal(5, 6), labels(4), exporters=("torchscript",), opset=11),
    "cnn-opset-9": Case(resnet, normal(3, 3, 6, 6), labels(5), exporters=("torchscript",), opset=9),
    "transformer-opset-14": Case(ViT, normal(2, 3, 8, 8), labels(5), exporters=("torchscript",), opset=14),
}
