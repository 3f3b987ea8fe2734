"""Watches a training script from outside: PyTorch's own entry points are wrapped, the script is not changed.

At the chosen ``backward()`` the network is captured. The script then goes on for one step at most, to see how it clips
and steps, while optimizers do nothing; whatever comes first ends it: the next backward after a step, an evaluation, a
file that the script would write, or a few seconds.
"""
import functools
import inspect
import os
import sys
import threading
import traceback
import types

import torch
from torch import nn

from .capture import capture_step
from .refusal import Refusal, first_line
from .sources import ModuleLines, calling_line, place
from .tape import Tape

# How long a script goes on after the capture at most.
_WINDOW_SECONDS = 10
_LARGEST_ACCUMULATION = 512

_WRITES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "shutil.rmtree", "shutil.copyfile", "shutil.move"}


class Observer:
    """:param finish: given the observer once a step is captured, by whichever thread comes first; does not return
    :param fail: given a Refusal; does not return either, since the script may catch what is raised in it
    """

    def __init__(self, request, finish, fail):
        self.request = request
        self.lines = ModuleLines()
        self.tape = Tape()
        self.captured = None
        self.autocast = None
        self.events = []
        self.loader_lengths = {}
        self.last_loader = None
        self._finish = finish
        self._fail = fail
        self.backwards = 0
        self._handling = False
        self._ending = None
        self._patches = []
        self._process = os.getpid()
        self._main_thread = threading.get_ident()

    # -- entering and leaving the script -------------------------------------------------------------------------

    def install(self):
        patch = self._patch
        patch(nn.Module, "__init__", self._module_created)
        patch(nn.Module, "__call__", self._module_called)
        patch(torch.Tensor, "backward", self._tensor_backward)
        patch(torch.autograd, "backward", self._autograd_backward)
        patch(torch.optim.Optimizer, "__init__", self._optimizer_created)
        for name, kind in (("clip_grad_norm_", "norm"), ("clip_grad_norm", "norm"), ("clip_grad_value_", "value")):
            for module in (torch.nn.utils, getattr(torch.nn.utils, "clip_grad", None)):
                if module is not None and hasattr(module, name):
                    patch(module, name, functools.partial(self._clipped, kind))
        patch(torch.utils.data.DataLoader, "__iter__", self._loader_iterated)
        # Compiling changes nothing that is to be seen, and takes long.
        self._replace(torch, "compile", lambda model=None, *_, **__: model if model is not None else (lambda given: given))
        if hasattr(nn.Module, "compile"):
            self._replace(nn.Module, "compile", lambda *_, **__: None)
        self._watch_processes()
        sys.addaudithook(self._audited)
        self.tape.__enter__()

    def _patch(self, owner, name, wrapper):
        original = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*args, **kwargs):
            return wrapper(original, *args, **kwargs)

        wrapped.__wrapped__ = original
        self._replace(owner, name, wrapped)

    def _replace(self, owner, name, value):
        self._patches.append((owner, name, owner.__dict__.get(name, getattr(owner, name)), value))
        setattr(owner, name, value)

    def undisturbed(self):
        """PyTorch as it is without us, while the network is exported."""
        return _Undisturbed(self._patches)

    # -- what the script does ------------------------------------------------------------------------------------

    def _module_created(self, original, module, *args, **kwargs):
        self.lines.note_creation(module)
        return original(module, *args, **kwargs)

    def _module_called(self, original, module, *args, **kwargs):
        if threading.get_ident() != self._main_thread:
            return original(module, *args, **kwargs)
        if self.tape.depth == 0:
            if self.captured is not None and not torch.is_grad_enabled() and "step" in self.events:
                self.finish()
        # Some enter it around a forward inside.
        if self.captured is None:
            self.autocast = self.autocast or _autocast()
        self.lines.note_call(module)
        return self.tape.call_module(module, original, args, kwargs)

    def _tensor_backward(self, original, tensor, *args, **kwargs):
        gradient = args[0] if args else kwargs.get("gradient")
        return self._backward(original, [tensor], [gradient], tensor, *args, **kwargs)

    def _autograd_backward(self, original, tensors, *args, **kwargs):
        several = [tensors] if isinstance(tensors, torch.Tensor) else list(tensors)
        gradients = args[0] if args else kwargs.get("grad_tensors")
        gradients = [gradients] if gradients is None or isinstance(gradients, torch.Tensor) else list(gradients)
        return self._backward(original, several, gradients, tensors, *args, **kwargs)

    def _backward(self, original, losses, gradients, *args, **kwargs):
        if self._handling or torch.is_grad_enabled() is False and not losses[0].requires_grad:
            return original(*args, **kwargs)
        self._handling = True
        try:
            self._met_backward(losses, gradients)
        except Refusal as refusal:
            self._fail(refusal)
        except Exception as error:
            traceback.print_exc()
            self._fail(Refusal("internal", f"The network could not be captured: {type(error).__name__}: {first_line(error)}"))
        try:
            return original(*args, **kwargs)
        finally:
            self._handling = False

    def _met_backward(self, losses, gradients):
        if os.getpid() != self._process:
            # A process that the script has started: what goes on around it is not known.
            raise several_processes()
        line = calling_line(sys._getframe(4))
        if self.captured is not None:
            self.events.append("backward")
            if "step" in self.events or len(self.events) > _LARGEST_ACCUMULATION:
                self.finish()
            return
        self.backwards += 1
        if not losses[0].requires_grad:
            raise Refusal(
                "no-gradient",
                f"backward() is called on a tensor without a gradient{place(line)}: it was detached, or computed under torch.no_grad().",
            )
        if self.backwards < self.request.nth:
            return
        captured = capture_step(self, losses, gradients, self.backwards, line)
        if captured is not None:
            self.captured = captured
            self.events = ["backward"]
            timer = threading.Timer(_WINDOW_SECONDS, self.finish)
            timer.daemon = True
            timer.start()

    def _optimizer_created(self, original, optimizer, *args, **kwargs):
        original(optimizer, *args, **kwargs)
        observer = self

        def step(self, closure=None, *args, **kwargs):
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            observer._stepped(self)
            return loss

        # A method, because schedulers look behind it.
        optimizer.step = types.MethodType(step, optimizer)

    def _stepped(self, optimizer):
        if self.captured is None:
            return
        if ("step", id(optimizer)) in self.events:
            self.finish()
        self.events += ["step", ("step", id(optimizer))]

    def _clipped(self, kind, original, *args, **kwargs):
        given = inspect.signature(original).bind(*args, **kwargs)
        given.apply_defaults()
        if not isinstance(given.arguments["parameters"], torch.Tensor):
            # It may be an iterator, which the original wants to go through.
            given.arguments["parameters"] = list(given.arguments["parameters"])
        limit = given.arguments["max_norm" if kind == "norm" else "clip_value"]
        self.events.append(Clipping(kind, float(limit), float(given.arguments.get("norm_type", 2)), calling_line(sys._getframe(2))))
        return original(*given.args, **given.kwargs)

    def _loader_iterated(self, original, loader):
        if self.captured is None:
            try:
                self.last_loader = len(loader)
            except TypeError:
                self.last_loader = None
        return original(loader)

    # -- what must not happen ------------------------------------------------------------------------------------

    def _watch_processes(self):
        if int(os.environ.get("WORLD_SIZE", "1") or 1) > 1:
            raise several_processes()
        multiprocessing = torch.multiprocessing

        def spawn(original, fn, args=(), nprocs=1, *rest, **kwargs):
            if nprocs > 1:
                self._fail(several_processes())
            # In this process, or nothing of it would be seen.
            return fn(0, *args)

        self._patch(multiprocessing, "spawn", spawn)
        if torch.distributed.is_available():

            def initialise(original, *args, **kwargs):
                if int(kwargs.get("world_size", os.environ.get("WORLD_SIZE", 1)) or 1) > 1:
                    self._fail(several_processes())
                return original(*args, **kwargs)

            self._patch(torch.distributed, "init_process_group", initialise)

    def _audited(self, event, args):
        if self.captured is None or self._handling or self._ending or os.getpid() != self._process:
            return
        if event == "open":
            path, mode, flags = args
            writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(
                isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            )
            if not writes or isinstance(path, int) or _is_scratch(path):
                return
        elif event not in _WRITES:
            return
        self.finish()

    def finish(self):
        if self._ending == threading.get_ident():
            # Writing down what was seen looks like the script's doing.
            return
        self._ending = threading.get_ident()
        self._finish(self)


class Clipping:
    def __init__(self, kind, limit, norm_type, line):
        self.kind = kind
        self.limit = limit
        self.norm_type = norm_type
        self.line = line


def _autocast():
    """The type that autocast computes in, or None where it is off."""
    if torch.is_autocast_enabled():
        return str(torch.get_autocast_gpu_dtype()).replace("torch.", "")
    if torch.is_autocast_cpu_enabled():
        return str(torch.get_autocast_cpu_dtype()).replace("torch.", "")
    return None


def _is_scratch(path):
    import tempfile

    text = os.fspath(path)
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    return "__pycache__" in text or text == os.devnull or text.startswith(("/dev/", "/proc/", tempfile.gettempdir()))


def several_processes():
    return Refusal(
        "several-processes",
        "The script trains in several processes: start it with one (world size 1, devices=1, no torchrun) for the diagnosis.",
    )


class _Undisturbed:
    """PyTorch's own functions in place, and no mode of anybody's active."""

    def __init__(self, patches):
        self._patches = patches
        self._modes = []

    def __enter__(self):
        for owner, name, original, _ in reversed(self._patches):
            setattr(owner, name, original)
        while torch._C._len_torch_function_stack() > 0:
            self._modes.append(torch.overrides._pop_mode())

    def __exit__(self, *_):
        while self._modes:
            torch.overrides._push_mode(self._modes.pop())
        for owner, name, _, wrapped in self._patches:
            setattr(owner, name, wrapped)
