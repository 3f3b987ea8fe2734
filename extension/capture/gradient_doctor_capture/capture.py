"""What is captured at one ``backward()``, and how it is written down."""
import math
import os
import platform
import sys

import torch

from .export import export, names_in_model, quiet, same_state, save_batch
from .losses import known_loss, without_factor
from .program import Program, variables_of_callers
from .refusal import Refusal
from .settings import frozen_names, held, instances, optimizer_settings, pick_optimizer, scheduler_settings, schedulers
from .tape import Ref, is_module

_LARGEST_ACCUMULATION = 4096


class Captured:
    def __init__(self, program, loss, factor, exported, number, notes):
        self.program = program
        # A KnownLoss, or None where the model computes its loss itself.
        self.loss = loss
        # By which the script multiplies its loss before it calls backward.
        self.factor = factor
        self.exported = exported
        self.number = number
        self.notes = notes
        # What a script trains it says at this moment: one with several networks freezes the others in turn.
        self.trained = [parameter for parameter in program.root.parameters() if parameter.requires_grad]
        # How far each scheduler is, by identity.
        self.epochs = {id(scheduler): scheduler.last_epoch for scheduler in schedulers()}


def capture_step(observer, losses, gradients, number, line):
    """Exports what these losses are computed by. None where it is not the module that was asked for.

    :raises Refusal: where that is not possible
    """
    request = observer.request
    tape = observer.tape
    loss = _one_loss(losses, gradients, line)
    reference = tape.find(loss)
    if not isinstance(reference, Ref):
        raise Refusal("unfollowable", "The loss is not computed by functions of PyTorch that Gradient Doctor can follow.")
    if request.module is not None and not _uses(reference, request.module, observer):
        return None
    frames = variables_of_callers(sys._getframe(1))
    notes = []
    with observer.undisturbed():
        base, factor = without_factor(reference)
        for scaler in _scalers():
            factor /= scaler.get_scale() or 1
        known = known_loss(base)
        if not _is_mean_over_steps(factor) and not math.isclose(factor, 1):
            base, known, factor = reference, None, 1.0
        program = Program(known.prediction if known else base, frames)
        if not known and base is not reference and not _scalers() and round(1 / factor) == len(program.batch[0]):
            # A sum over the batch, divided by its rows: that is the loss, and no accumulation of gradients.
            program, factor = Program(reference, frames), 1.0
        exported = export_program(program, known, request, observer)
        replay = _replayed(program, known, loss, factor * math.prod(s.get_scale() or 1 for s in _scalers()))
    if replay:
        notes.append(replay)
    if known and known.target.numel() > 1 and bool((known.target == known.target.flatten()[0]).all()):
        notes.append(
            "All targets of the captured batch are alike, so that its loss falls whatever the network sees: judge remedies by "
            "the gradients. To measure the training itself, let one backward() see the other targets too (real and generated)."
        )
    return Captured(program, known, factor, exported, number, notes)


def export_program(program, known, request, observer):
    exported = export(program, os.path.join(request.out, "model.onnx"), observer.lines.of(program.root))
    arrays = dict(zip(program.names, program.batch))
    if known:
        arrays["target"] = known.target
    save_batch(os.path.join(request.out, "batch.npz"), arrays)
    return exported


def _one_loss(losses, gradients, line):
    """One scalar, on the tape."""
    terms = []
    for tensor, gradient in zip(losses, gradients * (len(losses) if gradients == [None] else 1)):
        if gradient is not None and (tensor.dim() > 0 or gradient.numel() > 1):
            tensor = (tensor * gradient).sum()
        terms.append(tensor)
    loss = terms[0]
    for term in terms[1:]:
        loss = loss + term
    return loss


def _scalers():
    classes = [torch.cuda.amp.GradScaler] + ([torch.amp.GradScaler] if hasattr(torch.amp, "GradScaler") else [])
    return [scaler for scaler in instances(*classes) if scaler.is_enabled() and scaler._scale is not None][:1]


def _is_mean_over_steps(factor):
    """Whether a factor is 1/n: gradients are averaged over n batches."""
    n = 1 / factor if factor else 0
    return 2 <= round(n) <= _LARGEST_ACCUMULATION and math.isclose(n, round(n), rel_tol=1e-6)


def _uses(reference, wanted, observer):
    """Whether a module of this class or variable name takes part in a loss."""
    program = Program(reference, variables_of_callers(sys._getframe(2)))
    names = {path for module in program.modules for path, _ in module.named_modules()}
    classes = {type(part).__name__ for module in program.modules for part in module.modules()}
    return wanted in names or wanted in classes


def _replayed(program, known, loss, factor):
    """A note where the network, run again on the batch, does not give the loss of the script."""
    with same_state(program.root), quiet(), torch.no_grad():
        result = program.compute(program.batch)
        again = _value_of(known, result) if known else float(result)
    expected = float(loss.detach()) / factor
    if math.isclose(again, expected, rel_tol=0.02, abs_tol=1e-6) or not math.isfinite(expected):
        return None
    return (
        f"Run again on the same batch, the network gives the loss {again:.4g} where the script had {expected:.4g}: "
        "it draws random numbers (as Dropout does) or keeps state between calls."
    )


def _value_of(known, prediction):
    from torch.nn import functional as F

    functions = {"cross-entropy": F.cross_entropy, "nll": F.nll_loss, "mse": F.mse_loss, "l1": F.l1_loss,
                 "huber": F.huber_loss, "bce-with-logits": F.binary_cross_entropy_with_logits}
    if known.class_axis is not None:
        prediction = prediction.movedim(known.class_axis, min(1, prediction.dim() - 1))
    target = known.target
    if target.is_floating_point():
        prediction, target = prediction.float(), target.float()
        if known.class_axis is not None:
            target = target.movedim(known.class_axis, min(1, target.dim() - 1))
    return float(functions[known.id](prediction.float(), target))


def description(observer):
    """The content of ``experiment.json``."""
    captured = observer.captured
    program, request = captured.program, observer.request
    notes = [*captured.notes, *captured.exported.notes]
    trained = captured.trained
    optimizers = instances(torch.optim.Optimizer)
    stepped = [event[1] for event in observer.events if isinstance(event, tuple)]
    optimizer = pick_optimizer([one for one in optimizers if id(one) in stepped], trained) or pick_optimizer(
        optimizers, trained
    )
    experiment = {"loss": captured.loss.id if captured.loss else "output", "mode": captured.exported.mode}
    if captured.loss and captured.loss.class_axis is not None:
        experiment["classAxis"] = captured.loss.class_axis
    if optimizer is not None:
        experiment["optimizer"] = optimizer_settings(optimizer, trained, notes)
    elif optimizers:
        notes.append("No optimizer has a parameter of this network: the script never trains it.")
    else:
        notes.append("No optimizer was seen before the first backward(); the captured run uses sgd with the learning rate 0.1.")
    schedule = _schedule(observer, optimizer, notes)
    if schedule:
        experiment["schedule"] = schedule
    clipping = _clipping(observer, notes)
    if clipping:
        experiment["clipping"] = clipping
    frozen = frozen_names(program.root, trained, optimizer)
    frozen = names_in_model(os.path.join(request.out, "model.onnx"), frozen) if frozen else []
    if frozen and len(frozen) < len(list(program.root.parameters())):
        experiment["frozen"] = frozen
    accumulation = _accumulation(observer, notes)
    if observer.autocast:
        notes.append(f"The script computes in {observer.autocast} (autocast); the captured run computes in the precision of the weights.")
    others = _others(optimizers, optimizer)
    if others:
        notes.append(f"The script trains more than this network: {others} not in the captured run. Choose another backward() to capture the other one.")
    return {
        "version": 1,
        "script": request.script,
        "args": request.args,
        "cwd": os.getcwd(),
        "python": {"executable": sys.executable, "version": platform.python_version()},
        "versions": _versions(),
        "exporter": captured.exported.exporter,
        "network": type(program.root).__name__,
        "data": "batch.npz",
        "experiment": experiment,
        "seen": {
            "backward": captured.number,
            "module": request.module,
            "inputs": [{"name": name, "shape": list(t.shape)} for name, t in zip(program.names, program.batch)],
            "optimizer": type(optimizer).__name__ if optimizer is not None else None,
            "accumulation": accumulation,
            "autocast": observer.autocast,
            "lossScaling": bool(_scalers()),
        },
        "notes": notes,
    }


def constructed(request):
    """Exports one class by itself; the content of ``experiment.json``."""
    from .construct import call_constructed
    from .observer import Observer

    observer = Observer(request, None, None)
    observer.install()
    network, output, inputs, notes = call_constructed(request)
    with observer.undisturbed():
        program = Program(observer.tape.find(output), [])
        exported = export(program, os.path.join(request.out, "model.onnx"), observer.lines.of(program.root))
    return {
        "version": 1,
        "script": request.script,
        "args": request.args,
        "cwd": os.getcwd(),
        "python": {"executable": sys.executable, "version": platform.python_version()},
        "versions": _versions(),
        "exporter": exported.exporter,
        "network": type(network).__name__,
        "construct": {"class": request.construct, "arguments": request.arguments, "inputs": inputs},
        "experiment": {"mode": exported.mode},
        "seen": {"backward": 0},
        "notes": [*notes, *exported.notes],
    }


def _schedule(observer, optimizer, notes):
    mine = [s for s in schedulers() if getattr(s, "optimizer", None) is optimizer or getattr(getattr(s, "optimizer", None), "optimizer", 0) is optimizer]
    # SequentialLR and ChainedScheduler hold others.
    inner = {id(part) for scheduler in mine for part in getattr(scheduler, "_schedulers", ())}
    mine = [scheduler for scheduler in mine if id(scheduler) not in inner]
    if optimizer is None or not mine:
        return None
    if len(mine) > 1:
        notes.append(f"Several schedulers change one optimizer; the captured run follows {type(mine[0]).__name__} only.")
    scheduler = mine[0]
    moved = scheduler.last_epoch > observer.captured.epochs.get(id(scheduler), scheduler.last_epoch)
    return scheduler_settings(scheduler, moved, observer.last_loader, notes)


def _clipping(observer, notes):
    from .observer import Clipping
    from .sources import place

    seen_step = False
    for event in observer.events:
        seen_step = seen_step or event == "step"
        if not isinstance(event, Clipping):
            continue
        if seen_step:
            notes.append(f"Gradients are clipped after optimizer.step(){place(event.line)}, which has no effect; the captured run does not clip.")
            continue
        if event.kind == "norm" and event.norm_type != 2:
            notes.append(f"Gradients are clipped by their {event.norm_type:g}-norm; the captured run clips by the 2-norm.")
        return {"kind": event.kind, "limit": event.limit}
    return None


def _accumulation(observer, notes):
    events = observer.events
    before = events[: events.index("step")] if "step" in events else events
    batches = before.count("backward")
    stated = round(1 / observer.captured.factor)
    batches = max(batches, stated)
    if batches > 1:
        notes.append(f"The script adds up the gradients of {batches} batches before it steps; the captured run has the first and steps after each.")
    return batches


def _others(optimizers, optimizer):
    """Optimizers of something else; those that libraries wrap around one have its parameters."""
    mine = held(optimizer) if optimizer is not None else set()
    others = []
    for parameters in map(held, optimizers):
        if not parameters & mine and parameters not in others:
            others.append(parameters)
    count = len(others)
    return f"{count} other optimizer{'s are' if count > 1 else ' is'}" if count else ""


def _versions():
    found = {"torch": torch.__version__}
    for name in ("onnx", "onnxscript", "numpy", "transformers", "lightning", "pytorch_lightning", "accelerate"):
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            found[name] = str(version)
    return found
