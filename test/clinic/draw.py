"""Draws the patients of the clinic from a seed: sick networks with one known fault each, their hand-repaired twins, and
healthy networks.

    python draw.py SEED OUT [--only NAME]

Everything is random within a fault: depth, width, gain, learning rate, optimizer, data, exporter. Whether a patient is
sick is judged by PyTorch alone: with its fault it comes less than half as far as its twin in as many steps. One that
trains all the same is drawn again. A healthy one learns in two orders of its batches; those that do in six are marked
steady. OUT/patients.json lists them; models are ONNX files, data .npz.
"""
import argparse
import contextlib
import io
import json
import logging
import random
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import data
import models

STEPS = 100
BATCH = 32
TRIES = 12
ORDERS = 6


# What a family is when nothing is wrong with it: (builder, its arguments, data, loss, training). `how` initializes.


def choose(rng, depth):
    """Adam or SGD with a learning rate that people use."""
    if rng.random() < 0.5:
        return {"optimizer": "adam", "lr": rng.choice([1e-3, 2e-3, 5e-3])}
    return {"optimizer": "sgd", "lr": rng.choice([0.03, 0.05, 0.1]), "momentum": rng.choice([0, 0.9]) if depth < 8 else 0.9}


def mlp(rng, depth=(2, 4), **given):
    inputs, classes, layers = rng.randint(8, 24), rng.randint(3, 8), rng.randint(*depth)
    arguments = dict(inputs=inputs, outputs=classes, width=rng.choice([16, 24, 32, 48]), depth=layers) | given
    return {"make": "Mlp", "arguments": arguments, "how": None, "loss": "cross-entropy",
            "data": ("vectors", dict(inputs=inputs, classes=classes)), "training": choose(rng, layers)}


def cnn(rng, depth=(2, 4), **given):
    channels, classes, layers = rng.choice([1, 3]), rng.randint(3, 6), rng.randint(*depth)
    arguments = dict(channels=channels, outputs=classes, width=rng.choice([8, 12]), depth=layers) | given
    return {"make": "Cnn", "arguments": arguments, "how": None, "loss": "cross-entropy",
            "data": ("images", dict(channels=channels, size=rng.choice([6, 8]), classes=classes)),
            "training": {"optimizer": "adam", "lr": rng.choice([2e-3, 5e-3])} if rng.random() < 0.6 else
                        {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9}}


def recurrent(rng, cell, length=(10, 20), early=None, **given):
    inputs, classes = rng.randint(4, 8), rng.randint(2, 4)
    arguments = dict(inputs=inputs, outputs=classes, width=rng.choice([16, 24, 32]), cell=cell) | given
    return {"make": "Recurrent", "arguments": arguments, "how": None, "loss": "cross-entropy",
            "data": ("sequences", dict(length=rng.randint(*length), inputs=inputs, classes=classes, early=early)),
            "training": {"optimizer": "adam", "lr": rng.choice([5e-3, 1e-2])}}


def transformer(rng, depth=(1, 3), **given):
    vocabulary, length, classes = rng.randint(16, 32), rng.randint(10, 16), rng.randint(2, 4)
    arguments = dict(vocabulary=vocabulary, length=length, outputs=classes, width=rng.choice([16, 32]),
                     heads=rng.choice([2, 4]), depth=rng.randint(*depth)) | given
    return {"make": "Transformer", "arguments": arguments, "how": None, "loss": "cross-entropy",
            "data": ("tokens", dict(length=length, vocabulary=vocabulary, classes=classes)),
            "training": {"optimizer": "adam", "lr": rng.choice([1e-3, 2e-3, 5e-3])}}


def discriminator(rng, depth=(2, 4), **given):
    inputs = rng.randint(8, 20)
    arguments = dict(inputs=inputs, outputs=1, width=rng.choice([24, 32, 48]), depth=rng.randint(*depth),
                     activation="leaky-relu") | given
    return {"make": "Mlp", "arguments": arguments, "how": None, "loss": "bce-with-logits",
            "data": ("real_or_fake", dict(inputs=inputs)), "training": {"optimizer": "adam", "lr": rng.choice([2e-3, 5e-3])}}


def autoencoder(rng, depth=(1, 2), **given):
    inputs, code = rng.randint(12, 24), rng.randint(3, 5)
    arguments = dict(inputs=inputs, width=rng.choice([24, 32, 48]), code=code + 1, depth=rng.randint(*depth)) | given
    return {"make": "Autoencoder", "arguments": arguments, "how": None, "loss": "mse",
            "data": ("surface", dict(inputs=inputs, code=code)), "training": {"optimizer": "adam", "lr": rng.choice([2e-3, 5e-3])}}


def change(case, data=None, **changes):
    """A case with some arguments of its network (`arguments`), of its data, or parts of its own changed."""
    arguments = case["arguments"] | changes.pop("arguments", {})
    name, options = case["data"]
    return case | {"arguments": arguments, "data": (name, options | (data or {}))} | changes


deep = {"mlp": (10, 24), "cnn": (7, 12), "discriminator": (8, 14), "autoencoder": (5, 8)}
families = {"mlp": mlp, "cnn": cnn, "discriminator": discriminator, "autoencoder": autoencoder, "transformer": transformer,
            "rnn": lambda rng, **k: recurrent(rng, "RNN", **k), "lstm": lambda rng, **k: recurrent(rng, "LSTM", **k)}


# Faults: from a generator of random numbers and a family to (the sick case, its twin as one repairs it by hand).


def saturating_stack(rng, family):
    twin = families[family](rng, depth=deep[family], activation="relu", norm="batch", skip=True)
    activation = rng.choice(["sigmoid", "sigmoid", "tanh"])
    how = None if activation == "sigmoid" else {"scheme": "scaled", "factor": rng.uniform(4, 8)}
    return change(twin, arguments=dict(activation=activation, norm=None, skip=False), how=how), twin


def scale_down(rng, family):
    twin = change(families[family](rng, depth=(4, 8) if family != "autoencoder" else (2, 4)), how={"scheme": "kaiming"})
    return change(twin, how={"scheme": "scaled", "factor": rng.uniform(0.03, 0.2)}), twin


def scale_up(rng, family):
    depth = {"transformer": (2, 3), "autoencoder": (2, 4)}.get(family, (4, 8))
    twin = change(families[family](rng, depth=depth), how=None if family == "transformer" else {"scheme": "kaiming"})
    return change(twin, how={"scheme": "scaled", "factor": rng.uniform(5, 12)}), twin


def missing_skip(rng, family):
    depth = {"mlp": (24, 40), "cnn": (12, 16), "autoencoder": (10, 16), "transformer": (8, 12)}[family]
    norm = True if family == "transformer" else "batch"
    twin = families[family](rng, depth=depth, norm=norm, skip=True)
    twin = change(twin, training={"optimizer": "adam", "lr": rng.choice([1e-3, 2e-3, 5e-3])})
    return change(twin, arguments=dict(skip=False, norm=None) if family != "transformer" else dict(skip=False)), twin


def missing_normalization(rng, family):
    if family == "transformer":
        twin = transformer(rng, depth=(4, 8))
        return change(twin, arguments=dict(norm=False), how={"scheme": "scaled", "factor": rng.uniform(2, 3)}), twin
    twin = families[family](rng, depth=(4, 8), norm="batch")
    scale = {"data": dict(scale=rng.uniform(50, 255))}
    return change(twin, arguments=dict(norm=None), **scale), change(twin, **scale)


def rate_too_high(rng, family):
    twin = families[family](rng)
    too_high = {"adam": rng.uniform(0.3, 1.5), "sgd": rng.uniform(3, 20)}[twin["training"]["optimizer"]]
    return change(twin, training=twin["training"] | {"lr": too_high}), twin


def rate_too_low(rng, family):
    twin = families[family](rng)
    return change(twin, training=twin["training"] | {"lr": twin["training"]["lr"] * 10 ** rng.uniform(-4.5, -3)}), twin


def dying_relu(rng, family):
    twin = families[family](rng, depth=(3, 5) if family != "autoencoder" else (2, 3), activation="relu")
    return change(twin, how={"scheme": "dead", "bias": rng.uniform(1.5, 4)}), twin


def constant_init(rng, family):
    twin = families[family](rng)
    return change(twin, how={"scheme": "constant", "value": rng.choice([0.0, rng.uniform(0.005, 0.1)])}), twin


def softmax_before_loss(rng, family):
    twin = families[family](rng)
    return change(twin, arguments=dict(end="sigmoid" if twin["loss"] == "bce-with-logits" else "softmax")), twin


def long_sequence(rng, family):
    sick = recurrent(rng, "RNN", length=(40, 70), early=6)
    twin = change(sick, arguments=dict(cell="LSTM"),
                  how={"scheme": "recurrent", "width": sick["arguments"]["width"], "forget": 4.0})
    return sick, twin


def exploding_recurrence(rng, family):
    sick = change(recurrent(rng, "RNN", length=(25, 50)), how={"scheme": "recurrent-scaled", "factor": rng.uniform(4, 9)})
    return sick, change(sick, how={"scheme": "recurrent", "width": 0, "forget": 0}, clip=1.0)


FAULTS = {
    "saturating-stack": (saturating_stack, ["mlp", "mlp", "cnn", "discriminator", "autoencoder"]),
    "scale-down": (scale_down, ["mlp", "cnn", "discriminator", "autoencoder"]),
    "scale-up": (scale_up, ["mlp", "cnn", "autoencoder", "transformer"]),
    "missing-skip": (missing_skip, ["mlp", "cnn", "autoencoder", "transformer"]),
    "missing-normalization": (missing_normalization, ["mlp", "cnn", "transformer"]),
    "rate-too-high": (rate_too_high, ["mlp", "cnn", "rnn", "lstm", "transformer", "discriminator"]),
    "rate-too-low": (rate_too_low, ["mlp", "lstm", "autoencoder", "transformer"]),
    "dying-relu": (dying_relu, ["mlp", "cnn", "autoencoder"]),
    "constant-init": (constant_init, ["mlp", "cnn", "discriminator"]),
    "softmax-before-loss": (softmax_before_loss, ["mlp", "cnn", "transformer", "discriminator"]),
    "long-sequence": (long_sequence, ["rnn", "rnn"]),
    "exploding-recurrence": (exploding_recurrence, ["rnn", "rnn"]),
}

HEALTHY = [
    ("mlp", lambda rng: mlp(rng, activation="relu")),
    ("mlp", lambda rng: mlp(rng, activation=rng.choice(["gelu", "elu", "silu"]))),
    ("mlp", lambda rng: change(mlp(rng, activation="tanh"), how={"scheme": "xavier-tanh"})),
    ("mlp", lambda rng: mlp(rng, depth=(6, 10), norm="batch")),
    ("mlp", lambda rng: mlp(rng, depth=(10, 24), norm=rng.choice(["batch", "layer"]), skip=True)),
    ("mlp", lambda rng: change(mlp(rng, depth=(4, 6)), how={"scheme": "kaiming"})),
    ("cnn", lambda rng: cnn(rng)),
    ("cnn", lambda rng: change(cnn(rng, depth=(3, 6)), how={"scheme": "kaiming"})),
    ("cnn", lambda rng: cnn(rng, depth=(4, 8), norm="batch")),
    ("cnn", lambda rng: cnn(rng, depth=(7, 12), norm="batch", skip=True)),
    ("rnn", lambda rng: recurrent(rng, "RNN", length=(6, 12))),
    ("rnn", lambda rng: change(recurrent(rng, "RNN", length=(10, 25), pooling="mean"), how={"scheme": "recurrent", "width": 0, "forget": 0})),
    ("lstm", lambda rng: recurrent(rng, "LSTM")),
    ("lstm", lambda rng: change(recurrent(rng, "LSTM", length=(20, 35), pooling="mean"), clip=1.0)),
    ("gru", lambda rng: recurrent(rng, "GRU", depth=2)),
    ("transformer", lambda rng: transformer(rng)),
    ("transformer", lambda rng: transformer(rng, depth=(2, 4))),
    ("transformer", lambda rng: transformer(rng, activation="relu")),
    ("discriminator", lambda rng: discriminator(rng)),
    ("discriminator", lambda rng: discriminator(rng, depth=(3, 5), norm="layer")),
    ("autoencoder", lambda rng: autoencoder(rng)),
    ("autoencoder", lambda rng: autoencoder(rng, depth=(2, 3), activation=rng.choice(["elu", "gelu"]))),
]


LOSSES = {"cross-entropy": F.cross_entropy, "mse": F.mse_loss, "bce-with-logits": F.binary_cross_entropy_with_logits}


def build(case, seed):
    torch.manual_seed(seed)
    return models.initialize(getattr(models, case["make"])(**case["arguments"]), case["how"]).train()


def data_of(case, seed):
    name, options = case["data"]
    return getattr(data, name)(torch.Generator().manual_seed(seed), **options)


def train(case, seed, order_seed=0):
    """Losses at the start and at the end; infinity where they are not finite."""
    model, (x, target) = build(case, seed), data_of(case, seed)
    torch.manual_seed(order_seed)
    settings = case["training"]
    optimizer = (torch.optim.Adam(model.parameters(), settings["lr"]) if settings["optimizer"] == "adam" else
                 torch.optim.SGD(model.parameters(), settings["lr"], settings.get("momentum", 0)))
    losses = []
    for step in range(STEPS):
        if step % (data.ROWS // BATCH) == 0:
            order = torch.randperm(data.ROWS)
        rows = order[step * BATCH % data.ROWS:][:BATCH]
        loss = LOSSES[case["loss"]](model(x[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        if case.get("clip"):
            torch.nn.utils.clip_grad_norm_(model.parameters(), case["clip"])
        optimizer.step()
        losses.append(loss.item())
    end = float(np.mean(losses[-10:]))
    return losses[0], end if np.isfinite(end) else float("inf")


def export(case, seed, exporter, path):
    model, (x, _) = build(case, seed), data_of(case, seed)
    batch = (x[:BATCH],)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            torch.onnx.export(model, batch, input_names=["x"], output_names=["y"], dynamo=True, optimize=False, verbose=False).save(path)
        else:
            torch.onnx.export(model, batch, path, input_names=["x"], output_names=["y"], dynamo=False,
                              training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False)


def save_data(case, seed, path):
    x, target = data_of(case, seed)
    np.savez_compressed(path, x=x.numpy(), target=target.numpy())


def experiment(case, name):
    return {"model": f"{name}.onnx", "data": f"{name.removesuffix('.twin')}.npz", "loss": case["loss"], "steps": STEPS,
            "batch": BATCH, "clip": case.get("clip"), **case["training"]}


def draw_sick(cause, family, seed):
    """The first draw that PyTorch finds sick, with a twin that learns."""
    make = FAULTS[cause][0]
    for attempt in range(TRIES):
        rng = random.Random(f"{seed}/{attempt}")
        sick, twin = make(rng, family)
        number = zlib.crc32(f"{seed}/{attempt}".encode())
        (start, end), (sick_start, sick_end) = train(twin, number), train(sick, number)
        # A network that grows with depth begins with a loss worse than a guess; what counts is the better beginning.
        start = min(start, sick_start)
        if not (end < 0.75 * start and sick_end > (start + end) / 2):
            continue
        # Not by the luck of one order of the batches.
        if train(twin, number, 1)[1] < 0.75 * start and train(sick, number, 1)[1] > (start + end) / 2:
            return sick, twin, number, rng
    return None


def draw_healthy(make, seed):
    for attempt in range(TRIES):
        rng = random.Random(f"{seed}/{attempt}")
        case = make(rng)
        number = zlib.crc32(f"{seed}/{attempt}".encode())
        start, end = train(case, number)
        if end < 0.75 * start and train(case, number, 1)[1] < 0.75 * start:
            return case, number, rng
    return None


def blind_guess(case):
    """The loss of a classifier that finds every class as likely: to come down to it is not to learn."""
    if case["loss"] == "mse":
        return float("inf")
    return float(np.log(case["arguments"]["outputs"] if case["loss"] == "cross-entropy" else 2))


def is_steady(case, number):
    """Whether a healthy network learns in every order of its batches: one that blows up in some was healthy by luck."""
    runs = (train(case, number, order_seed) for order_seed in range(ORDERS))
    return all(end < 0.75 * min(start, blind_guess(case)) for start, end in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="patients whose name has this in it")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    # What vanishes would else be computed, a hundred times slower, in denormal numbers.
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    patients = []

    def admit(name, cause, family, case, twin, number, rng):
        exporter = "dynamo" if rng.random() < 0.3 else "script"
        export(case, number, exporter, options.out / f"{name}.onnx")
        save_data(case, number, options.out / f"{name}.npz")
        if twin:
            export(twin, number, exporter, options.out / f"{name}.twin.onnx")
        patients.append({"name": name, "cause": cause, "family": family, "exporter": exporter,
                         "steady": None if cause else is_steady(case, number),
                         "experiment": experiment(case, name),
                         "twin": experiment(twin, f"{name}.twin") if twin else None})
        print(f"\r{len(patients)} patients, {name}\033[K", end="", file=sys.stderr, flush=True)

    for cause, (_, kinds) in FAULTS.items():
        for i, family in enumerate(kinds):
            name = f"{cause}.{family}" + (f".{kinds[:i].count(family) + 1}" if kinds[:i].count(family) else "")
            if options.only not in name:
                continue
            drawn = draw_sick(cause, family, f"{options.seed}/{name}")
            if drawn:
                admit(name, cause, family, *drawn)
            else:
                print(f"\n{name}: no draw is sick and has a twin that learns", file=sys.stderr)
    for i, (family, make) in enumerate(HEALTHY):
        name = f"healthy-{i}.{family}"
        if options.only not in name:
            continue
        drawn = draw_healthy(make, f"{options.seed}/{name}")
        if drawn:
            case, number, rng = drawn
            admit(name, None, family, case, None, number, rng)
        else:
            print(f"\n{name}: no draw learns", file=sys.stderr)
    print(file=sys.stderr)
    (options.out / "patients.json").write_text(json.dumps(patients, indent=1) + "\n")


if __name__ == "__main__":
    main()
