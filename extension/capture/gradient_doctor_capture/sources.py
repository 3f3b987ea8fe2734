"""Which line of the user's code something comes from."""
import os
import re
import sys
import types
import weakref

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STANDARD = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_PACKAGES = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_users = {}


def is_users(file):
    """Whether a file is neither ours nor that of an installed package."""
    known = _users.get(file)
    if known is None:
        known = not (file.startswith("<") or file.startswith(_OWN) or _PACKAGES.search(file) or file.startswith(_STANDARD))
        _users[file] = known
    return known


def is_own(file):
    return file.startswith(_OWN)


def calling_line(frame=None, skip=None):
    """``(file, line)`` of the innermost frame of the user's code, or None. ``skip(frame)`` passes over frames."""
    frame = frame or sys._getframe(1)
    while frame is not None:
        if is_users(frame.f_code.co_filename) and not (skip and skip(frame)):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


def line_of_error(error):
    """``(file, line)`` of the innermost frame of the user's code that an exception came through, or None."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if is_users(file):
            found = file, trace.tb_lineno
        trace = trace.tb_next
    return found


def place(line):
    """`` (train.py, line 12)``, or nothing where the line is not known."""
    return f" ({os.path.basename(line[0])}, line {line[1]})" if line else ""


def call_at(line, function, args, kwargs):
    """Calls as if the call stood on a line of the user's code, so that exported nodes name that line.

    As part of a ``forward``, for torch.export keeps the lines of no other functions.
    """
    if line is None:
        return function(*args, **kwargs)
    file, number = line
    code = _call.__code__.replace(co_filename=file, co_firstlineno=number, co_name="forward")
    return types.FunctionType(code, {})(function, args, kwargs)


# On one line: the line of the code object is then the line of the call.
_call = lambda function, args, kwargs: function(*args, **kwargs)  # noqa: E731


class ModuleLines:
    """For every module the line that created it, and the one that called it first."""

    def __init__(self):
        self._created = {}
        self._called = {}

    def note_creation(self, module):
        def is_constructor(frame):
            code = frame.f_code
            return code.co_name == "__init__" and code.co_argcount > 0 and (
                frame.f_locals.get(code.co_varnames[0]) is module
            )

        self._note(self._created, module, calling_line(sys._getframe(2), is_constructor))

    def note_call(self, module):
        if id(module) not in self._called or self._called[id(module)][0]() is not module:
            self._note(self._called, module, calling_line(sys._getframe(2)))

    @staticmethod
    def _note(table, module, line):
        if line is not None:
            table[id(module)] = weakref.ref(module), line

    @staticmethod
    def _find(table, module):
        reference, line = table.get(id(module), (None, None))
        return line if reference is not None and reference() is module else None

    def of(self, root):
        """By module path: ``{"created": [file, line], "called": [file, line]}``, as far as it is known.

        A module that was copied, not constructed, takes the line that created the module around it.
        """
        found = {}
        for path, module in root.named_modules():
            created = self._find(self._created, module)
            if created is None:
                created = tuple(found.get(path.rpartition(".")[0], {}).get("created", ())) if path else ()
            called = self._find(self._called, module)
            entry = {"created": list(created or ()), "called": list(called or ())}
            found[path] = {key: value for key, value in entry.items() if value}
        return found
