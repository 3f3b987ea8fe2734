"""Optimizer, schedule and clipping of a script in the terms of an experiment, and what these terms cannot say."""
import gc
import math

import torch


def instances(*classes):
    """Living objects of these classes. By type: asking an object for its class may run the user's code."""
    return [found for found in gc.get_objects() if issubclass(type(found), classes)]


# The optimizers that an experiment does not have, by what comes nearest.
_NEAREST = {
    "NAdam": "adam", "RAdam": "adam", "Adamax": "adam", "RMSprop": "adam", "Adagrad": "adam", "Adadelta": "adam",
    "SparseAdam": "adam", "Adafactor": "adamw", "Lion": "adamw", "LAMB": "adamw", "Lamb": "adamw", "ASGD": "sgd",
    "Rprop": "sgd", "LBFGS": "sgd", "LARS": "sgd",
}
_NEAREST_LR = {"Adadelta": 1e-3, "Adafactor": 1e-3, "LBFGS": 0.01}


def pick_optimizer(optimizers, parameters):
    """The optimizer that has most of these parameters, or None where none has any."""
    wanted = {id(parameter) for parameter in parameters}
    counted = [(len(wanted & held(optimizer)), optimizer) for optimizer in optimizers]
    best = max(counted, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] > 0 else None


def held(optimizer):
    return {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}


def optimizer_settings(optimizer, parameters, notes):
    """The experiment's ``optimizer``."""
    name = type(optimizer).__name__
    groups = optimizer.param_groups
    wanted = {id(parameter) for parameter in parameters}
    group = max(groups, key=lambda one: sum(p.numel() for p in one["params"] if id(p) in wanted))
    # A scheduler has already lowered `lr`, and keeps what it started from.
    rates = {_rate(one) for one in groups if any(id(p) in wanted for p in one["params"])}
    lr = _rate(group)
    if len(rates) > 1:
        notes.append(f"The optimizer has {len(rates)} learning rates ({', '.join(map(_short, sorted(rates)))}); the captured run uses {_short(lr)} for all.")
    decays = {float(one.get("weight_decay", 0) or 0) for one in groups if any(id(p) in wanted for p in one["params"])}
    decay = float(group.get("weight_decay", 0) or 0)
    if len(decays) > 1:
        notes.append(f"The optimizer has several weight decays ({', '.join(map(_short, sorted(decays)))}); the captured run uses {_short(decay)} for all.")
    id_ = _optimizer_id(optimizer)
    if id_ is None:
        id_ = _NEAREST.get(name, "adam" if "adam" in name.lower() else "sgd")
        lr = _NEAREST_LR.get(name, lr)
        notes.append(f"An experiment has no {name}; the captured run uses {id_} with the learning rate {_short(lr)}.")
    betas = group.get("betas", (0.9, 0.999))
    if id_ == "adam" and group.get("decoupled_weight_decay"):
        id_ = "adamw"
    for option in ("amsgrad", "maximize", "dampening"):
        if group.get(option):
            notes.append(f"The option {option} of {name} is left out of the captured run.")
    return {
        "id": id_,
        "lr": lr,
        "momentum": float(group.get("momentum", 0) or 0) if id_ == "sgd" else 0,
        "nesterov": bool(group.get("nesterov", False)) if id_ == "sgd" else False,
        "weightDecay": decay,
        "betas": [float(betas[0]), float(betas[1])],
        "eps": float(group.get("eps", 1e-8) if isinstance(group.get("eps", 1e-8), (int, float)) else 1e-8),
    }


def _optimizer_id(optimizer):
    for class_ in type(optimizer).__mro__:
        if class_.__name__ in ("SGD", "Adam", "AdamW"):
            return class_.__name__.lower()
    return None


def _rate(group):
    return float(group.get("initial_lr", group["lr"]))


def _short(value):
    return f"{value:g}"


def schedulers():
    module = torch.optim.lr_scheduler
    classes = {getattr(module, name) for name in ("LRScheduler", "_LRScheduler", "ReduceLROnPlateau") if hasattr(module, name)}
    return instances(*classes)


def scheduler_settings(scheduler, by_step, steps_per_epoch, notes):
    """The experiment's ``schedule``, or None where there is nothing that it could say.

    :param by_step: whether it is stepped after every batch; else after every epoch of ``steps_per_epoch`` batches,
        None where that is not known
    """
    name = type(scheduler).__name__
    n = 1 if by_step else steps_per_epoch
    if name not in ("ExponentialLR", "StepLR", "CosineAnnealingLR", "ReduceLROnPlateau", "LinearLR"):
        notes.append(f"An experiment has no {name}; the captured run keeps its learning rate.")
        return None
    if n is None:
        notes.append(f"{name} is stepped once an epoch, and how many batches make one is not known; the captured run keeps its learning rate.")
        return None

    def use(id_, **parameters):
        if n > 1:
            notes.append(f"{name} is stepped once an epoch of {n} batches; the captured run counts steps.")
        return {"id": id_, "parameters": {**parameters, "unit": "step"}}

    if name == "ExponentialLR":
        # Once an epoch is a step of n batches.
        return use("exponential-lr", gamma=float(scheduler.gamma)) if n == 1 else use("step-lr", step_size=n, gamma=float(scheduler.gamma))
    if name == "StepLR":
        return use("step-lr", step_size=int(scheduler.step_size) * n, gamma=float(scheduler.gamma))
    if name == "CosineAnnealingLR":
        return use("cosine-annealing-lr", t_max=int(scheduler.T_max) * n, eta_min=float(scheduler.eta_min))
    if name == "LinearLR":
        if not math.isclose(float(scheduler.end_factor), 1):
            notes.append("LinearLR that does not end at 1 is left out of the captured run.")
            return None
        return use("warmup", steps=int(scheduler.total_iters) * n, start_factor=float(scheduler.start_factor))
    return use("reduce-lr-on-plateau", factor=float(scheduler.factor), patience=int(scheduler.patience) * n)


def frozen_names(root, trained, optimizer):
    """Parameters that the script does not train: they asked for no gradient, or the optimizer does not have them."""
    wanted = {id(parameter) for parameter in trained}
    if optimizer is not None:
        wanted &= held(optimizer)
    return [name for name, parameter in root.named_parameters() if id(parameter) not in wanted]
