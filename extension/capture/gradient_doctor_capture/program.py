"""From a loss on the tape to a module that computes it, or its prediction, from the batch alone."""
import gc
import inspect
import re
import types
from contextlib import contextmanager

import torch
from torch import nn

from .refusal import Refusal
from .smoothing import exportable
from .sources import call_at, is_users, place
from .tape import Leaf, Lost, Ref, follow, is_module, replaced, tensors_in

_RESERVED = {"target", "output", "loss", "self"}


class Program:
    """``root.forward`` for inputs in the order of ``names``: everything between them and ``result`` on the tape."""

    def __init__(self, result, frames):
        self.result = result
        self.nodes, leaves = _reachable(result)
        self.modules = _unique([node.target for node in self.nodes if is_module(node)])
        self.parameters, data = _split(leaves)
        self.root, self._raw = _root(self.modules, self.parameters, frames)
        self.leaves, self.names = self._inputs(data, frames)
        self._forwards = {id(module): module.forward for module in self.modules if module is self.root}

    @property
    def batch(self):
        return [leaf.tensor.detach() for leaf in self.leaves]

    def compute(self, inputs):
        """The result for these inputs. Called by an exporter in place of ``root.forward``."""
        given = {id(leaf.tensor): value for leaf, value in zip(self.leaves, inputs)}
        results = {}

        def value(reference):
            if isinstance(reference, Ref):
                return follow(results[reference.node.index], reference.path)
            tensor = reference.tensor
            if id(tensor) in given:
                return given[id(tensor)]
            if id(tensor) in self._raw:
                return getattr(self.root, self._raw[id(tensor)])
            return tensor

        for node in self.nodes:
            args, kwargs = replaced((node.args, node.kwargs), value, (Ref, Leaf))
            # The original method: an exporter has replaced that of the root, and calls its hooks by itself.
            target = self._forwards.get(id(node.target), node.target) if is_module(node) else exportable(node.target)
            if node.in_place:
                args = (args[0].clone(), *args[1:])
            outcome = call_at(node.line, target, args, kwargs)
            results[node.index] = args[0] if outcome is None and node.in_place else outcome
        return value(self.result)

    @contextmanager
    def as_forward(self):
        """The root, computing this program instead of its own forward."""
        names = ", ".join(self.names)
        scope = {"program": self}
        exec(f"def forward(self, {names}):\n    return program.compute(({names},))", scope)
        root = self.root
        root.forward = types.MethodType(scope["forward"], root)
        try:
            yield root
        finally:
            del root.forward

    def _inputs(self, data, frames):
        """The leaves that are the batch. What has another number of rows than the first is a constant of the model."""
        ordered = [leaf for leaf in data if leaf.tensor.dim() > 0]
        first = next(iter(ordered), None)
        if first is None:
            raise Refusal("no-batch", "The loss depends on no batch: there is nothing to feed a captured model with.")
        buffers = {id(buffer) for buffer in self.root.buffers()}
        rows = first.tensor.shape[0]
        inputs = [leaf for leaf in ordered if leaf.tensor.shape[0] == rows and id(leaf.tensor) not in buffers]
        taken = set(_RESERVED) | set(self.root.state_dict())
        variables = {**_variables(frames), **self._argument_names()}
        names = []
        for leaf in inputs:
            stem = variables.get(id(leaf.tensor), "input")
            name, number = (stem, 0) if stem not in taken else (f"{stem}_1", 1)
            while name in taken:
                number += 1
                name = f"{stem}_{number}"
            taken.add(name)
            names.append(name)
        return inputs, names

    def _argument_names(self):
        """What the modules' own ``forward`` calls the leaves."""
        found = {}
        for node in self.nodes:
            if not is_module(node):
                continue
            try:
                bound = inspect.signature(node.target.forward).bind(*node.args, **node.kwargs)
            except (TypeError, ValueError):
                continue
            for name, value in bound.arguments.items():
                for path, leaf in _references(value):
                    words = [name, *(str(key) for key in path)]
                    # **kwargs are named by themselves.
                    if path and bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                        words = words[1:]
                    found.setdefault(id(leaf.tensor), re.sub(r"\W", "_", "_".join(words)))
        return {key: name for key, name in found.items() if name.isidentifier()}


def _references(value, path=()):
    """Every Leaf in a nested structure, with the keys to it."""
    if isinstance(value, Leaf):
        yield path, value
    elif isinstance(value, dict):
        for key in value:
            yield from _references(value[key], path + (key,))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _references(item, path + (index,))


def _unique(values):
    return list({id(value): value for value in values}.values())


def _reachable(result):
    """The nodes that a result needs, in order, and the leaves they take, first use first."""
    nodes = {}
    pending = [result]
    while pending:
        reference = pending.pop()
        if isinstance(reference, Lost):
            raise Refusal("unfollowable", f"A tensor on the way to the loss {reference.why}{place(reference.line)}: compute it without changing it in place.")
        if isinstance(reference, Ref) and reference.node.index not in nodes:
            nodes[reference.node.index] = reference.node
            replaced((reference.node.args, reference.node.kwargs), pending.append, (Ref, Leaf, Lost))
    ordered = [nodes[index] for index in sorted(nodes)]
    leaves = []
    for node in ordered:
        replaced((node.args, node.kwargs), leaves.append, Leaf)
    return ordered, list({id(leaf.tensor): leaf for leaf in leaves}.values())


def _split(leaves):
    """Parameters that the script uses by itself, and data."""
    parameters, data = [], []
    for leaf in leaves:
        tensor = leaf.tensor
        if tensor.grad_fn is not None:
            maker = type(tensor.grad_fn).__name__
            raise Refusal(
                "unfollowable",
                f"The loss is computed through {maker}, which PyTorch does not let Gradient Doctor follow "
                "(a custom autograd function or gradient checkpointing). Put that call inside an nn.Module, or leave it out for the diagnosis.",
            )
        (parameters if tensor.requires_grad else data).append(leaf)
    return parameters, data


class Composite(nn.Module):
    """Holds the modules and loose parameters of a script that has no module around them."""


def _root(modules, parameters, frames):
    """The smallest module that has all of these in it, and the names of parameters that had to be put into it."""
    wanted = {id(leaf.tensor) for leaf in parameters}
    owned = {id(parameter) for module in modules for parameter in module.parameters()}
    if len(modules) == 1 and wanted <= owned:
        return modules[0], {}
    if modules or wanted:
        candidates = []
        for candidate in gc.get_objects():
            if not issubclass(type(candidate), nn.Module) or type(candidate) is Composite:
                continue
            inside = list(candidate.modules())
            known = {id(module) for module in inside}
            if all(id(module) in known for module in modules) and wanted <= {id(p) for p in candidate.parameters()}:
                candidates.append((len(inside), candidate))
        if candidates:
            return min(candidates, key=lambda pair: pair[0])[1], {}
    root = Composite()
    names = _variables(frames)
    raw = {}
    for module in modules:
        root.add_module(_free(names.get(id(module), type(module).__name__.lower()), root), module)
    for leaf in parameters:
        if id(leaf.tensor) not in owned:
            raw[id(leaf.tensor)] = _free(names.get(id(leaf.tensor), "weight"), root)
            root.register_parameter(raw[id(leaf.tensor)], nn.Parameter(leaf.tensor.detach()))
    return root, raw


def _free(stem, root):
    name, number = stem, 1
    while hasattr(root, name):
        number += 1
        name = f"{stem}_{number}"
    return name


def _variables(frames):
    """What the user's own frames call tensors and modules, the innermost first."""
    found = {}
    for variables in frames:
        for name, value in list(variables.items()):
            if isinstance(value, (torch.Tensor, nn.Module)) and name.isidentifier() and not name.startswith("_"):
                found.setdefault(id(value), name)
    return found


def variables_of_callers(frame):
    """The local variables of the frames of the user's code, the innermost first, and last those of their modules."""
    local, module_level = [], []
    while frame is not None:
        if is_users(frame.f_code.co_filename):
            local.append(dict(frame.f_locals))
            module_level.append(frame.f_globals)
        frame = frame.f_back
    return local + module_level
