"""``python gradient_doctor_capture --out DIR [--nth N] [--module NAME] script.py [args…]``"""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _import_package():
    """Under its full name, and without its folder on the path of the user's script."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.getcwd()) != _HERE]
    sys.path.insert(0, os.path.dirname(_HERE))
    # The folder may belong to somebody else.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        from gradient_doctor_capture import start
    finally:
        del sys.path[0]
        sys.dont_write_bytecode = writes
    return start


if __name__ == "__main__":
    # Kept alive: this module makes room for the script's own __main__.
    sys.modules["gradient_doctor_capture.__main__"] = sys.modules["__main__"]
    _import_package().main(sys.argv[1:])
