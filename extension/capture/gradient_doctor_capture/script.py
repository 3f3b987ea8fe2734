"""Runs a script as ``python script.py`` would: as ``__main__``, with its arguments, folder and errors."""
import builtins
import io
import os
import sys
import types


def run_as_main(path, args):
    """Whatever the script raises comes through."""
    folder = os.path.dirname(os.path.abspath(path))
    sys.argv[:] = [path, *args]
    sys.path.insert(0, folder)
    with io.open_code(os.path.abspath(path)) as file:
        code = compile(file.read(), os.path.abspath(path), "exec", dont_inherit=True)
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=os.path.abspath(path), __builtins__=builtins, __spec__=None, __cached__=None)
    # Started processes and pickles look for the script under this name.
    sys.modules["__main__"] = module
    exec(code, module.__dict__)
