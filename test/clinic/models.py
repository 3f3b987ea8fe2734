"""The networks of the clinic, as a PyTorch user would write them, with switches for what is wrong with them."""
import torch
import torch.nn as nn
import torch.nn.functional as F

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky-relu": lambda x: F.leaky_relu(x, 0.2),
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
}


def ending(y, name):
    """What a network does to its last values before it gives them to the loss."""
    return {None: lambda: y, "softmax": lambda: torch.softmax(y, -1), "sigmoid": lambda: torch.sigmoid(y)}[name]()


class Mlp(nn.Module):
    """Hidden layers of one width; `x + f(x)` around those that keep it, where `skip`."""

    def __init__(self, inputs, outputs, width, depth, activation="relu", norm=None, skip=False, end=None):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(inputs if i == 0 else width, width) for i in range(depth))
        norms = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
        self.norms = nn.ModuleList(norms[norm](width) for _ in range(depth)) if norm else None
        self.head = nn.Linear(width, outputs)
        self.activation, self.skip, self.end = ACTIVATIONS[activation], skip, end

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            y = layer(x)
            if self.norms is not None:
                y = self.norms[i](y)
            y = self.activation(y)
            x = x + y if self.skip and i > 0 else y
        return ending(self.head(x), self.end)


class Cnn(nn.Module):
    def __init__(self, channels, outputs, width, depth, activation="relu", norm=None, skip=False, end=None):
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth - 1))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(depth)) if norm else None
        self.head = nn.Linear(width, outputs)
        self.activation, self.skip, self.end = ACTIVATIONS[activation], skip, end

    def forward(self, x):
        for i, conv in enumerate([self.stem, *self.convs]):
            y = conv(x)
            if self.norms is not None:
                y = self.norms[i](y)
            y = self.activation(y)
            x = x + y if self.skip and i > 0 else y
        return ending(self.head(x.mean((2, 3))), self.end)


class Recurrent(nn.Module):
    """Reads a sequence and says what it was about: from its last output, or from the mean of all."""

    def __init__(self, inputs, outputs, width, cell="LSTM", depth=1, pooling="last", end=None):
        super().__init__()
        self.rnn = getattr(nn, cell)(inputs, width, num_layers=depth, batch_first=True)
        self.head = nn.Linear(width, outputs)
        self.pooling, self.end = pooling, end

    def forward(self, x):
        y, _ = self.rnn(x)
        return ending(self.head(y[:, -1] if self.pooling == "last" else y.mean(1)), self.end)


class Block(nn.Module):
    def __init__(self, width, heads, norm, skip, activation):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.norm1, self.norm2 = (nn.LayerNorm(width), nn.LayerNorm(width)) if norm else (nn.Identity(), nn.Identity())
        self.skip, self.activation = skip, ACTIVATIONS[activation]

    def forward(self, x):
        h = self.norm1(x)
        y = self.attention(h, h, h, need_weights=False)[0]
        x = x + y if self.skip else y
        y = self.linear2(self.activation(self.linear1(self.norm2(x))))
        return x + y if self.skip else y


class Transformer(nn.Module):
    def __init__(self, vocabulary, length, outputs, width, heads, depth, norm=True, skip=True, activation="gelu", end=None):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.ModuleList(Block(width, heads, norm, skip, activation) for _ in range(depth))
        self.head = nn.Linear(width, outputs)
        self.end = end

    def forward(self, x):
        x = self.tokens(x) + self.positions
        for block in self.blocks:
            x = block(x)
        return ending(self.head(x.mean(1)), self.end)


class Autoencoder(nn.Module):
    """Narrows to a code and widens again."""

    def __init__(self, inputs, width, code, depth, activation="relu", norm=None, skip=False, end=None):
        super().__init__()
        self.encoder = Mlp(inputs, code, width, depth, activation, norm, skip)
        self.decoder = Mlp(code, inputs, width, depth, activation, norm, skip, end)

    def forward(self, x):
        return self.decoder(self.encoder(x))


def weights_of(model):
    """Weight matrices and kernels, without embeddings and what a norm multiplies by."""
    return [(name, p) for name, p in model.named_parameters()
            if p.dim() >= 2 and not name.startswith(("tokens", "positions"))]


@torch.no_grad()
def initialize(model, how):
    """`how`: None (PyTorch's defaults), or a dict with `scheme` and its numbers."""
    if how is None:
        return model
    scheme = how["scheme"]
    for name, p in weights_of(model):
        if scheme == "scaled":
            p.mul_(how["factor"])
        elif scheme == "recurrent-scaled":
            if "weight_hh" in name:
                p.mul_(how["factor"])
        elif scheme == "constant":
            p.fill_(how["value"])
        elif scheme == "kaiming":
            nn.init.kaiming_normal_(p)
        elif scheme == "xavier":
            nn.init.xavier_normal_(p)
        elif scheme == "xavier-tanh":
            nn.init.xavier_normal_(p, nn.init.calculate_gain("tanh"))
    for name, p in model.named_parameters():
        hidden = p.dim() == 1 and "bias" in name and "head" not in name and "norm" not in name
        if scheme == "dead" and hidden:
            p.fill_(-how["bias"])
        if scheme == "recurrent" and "weight_hh" in name:
            for gate in p.chunk(p.shape[0] // p.shape[1]):
                nn.init.orthogonal_(gate)
        if scheme == "recurrent" and "bias_ih" in name and p.numel() == 4 * how["width"]:
            p[how["width"]:2 * how["width"]] = how["forget"]
    return model
