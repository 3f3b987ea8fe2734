"""Writes the parity fixtures: networks exported by PyTorch, with the gradients and losses that PyTorch computes.

    npm run parity:regenerate [-- NAME…]

Each network of models.py becomes test/fixtures/parity/<name>-<exporter>/ with
  model.onnx   the network as exported, weights included
  batch.npz    the input `x` and the target `target`
  grads.npz    `loss`, and the gradient of each parameter under its name, computed in float64
  meta.json    loss, mode, and for each recorded optimizer the losses of its first 20 steps
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models import CASES, Case

warnings.filterwarnings("ignore")
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FIXTURES = ROOT / "test" / "fixtures" / "parity"
STEPS = 20

LOSSES = {
    "cross-entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.huber_loss,
    "bce-with-logits": F.binary_cross_entropy_with_logits,
    "output": lambda output, _: output,
}

OPTIMIZERS = {
    "sgd": {"id": "sgd", "lr": 0.1},
    "momentum": {"id": "sgd", "lr": 0.05, "momentum": 0.9},
    "nesterov": {"id": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True},
    "weight-decay": {"id": "sgd", "lr": 0.1, "momentum": 0.5, "weightDecay": 0.01},
    "adam": {"id": "adam", "lr": 0.01, "weightDecay": 0.01},
    "adamw": {"id": "adamw", "lr": 0.01, "weightDecay": 0.1, "betas": [0.8, 0.95], "eps": 1e-6},
}


def optimizer_of(settings: dict, network: nn.Module) -> torch.optim.Optimizer:
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings["id"]]
    names = {"weightDecay": "weight_decay"}
    return kind(network.parameters(), **{names.get(key, key): value for key, value in settings.items() if key != "id"})


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
        elif isinstance(module, (nn.MultiheadAttention, nn.RNNBase)):
            module.dropout = 0.0
    return network


def in_float64(network: nn.Module, case: Case) -> nn.Module:
    return without_dropout(copy.deepcopy(network)).double().train(case.mode == "train")


def widened(tensor: Tensor | None) -> Tensor | None:
    return tensor.double() if tensor is not None and tensor.is_floating_point() else tensor


def gradients(network: nn.Module, case: Case, x: Tensor, target: Tensor | None) -> dict[str, np.ndarray]:
    exact = in_float64(network, case)
    loss = LOSSES[case.loss](exact(widened(x)), widened(target))
    loss.backward()
    named = exact.named_parameters(remove_duplicate=False)
    return {"loss": loss.detach().numpy()} | {
        name: (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).numpy()
        for name, parameter in named
    }


def trajectory(network: nn.Module, case: Case, x: Tensor, target: Tensor | None, settings: dict) -> list[float]:
    exact = in_float64(network, case)
    optimizer = optimizer_of(settings, exact)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = LOSSES[case.loss](exact(widened(x)), widened(target))
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses


def export(network: nn.Module, case: Case, x: Tensor, exporter: str, path: Path) -> None:
    network = copy.deepcopy(network).train()
    options = {"input_names": ["x"], "output_names": ["output"], "opset_version": case.opset}
    if exporter == "dynamo":
        torch.onnx.export(
            network, (x,), path, dynamo=True, optimize=False, external_data=False, verbose=False, **options
        )
    else:
        torch.onnx.export(
            network,
            (x,),
            path,
            dynamo=False,
            training=torch.onnx.TrainingMode.TRAINING,
            do_constant_folding=False,
            **options,
        )


def relocated(trace: str) -> str:
    """The stack trace as it would read in another checkout: nothing of this machine's folders."""
    trace = trace.replace(str(ROOT), "/home/user/project")
    return re.sub(r'"[^"]*/((?:site|dist)-packages/)', r'"/usr/lib/python3/\1', trace)


def shrink(path: Path) -> onnx.ModelProto:
    """Drops metadata that nothing reads: most of the size of a small model."""
    model = onnx.load(path)
    unread = {"pkg.torch.onnx.fx_node", "pkg.torch.onnx.class_hierarchy", "pkg.torch.onnx.original_node_name"}
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if entry.key not in unread]
        for entry in kept:
            if entry.key == "pkg.torch.onnx.stack_trace":
                frames = [frame for frame in re.split(r"\n(?=\s*File )", relocated(entry.value))]
                own = [frame for frame in frames if "-packages/" not in frame]
                entry.value = "\n".join(own or frames[:1])
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        node.doc_string = ""
    for value in model.graph.value_info:
        kept = [entry for entry in value.metadata_props if entry.key not in unread]
        del value.metadata_props[:]
        value.metadata_props.extend(kept)
    del model.graph.metadata_props[:]
    onnx.save(model, path)
    return model


def adopt(network: nn.Module, initializers: dict[str, onnx.TensorProto]) -> None:
    """The TorchScript exporter runs the network first, which moves running statistics: the file is what counts."""
    with torch.no_grad():
        for name, value in network.state_dict(keep_vars=True).items():
            if name in initializers:
                value.copy_(torch.from_numpy(onnx.numpy_helper.to_array(initializers[name]).copy()))


def write(name: str, case: Case, exporter: str) -> None:
    folder = FIXTURES / f"{name}-{exporter}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = case.network()
    x = case.input()
    with torch.no_grad():
        output = without_dropout(copy.deepcopy(network)).eval()(x)
    target = case.target(output) if case.target else None
    export(network, case, x, exporter, folder / "model.onnx")
    initializers = {tensor.name: tensor for tensor in shrink(folder / "model.onnx").graph.initializer}
    adopt(network, initializers)
    batch = {"x": x.numpy()} | ({} if target is None else {"target": target.numpy()})
    np.savez(folder / "batch.npz", **batch)
    # A tied parameter is exported under one of its names; what the exporter left out is not compared.
    found = gradients(network, case, x, target)
    kept = {key: value for key, value in found.items() if key == "loss" or key in initializers}
    np.savez_compressed(folder / "grads.npz", **{key: np.asarray(value) for key, value in kept.items()})
    meta = {
        "loss": case.loss,
        "mode": case.mode,
        "parameters": len(list(network.parameters())),
        "trajectories": [
            {
                "name": key,
                "optimizer": OPTIMIZERS[key],
                "losses": trajectory(network, case, x, target, OPTIMIZERS[key]),
            }
            for key in case.trajectories
        ],
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
    if len(kept) - 1 != meta["parameters"]:
        print(f"{folder.name}: {len(kept) - 1} of {meta['parameters']} parameters kept their names", file=sys.stderr)


def main(wanted: list[str]) -> None:
    failed = []
    for name, case in CASES.items():
        if wanted and name not in wanted:
            continue
        for exporter in case.exporters:
            try:
                write(name, case, exporter)
                print(f"{name}-{exporter}", flush=True)
            except Exception as error:  # One exporter's gap must not hide the others' fixtures.
                shutil.rmtree(FIXTURES / f"{name}-{exporter}", ignore_errors=True)
                failed.append(f"{name}-{exporter}: {str(error).splitlines()[0][:300]}")
    if failed:
        sys.exit("Could not be exported:\n  " + "\n  ".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])
