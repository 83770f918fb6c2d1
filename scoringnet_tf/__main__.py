"""Lists the commands of the package."""

import ast
import pathlib
import sys


def commands() -> dict[str, str]:
    """Each command's name → the first sentence about it; nothing is imported for that."""
    found, folder = {}, pathlib.Path(__file__).parent
    for path in (*folder.glob("[!_]*.py"), *folder.glob("*/__main__.py")):
        text = path.read_text(encoding="utf-8")
        if '__name__ == "__main__"' in text:
            name = path.parent.name if path.stem == "__main__" else path.stem
            found[name] = (ast.get_docstring(ast.parse(text)) or "").splitlines()[0]
    return dict(sorted(found.items()))


def main() -> int:
    """Lists the commands; status 2 if one is named here, which belongs behind the dot."""
    print("python -m scoringnet_tf.COMMAND --help lists the flags of a command:\n")
    for name, about in commands().items():
        print(f"  {name:16}{about}")
    return 2 if sys.argv[1:] not in ([], ["--help"]) else 0


if __name__ == "__main__":
    sys.exit(main())
