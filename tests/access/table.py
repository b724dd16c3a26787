"""The whole table, and the use cases it must be complete for."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

import handlers
from tests.access import administration, customers, deals, flows, leads, oneself
from tests.access.row import Row


def _joined(*parts: Mapping[str, Row]) -> dict[str, Row]:
    """One table; a use case that stands in two parts has two answers, which is none."""
    found: dict[str, Row] = {}
    for part in parts:
        twice = found.keys() & part.keys()
        if twice:
            raise ValueError(f"rows in two parts: {sorted(twice)}")
        found |= part
    return found


TABLE = _joined(administration.ROWS, customers.ROWS, deals.ROWS, flows.ROWS, leads.ROWS, oneself.ROWS)
GUARDED = [n for n, r in TABLE.items() if r.needs is not None]
SCOPED = [n for n, r in TABLE.items() if r.foreign is not None and not r.free]


def use_cases() -> dict[str, Callable[..., Any]]:
    """Every public function of a `service.py` whose first argument is the context."""
    found: dict[str, Callable[..., Any]] = {}
    for module_info in pkgutil.iter_modules(handlers.__path__):
        if not module_info.ispkg:
            continue
        try:
            module = importlib.import_module(f"handlers.{module_info.name}.service")
        except ModuleNotFoundError:
            continue
        for name, function in inspect.getmembers(module, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), "")
            if function.__module__ == module.__name__ and first == "ctx" and not name.startswith("_"):
                found[f"{module_info.name}.{name}"] = function
    return found


def takes_an_object(function: Callable[..., Any]) -> bool:
    """Whether it is called for something by its id."""
    signature = inspect.signature(function, eval_str=True)
    return any(name.endswith("_id") and p.annotation in (int, int | None) for name, p in signature.parameters.items())
