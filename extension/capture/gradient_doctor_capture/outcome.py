"""The files by which a capture ends: ``experiment.json`` beside the model, or ``failure.json``."""
import json
import os


def write_json(folder, name, content):
    """All of it or nothing."""
    path = os.path.join(folder, name)
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, allow_nan=False)
        file.write("\n")
    os.replace(temporary, path)


def write_failure(folder, refusal):
    write_json(folder, "failure.json", {"kind": refusal.kind, "message": str(refusal)})
