"""What is written stays true: every command line in the documentation parses, every link leads somewhere."""

import ast
import collections
import json
import re
import runpy
import shlex
import subprocess
import sys

import pytest
from command_forks import ROOT

from scoringnet_tf.support.commands import GROUPS
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.fields import all_fields, with_values


def files(*patterns):
    """Path → text, of the files that match."""
    return {path: path.read_text(encoding="utf-8") for pattern in patterns for path in ROOT.glob(pattern)}


PAGES = files("*.md", "docs/*.md", "saved_models/*/README.md", "results/*/README.md")
FLAG_FILES = files("*.flags", "recipes/*.flags")
PACKAGE = ".__main__"  # the module of a command that is a package
COMMANDS = files("scoringnet_tf/*.py", "scoringnet_tf/*/*.py", "data_prep/commands/*.py", "benchmarks/*.py")
START = re.compile(r"python -m |(?:^|(?<=&& ))scoringnet (?=[a-z])")
QUOTED = re.compile(r"`((?:python -m |scoringnet )[^`]+)`")
MODULES = {module.rpartition(".")[2]: module for group in GROUPS.values() for module in group}
OURS = ("scoringnet_tf.", "data_prep", "benchmarks.")

# Parses command lines by the flags of their modules. Each module of ours is the first that its process imports; what
# others wrote and is light, the processes share.
PARSE = """
import importlib, json, os, sys, traceback
import absl.app, numpy, tqdm, upath, yaml
from absl import flags
HEAVY = {"av", "cv2", "h5py", "jinja2", "keras", "matplotlib", "scipy", "sklearn", "tensorflow"}

def errors_of(module, lines):
    importlib.import_module(module)
    if not module.startswith("benchmarks"):
        film = {"cv2"} if "report" in module else set()
        yield from (f"the module imports {name}" for name in HEAVY & sys.modules.keys() - film)
    for words in lines:
        flags.FLAGS.unparse_flags()
        try:
            flags.FLAGS([module, *words])
        except flags.Error as error:
            yield f"{' '.join(words)}: {error}"

result = {}
for module, lines in json.load(sys.stdin).items():
    reading, writing = os.pipe()
    if not os.fork():
        try:
            errors = list(errors_of(module, lines))
        except BaseException:
            errors = [traceback.format_exc()]
        os.write(writing, json.dumps(errors).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        result[module] = json.load(pipe)
    os.wait()
print(json.dumps(result))
"""


def command_lines(text):
    """The command lines of a text that stand in lines of their own, each as one line; a flag may go on in the next."""
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    for number, line in enumerate(lines):
        found = START.search(line)
        if found and line.count("`") % 2 == 0 and not QUOTED.search(line) and not line.startswith("|"):  # a table
            command = line[found.start() :]
            for following in lines[number + 1 :]:
                if not (command.endswith("\\") or following.startswith(("--", "[--"))):
                    break
                command = f"{command.removesuffix(chr(92))} {following}"
            yield re.split(r"\s+#\s", command)[0]


def quoted_commands(text):
    """The command lines within sentences, in backquotes."""
    return [" ".join(found.split()) for found in QUOTED.findall(text)]


def module_and_words(command):
    """The module with the flags of a command line, and what is given to it; None for a module of others."""
    words = shlex.split(re.sub(r"[\[\]]", "", command.removeprefix("python -m ")))
    if words[0] in ("scoringnet", "data_prep"):
        if words[1:2] in ([], ["COMMAND"]):
            return None
        words = [MODULES[words[1]], *words[2:]]
    is_package = ROOT.joinpath(*words[0].split("."), "__main__.py").is_file()
    return (words[0] + PACKAGE * is_package, words[1:]) if words[0].startswith(OURS) else None


def texts():
    """All that documents command lines: pages, flag files, notebooks, the docstrings that --help prints."""
    yield from (PAGES | FLAG_FILES).values()
    for text in files("notebooks/*.ipynb").values():
        yield from ("".join(cell["source"]) for cell in json.loads(text)["cells"])
    for source in COMMANDS.values():
        yield ast.get_docstring(ast.parse(source)) or ""


def documented():
    """Module → [words of a command line]; quoted ones without a flag name the command alone and are left out."""
    found = collections.defaultdict(list)
    for text in texts():
        quoted = [command for command in quoted_commands(text) if " --" in command]
        for command in (*command_lines(text), *quoted):
            if parsed := module_and_words(command):
                found[parsed[0]].append(parsed[1])
    return found


DOCUMENTED = documented()


def test_every_command_is_documented():
    assert {*MODULES.values()} <= {module.removesuffix(PACKAGE) for module in DOCUMENTED}


@pytest.fixture(scope="module")
def parsed():
    """Module → what is wrong with its command lines."""
    words = json.dumps(DOCUMENTED)
    result = subprocess.run([sys.executable, "-c", PARSE], cwd=ROOT, input=words, capture_output=True, text=True)
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize("module", sorted(DOCUMENTED))
def test_every_documented_command_line_parses_and_importing_its_module_is_cheap(module, parsed):
    """By the flags of the command itself, flag files included: an unknown flag or value fails, a missing one too."""
    assert parsed[module] == []


SETTINGS = {path: about for cls in (TrainingConfig, PretrainingConfig) for path, about, *_ in all_fields(cls)}
OF_BEAM = {"direct_running_mode", "direct_num_workers", "checkpointing_interval"}
FLAG_OF_OTHERS = {"help", "flagfile", "logdir", "no"} | OF_BEAM  # `no` is of pip: --no-deps


def defined_flags(path):
    """The names of the flags that a module defines."""
    return set(re.findall(r"DEFINE_\w+\(\s*\"(\w+)\"", path.read_text(encoding="utf-8")))


def test_every_flag_that_is_named_exists():
    """In sentences and tables, too; what was removed may only be named in the changelog."""
    known = {*FLAG_OF_OTHERS, "set", *(about.flag for about in SETTINGS.values() if about.flag)}
    for package in ("scoringnet_tf", "data_prep", "benchmarks"):
        known = known.union(*map(defined_flags, (ROOT / package).rglob("*.py")))
    for page, text in PAGES.items():
        if page.name != "CHANGELOG.md":
            named = re.findall(r"(?<![\w-])--(?:no)?([a-z]\w*)", text)
            assert [name for name in named if name not in known and f"no{name}" not in known] == [], page


def test_every_setting_of_training_is_documented_and_no_other():
    text = "".join(files("docs/*.md").values())
    names = {
        f"--{about.flag}" if about.flag else f"--set={path}" for path, about in SETTINGS.items() if path != "start"
    }
    assert {name for name in names if not re.search(rf"{re.escape(name)}\b", text)} == set()
    assert set(re.findall(r"--set=([\w.]+\w)", text)) <= SETTINGS.keys()


@pytest.mark.parametrize("path", FLAG_FILES, ids=lambda path: path.stem)
def test_a_flag_file_holds_settings_and_says_what_they_are_for(path):
    text = FLAG_FILES[path]
    assert all(f"# {heading}:" in text for heading in ("Command", "Records", "Hardware", "Expected"))
    given = dict(re.findall(r"^--(?:set=)?([\w.]+)=(.*)$", text, re.M))
    config = PretrainingConfig() if "scoringnet_tf.pretrain" in text else TrainingConfig()
    of_flag = {about.flag: name for name, about, *_ in all_fields(type(config)) if about.flag}
    with_values(config, {of_flag.get(name, name): value for name, value in given.items()})


def test_every_public_name_is_in_the_reference():
    import scoringnet_tf

    pages = "".join(files("docs/reference/*.md").values())
    named = {name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)", pages, re.M)}
    named = named.union(*(members.split(", ") for members in re.findall(r"members: \[(.+)\]", pages)))
    assert set(scoringnet_tf.__all__) - named == set()


@pytest.mark.slow
def test_every_command_is_in_the_reference_with_its_flags():
    page = runpy.run_path(str(ROOT / "docs" / "commands.py"))["page"]()
    parts = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", page, re.M | re.S))
    ours = [module for module in DOCUMENTED if not module.startswith("benchmarks")]
    for module in ours:
        name = module.removesuffix(PACKAGE).rpartition(".")[2]
        shown = set(re.findall(r"^  --(?:\[no\])?(\w+)", parts[name], re.M))
        assert defined_flags(ROOT.joinpath(*module.split(".")).with_suffix(".py")) <= shown, name
    assert len(parts) >= len(ours)
    assert str(ROOT) not in page


def test_examples_in_python_name_what_there_is():
    import scoringnet_tf

    for page, text in PAGES.items():
        for code in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
            ast.parse(code)
            for name in re.findall(r"scoringnet_tf\.(\w+)", code):
                assert hasattr(scoringnet_tf, name), f"{page}: scoringnet_tf.{name}"


def anchors(text):
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if not re.match(r"\w+:", link):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("image", [*ROOT.glob("docs/images/*")], ids=lambda image: image.name)
def test_pictures_are_small_and_shown(image):
    assert image.stat().st_size < 150_000
    assert any(f"images/{image.name})" in text for text in PAGES.values())
