"""
Executes programs after the fix of a lint rule. Reads cases from standard input, writes one result per case: an empty
string or an error. What a program does (backward, clip, step, …) is recorded for the checks, by hooks into PyTorch.
"""
import ast
import json
import math
import sys
import traceback
import types
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import TensorDataset

torch.set_num_threads(1)
warnings.simplefilter("error", UserWarning)
warnings.filterwarnings("ignore", message=".*dropout option adds.*|.*autocast.*cuda.*|.*CUDA is not available.*")
warnings.filterwarnings("ignore", category=FutureWarning)

# ---------------------------------------------------------------- what happens while a program runs

events = []  # backward, unscale, clip, step, schedule, zero_grad: in order, each a dictionary
optimizers = []  # in the order in which they are made
ops = []  # names of the tensor operations
after_making = []  # called with every new optimizer
most_passes = 1000


class Enough(Exception):
    """Ends a program that would train forever."""


def limit(passes):
    """Ends the program after so many backward passes."""
    global most_passes
    most_passes = passes


def on_optimizer(call):
    after_making.append(call)


def note(kind, **more):
    events.append({"kind": kind, **more})


def gradients(optimizer):
    return [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]


def norm_of(tensors):
    return torch.cat([each.flatten() for each in tensors]).norm().item() if tensors else 0.0


def recorded(owner, name, before):
    original = getattr(owner, name)

    def wrapped(*arguments, **keywords):
        before(*arguments)
        return original(*arguments, **keywords)

    setattr(owner, name, wrapped)


def before_backward(*_):
    passes = sum(event["kind"] == "backward" for event in events)
    if passes >= most_passes:
        raise Enough
    note("backward", left=norm_of([grad for each in optimizers for grad in gradients(each)]))


recorded(torch.Tensor, "backward", before_backward)
recorded(torch.optim.Optimizer, "zero_grad", lambda *_: note("zero_grad"))
recorded(torch.optim.lr_scheduler.LRScheduler, "step", lambda *_: note("schedule"))
recorded(torch.optim.lr_scheduler.ReduceLROnPlateau, "step", lambda _, metric=None, *__: note("schedule", metric=metric))
for clip in ("clip_grad_norm_", "clip_grad_value_"):
    recorded(nn.utils, clip, lambda *_: note("clip"))
register_optimizer_step_pre_hook(
    lambda optimizer, *_: note(
        "step",
        optimizer=optimizer,
        norm=norm_of(gradients(optimizer)),
        largest=max((grad.abs().max().item() for grad in gradients(optimizer)), default=0.0),
        missing=sum(p.grad is None for group in optimizer.param_groups for p in group["params"]),
    )
)
make_optimizer = torch.optim.Optimizer.__init__


def made_optimizer(self, *arguments, **keywords):
    make_optimizer(self, *arguments, **keywords)
    optimizers.append(self)
    for call in after_making:
        call(self)


torch.optim.Optimizer.__init__ = made_optimizer


class CpuScaler(torch.amp.GradScaler):
    """A gradient scaler that scales on this machine too, whatever device the program names."""

    def __init__(self, *_, **__):
        super().__init__("cpu")

    def unscale_(self, optimizer):
        note("unscale")
        super().unscale_(optimizer)


torch.amp.GradScaler = torch.cuda.amp.GradScaler = CpuScaler


class Ops(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        ops.append(function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


# ---------------------------------------------------------------- what a program is given, and how it is looked at


def regression(inputs, outputs, batches=3, size=32):
    return [(torch.randn(size, inputs), torch.randn(size, outputs)) for _ in range(batches)]


def classification(inputs, classes, batches=3, size=32):
    return [(torch.randn(size, inputs), torch.randint(classes, (size,))) for _ in range(batches)]


def sequences(inputs, classes, steps=5):
    return [(torch.randn(8, steps, inputs), torch.randint(classes, (8,))) for _ in range(3)]


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def train(model, *inputs):
    """One training step, so small that the weights are still recognizable. Every parameter must get a finite gradient."""
    optimizer = sgd(model, 1e-6)
    optimizer.zero_grad()
    result = model(*inputs)
    output = result[0] if isinstance(result, tuple) else result
    output.square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no gradient"
        assert parameter.grad.isfinite().all(), f"{name} has a gradient that is not finite"
    optimizer.step()
    return output


def close(a, b, tolerance=1e-5):
    a, b = torch.as_tensor(a, dtype=torch.float), torch.as_tensor(b, dtype=torch.float)
    assert torch.allclose(a, b, atol=tolerance, rtol=tolerance), f"{a} is not {b}"


def about(weight, deviation):
    """Whether random weights have a standard deviation, as near as their number allows."""
    got = weight.detach().std().item()
    assert abs(got / deviation - 1) < 0.02 + 2 / math.sqrt(weight.numel()), f"{got} is not about {deviation}"


def steps(*kinds):
    """What happens up to each step of an optimizer, of the kinds of interest; at least one step must happen."""
    passes = [[]]
    for event in events:
        if event["kind"] in kinds:
            passes[-1].append(event["kind"])
        if event["kind"] == "step":
            passes.append([])
    assert len(passes) > 1, "no optimizer steps"
    return passes


def every_step_is(*kinds):
    """Each step of an optimizer is exactly these events, and nothing of them follows the last one."""
    for happened in steps("backward", "unscale", "clip", "step")[:-1]:
        assert happened == list(kinds), happened
    assert steps("clip")[-1] == [], "clips after the last step"


def norms_at_step():
    return [event["norm"] for event in events if event["kind"] == "step"]


def all_receive_gradients():
    for event in events:
        if event["kind"] == "step":
            assert event["missing"] == 0 and event["norm"] > 0, event
    assert norms_at_step(), "no optimizer steps"


def starts_clean():
    """Every backward pass finds no gradients of the one before."""
    left = [event["left"] for event in events if event["kind"] == "backward"]
    assert len(left) > 1, "fewer than two backward passes"
    assert not any(left), left


def scheduled_after_steps():
    """Every scheduler steps, after the first step of the optimizer. (PyTorch's own warning is an error here, too.)"""
    kinds = [event["kind"] for event in events if event["kind"] in ("step", "schedule")]
    kinds = kinds[kinds.index("step") :]
    assert "schedule" in kinds, "no scheduler steps"


def is_orthogonal(weight, gates=1):
    for gate in weight.detach().chunk(gates):
        close(gate @ gate.T, torch.eye(len(gate)), 1e-4)


def units_differ(weight):
    rows = weight.detach().flatten(1)
    assert (rows[0] - rows[1]).abs().max() > 1e-3, "the units are equal"


def without_bias(before, after, *inputs):
    """Computes what it did, with fewer parameters: batch normalization takes a bias out."""
    old, new = dict(before.named_parameters()), dict(after.named_parameters())
    assert len(new) < len(old), "nothing was dropped"
    after.load_state_dict(before.state_dict(), strict=False)
    close(after(*inputs), before(*inputs), 1e-3)


class Trainer:
    """As much of Lightning's as the cases use, with its names: fit() trains with the module's own steps."""

    def __init__(self, *, max_epochs, gradient_clip_val=None):
        self.max_epochs, self.clip = max_epochs, gradient_clip_val

    def fit(self, model, batches):
        optimizer = model.configure_optimizers()
        for index, batch in enumerate(batches):
            optimizer.zero_grad()
            model.training_step(batch, index).backward()
            if self.clip:
                nn.utils.clip_grad_norm_(model.parameters(), self.clip)
            optimizer.step()


sys.modules["pytorch_lightning"] = types.SimpleNamespace(LightningModule=nn.Module, Trainer=Trainer)

# ---------------------------------------------------------------- running them


def load(text, given, then):
    """A program run from the top with a fixed seed, between what it is given and what drives it."""
    global most_passes
    for each in (events, optimizers, ops, after_making):
        each.clear()
    most_passes = 1000
    names = {**globals(), "__name__": "__main__"}
    torch.manual_seed(0)
    names["loader"] = regression(8, 1)
    names["dataset"] = TensorDataset(torch.randn(96, 8), torch.randn(96, 1))
    names["scaler"] = CpuScaler()
    exec(compile(given, "given", "exec"), names)
    try:
        with Ops():
            exec(compile(text, "program", "exec"), names)
            exec(compile(then, "then", "exec"), names)
    except Enough:
        pass
    return types.SimpleNamespace(**names)


def run(case):
    before = load(case["before"], case["given"], case["then"]) if case["compare"] else None
    after = load(case["after"], case["given"], case["then"])
    torch.manual_seed(1)
    exec(compile(case["check"], "check", "exec"), {**after.__dict__, "before": before, "after": after})


results = []
for case in json.load(sys.stdin):
    try:
        ast.parse(case["after"])
        run(case)
        results.append("")
    except BaseException:
        results.append(traceback.format_exc(limit=-3))
print()
print(json.dumps(results), end="")
