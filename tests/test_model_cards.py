"""Figures of the shipped models in pages: those of `metrics.json`, which `evaluate` wrote."""

import json

import pytest
from command_forks import ROOT

FIGURES = ("frame_accuracy", "d_src", "e_src", "f_src", "d_med", "e_med", "f_med")
MODELS = ("diving_small", "vault_small")
PAGES = [  # page, how the row of the model begins
    *((f"saved_models/{model}/README.md", model, "| this model |") for model in MODELS),
    *(("docs/results.md", model, f"| `{model}`, ") for model in MODELS),
]


def measured(model):
    return json.loads((ROOT / f"saved_models/{model}/metrics.json").read_text(encoding="utf-8"))


def rows(page, begin):
    """The cells of each row of a page that begins so, without the intervals in brackets."""
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith(begin):
            yield [cell.partition("[")[0].strip() for cell in line.strip("|").split("|")[1:]]


def text(page):
    """A page in one line."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_every_model_that_was_evaluated_has_a_card_here():
    assert sorted(path.parent.name for path in ROOT.glob("saved_models/*/metrics.json")) == sorted(MODELS)


@pytest.mark.parametrize(("page", "model", "begin"), PAGES)
def test_the_figures_of_a_page_are_those_of_the_evaluation(page, model, begin):
    assert [f"{measured(model)[name]:.3f}" for name in FIGURES] in list(rows(page, begin))


def test_readme_has_the_order_of_each_model():
    diving, vault = (f"of `{model}` is {measured(model)['f_src']:.3f}" for model in MODELS)
    readme = text("README.md").replace("of `vault_small`", "of `vault_small` is")
    assert diving in readme and vault in readme


def test_the_intervals_of_a_page_are_those_of_the_evaluation():
    found = measured("diving_small")
    ends = [f"{low:.2f}–{high:.2f}" for low, high in map(found["bootstrap"].get, FIGURES[1:])]
    assert ["", *ends] in list(rows("saved_models/diving_small/README.md", "| 95 % of a bootstrap over the videos |"))
    low, high = found["bootstrap"]["f_src"]
    assert f"{found['f_src']:.3f}, 95 % from {low:.2f} to {high:.2f}" in text("README.md")


@pytest.mark.parametrize("model", MODELS)
def test_the_stages_of_a_card_are_those_of_the_evaluation(model):
    shares = measured(model)["frame_accuracy_per_class"].items()
    said = "Frame accuracy per stage: " + ", ".join(f"{name} {value:.3f}" for name, value in shares)
    assert said in text(f"saved_models/{model}/README.md")
