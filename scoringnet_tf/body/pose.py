"""Pose estimators: a picture's crop → joints and the presence of a body. BlazePose (Bazarevsky et al., 2020) is one.

Its files are MediaPipe's, Apache-2.0: `pose_landmark_full.tflite` comes with the package `mediapipe`, and the heavy one
with npm's `@mediapipe/pose`. Google's `pose_landmarker_*.task` are archives that hold the same networks.
"""

import functools
import hashlib
import importlib.util
import os
import threading
import zipfile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from scoringnet_tf.body.skeleton import from_format
from scoringnet_tf.support.messages import InputError, without_notices

PLACE = "SCORINGNET_POSE"  # environment variable: a folder with such files, or one
FOLDER, FILES = "modules/pose_landmark", "pose_landmark*.t*"  # in the package; MediaPipe itself puts heavy there, too
INSTALL = "pip install ai-edge-litert && pip install --no-deps mediapipe==0.10.14"
ARCHIVED = "pose_landmarks_detector.tflite"  # in a .task
FULL, HEAVY = "full", "heavy"
KNOWN = {  # sha256 → which network
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f": FULL,
    "59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe": HEAVY,
}
SIDE, POINTS, VALUES = 256, 39, 5  # pixels of a crop; x, y, z, visibility and presence of 33 joints and six more
OUTPUTS = ([1, POINTS * VALUES], [1, 1])  # shapes: points, presence


class Poses(NamedTuple):
    """What an estimator finds in N crops, float32."""

    joints: np.ndarray  # (N, 17, 2), x and y in shares of the crop's side; NaN for hands and toes that it does not know
    confidence: np.ndarray  # (N, 17), 0 to 1; 0 where joints are NaN
    presence: np.ndarray  # (N,), how surely a body is there, 0 to 1


class PoseEstimator(Protocol):
    """Finds a body that is upright and whole in square crops, one or more."""

    side: int  # height and width of a crop, pixels
    name: str  # in files of joints
    sha256: str  # of its weights

    def __call__(self, crops: np.ndarray) -> Poses:
        """`Poses` in crops float32 (N, side, side, 3), RGB, 0 to 1. Threads may call it at once."""


class BlazePose:
    """BlazePose's landmark network in LiteRT, one thread a call; made for the first crops.

    Args:
        network: the bytes in a .tflite file.
        name: as in `PoseEstimator`.
    """

    side = SIDE

    def __init__(self, network: bytes, name: str) -> None:
        self.name, self.sha256, self._network = name, hashlib.sha256(network).hexdigest(), network
        self._making, self._free = threading.Lock(), list[Any]()

    @functools.cached_property
    def _joints_alone(self) -> bytes:
        whole, self._network = self._network, b""  # nobody needs it any more
        return _without_mask(whole)

    def __call__(self, crops: np.ndarray) -> Poses:
        """As in `PoseEstimator`."""
        interpreter = self._interpreter()
        results = [_run(interpreter, crop) for crop in crops]
        self._free.append(interpreter)
        points, presence = map(np.stack, zip(*results, strict=True))
        ours = from_format(points[:, :33], "blazepose-33")
        visible = 1 / (1 + np.exp(-np.clip(ours[..., 3], -30, 30)))
        return Poses(ours[..., :2] / SIDE, visible * presence[:, np.newaxis], presence)

    def _interpreter(self) -> Any:
        """One that no other thread uses."""
        try:
            return self._free.pop()
        except IndexError:
            from ai_edge_litert.interpreter import Interpreter

        with self._making, without_notices():
            interpreter = Interpreter(model_content=self._joints_alone, num_threads=1)
            interpreter.allocate_tensors()
        return interpreter


def _run(interpreter: Any, crop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], crop[np.newaxis])
    interpreter.invoke()
    found = {tuple(each["shape"]): interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()}
    return found[1, POINTS * VALUES].reshape(POINTS, VALUES), found[1, 1][0, 0]


def _without_mask(network: bytes) -> bytes:
    """The same network without what computes the body's mask and heatmaps alone: two fifths of its time."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(network, 0))
    graph = model.subgraphs[0]
    graph.outputs = [each for each in graph.outputs if graph.tensors[each].shape.tolist() in OUTPUTS]
    needed, steps = {*graph.outputs}, []
    for step in reversed(graph.operators):
        if needed & {*step.outputs}:
            needed |= {*step.inputs}
            steps.append(step)
    graph.operators, model.signatureDefs = steps[::-1], []
    builder = flatbuffers.Builder(len(network))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class PoseModels(NamedTuple):
    """A fast estimator, and a better one for a second look; the same if there is no other."""

    first: PoseEstimator
    second: PoseEstimator


@functools.cache
def load_pose_models() -> PoseModels:
    """BlazePose from `PLACE` and the installed package, full and heavy if both are there.

    Raises:
        InputError: there is none, or no LiteRT (`no_pose_model`); a file is another one (`other_weights`).
    """
    networks: dict[str, bytes] = {}
    for path in _files():
        content = _network(path)
        digest = hashlib.sha256(content).hexdigest()
        if digest not in KNOWN:
            message = f"{path} is none of the networks that this release knows (sha256 {digest[:16]}…)."
            raise InputError("other_weights", message, f"Remove it, or fetch it again: {INSTALL}")
        networks.setdefault(KNOWN[digest], content)
    if not networks or not importlib.util.find_spec("ai_edge_litert"):
        what = "BlazePose" if not networks else "LiteRT"
        raise InputError("no_pose_model", f"The body is not looked for: {what} is not installed.", f"Run: {INSTALL}")
    found = {name: BlazePose(content, f"BlazePose {name}") for name, content in networks.items()}
    return PoseModels(found.get(FULL) or found[HEAVY], found.get(HEAVY) or found[FULL])


def has_pose_models() -> bool:
    """Whether `load_pose_models` would find any."""
    return bool(_files()) and bool(importlib.util.find_spec("ai_edge_litert"))


def _files() -> list[Path]:
    """Files with networks, the user's first."""
    given, package = os.environ.get(PLACE), importlib.util.find_spec("mediapipe")
    if given and not Path(given).exists():
        raise InputError("not_found", f"{PLACE}={given}: there is no such file or folder.", "Unset it, or name one.")
    places = [Path(given)] if given else []
    places += [Path(place) / FOLDER for place in (package.submodule_search_locations or ())] if package else []
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.glob(FILES)))]
    return [path for path in files if "_lite" not in path.name]


def _network(path: Path) -> bytes:
    """The landmark network in a file, or in a .task, which is an archive."""
    if path.suffix != ".task":
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(ARCHIVED)
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError("damaged", f"{path} is no archive with {ARCHIVED}: {error}.", "Fetch it again.") from error
