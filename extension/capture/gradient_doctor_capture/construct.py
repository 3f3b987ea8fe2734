"""Constructs one class of a file without running the rest of it, and exports it with made-up inputs."""
import inspect
import itertools
import os
import re
import sys

from .isolate import load
from .refusal import Refusal, first_line
from .sources import line_of_error, place
from .tape import tensors_in

_DTYPES = {"float32", "float64", "int64", "int32", "bool", "float", "int", "long"}


def construct(path, name, arguments):
    """An instance of the class; ``arguments`` is the Python text between the parentheses."""
    module = load(path, name, arguments)
    try:
        call = compile(f"{name}({arguments})", "<constructor>", "eval")
    except SyntaxError:
        raise Refusal("arguments", f"The arguments of {name} are not valid Python: {arguments}") from None
    try:
        return eval(call, module.__dict__)
    except Exception as error:
        raise Refusal(
            "construction",
            f"{name}({arguments}) fails{place(line_of_error(error))}: {type(error).__name__}: {first_line(error)}. "
            f"It takes {_signature(module.__dict__[name])}.",
        ) from error


def _signature(function):
    """Parameters as they are written, without ``self``."""
    try:
        return str(inspect.signature(function)).partition(" ->")[0]
    except (TypeError, ValueError):
        return "other arguments"


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


# Of images and signals, the usual ones first.
_SIZES = {1: [64, 128, 1024], 2: [32, 28, 64, 224], 3: [8, 16, 32]}
_MOST_GUESSES = 12


def guessed_inputs(network):
    """What the network may take, a batch of 16: a list of inputs for each guess, the likeliest first.

    :raises Refusal: where its layers do not tell
    """
    takes = [
        parameter
        for parameter in inspect.signature(network.forward).parameters.values()
        if parameter.default is parameter.empty and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    by_name = [parameter.name for parameter in takes if parameter.kind is parameter.KEYWORD_ONLY]
    kind = type(network).__name__
    if by_name:
        raise Refusal("inputs", f"{kind}.forward takes {', '.join(by_name)} by keyword, which made-up inputs do not have: diagnose the script that calls it.")
    single = [guess for module in network.modules() for guess in _taken_by(module)]
    single = [guess for at, guess in enumerate(single) if guess not in single[:at]]
    if not single:
        raise Refusal("inputs", f"What {kind} takes does not follow from its layers: state its inputs, as in float32[64, 20].")
    count = max(1, len(takes))
    alike = [[guess] * count for guess in single]
    different = [list(guesses) for guesses in itertools.permutations(single[: count + 2], count)] if count > 1 else []
    return (alike[: _MOST_GUESSES // 2] + different if different else alike)[:_MOST_GUESSES]


def _taken_by(module):
    """Inputs of a layer, as ``parse_inputs`` gives them."""
    from torch import nn

    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return [("int64", [16, length], module.num_embeddings) for length in (12, 4)]
    if isinstance(module, nn.RNNBase):
        return [("float32", [16, 20, module.input_size] if module.batch_first else [20, 16, module.input_size], 0)]
    if isinstance(module, nn.RNNCellBase):
        return [("float32", [16, module.input_size], 0)]
    if isinstance(module, nn.MultiheadAttention):
        return [("float32", [16, 20, module.embed_dim], 0)]
    if isinstance(module, nn.Linear):
        return [("float32", [16, *between, module.in_features], 0) for between in ([], [20])]
    for rank, classes in enumerate(((nn.Conv1d, nn.ConvTranspose1d), (nn.Conv2d, nn.ConvTranspose2d), (nn.Conv3d, nn.ConvTranspose3d)), 1):
        if isinstance(module, classes):
            return [("float32", [16, module.in_channels, *[size] * rank], 0) for size in _SIZES[rank]]
    return []


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
    """The network, the tensor that it returns for made-up inputs, what these are, and notes for the reader.

    :raises Refusal: with what to state otherwise
    """
    import torch

    sys.argv[:] = [request.script, *request.args]
    file = os.path.basename(request.script)
    try:
        network = construct(request.script, request.construct, request.arguments)
    except Refusal:
        raise
    except SystemExit as end:
        raise Refusal(
            "script-exited",
            f"{file} ended itself (exit code {end.code}) where {request.construct} needs what it reads from its command line: state its arguments in Diagnose Training Script first.",
        ) from end
    except ImportError as error:
        raise Refusal("missing-package", f"{file} cannot be imported: {first_line(error)}") from error
    except Exception as error:
        raise Refusal(
            "script-failed", f"{file} fails{place(line_of_error(error))}: {type(error).__name__}: {first_line(error)}"
        ) from error
    if not isinstance(network, torch.nn.Module):
        raise Refusal("no-module", f"{request.construct} is no torch.nn.Module.")
    network.train()
    stated = parse_inputs(request.inputs)
    result, described = _first_that_runs(network, [stated] if stated else guessed_inputs(network))
    outputs = _outputs(result)
    if not outputs:
        raise Refusal("no-gradient", f"What {request.construct} returns does not depend on a parameter that is trained.")
    notes = []
    if len(outputs) > 1:
        notes.append(f"{request.construct} returns {len(outputs)} tensors; the captured run trains one of them, of shape {list(outputs[0].shape)}.")
    return network, outputs[0], describe_inputs(described), notes


def _outputs(result):
    """Tensors that depend on parameters; the logits first, then in their order."""
    found = [(path, tensor) for path, tensor in tensors_in(result) if tensor.requires_grad]
    return [tensor for _, tensor in sorted(found, key=lambda item: not (item[0] and item[0][-1][1] == "logits"))]


def _first_that_runs(network, guesses):
    """What the network returns, and for which inputs.

    :raises Refusal: where it takes none of them, with what it says to the first
    """
    failures = []
    for described in guesses:
        try:
            return network(*make_inputs(described)), described
        except Exception as error:
            failures.append((described, error))
    described, error = failures[0]
    raise Refusal(
        "forward",
        f"{type(network).__name__} fails on {describe_inputs(described)}{place(line_of_error(error))}: "
        f"{type(error).__name__}: {first_line(error)}. State the inputs of forward{_signature(network.forward)}, "
        "as in float32[64, 20]; int64[64, 16] < 1000.",
    ) from error
