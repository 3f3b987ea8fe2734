"""Writes a program as an ONNX file that can be trained: every parameter under its name, BatchNorm and Dropout as in training."""
import json
import logging
import os
import re
import warnings
from contextlib import contextmanager

import torch
from torch import nn

from .refusal import Refusal, first_line
from .smoothing import spelled_out
from .sources import is_own, is_users, line_of_error, place

# Of these, those that train differ from those that evaluate.
_STOCHASTIC = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
# Larger models have their weights beside the file: protobuf ends at two gigabytes.
_LARGEST_FILE = 1_500_000_000
_METADATA_FIELD = 14
_TENSOR_NAME_FIELD = 8


class Exported:
    def __init__(self, exporter, mode, notes):
        self.exporter = exporter
        self.mode = mode
        self.notes = notes


def export(program, path, lines):
    """:raises Refusal: where no exporter can write the program."""
    notes = []
    inputs = tuple(program.batch)
    with same_state(program.root), quiet(), spelled_out(), program.as_forward() as root:
        mode = _mode(root)
        first = None
        if not _has_dynamo():
            notes.append("Exported with TorchScript: the newer exporter needs PyTorch 2.6 or later and the package onnxscript.")
        else:
            try:
                _dynamo(root, inputs, program.names, path, mode)
            except Exception as error:  # Exporters raise all kinds.
                first = error
                notes.append(
                    f"Exported with TorchScript, because the newer exporter failed: {_reason(error)}. "
                    "Layers have the lines of their modules only, and branches are those of this batch."
                )
        if first is not None or notes:
            try:
                _torchscript(root, inputs, program.names, path)
            except Exception as error:
                raise _refusal(first or error, error, root, inputs) from error
        exporter = "torchscript" if notes else "dynamo"
    _append_metadata(path, "gradient_doctor.modules", json.dumps(lines))
    return Exported(exporter, mode, notes)


def _has_dynamo():
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < (2, 6):
        return False
    try:
        import onnxscript  # noqa: F401
    except ImportError:
        return False
    return True


def _dynamo(root, inputs, names, path, mode):
    program = torch.onnx.export(
        root, inputs, input_names=names, output_names=["output"], dynamo=True, optimize=False, verbose=False
    )
    for node in program.model.graph:
        trace = node.metadata_props.get("pkg.torch.onnx.stack_trace")
        if trace:
            node.metadata_props["pkg.torch.onnx.stack_trace"] = _without_own_frames(trace)
    size = sum(parameter.numel() * parameter.element_size() for parameter in root.parameters())
    program.save(path, **({"external_data": True} if size > _LARGEST_FILE else {}))
    if mode == "as-exported":
        _mark_training(path, root)


def _without_own_frames(trace):
    frames = re.split(r"(?m)^(?=\s*File \")", trace)
    kept = [frame for frame in frames if not is_own(re.match(r'\s*(?:File "([^"]*)")?', frame).group(1) or "")]
    return "".join(kept)


def _mark_training(path, root):
    """BatchNorm is written as in evaluation: those that train get their mark, and the outputs that it asks for."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    modules = dict(root.named_modules())
    for node in model.graph.node:
        if node.op_type != "BatchNormalization":
            continue
        scopes = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), "[]")
        names = re.findall(r"'([^']*)'", scopes)
        module = modules.get(re.sub(r"@\d+", "", names[-2] if len(names) > 1 else ""))
        if module is not None and module.training:
            node.attribute.append(onnx.helper.make_attribute("training_mode", 1))
            del node.output[1:]
            node.output.extend([f"{node.output[0]}_running_mean", f"{node.output[0]}_running_var"])
    onnx.save(model, path)


def _torchscript(root, inputs, names, path):
    arguments = dict(
        input_names=names,
        output_names=["output"],
        training=torch.onnx.TrainingMode.PRESERVE if _mode(root) == "as-exported" else torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
        opset_version=17,
    )
    if _mode(root) == "eval":
        arguments["training"] = torch.onnx.TrainingMode.EVAL
    try:
        torch.onnx.export(root, inputs, path, dynamo=False, **arguments)
    except TypeError as error:
        if "dynamo" not in str(error):
            raise
        torch.onnx.export(root, inputs, path, **arguments)


def _mode(root):
    """``train`` or ``eval`` where all modules agree, else what each node says."""
    training = {module.training for module in root.modules() if isinstance(module, _STOCHASTIC)}
    if len(training) == 2:
        return "as-exported"
    return "eval" if training == {False} or (not training and not root.training) else "train"


@contextmanager
def same_state(root):
    """Keeps what a forward pass in training mode changes: running statistics, random numbers, gradients.

    Buffers are replaced, not written to: the backward that waits for us wants to find them untouched.
    """
    copies = {}
    buffers = [
        (module, name, buffer) for module in root.modules() for name, buffer in module._buffers.items() if buffer is not None
    ]
    gradients = [(parameter, parameter.grad) for parameter in root.parameters()]
    flags = [(module, module.training) for module in root.modules()]
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() and torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        for module, name, buffer in buffers:
            if id(buffer) not in copies:
                copies[id(buffer)] = buffer.detach().clone()
            module._buffers[name] = copies[id(buffer)]
        try:
            yield
        finally:
            for module, name, buffer in buffers:
                module._buffers[name] = buffer
            for parameter, gradient in gradients:
                parameter.grad = gradient
            for module, training in flags:
                module.training = training


@contextmanager
def quiet():
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Without autocast: the captured model computes in the precision of its weights.
            with torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
                yield
        finally:
            for logger, level in zip(loggers, levels):
                logger.setLevel(level)


def _refusal(first, last, root, inputs):
    operator = next(filter(None, (_operator(error) for error in (last, first))), None)
    if operator:
        line = _line_of_operator(operator, root, inputs)
        return Refusal(
            "unsupported-operator",
            f"The operator {operator} cannot be exported to ONNX{place(line)}: replace it for the diagnosis, or diagnose the part of the network without it.",
        )
    if isinstance(last, ImportError):
        return Refusal("no-exporter", f"Exporting needs a package that this Python does not have ({first_line(last)}): pip install onnx onnxscript.")
    line = line_of_error(last) or line_of_error(first)
    return Refusal("export-failed", f"The network cannot be exported to ONNX{place(line)}: {_reason(last)}.")


def _line_of_operator(operator, root, inputs):
    """Where the script calls it. Exporters do not tell, but the graph that they export from does."""
    name = re.split(r"[.:]+", operator)[1]
    try:
        graph = torch.export.export(root, inputs, strict=False).graph
    except Exception:  # Then the line is not known.
        return None
    for node in graph.nodes:
        if name in str(node.target):
            frames = re.findall(r'File "([^"]+)", line (\d+)', node.meta.get("stack_trace") or "")
            lines = [(file, int(number)) for file, number in frames if is_users(file)]
            if lines:
                return lines[-1]
    return None


def _operator(error):
    while error is not None:
        found = re.search(
            r"(?:No (?:ONNX function|decompositions?|registered).*?|[Ee]xporting the operator |[Uu]nsupported.*?operator.*?)['\"<]?(?:OpOverload\(op=)?['\"]?((?:aten|prims|torch|torchvision|quantized)(?:\.|::)[\w.:]+)",
            str(error), re.DOTALL,
        )
        if found:
            return found.group(1).rstrip(".")
        error = error.__cause__ or error.__context__
    return None


def _reason(error):
    """What lies at the bottom of a chain of errors, without the exporter's own page of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error, 200).rstrip(".")


def _varint(number):
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def _field(number, content):
    """A field of a protobuf message that holds text, bytes or a message."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _append_metadata(path, key, value):
    """Adds an entry to ``ModelProto.metadata_props``: messages that follow each other are merged when they are read."""
    entry = _field(1, key.encode()) + _field(2, value.encode())
    with open(path, "ab") as file:
        file.write(_field(_METADATA_FIELD, entry))


def names_in_model(path, names):
    """Those that the model has a weight of: an exporter leaves out what it does not need."""
    with open(path, "rb") as file:
        content = file.read()
    return [name for name in names if _field(_TENSOR_NAME_FIELD, name.encode()) in content]


def save_batch(path, arrays):
    """``arrays`` by name, as PyTorch tensors of any precision and device."""
    import numpy

    def plain(tensor):
        tensor = tensor.detach().cpu()
        if tensor.dtype in (torch.bfloat16, torch.float16):
            tensor = tensor.float()
        return tensor.resolve_conj().contiguous().numpy()

    temporary = f"{path}.new.npz"
    numpy.savez(temporary, **{name: plain(tensor) for name, tensor in arrays.items()})
    os.replace(temporary, path)
