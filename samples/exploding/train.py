"""A deep ReLU regressor whose weights start far too large: gradients explode and the loss becomes NaN."""
import torch
from torch import nn


class DeepRegressor(nn.Module):
    def __init__(self, features=16, width=48, depth=16):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(features, width)])
        self.layers.extend(nn.Linear(width, width) for _ in range(depth - 1))
        self.head = nn.Linear(width, 1)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)


def make_data(rows=512, features=16):
    """A smooth function of a few of the features, with a little noise."""
    x = torch.randn(rows, features)
    y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(rows, 1)
    return x, y


def train(epochs=20, batch_size=64):
    torch.manual_seed(0)
    inputs, targets = make_data()
    model = DeepRegressor()
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(epochs):
        total = 0.0
        for x, y in zip(inputs.split(batch_size), targets.split(batch_size)):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: loss {total / len(inputs):.4f}")


if __name__ == "__main__":
    train()
