"""Packs the node tests of the `onnx` package that a gradient can be checked on: python scripts/onnx-node-tests.py

Each becomes one model whose data are its initializers; the float inputs, of which a gradient is asked, carry the mark
of a parameter. Operators newer than opset 23, other operator sets, sequences, half precision and the expanded functions
(the same tests again) are left out. Beside them, the versions of every operator up to opset 23.
"""

import json
import pathlib
import zipfile

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case import node as node_tests

NEWEST_OPSET = 23
FIXTURES = pathlib.Path(__file__).parent.parent / "test" / "fixtures"
MARK = "pkg.torch.export.graph_signature.InputSpec.kind"

# Float inputs that say how, not what: they are constants of every real model.
SETTINGS = {
    "Resize": {1, 2},
    "Upsample": {1},
    "Dropout": {1},
    "BatchNormalization": {3, 4},
    "RoiAlign": {1},
    "Bernoulli": {0},
    "DequantizeLinear": {1},
    "STFT": {2},
}


def is_float(value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64)


def newest_version(operator: str) -> int | None:
    """The version of an operator at the newest opset, or None where it came later."""
    try:
        return onnx.defs.get_schema(operator, NEWEST_OPSET, "").since_version
    except onnx.defs.SchemaError:
        return None


def is_valid(model: onnx.ModelProto) -> bool:
    """Whether it is a model of that operator set; some tests use what a later one added."""
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return False
    return True


def packed(case) -> onnx.ModelProto | None:
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs, outputs = case.data_sets[0]
    if any(opset.domain for opset in model.opset_import) or "_expanded" in case.name:
        return None
    if not all(isinstance(value, np.ndarray | np.generic) for value in [*inputs, *outputs]):
        return None
    if not any(is_float(value) for value in outputs) or any(newest_version(n.op_type) is None for n in model.graph.node):
        return None
    node = model.graph.node[0]
    settings = {node.input[i] for i in SETTINGS.get(node.op_type, ()) if i < len(node.input)}
    names = [port.name for port in model.graph.input]
    wanted = 0
    for name, value in zip(names, inputs, strict=True):
        tensor = numpy_helper.from_array(np.asarray(value), name)
        if is_float(value) and value.size and name not in settings:
            tensor.metadata_props.append(onnx.StringStringEntryProto(key=MARK, value="PARAMETER"))
            wanted += 1
        model.graph.initializer.append(tensor)
    del model.graph.input[:]
    version = min(NEWEST_OPSET, model.opset_import[0].version)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", version))
    model.ir_version = 10
    return model if wanted and is_valid(model) else None


def versions() -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= NEWEST_OPSET:
            found.setdefault(schema.name, set()).add(schema.since_version)
    return {name: sorted(found[name]) for name in sorted(found)}


def main() -> None:
    np.random.seed(0)
    FIXTURES.mkdir(parents=True, exist_ok=True)
    cases = sorted(node_tests.collect_testcases(None), key=lambda case: case.name)
    with zipfile.ZipFile(FIXTURES / "onnx-node-tests.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for case in cases:
            if case.model is not None and (model := packed(case)) is not None:
                # A fixed date: the same tests are the same archive.
                entry = zipfile.ZipInfo(f"{case.name.removeprefix('test_')}.onnx", (2000, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, model.SerializeToString(deterministic=True))
    (FIXTURES / "operator-versions.json").write_text(json.dumps(versions(), indent=1) + "\n")


if __name__ == "__main__":
    main()
