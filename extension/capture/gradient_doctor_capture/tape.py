"""What a script computes from its parameters up to its loss, as a program that can be run again.

The outermost calls of modules, and the functions called on their results, are recorded as they happen. What depends on
no parameter (batches, targets, masks) is not: it is a leaf. An entry lives as long as its result does, as autograd's
own graph, so that a script may compute what it likes before it trains.
"""
import weakref
from collections.abc import Mapping

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .sources import calling_line


class Node:
    """One recorded call. ``args`` and ``kwargs`` hold a Ref or a Leaf in place of every tensor."""

    __slots__ = ("index", "target", "args", "kwargs", "line", "in_place")

    def __init__(self, index, target, args, kwargs, line, in_place=False):
        self.index = index
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.line = line
        self.in_place = in_place

    @property
    def name(self):
        return function_name(self.target)


class Ref:
    """A tensor in the result of a node: where it is in there, and what it looks like."""

    __slots__ = ("node", "path", "shape", "dtype")

    def __init__(self, node, path, tensor):
        self.node = node
        self.path = path
        self.shape = tuple(tensor.shape)
        self.dtype = tensor.dtype


class Leaf:
    """A tensor that nothing on the tape has made."""

    __slots__ = ("tensor", "version")

    def __init__(self, tensor):
        self.tensor = tensor
        self.version = tensor._version

    @property
    def shape(self):
        return tuple(self.tensor.shape)


class Lost:
    """In place of a tensor that the tape has lost track of."""

    __slots__ = ("why", "line")

    def __init__(self, why, line):
        self.why = why
        self.line = line


def tensors_in(value, path=()):
    """Every tensor in a nested structure, with the way to it."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, Mapping):
        for key in value:
            yield from tensors_in(value[key], path + (("item", key),))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from tensors_in(item, path + (("item", index),))
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for name in value.__dataclass_fields__:
            yield from tensors_in(getattr(value, name, None), path + (("attribute", name),))


def follow(value, path):
    for kind, key in path:
        value = value[key] if kind == "item" else getattr(value, key)
    return value


def replaced(value, replace, wanted=torch.Tensor):
    """A copy of a nested structure with ``replace(leaf)`` for every leaf of the wanted types."""
    if isinstance(value, wanted):
        return replace(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(replaced(item, replace, wanted) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(item, replace, wanted) for item in value)
    if isinstance(value, slice):
        return slice(*(replaced(part, replace, wanted) for part in (value.start, value.stop, value.step)))
    if isinstance(value, dict) or type(value).__name__ == "BatchEncoding":
        return {key: replaced(value[key], replace, wanted) for key in value}
    return value


def function_name(function):
    """``add`` of ``torch.add``, ``T`` of the property ``Tensor.T``."""
    name = getattr(function, "__name__", type(function).__name__)
    return getattr(getattr(function, "__self__", None), "__name__", name) if name == "__get__" else name


# These cut what they return off from the parameters, or compute nothing.
_CUTS = {"detach", "detach_", "data", "grad", "backward", "requires_grad_", "retain_grad", "register_hook", "__set__"}
_ASSIGNMENTS = {"__setitem__"}


def _is_in_place(name):
    return name in _ASSIGNMENTS or (name.endswith("_") and not name.endswith("__")) or (
        name.startswith("__i") and name.endswith("__") and name not in ("__invert__", "__index__", "__int__")
    )


def unwrapped(module):
    """The network inside DataParallel and DistributedDataParallel."""
    while type(module).__name__ in ("DataParallel", "DistributedDataParallel") and hasattr(module, "module"):
        module = module.module
    return module


def owns_state(module):
    """A module without parameters is looked into: it is a loss or an activation, not a network."""
    return next(module.parameters(), None) is not None


class Tape(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self._made = {}
        self._length = 0
        # Calls of modules that are going on; their insides are not recorded.
        self.depth = 0

    def find(self, tensor):
        """The Ref of a tensor that the tape knows, a Leaf for any other."""
        known = self._made.get(id(tensor))
        return known[1] if known is not None and known[0]() is tensor else Leaf(tensor)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function_name(function)
        if self.depth > 0 or name in _CUTS or not torch.is_grad_enabled() or not self._depends((args, kwargs)):
            return function(*args, **kwargs)
        given = self.references((args, kwargs))
        result = function(*args, **kwargs)
        in_place = _is_in_place(name)
        if in_place or next(tensors_in(result), None) is not None:
            # What a function does to its first argument is what it results in.
            changed = args[0] if name in _ASSIGNMENTS else result
            self.record(function, given, changed, calling_line(), in_place)
        return result

    def _depends(self, value):
        return any(tensor.requires_grad or id(tensor) in self._made for _, tensor in tensors_in(value))

    def references(self, value):
        return replaced(value, self.find)

    def record(self, target, given, result, line, in_place=False):
        args, kwargs = given
        node = Node(self._length, target, args, kwargs, line, in_place)
        self._length += 1
        for path, tensor in tensors_in(result):
            self._remember(tensor, Ref(node, path, tensor))
            if in_place and tensor._is_view() and tensor._base is not None:
                self._remember(tensor._base, Lost("is changed in place through a view of it", line))

    def _remember(self, tensor, reference):
        key = id(tensor)
        made = self._made

        def forget(gone):
            if key in made and made[key][0] is gone:
                del made[key]

        made[key] = weakref.ref(tensor, forget), reference

    def call_module(self, module, call, args, kwargs):
        """Calls a module, and records the call where it is an outermost one of a network."""
        if self.depth > 0 or not torch.is_grad_enabled() or not owns_state(module):
            return call(module, *args, **kwargs)
        # Looking at a tensor is a function call as well, which is not to be recorded.
        with torch._C.DisableTorchFunction():
            given = self.references((args, kwargs))
        self.depth += 1
        try:
            result = call(module, *args, **kwargs)
        finally:
            self.depth -= 1
        with torch._C.DisableTorchFunction():
            if any(tensor.requires_grad for _, tensor in tensors_in(result)):
                self.record(unwrapped(module), given, result, calling_line())
        return result


def is_module(node):
    return isinstance(node.target, nn.Module)
