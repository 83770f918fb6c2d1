"""Runs a command up to the call of one function, and prints what it was about to be given, in place of calling it.

    python -m command_probe FUNCTION MODULE WORDS…

FUNCTION is its full name, `package.module.function`. What is printed is JSON: name of an argument → its value; those of
a data class by their own names, of records their folder, and what JSON does not know as text.
"""

import dataclasses
import importlib
import inspect
import json
import os
import runpy
import sys


def main():
    """Runs it."""
    function, module, *words = sys.argv[1:]
    owner, _, name = function.rpartition(".")
    original = getattr(importlib.import_module(owner), name)

    def told(*arguments, **named):
        bound = inspect.signature(original).bind(*arguments, **named)
        print(json.dumps(_flat(bound.arguments), default=str))
        sys.stdout.flush()
        os._exit(0)  # whatever the command would do with an exception

    setattr(sys.modules[owner], name, told)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _flat(arguments):
    found = {}
    for name, value in arguments.items():
        if hasattr(value, "records_dir"):
            found[name] = value.records_dir
        elif dataclasses.is_dataclass(value):
            found |= {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        else:
            found |= value if isinstance(value, dict) else {name: value}
    return found


if __name__ == "__main__":
    main()
