"""Loads one class of a file without running the rest of it, as part of the package that the file belongs to."""
import ast
import builtins
import importlib.machinery
import importlib.util
import os
import sys
import types

from .refusal import Refusal


def load(path, name, arguments):
    """A module that holds the class, and what its arguments name.

    :raises Refusal: where there is no such class; what the file itself raises
    """
    with open(path, "rb") as file:
        tree = isolated(file.read(), path, name, arguments)
    stem = os.path.splitext(os.path.basename(path))[0]
    package, root = _package_of(path, _deepest_relative_import(tree))
    sys.path[:0] = dict.fromkeys([root, os.path.dirname(path)])
    sys.path.append(os.getcwd())
    if package:
        _make_packages(package, root)
    # A file called like a module of Python must not take its place.
    own = f"_{stem}" if not package and stem in getattr(sys, "stdlib_module_names", ()) else stem
    module = types.ModuleType(f"{package}.{own}" if package else own)
    module.__dict__.update(__file__=path, __builtins__=builtins, __package__=package)
    sys.modules[module.__name__] = module
    exec(compile(tree, path, "exec", dont_inherit=True), module.__dict__)
    return module


def _deepest_relative_import(tree):
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _package_of(path, levels):
    """The dotted name of the package around a file, at least as deep as its relative imports, and where it lies."""
    folder, parts = os.path.dirname(path), []
    while os.path.isfile(os.path.join(folder, "__init__.py")) or len(parts) < levels:
        above, part = os.path.split(folder)
        if not part.isidentifier():
            break
        folder, parts = above, [part, *parts]
    return ".".join(parts), folder


class _Package(types.ModuleType):
    """A package whose own code runs only when something is asked of it that is no module in its folder."""

    def __getattr__(self, name):
        initial = os.path.join(self.__path__[0], "__init__.py")
        is_inside = name.startswith("__") or importlib.util.find_spec(f"{self.__name__}.{name}") is not None
        if is_inside or self.__dict__.get("__file__") == initial or not os.path.isfile(initial):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__file__ = initial
        with open(initial, "rb") as file:
            code = compile(file.read(), initial, "exec", dont_inherit=True)
        try:
            exec(code, self.__dict__)
        except ImportError:
            # It imports the file that is being loaded, after what is asked for.
            if name not in self.__dict__:
                raise
        return getattr(self, name)


def _make_packages(package, root):
    parts = package.split(".")
    for depth in range(1, len(parts) + 1):
        name, folder = ".".join(parts[:depth]), os.path.join(root, *parts[:depth])
        made = _Package(name)
        made.__path__ = [folder]
        made.__package__ = name
        made.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        made.__spec__.submodule_search_locations = [folder]
        sys.modules[name] = made


def isolated(source, path, name, arguments=""):
    """The statements at the top of a file that a class and its arguments need, as a tree. What only trains or loads
    data is left out.

    :raises Refusal: where there is no such class
    """
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        raise Refusal("syntax", f"{os.path.basename(path)}, line {error.lineno}: {error.msg}.") from None
    statements = tree.body
    binders = {}
    for index, statement in enumerate(statements):
        for bound in _bound(statement):
            binders.setdefault(bound, []).append(index)
    target = [i for i in binders.get(name, []) if isinstance(statements[i], ast.ClassDef)]
    if not target:
        raise Refusal("no-class", f"{os.path.basename(path)} has no class {name} at its top level.")
    changes = {}
    for index, statement in enumerate(statements):
        changed = _changed(statement)
        if changed is not None:
            changes.setdefault(changed, []).append(index)
    needed, pending = set(), [*target, *(i for used in _names(arguments) for i in binders.get(used, []))]
    while pending:
        index = pending.pop()
        if index in needed:
            continue
        needed.add(index)
        for used in _used(statements[index]):
            pending += binders.get(used, [])
            # Options that a parser is given before it parses, entries of a table.
            if not any(isinstance(statements[i], (ast.Import, ast.ImportFrom)) for i in binders.get(used, [])):
                pending += [change for change in changes.get(used, []) if change < index]
    needed |= {i for i in changes.get("sys", []) if "path" in ast.dump(statements[i])}
    # Star imports bind names that nobody can see.
    needed |= {i for i, s in enumerate(statements) if isinstance(s, ast.ImportFrom) and s.names[0].name == "*"}
    needed |= {i for i, s in enumerate(statements) if isinstance(s, ast.ImportFrom) and s.module == "__future__"}
    tree.body = [statements[i] for i in sorted(needed)]
    return tree


def _bound(statement):
    """Names that a statement binds, those inside ``if`` and ``try`` included."""
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name.split(".")[0]) for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
    return set() if _is_main_guard(statement) else found


def _is_main_guard(statement):
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _used(statement):
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _names(expression_list):
    """Names in the text between the parentheses of a call; none where it is no Python, which is said later."""
    try:
        return _used(ast.parse(f"_({expression_list})"))
    except SyntaxError:
        return set()


def _changed(statement):
    """The name whose value a statement changes without binding it: ``parser.add_argument(…)``, ``table["a"] = 1``."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        place = statement.value.func
    elif isinstance(statement, ast.Assign):
        place = statement.targets[0]
    elif isinstance(statement, ast.AugAssign):
        place = statement.target
    else:
        return None
    if not isinstance(place, (ast.Attribute, ast.Subscript)):
        return None
    while isinstance(place, (ast.Attribute, ast.Subscript)):
        place = place.value
    return place.id if isinstance(place, ast.Name) else None
