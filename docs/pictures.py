"""Runs the notebooks, each from a clean kernel, and keeps their pictures in notebooks/pictures, for the site."""

import base64
import os
import pathlib
import shutil
import sys
import tempfile

import cv2
import nbclient
import nbformat
import numpy as np

ROOT = pathlib.Path(__file__).parents[1]
PICTURES = ROOT / "notebooks" / "pictures"
SECONDS = 600  # for a cell; all of a notebook takes a minute and a half on two quiet cores
WIDTH = 900  # pixels at most


def executed(path: pathlib.Path, folder: pathlib.Path) -> nbformat.NotebookNode:
    """A notebook with its outputs, run in a new folder as whoever opens it runs it."""
    (folder / "notebooks").mkdir()
    for name in ("tests/clips", "results/diving/table5"):
        shutil.copytree(ROOT / name, folder / name)
    # What %%sh calls python is what an environment that is active calls so; the package is that of this folder.
    path_of_python = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path_of_python, "PYTHONPATH": str(ROOT)}
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(folder / "notebooks")}}
    limits = {"timeout": SECONDS, "startup_timeout": SECONDS}
    return nbclient.NotebookClient(notebook, resources=where, **limits).execute(env=environment)


def main() -> None:
    """Replaces the pictures of the notebooks that are named, or of all."""
    PICTURES.mkdir(exist_ok=True)
    for path in map(pathlib.Path, sys.argv[1:] or sorted(ROOT.glob("notebooks/*.ipynb"))):
        with tempfile.TemporaryDirectory() as folder:
            notebook = executed(path, pathlib.Path(folder))
        for old in PICTURES.glob(f"{path.stem}_*"):
            old.unlink()
        for number, cell in enumerate(notebook.cells):
            for output in cell.get("outputs", ()):
                if picture := output.get("data", {}).get("image/png"):
                    _keep(base64.b64decode(picture), PICTURES / f"{path.stem}_{number}.png")


def _keep(png: bytes, path: pathlib.Path) -> None:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    height, width = image.shape[:2]
    if width > WIDTH:
        image = cv2.resize(image, (WIDTH, round(height * WIDTH / width)), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
