"""Makes the models that remedies are tried on, and what the equivalent PyTorch models give.

    python generate_remedies.py models OUT      exports the untreated models
    python generate_remedies.py expected OUT    reads OUT/<case>.weights.npz, which the engine wrote after applying the
                                                remedy, and writes OUT/<case>.expected.npz: output, gradients, buffers

`npm run parity:regenerate` runs both, with the engine between them. The equivalent of a remedy is the module that a
PyTorch user would write; its parameters carry the names that the engine gives to those it inserts.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": F.relu,
    "leaky-relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
}


class Mlp(nn.Module):
    """Five hidden layers, the first of which changes the width."""

    def __init__(self, activation="sigmoid", remedy=None, bias=True, softmax=False):
        super().__init__()
        self.softmax = softmax
        sizes = [6, 8, 8, 8, 8, 8]
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in zip(sizes, sizes[1:]))
        self.head = nn.Linear(8, 3)
        self.activation = ACTIVATIONS[activation]
        self.remedy = remedy
        for layer in self.layers:
            same = layer.in_features == layer.out_features
            if remedy == "batch-norm":
                layer.norm = nn.BatchNorm1d(8)
            if remedy == "layer-norm":
                layer.norm = nn.LayerNorm(8)
            if remedy == "highway" and same:
                layer.gate = nn.Linear(8, 8)
            if remedy == "projection" and not same:
                layer.skip = nn.Linear(layer.in_features, 8, bias=False)
        if remedy in ("weight-norm", "spectral-norm"):
            parametrize = getattr(nn.utils.parametrizations, remedy.replace("-", "_"))
            for module in [*self.layers, self.head]:
                parametrize(module)
        if remedy == "concat":
            self.layers[4].skip = nn.Linear(16, 8, bias=False)

    def forward(self, x):
        kept = []
        for i, layer in enumerate(self.layers):
            y = layer(x)
            if self.remedy in ("batch-norm", "layer-norm"):
                y = layer.norm(y)
            y = self.activation(y)
            same = layer.in_features == layer.out_features
            if self.remedy in ("residual", "projection"):
                y = y + (x if same else layer.skip(x) if self.remedy == "projection" else 0)
            if self.remedy == "highway" and same:
                gate = torch.sigmoid(layer.gate(x))
                y = y * gate + x * (1 - gate)
            # Nested like brackets: 0 to 4; between 1 and 3 there are fewer than three layers.
            if self.remedy == "long-skip" and i == 4:
                y = y + kept[0]
            if self.remedy == "concat" and i == 4:
                y = layer.skip(torch.cat([y, kept[0]], -1))
            kept.append(y)
            x = y
        y = self.head(x)
        return torch.softmax(y, -1) if self.softmax else y


class Cnn(nn.Module):
    def __init__(self, remedy=None, activation="relu"):
        super().__init__()
        bias = remedy != "batch-norm"
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1, bias=bias)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, bias=bias)
        self.conv3 = nn.Conv2d(4, 6, 3, padding=1, stride=2, bias=bias)
        self.fc = nn.Linear(6 * 3 * 3, 3)
        self.remedy = remedy
        self.activation = ACTIVATIONS[activation]
        for conv in (self.conv1, self.conv2, self.conv3):
            if remedy == "batch-norm":
                conv.norm = nn.BatchNorm2d(conv.out_channels)
            if remedy == "projection" and conv is not self.conv2:
                conv.skip = nn.Conv2d(conv.in_channels, conv.out_channels, 1, stride=conv.stride, bias=False)
        if remedy == "highway":
            self.conv2.gate = nn.Conv2d(4, 4, 3, padding=1)
        if remedy in ("weight-norm", "spectral-norm"):
            parametrize = getattr(nn.utils.parametrizations, remedy.replace("-", "_"))
            for module in (self.conv1, self.conv2, self.conv3, self.fc):
                parametrize(module)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            y = conv(x)
            if self.remedy == "batch-norm":
                y = conv.norm(y)
            y = self.activation(y)
            if self.remedy == "residual" and conv is self.conv2:
                y = y + x
            if self.remedy == "projection":
                y = y + (x if conv is self.conv2 else conv.skip(x))
            if self.remedy == "highway" and conv is self.conv2:
                gate = torch.sigmoid(conv.gate(x))
                y = y * gate + x * (1 - gate)
            x = y
        return self.fc(x.flatten(1))


class Attention(nn.Module):
    """What stands in for a recurrent layer: a projection, attention, a residual connection and layer norm."""

    def __init__(self, inputs, width, directions, depth):
        super().__init__()
        self.projection = nn.Linear(inputs, width)
        self.attention = nn.MultiheadAttention(width, 4 if width % 4 == 0 else 3, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.directions, self.depth = directions, depth

    def forward(self, x):
        p = self.projection(x)
        y = self.norm(p + self.attention(p, p, p, need_weights=False)[0])
        last = y[:, -1].reshape(x.shape[0], self.directions, -1).transpose(0, 1)
        return y, last.repeat(self.depth, 1, 1)


class Recurrent(nn.Module):
    """A vanilla RNN of two levels and both directions, read by its sequence or by its last states."""

    def __init__(self, remedy=None, states=False, directions=2, depth=2):
        super().__init__()
        options = dict(num_layers=depth, bidirectional=directions == 2, batch_first=True)
        cells = {"lstm": nn.LSTM, "gru": nn.GRU}
        if remedy == "self-attention":
            self.rnn = Attention(4, 6 * directions, directions, depth)
        else:
            self.rnn = cells.get(remedy, nn.RNN)(4, 6, **options)
        if remedy == "layer-norm":
            self.rnn.norm = nn.LayerNorm(6 * directions)
        self.fc = nn.Linear(6 * (directions * depth if states else directions), 3)
        self.states, self.remedy = states, remedy

    def forward(self, x):
        sequence, state = self.rnn(x)
        if self.states:
            state = state[0] if isinstance(state, tuple) else state
            return self.fc(state.transpose(0, 1).flatten(1))
        if self.remedy == "layer-norm":
            sequence = self.rnn.norm(sequence)
        return self.fc(sequence[:, -1])


class TransformerBlock(nn.Module):
    def __init__(self, residual, activation):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(8, 16), nn.Linear(16, 8)
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.residual, self.activation = residual, ACTIVATIONS[activation]

    def forward(self, x):
        h = self.norm1(x)
        y = self.attention(h, h, h, need_weights=False)[0]
        x = x + y if self.residual else y
        y = self.linear2(self.activation(self.linear1(self.norm2(x))))
        return x + y if self.residual else y


class Transformer(nn.Module):
    def __init__(self, residual=False, activation="gelu"):
        super().__init__()
        self.blocks = nn.ModuleList(TransformerBlock(residual, activation) for _ in range(2))
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean(1))


MODELS = {
    "mlp": (lambda: Mlp(), (5, 6)),
    "mlp_softmax": (lambda: Mlp("relu", softmax=True), (5, 6)),
    "cnn": (lambda: Cnn(), (4, 2, 6, 6)),
    "cnn_sigmoid": (lambda: Cnn(activation="sigmoid"), (4, 2, 6, 6)),
    "rnn": (lambda: Recurrent(), (3, 7, 4)),
    "rnn_one": (lambda: Recurrent(directions=1, depth=1), (3, 7, 4)),
    "rnn_states": (lambda: Recurrent(states=True), (3, 7, 4)),
    "transformer": (lambda: Transformer(), (3, 5, 8)),
}

# case: (model, remedy, parameters, the equivalent)
CASES = {
    **{f"mlp.{a}": ("mlp", a, {}, lambda a=a: Mlp(a)) for a in ACTIVATIONS if a != "sigmoid"},
    "mlp_softmax.logits": ("mlp_softmax", "logits", {}, lambda: Mlp("relu")),
    "cnn.mish": ("cnn", "mish", {}, lambda: Cnn(activation="mish")),
    "cnn_sigmoid.gelu": ("cnn_sigmoid", "gelu", {}, lambda: Cnn(activation="gelu")),
    "mlp.batch-norm": ("mlp", "batch-norm", {}, lambda: Mlp(remedy="batch-norm", bias=False)),
    "cnn.batch-norm": ("cnn", "batch-norm", {}, lambda: Cnn("batch-norm")),
    "mlp.layer-norm": ("mlp", "layer-norm", {}, lambda: Mlp(remedy="layer-norm")),
    "rnn.layer-norm": ("rnn", "layer-norm", {}, lambda: Recurrent("layer-norm")),
    **{f"{m}.{r}": (m, r, {}, lambda c=c, r=r: c(remedy=r)) for m, c in (("mlp", Mlp), ("cnn", Cnn))
       for r in ("weight-norm", "spectral-norm", "residual", "highway")},
    "mlp.residual-projection": ("mlp", "residual", {"projection": True}, lambda: Mlp(remedy="projection")),
    "cnn.residual-projection": ("cnn", "residual", {"projection": True}, lambda: Cnn("projection")),
    "transformer.residual": ("transformer", "residual", {}, lambda: Transformer(residual=True)),
    "transformer.relu": ("transformer", "relu", {}, lambda: Transformer(activation="relu")),
    "mlp.long-skip": ("mlp", "long-skip", {}, lambda: Mlp(remedy="long-skip")),
    "mlp.long-skip-concat": ("mlp", "long-skip", {"mode": "concat"}, lambda: Mlp(remedy="concat")),
    **{f"{m}.{r}": (m, r, {}, lambda r=r, o=o: Recurrent(r, **o))
       for m, o in (("rnn", {}), ("rnn_one", dict(directions=1, depth=1)), ("rnn_states", dict(states=True)))
       for r in ("lstm", "gru", "self-attention")},
    **{f"{m}.{r}": (m, r, {}, c) for m, c in (("mlp", Mlp), ("cnn", Cnn), ("rnn", Recurrent))
       for r in ("xavier-uniform", "xavier-normal", "kaiming-uniform", "kaiming-normal", "orthogonal", "lsuv")},
}


def models(out: Path) -> None:
    for name, (make, shape) in MODELS.items():
        torch.manual_seed(0)
        model, x = make().train(), torch.randn(shape)
        r = torch.randn(shape[0], 3)
        np.savez(out / f"{name}.batch.npz", x=x.numpy(), r=r.numpy())
        torch.onnx.export(model, (x,), dynamo=True, optimize=False, verbose=False).save(out / f"{name}.dynamo.onnx")
        torch.onnx.export(
            model, (x,), out / f"{name}.script.onnx", dynamo=False, input_names=["x"],
            training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False)
    (out / "cases.json").write_text(json.dumps(
        {case: {"model": m, "remedy": r, "parameters": p} for case, (m, r, p, _) in CASES.items()}, indent=1))


def expected(out: Path) -> None:
    for case, (model_name, _, _, make) in CASES.items():
        for exporter in ("dynamo", "script"):
            file = out / f"{case}.{exporter}.weights.npz"
            if not file.exists():
                continue
            model = make().train()
            weights = {k: torch.from_numpy(v.copy()) for k, v in np.load(file).items()}
            wanted = {k for k in model.state_dict() if not k.endswith("num_batches_tracked")}
            assert wanted == set(weights), f"{case}: {sorted(wanted ^ set(weights))}"
            model.load_state_dict(weights, strict=False)
            batch = np.load(out / f"{model_name}.batch.npz")
            y = model(torch.from_numpy(batch["x"]))
            (y * torch.from_numpy(batch["r"])).sum().backward()
            results = {f"gradient/{k}": p.grad.numpy() for k, p in model.named_parameters()}
            results |= {f"buffer/{k}": b.detach().numpy() for k, b in model.named_buffers()
                        if not k.endswith("num_batches_tracked")}
            np.savez_compressed(out / f"{case}.{exporter}.expected.npz", y=y.detach().numpy(), **results)
            file.unlink()


if __name__ == "__main__":
    {"models": models, "expected": expected}[sys.argv[1]](Path(sys.argv[2]))
