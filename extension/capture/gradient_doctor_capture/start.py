"""From the command line to the end of a capture."""
import argparse
import os
import sys
import threading
import traceback

from .outcome import write_failure, write_json
from .refusal import Refusal, first_line
from .script import run_as_main
from .sources import line_of_error, place

_OLDEST_PYTHON = (3, 9)
_OLDEST_TORCH = (2, 1)
_FAILED = 2
_finishing = threading.Lock()


def main(arguments):
    _end_with_host()
    request = _parse(arguments)
    os.makedirs(request.out, exist_ok=True)
    for name in ("experiment.json", "failure.json", "model.onnx", "batch.npz"):
        if os.path.exists(os.path.join(request.out, name)):
            os.remove(os.path.join(request.out, name))
    try:
        _check_python()
        _construct(request) if request.construct is not None else _capture(request)
    except Refusal as refusal:
        _fail(request, refusal)


def _end_with_host():
    """Whoever started this watches over its time; a script without them would run on. Only Linux can be asked for it."""
    if sys.platform != "linux":
        return
    import ctypes
    import signal

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="gradient_doctor_capture", allow_abbrev=False)
    parser.add_argument("--out", required=True)
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--module", default=None)
    parser.add_argument("--construct", default=None)
    parser.add_argument("--arguments", default="")
    parser.add_argument("--inputs", default="")
    parser.add_argument("script")
    parser.add_argument("args", nargs=argparse.REMAINDER)
    request = parser.parse_args(arguments)
    request.out = os.path.abspath(request.out)
    request.script = os.path.abspath(request.script)
    return request


def _check_python():
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        raise Refusal("old-python", f"{sys.executable} is Python {version}: 3.9 or later is needed. Choose another interpreter.")
    try:
        import torch
    except ImportError as error:
        raise Refusal(
            "no-torch",
            f"{sys.executable} (Python {version}) has no PyTorch ({first_line(error)}): choose the interpreter that you train with, or install torch there.",
        ) from None
    if tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) < _OLDEST_TORCH:
        raise Refusal("old-torch", f"{sys.executable} has PyTorch {torch.__version__}: 2.1 or later is needed.")
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise Refusal("no-numpy", f"{sys.executable} has no NumPy, which saving a batch needs: pip install numpy.") from None


def _capture(request):
    from .observer import Observer

    # Loggers that would upload or write a run that is none.
    os.environ.setdefault("WANDB_MODE", "disabled")
    observer = Observer(request, _finish, lambda refusal: _fail(request, refusal))
    observer.install()
    name = os.path.basename(request.script)
    try:
        run_as_main(request.script, request.args)
    except Refusal:
        raise
    except SystemExit as end:
        if observer.captured is None:
            code = end.code if isinstance(end.code, (int, type(None))) else 1
            if code:
                said = "" if isinstance(end.code, int) else f" ({first_line(end.code)})"
                raise Refusal("script-exited", f"{name} ended itself with exit code {code}{said} before it called backward(): see its output, and check its arguments.") from None
    except KeyboardInterrupt:
        os._exit(130)
    except BaseException as error:  # The script's own: anything at all.
        traceback.print_exc()
        if observer.captured is None:
            raise _crash(name, error) from None
    if observer.captured is not None:
        observer.finish()
    number = observer.backwards
    if number == 0:
        raise Refusal("no-backward", f"{name} ended without calling backward(): give the arguments with which it trains, or choose the script that does.")
    if request.module is not None:
        raise Refusal("no-module", f"No loss of {name} depends on a module {request.module!r}.")
    raise Refusal("no-backward", f"{name} called backward() only {number} time{'s' if number > 1 else ''}, not {request.nth}.")


def _construct(request):
    from .capture import constructed

    try:
        write_json(request.out, "experiment.json", constructed(request))
    except Refusal:
        raise
    except Exception as error:
        traceback.print_exc()
        raise Refusal("internal", f"{request.construct} could not be captured: {type(error).__name__}: {first_line(error)}") from None
    _leave(0)


def _crash(name, error):
    line = line_of_error(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return Refusal(
            "missing-package",
            f"{name} imports {error.name}, which {sys.executable} does not have{place(line)}: install it there, or choose another interpreter.",
        )
    return Refusal("script-failed", f"{name} failed before it called backward(){place(line)}: {type(error).__name__}: {first_line(error)}")


def _fail(request, refusal):
    # A process that the script started may have said why already.
    if not os.path.exists(os.path.join(request.out, "failure.json")):
        write_failure(request.out, refusal)
    print(refusal, file=sys.stderr)
    _leave(_FAILED)


def _finish(observer):
    """Writes the settings and ends the process where it stands: nothing of the script runs any more."""
    if not _finishing.acquire(blocking=False):
        # Another thread is at it.
        threading.Event().wait()
    from .capture import description

    try:
        write_json(observer.request.out, "experiment.json", description(observer))
    except Exception as error:
        traceback.print_exc()
        write_failure(observer.request.out, Refusal("internal", f"The settings of the script could not be written: {first_line(error)}"))
        _leave(_FAILED)
    _leave(0)


def _leave(code):
    import multiprocessing

    for child in multiprocessing.active_children():
        child.kill()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    os._exit(code)
