"""Recognises the loss at the end of a tape, in the terms of an experiment."""
import inspect
import math

import torch
from torch.nn import functional as F

from .tape import Leaf, Ref, is_module, replaced

IGNORED_CLASS = -100

_KNOWN = {
    F.cross_entropy: "cross-entropy",
    F.nll_loss: "nll",
    F.mse_loss: "mse",
    F.l1_loss: "l1",
    F.huber_loss: "huber",
    F.smooth_l1_loss: "huber",
    F.binary_cross_entropy_with_logits: "bce-with-logits",
}
_MULTIPLY = {"mul", "__mul__", "__rmul__", "multiply", "mul_", "__imul__"}
_DIVIDE = {"div", "__truediv__", "true_divide", "divide", "div_", "__itruediv__"}
_ADD = {"add", "__add__", "__radd__"}
_SAME_NUMBER = {"float", "to", "double", "type", "mean", "sum", "squeeze", "view", "reshape", "clone", "contiguous"}
_LAYOUT = {"view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "movedim", "swapaxes", "T", "mT",
           "contiguous", "clone", "view_as", "unflatten", "t"}
_PRECISION = {"float", "to", "type", "double"}


class KnownLoss:
    """A loss that an experiment can name: ``id`` of ``prediction`` and ``target``."""

    def __init__(self, id, prediction, target, class_axis=None):
        self.id = id
        self.prediction = prediction
        self.target = target
        self.class_axis = class_axis


def without_factor(loss):
    """The tensor that a loss is a multiple of, and the factor: scaled for mixed precision, averaged over steps."""
    factor = 1.0
    while isinstance(loss, Ref) and not is_module(loss.node) and loss.node.target not in _KNOWN:
        node = loss.node
        tensors = [value for value in node.args if isinstance(value, Ref)]
        if len(tensors) != 1 or node.kwargs.get("out") is not None or math.prod(tensors[0].shape) != 1:
            break
        numbers = [_number(value) for value in node.args if not isinstance(value, Ref)]
        if node.name in _SAME_NUMBER:
            pass
        elif node.name in ("neg", "__neg__"):
            factor = -factor
        elif len(numbers) != 1 or numbers[0] is None:
            break
        elif node.name in _MULTIPLY:
            factor *= numbers[0]
        elif node.name in _DIVIDE and isinstance(node.args[0], Ref) and numbers[0] != 0:
            factor /= numbers[0]
        elif not (node.name in _ADD and numbers[0] == 0):
            break
        loss = tensors[0]
    return loss, factor


def _number(value):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Leaf) and value.tensor.numel() == 1 and not value.tensor.requires_grad:
        return float(value.tensor.item())
    return None


def known_loss(loss):
    """A KnownLoss, or None where the experiment's losses do not say exactly this one."""
    if not isinstance(loss, Ref) or is_module(loss.node) or loss.node.target not in _KNOWN:
        return None
    function = loss.node.target
    try:
        bound = inspect.signature(function).bind(*loss.node.args, **loss.node.kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    options = bound.arguments
    prediction, target = options["input"], options["target"]
    if not isinstance(prediction, Ref) or not isinstance(target, Leaf) or target.tensor.requires_grad:
        return None
    if options["reduction"] != "mean" or options.get("size_average") is not None or options.get("reduce") is not None:
        return None
    if options.get("weight") is not None or options.get("pos_weight") is not None or options.get("label_smoothing"):
        return None
    # Up to delta = beta = 1 Huber's loss and the smooth L1 loss are the same.
    if options.get("delta", 1) != 1 or options.get("beta", 1) != 1:
        return None
    values = target.tensor.detach()
    if _KNOWN[function] in ("cross-entropy", "nll"):
        ignored = options.get("ignore_index", IGNORED_CLASS)
        if not values.is_floating_point():
            values = torch.where(values == ignored, torch.full_like(values, IGNORED_CLASS), values)
        return _of_classes(_KNOWN[function], prediction, values)
    if prediction.shape != tuple(values.shape):
        return None
    return _elementwise(_KNOWN[function], prediction, values)


def _layout_chain(prediction):
    """The tensor that a prediction only is another arrangement of, and the nodes that arrange it, first to last."""
    nodes = []
    while isinstance(prediction, Ref) and not is_module(prediction.node):
        node = prediction.node
        source = node.args[0] if node.args else None
        if node.name not in _LAYOUT | _PRECISION or not isinstance(source, Ref):
            break
        if any(isinstance(value, (Ref, Leaf)) for value in node.args[1:]) or math.prod(source.shape) != math.prod(prediction.shape):
            break
        nodes.insert(0, node)
        prediction = source
    return prediction, nodes


def _arranged(nodes, shape):
    """Where each element comes from: the numbers of a tensor of that shape, arranged by the nodes."""
    places = torch.arange(math.prod(shape)).reshape(shape)
    for node in nodes:
        if node.name not in _PRECISION:
            places = node.target(places, *node.args[1:], **replaced(node.kwargs, lambda leaf: leaf))
    return places


def _elementwise(id, prediction, target):
    source, nodes = _layout_chain(prediction)
    if nodes:
        order = torch.argsort(_arranged(nodes, source.shape).flatten())
        target = target.flatten()[order.to(target.device)].reshape(source.shape)
    return KnownLoss(id, source, target)


def _of_classes(id, prediction, target):
    source, nodes = _layout_chain(prediction)
    rank = len(prediction.shape)
    axis = min(1, rank - 1)
    by_probability = target.is_floating_point()
    if not nodes:
        return KnownLoss(id, prediction, target, axis)
    places = _arranged(nodes, source.shape)
    if by_probability:
        if tuple(target.shape) != prediction.shape:
            return None
        arranged = torch.argsort(places.flatten()).to(target.device)
        spread = target.flatten()[arranged].reshape(source.shape)
    by_class = places.movedim(axis, -1)
    first = by_class[..., 0]
    for candidate, size in enumerate(source.shape):
        stride = math.prod(source.shape[candidate + 1 :])
        if size == by_class.shape[-1] and torch.equal(by_class, first[..., None] + stride * torch.arange(size)):
            if by_probability:
                return KnownLoss(id, source, spread, candidate)
            order = torch.argsort(first.flatten()).to(target.device)
            rows = source.shape[:candidate] + source.shape[candidate + 1 :]
            return KnownLoss(id, source, target.flatten()[order].reshape(rows), candidate)
    return KnownLoss(id, prediction, target, axis)
