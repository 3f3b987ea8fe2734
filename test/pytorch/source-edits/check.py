"""Executes edited programs. Reads cases from standard input, writes one result per case: an empty string or an error."""
import json
import sys
import traceback
import types
import warnings

import torch
from torch import nn

torch.set_num_threads(1)
warnings.simplefilter("error", UserWarning)
warnings.filterwarnings("ignore", message=".*weight_norm.*|.*nested tensor.*|.*dropout option adds.*|.*epoch parameter.*")


def load(name, text):
    """A program as a module, run from the top with a fixed seed."""
    module = types.ModuleType(name)
    module.__dict__.update(DATA)
    torch.manual_seed(0)
    exec(compile(text, name, "exec"), module.__dict__)
    return module


class Loader(list):
    """Batches of inputs and targets."""

    dataset = list(range(64))


DATA = {"loader": Loader((torch.randn(8, 8), torch.randint(2, (8,))) for _ in range(3))}


def backward(net, *inputs):
    """The output of a network; every parameter must get a finite gradient from it."""
    net.zero_grad()
    result = net(*inputs)
    output = result[0] if isinstance(result, tuple) else result
    output.square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, f"{name} has no gradient"
        assert parameter.grad.isfinite().all(), f"{name} has a gradient that is not finite"
    return output


def same_weights(after, before):
    """Gives one network the weights of another, matched in order by shape; what is new keeps its own."""
    new = iter(after.parameters())
    for old in before.parameters():
        parameter = next(each for each in new if each.shape == old.shape)
        parameter.data.copy_(old.data)


def deviation(weight):
    return weight.detach().std().item()


def close(a, b, tolerance=1e-5):
    if isinstance(a, torch.Tensor):
        assert torch.allclose(a, b, atol=tolerance, rtol=tolerance), f"{a} != {b}"
    else:
        assert abs(a - b) <= tolerance * max(1, abs(a), abs(b)), f"{a} != {b}"


def names(module):
    return [type(each).__name__ for each in module.modules()]


def run(case):
    before = load("before", case["before"]) if case["runBefore"] else None
    after = load("after", case["after"])
    torch.manual_seed(1)
    exec(compile(case["check"], "check", "exec"), {**globals(), "before": before, "after": after})


results = []
for case in json.load(sys.stdin):
    try:
        run(case)
        results.append("")
    except BaseException:
        results.append(traceback.format_exc(limit=-3))
json.dump(results, sys.stdout)
