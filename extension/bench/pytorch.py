"""Times one network's training step in PyTorch, eager: what Gradient Doctor's is compared with.

    python pytorch.py NAME --threads N --seconds S --watch norms|layers

`norms` takes the L2 norm of every parameter's gradient, `layers` also what Gradient Doctor tells of every layer (mean,
deviation and share of zeros of its output, RMS and maximum of the gradient there) and of every parameter, by hooks.
Prints one JSON document: milliseconds of every step, and the peak of resident memory in bytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models import benchmarks


def watch_layers(network: nn.Module, rows: list[Tensor]) -> None:
    """Appends statistics of the output of every leaf module, and of its gradient, to `rows`."""

    def forward(module: nn.Module, inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        value = output[0] if isinstance(output, tuple) else output
        detached = value.detach()
        rows.append(torch.stack([detached.mean(), detached.std(), (detached == 0).float().mean()]))
        value.register_hook(lambda dy: rows.append(torch.stack([dy.square().mean().sqrt(), dy.abs().max()])))

    for module in network.modules():
        if not list(module.children()):
            module.register_forward_hook(forward)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=benchmarks)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--watch", choices=["norms", "layers"], required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    benchmark = benchmarks[options.name]
    network = benchmark.network().to(options.device)
    batch = benchmark.batch().to(options.device)
    with torch.no_grad():
        output = network(batch)
    target = torch.randint(0, benchmark.classes, output.shape[:1] + output.shape[2:], device=options.device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    parameters = list(network.parameters())
    rows: list[Tensor] = []
    if options.watch == "layers":
        watch_layers(network, rows)

    def step() -> None:
        rows.clear()
        optimizer.zero_grad()
        loss = F.cross_entropy(network(batch), target)
        loss.backward()
        gradients = [parameter.grad for parameter in parameters]
        told = [loss.detach().view(1), torch.stack(torch._foreach_norm(gradients))]
        if options.watch == "layers":
            told += [torch.stack(torch._foreach_norm(parameters)).detach(), *rows]
            told.append(torch.stack([gradient.abs().max() for gradient in gradients]))
        optimizer.step()
        torch.cat(told).tolist()

    for _ in range(3):
        step()
    milliseconds: list[float] = []
    end = time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(milliseconds) < 5:
        begin = time.perf_counter()
        step()
        milliseconds.append(1000 * (time.perf_counter() - begin))
    unit = 1 if sys.platform == "darwin" else 1024
    peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"milliseconds": milliseconds, "peakBytes": peak}))


if __name__ == "__main__":
    main()
