"""A 30-layer classifier with a sigmoid after every layer. It does not learn: the gradients vanish on their way back."""
import torch
from torch import nn


class DeepSigmoid(nn.Module):
    def __init__(self, features=20, width=32, depth=30, classes=10):
        super().__init__()
        layers = [nn.Linear(features, width), nn.Sigmoid()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        return self.head(self.layers(x))


def make_data(rows=512, features=20, classes=10):
    """One Gaussian cloud per class."""
    centers = 2 * torch.randn(classes, features)
    labels = torch.randint(classes, (rows,))
    return centers[labels] + torch.randn(rows, features), labels


def train(epochs=20, batch_size=64):
    torch.manual_seed(0)
    inputs, labels = make_data()
    model = DeepSigmoid()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(epochs):
        total = 0.0
        for x, y in zip(inputs.split(batch_size), labels.split(batch_size)):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: loss {total / len(inputs):.4f}")


if __name__ == "__main__":
    train()
