"""Which part may import which: data flows one way, and no import points back."""

import ast
import functools
import graphlib

import pytest
from command_forks import ROOT

COMMANDS = "commands"

# Part: the parts of the same package that it may import. A row names rows above it alone, so that there is no way back.
SCORINGNET_TF = {
    "support": "",  # command line, errors, files, drawing, work on a cluster: knows neither video nor sport
    "sports": "support",  # the nouns of the field, for everyone below
    "bootstrap": "sports",  # intervals of any figure
    "defaults": "sports",  # plain values, of models and commands alike
    "losses": "defaults",  # the paper's mathematics, on tensors alone
    "metrics": "losses",  # which video and frame counts, and for how much, is decided alike
    "body.skeleton": "",  # names of joints
    "data": "support sports defaults body.skeleton",  # records and videos in, tensors out: knows no model
    "body": "support sports body.skeleton data",  # pictures in, an athlete's joints out: knows no model of ours
    "models": "support sports defaults losses metrics body.skeleton data",  # its preprocessing travels along
    "weights": "support data models",  # importers: published weights become a model of ours
    "inference": "support sports bootstrap metrics body.skeleton data body models weights",  # models in, results out
    "report": "support sports bootstrap metrics data body.skeleton body inference",  # results as tables and pictures
    "serve": "support sports data body inference report",  # a web page before them
    # Above inference and report: held-out videos are scored and drawn while it trains, by what scores and draws later.
    "training": "support sports defaults losses metrics data models weights inference report",
    "baselines": "support sports losses data models inference report training",  # reported on alike
    # Trains and evaluates by the commands and reads what they leave; looks into the models for its figures.
    # Of training it knows the configuration, whose fields the rows of its tables set.
    "experiments": "support sports bootstrap metrics data models inference report training baselines",
    # Flags and a few lines each.
    COMMANDS: "support sports bootstrap defaults losses metrics data body models weights inference report serve "
    "training baselines experiments",
}
DATA_PREP = {
    "support": "",
    "datasets.readers": "support",  # files of labels in, plain values out: knows no dataset
    "datasets": "support datasets.readers",  # the layout of each dataset in, samples and stage labels out
    "records": "support datasets",  # samples in, TFRecords out
    # Writes what the datasets read, or records of joints, and reads real labels itself.
    "simulator": "support datasets.readers records",
    COMMANDS: "support datasets datasets.readers simulator records",
}
PACKAGES = [("scoringnet_tf", SCORINGNET_TF), ("data_prep", DATA_PREP)]
# What `data_prep` may import of `scoringnet_tf`: what videos, records and sports are; it trains nothing.
OF_DATA = "corrections dataset_info splits records video video_files timing preprocessing features factors joints"
SHARED = ["support", "sports", "body.skeleton", "__version__", *(f"data.{name}" for name in OF_DATA.split())]
# Models decode no video and know no object store: `data` and `support` do that for them. They, losses and metrics run
# on every backend of Keras only if none of them imports one.
BACKENDS = ("tensorflow", "jax", "torch")
NOT_IN_MODELS = (*BACKENDS, "av", "cv2", "fsspec", "upath", "s3fs", "gcsfs", "scoringnet_tf.data.video")


def modules(package):
    """The dotted name and path of every module of a package."""
    for path in sorted((ROOT / package).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


@functools.cache
def imports(path):
    """The dotted names of the modules that a module imports, and of the names that it imports from them."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"expected absolute imports, not {ast.unparse(node)}"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def graph(packages):
    """Module → the modules of the packages that it imports, inside functions and for type checkers included."""
    paths = {module: path for package in packages for module, path in modules(package)}
    edges = {}
    for module, path in paths.items():
        names = {name for name in imports(path) if not name.endswith(".__version__")}
        edges[module] = {name if name in paths else name.rpartition(".")[0] for name in names} & {*paths} - {module}
    return edges


def within(name, prefixes):
    """Whether a dotted name is one of the prefixes, or in one of them."""
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def part_of(name, parts):
    """The part with the longest name that `name` (without its package) lies in; what lies in none is a command."""
    return max((part for part in parts if within(name, [part])), key=len, default=COMMANDS)


@pytest.mark.parametrize(("package", "parts"), PACKAGES)
def test_imports_within_a_package_go_one_way(package, parts):
    back = []
    for module, path in modules(package):
        source = part_of(module.removeprefix(package).removeprefix("."), parts)
        for name in imports(path):
            if within(name, [package]) and name != f"{package}.__version__":
                target = part_of(name.removeprefix(f"{package}."), parts)
                if name == package or target not in (source, *parts[source].split()):
                    back.append(f"{module} imports {name}")
    assert back == []


def test_scoringnet_tf_never_imports_data_prep():
    found = [(module, name) for module, path in modules("scoringnet_tf") for name in imports(path)]
    assert [pair for pair in found if within(pair[1], ["data_prep"])] == []


def test_data_prep_imports_of_scoringnet_tf_what_is_shared():
    allowed, found = [f"scoringnet_tf.{name}" for name in SHARED], []
    for module, path in modules("data_prep"):
        ours = [name for name in imports(path) if within(name, ["scoringnet_tf"])]
        found += [f"{module} imports {name}" for name in ours if not within(name, allowed)]
    assert found == []


def test_no_circles():
    graphlib.TopologicalSorter(graph(["scoringnet_tf", "data_prep"])).prepare()


def test_models_know_neither_videos_nor_object_stores_nor_a_backend():
    paths = [*(ROOT / "scoringnet_tf/models").rglob("*.py")]
    paths += [ROOT / f"scoringnet_tf/{name}.py" for name in ("losses", "metrics")]
    assert [(path.name, name) for path in paths for name in imports(path) if within(name, NOT_IN_MODELS)] == []
