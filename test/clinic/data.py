"""Data that a network of the clinic can learn: (inputs, target), drawn from a generator."""
import torch

ROWS = 512


def vectors(g, inputs, classes, scale=1.0):
    """Two clusters for each class, standardised, then brought to `scale` as raw features may be."""
    centers = 1.5 * torch.randn(classes, 2, inputs, generator=g)
    target = torch.randint(classes, (ROWS,), generator=g)
    which = torch.randint(2, (ROWS,), generator=g)
    x = centers[target, which] + torch.randn(ROWS, inputs, generator=g)
    return scale * (x - x.mean(0)) / x.std(0), target


def images(g, channels, size, classes, scale=1.0):
    """A faint pattern for each class in noise; raw pixels, all positive, where `scale` is given."""
    patterns = torch.nn.functional.interpolate(torch.randn(classes, channels, 3, 3, generator=g), (size, size))
    target = torch.randint(classes, (ROWS,), generator=g)
    x = patterns[target] + 0.5 * torch.randn(ROWS, channels, size, size, generator=g)
    x = (x - x.mean()) / x.std()
    return (x if scale == 1 else scale * (x - x.min()) / (x.max() - x.min())), target


def sequences(g, length, inputs, classes, early=None):
    """What a sequence is about is told in its first `early` steps, or all along."""
    prototypes = torch.randn(classes, inputs, generator=g)
    target = torch.randint(classes, (ROWS,), generator=g)
    x = 0.5 * torch.randn(ROWS, length, inputs, generator=g)
    told = length if early is None else early
    x[:, :told] += (1.5 if early else 0.7) * prototypes[target][:, None]
    return x, target


def tokens(g, length, vocabulary, classes):
    """Each class likes a few tokens."""
    liking = 0.8 * torch.randn(classes, vocabulary, generator=g)
    target = torch.randint(classes, (ROWS,), generator=g)
    x = torch.multinomial(liking.softmax(-1)[target], length, replacement=True, generator=g)
    return x, target


def real_or_fake(g, inputs):
    """Samples of a curved surface, and a generator's that come close."""
    target = torch.randint(2, (ROWS, 1), generator=g).float()
    code = torch.randn(ROWS, 3, generator=g)
    x = torch.tanh(code @ torch.randn(3, inputs, generator=g))
    fake = torch.tanh(code @ torch.randn(3, inputs, generator=g))
    x = torch.where(target > 0, x, fake) + 0.1 * torch.randn(ROWS, inputs, generator=g)
    return x / x.std(), target


def surface(g, inputs, code, scale=1.0):
    """To be compressed: a few numbers make all of a row."""
    x = torch.randn(ROWS, code, generator=g) @ torch.randn(code, inputs, generator=g)
    x = scale * x / x.std() + 0.05 * scale * torch.randn(ROWS, inputs, generator=g)
    return x, x
