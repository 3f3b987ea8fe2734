"""Constructs one class of a file without running the rest of it, and exports it with made-up inputs."""
import ast
import builtins
import os
import re
import sys
import types

from .refusal import Refusal, first_line
from .sources import line_of_error, place

_DTYPES = {"float32", "float64", "int64", "int32", "bool", "float", "int", "long"}


def isolated(source, path, name):
    """The statements at the top of a file that a class needs, as code. What only trains or loads data is left out.

    :raises Refusal: where there is no such class
    """
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        raise Refusal("syntax", f"{os.path.basename(path)}, line {error.lineno}: {error.msg}.") from None
    statements = tree.body
    binders = {}
    for index, statement in enumerate(statements):
        for bound in _bound(statement):
            binders.setdefault(bound, []).append(index)
    target = [i for i in binders.get(name, []) if isinstance(statements[i], ast.ClassDef)]
    if not target:
        raise Refusal("no-class", f"{os.path.basename(path)} has no class {name} at its top level.")
    needed, pending = set(), list(target)
    while pending:
        index = pending.pop()
        if index in needed:
            continue
        needed.add(index)
        for used in _used(statements[index]):
            pending += binders.get(used, [])
    # Star imports bind names that nobody can see.
    needed |= {i for i, s in enumerate(statements) if isinstance(s, ast.ImportFrom) and s.names[0].name == "*"}
    needed |= {i for i, s in enumerate(statements) if isinstance(s, ast.ImportFrom) and s.module == "__future__"}
    tree.body = [statements[i] for i in sorted(needed)]
    return compile(tree, path, "exec", dont_inherit=True)


def _bound(statement):
    """Names that a statement binds, those inside ``if`` and ``try`` included."""
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name.split(".")[0]) for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
    return set() if _is_main_guard(statement) else found


def _is_main_guard(statement):
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _used(statement):
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def construct(path, name, arguments):
    """An instance of the class; ``arguments`` is the Python text between the parentheses."""
    with open(path, "rb") as file:
        code = isolated(file.read(), path, name)
    sys.argv[:] = [path]
    sys.path.insert(0, os.path.dirname(path))
    module = types.ModuleType(os.path.splitext(os.path.basename(path))[0])
    module.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    try:
        call = compile(f"{name}({arguments})", "<constructor>", "eval")
    except SyntaxError:
        raise Refusal("arguments", f"The arguments of {name} are not valid Python: {arguments}") from None
    try:
        return eval(call, module.__dict__)
    except Exception as error:
        raise Refusal(
            "construction",
            f"{name}({arguments}) fails{place(line_of_error(error))}: {type(error).__name__}: {first_line(error)}",
        ) from error


def parse_inputs(text):
    """``float32[64, 20]; int64[64, 16] < 1000`` as ``(dtype, shape, bound)``; None for an empty text: to be guessed."""
    if not text.strip():
        return None
    found = []
    for part in text.split(";"):
        match = re.fullmatch(r"\s*(\w+)?\s*\[([\d,\s]*)\]\s*(?:<\s*(\d+))?\s*", part)
        if not match or (match.group(1) or "float32") not in _DTYPES:
            raise Refusal("inputs", f"The input {part.strip()!r} is not of the form float32[64, 20] or int64[64, 16] < 1000.")
        shape = [int(size) for size in match.group(2).split(",") if size.strip()]
        found.append((match.group(1) or "float32", shape, int(match.group(3) or 2)))
    return found


def guessed_inputs(network):
    """What the first layer with weights takes, a batch of 16.

    :raises Refusal: where that does not tell
    """
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Linear):
            return [("float32", [16, module.in_features], 0)]
        if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            return [("int64", [16, 12], module.num_embeddings)]
        if isinstance(module, nn.RNNBase):
            return [("float32", [16, 20, module.input_size] if module.batch_first else [20, 16, module.input_size], 0)]
        for class_, sizes in ((nn.Conv1d, [64]), (nn.Conv2d, [32, 32]), (nn.Conv3d, [8, 32, 32])):
            if isinstance(module, class_):
                return [("float32", [16, module.in_channels, *sizes], 0)]
    raise Refusal("inputs", f"What {type(network).__name__} takes does not follow from its layers: state its inputs, as in float32[64, 20].")


def make_inputs(described):
    import torch

    names = {"float": "float32", "int": "int64", "long": "int64"}
    torch.manual_seed(0)
    inputs = []
    for dtype, shape, bound in described:
        kind = getattr(torch, names.get(dtype, dtype))
        inputs.append(torch.randn(shape, dtype=kind) if kind.is_floating_point else torch.randint(bound, shape).to(kind))
    return inputs


def describe_inputs(described):
    """The text that ``parse_inputs`` reads."""
    return "; ".join(f"{dtype}{shape}{f' < {bound}' if dtype in ('int64', 'int32', 'int', 'long') else ''}" for dtype, shape, bound in described)


def call_constructed(request):
    """The network, the first tensor that it returns for made-up inputs, and what these are.

    :raises Refusal: with what to state otherwise
    """
    import torch

    from .tape import tensors_in

    try:
        network = construct(request.script, request.construct, request.arguments)
    except Refusal:
        raise
    except ImportError as error:
        raise Refusal("missing-package", f"{os.path.basename(request.script)} cannot be imported: {first_line(error)}") from error
    except Exception as error:
        raise Refusal(
            "script-failed",
            f"{os.path.basename(request.script)} fails{place(line_of_error(error))}: {type(error).__name__}: {first_line(error)}",
        ) from error
    if not isinstance(network, torch.nn.Module):
        raise Refusal("no-module", f"{request.construct} is no torch.nn.Module.")
    network.train()
    described = parse_inputs(request.inputs) or guessed_inputs(network)
    try:
        result = network(*make_inputs(described))
    except Exception as error:
        raise Refusal(
            "forward",
            f"{request.construct} fails on {describe_inputs(described)}{place(line_of_error(error))}: "
            f"{type(error).__name__}: {first_line(error)}. State other inputs, as in float32[64, 20].",
        ) from error
    outputs = [tensor for _, tensor in tensors_in(result) if tensor.requires_grad]
    if not outputs:
        raise Refusal("no-gradient", f"What {request.construct} returns does not depend on a parameter that is trained.")
    return network, outputs[0], describe_inputs(described)
