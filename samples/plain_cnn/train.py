"""A plain 20-layer convolutional classifier: no skip connections, no normalization. It stays at chance level."""
import torch
from torch import nn


class PlainCNN(nn.Module):
    def __init__(self, channels=12, depth=20, classes=4):
        super().__init__()
        layers = []
        for i in range(depth):
            layers.append(nn.Conv2d(1 if i == 0 else channels, channels, kernel_size=3, padding=1))
            layers.append(nn.ReLU())
            if i in (3, 9):
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.pool(self.features(x))
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
    model = PlainCNN()
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
