"""Cross-entropy with label smoothing in elementary functions: exporters leave the smoothing out without a word."""
from contextlib import contextmanager

import torch
from torch.nn import functional as F

_cross_entropy = F.cross_entropy


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """``torch.nn.functional.cross_entropy``."""
    if label_smoothing == 0:
        return _cross_entropy(input, target, weight, size_average, ignore_index, reduce, reduction)
    axis = 1 if input.dim() > 1 else 0
    classes = input.shape[axis]
    if target.is_floating_point():
        smoothed = target * (1 - label_smoothing) + label_smoothing / classes
        return _cross_entropy(input, smoothed, weight, size_average, ignore_index, reduce, reduction)
    weights = torch.ones(classes, dtype=input.dtype, device=input.device) if weight is None else weight
    shape = [classes if i == axis else 1 for i in range(input.dim())]
    counted = (target != ignore_index).to(input.dtype)
    uniform = -(F.log_softmax(input, axis) * weights.reshape(shape)).sum(axis) * counted
    chosen = _cross_entropy(input, target, weight, ignore_index=ignore_index, reduction="none")
    losses = (1 - label_smoothing) * chosen + label_smoothing / classes * uniform
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / (weights[target.clamp(min=0)] * counted).sum()


@contextmanager
def spelled_out():
    """The function above in the place of PyTorch's."""
    F.cross_entropy = cross_entropy
    try:
        yield
    finally:
        F.cross_entropy = _cross_entropy


def exportable(function):
    """What stands for a function of PyTorch when it is exported."""
    return F.cross_entropy if function is _cross_entropy else function
