"""A recurrent network with weights that grow what they carry on: over 40 steps the gradients explode."""
import torch
from torch import nn


class SequenceClassifier(nn.Module):
    def __init__(self, features=8, hidden=48, classes=4):
        super().__init__()
        self.rnn = nn.RNN(features, hidden, nonlinearity="relu", batch_first=True)
        self.head = nn.Linear(hidden, classes)
        for name, weight in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.normal_(weight, std=0.3)

    def forward(self, x):
        outputs, _ = self.rnn(x)
        return self.head(outputs[:, -1])


def make_data(rows=512, length=40, features=8, classes=4):
    """The class is told by which feature is largest in the first steps."""
    x = torch.randn(rows, length, features)
    labels = torch.randint(classes, (rows,))
    x[torch.arange(rows), :5, labels] += 2
    return x, labels


def train(epochs=20, batch_size=32):
    torch.manual_seed(0)
    inputs, labels = make_data()
    model = SequenceClassifier()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
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
