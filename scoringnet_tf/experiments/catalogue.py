"""What each table of the paper asks, as ways to train and to evaluate, and what the paper printed (§4.4–4.6)."""

import dataclasses
from collections.abc import Mapping, Sequence

from scoringnet_tf.sports import PREDICTED_SCORES, get_sport

Figures = Mapping[str, float]  # such as {"d_src": 0.57}
MSE = {"alpha": "0"}  # Eq. 6 alone
TRUE = ("--true_fragments",)
STAGES = "stage label of every test frame"  # that is needed
HELD_OUT = "held-out video (--validation_fraction=0)"  # that is needed
WHOLE = {"fragments": "whole"}  # the baseline without KFS
TRAIN_VIDEOS = "train_videos"  # of a row's flags, none of train's: how many training videos it learns from


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: a way to train, and how the model is evaluated.

    Attributes:
        name: as printed.
        flags: of `train`, name → value, over those of the preset.
        evaluation: flags of `evaluate`.
        baseline: name of a system of `baselines` that is fitted in place of a training; then `flags` are its.
        needs: what the records must have: `"frames"`, `"joints"` or `"factors"` beside them, `STAGES`, `HELD_OUT`, or
            None.
    """

    name: str
    flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    evaluation: tuple[str, ...] = ()
    baseline: str | None = None
    needs: str | None = None


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A table, or a figure.

    Attributes:
        title: as printed above it.
        question: what it answers, a sentence.
        rows: those that are trained.
        reference: name of the row that the others are compared with, or score → that of the score's figures.
        paper: sport, or name of the dataset where the paper tells it from others → row → figures, where it has them.
        sport: name of the only one whose records it is of; None for any.
        measures: `"scores"`, or `"stages"` for how well frames are labelled.
        picture: the figure that is drawn.
        paper_std: of `paper`, the standard deviations over splits that the paper prints.
        is_figure: whether it is a picture of the paper's, which a function of its own draws.
        resplit: whether the rows are trained on several splits, of one seed each, instead of several seeds.
        by_split: whether each split has a line of its own, of a table on several.
    """

    title: str
    question: str
    rows: Sequence[Row]
    reference: str | Mapping[str, str] | None = None
    paper: Mapping[str, Mapping[str, Figures]] = dataclasses.field(default_factory=dict)
    sport: str | None = None
    measures: str = "scores"
    picture: str = "f_src"
    paper_std: Mapping[str, Mapping[str, Figures]] = dataclasses.field(default_factory=dict)
    is_figure: bool = False
    resplit: bool = False
    by_split: bool = True


PRINTED = ("d_src", "e_src", "f_src", "d_med", "e_med", "f_med")


def figures(*printed: float) -> Figures:
    """A row of the paper, in the order of `PRINTED`: SRC, and MED where it has them."""
    return dict(zip(PRINTED, printed, strict=False))


OURS = "ScoringNet (MSE + ranking)"


def _final(f_src: Mapping[str, float]) -> dict[str, Figures]:
    """Figures of a table that prints F-SRC alone."""
    return {row: {"f_src": value} for row, value in f_src.items()}


# Tables 1 and 2: the fragments that the paper tried, of each sport.
FRAGMENTS = {
    "diving": ("pre-starting", "take-flight", "entry", "take-flight,entry"),
    "vault": ("pre-flight", "posting-flight", "landing", "posting-flight,landing"),
}
SRC_BY_FRAGMENT = {  # (D-SRC, E-SRC), in the same order
    "diving": ((0.12, 0.08), (0.64, 0.52), (0.32, 0.82), (0.56, 0.85)),
    "vault": ((0.20, 0.13), (0.53, 0.35), (0.25, 0.38), (0.43, 0.41)),
}


def _fragments(sport: str, number: int, table: str) -> Experiment:
    """Table 1 or 2: both towers see the same true fragment, and are compared with that of the sport."""
    rows = [
        Row(
            stages.replace(",", " + "),
            {**MSE, "model.fragments.difficulty": stages, "model.fragments.execution": stages},
            TRUE,
            needs=STAGES,
        )
        for stages in FRAGMENTS[sport]
    ]
    printed = {
        row.name: {"d_src": difficulty, "e_src": execution}
        for row, (difficulty, execution) in zip(rows, SRC_BY_FRAGMENT[sport], strict=True)
    }
    right = {score: " + ".join(get_sport(sport).fragment(score)) for score in PREDICTED_SCORES}
    title, question = f"Table {number}: fragments of {table}", "Which true fragment predicts which score (MSE)?"
    return Experiment(title, question, rows, right, {sport: printed}, sport=sport)


# Table 3 and Fig. 4: what labels the frames, as flags of `train`; and how the stages are decided.
KFS_ALONE = {"training": "staged", "scoring_epochs": "0"}
NETWORKS = {
    "ResNet50": {"stage_network": "resnet50"},
    "C3D": {"stage_network": "c3d"},
    "C3D + ED-TCN": {"stage_network": "c3d_ed_tcn"},
    "KFS": {},
}


def _segmentation() -> Experiment:
    """Table 3: the networks of Fig. 4, each decided frame by frame, as in the paper, and in order."""
    rows = [
        Row(f"{name}, {decoding}", {**KFS_ALONE, **flags}, (f"--decoding={decoding}",), needs=STAGES)
        for decoding in ("argmax", "ordered")
        for name, flags in NETWORKS.items()
    ]
    stages = {
        "diving": ("noise", "pre-starting", "take-flight", "entry"),
        "vault": ("noise", "pre-flight", "posting-flight", "landing"),
    }
    accuracies = {"diving": (0.97, 0.95, 0.99, 0.97), "vault": (0.96, 0.81, 0.97, 0.97)}
    paper = {
        sport: {"KFS, argmax": dict(zip(names, accuracies[sport], strict=True))} for sport, names in stages.items()
    }
    question = "What labels the frames best, and what does the order of the stages add?"
    title = "Table 3 and Fig. 4: segmentation"
    return Experiment(title, question, rows, "KFS, argmax", paper, measures="stages", picture="frames")


RANKING = [Row("MSE", MSE), Row("MSE + ranking")]
SCALE = [  # what nobody should do worse than, and what nobody can do better
    Row("mean score", baseline="mean"),
    Row("true faults", baseline="faults", needs="factors"),
    Row("without the judges' error", baseline="judges", needs="factors"),
]


# Learning curves: ways to train, each on more and more of the training videos, with about as many steps as it takes.
WAYS = [
    Row("whole video", {**MSE, **WHOLE}),
    Row("key fragments", MSE),
    Row("true fragments", MSE, TRUE, needs=STAGES),
    Row("ranking, mean over pairs", {"loss.pair_reduction": "mean"}),
    Row("ranking, sum over pairs", {"loss.pair_reduction": "sum"}),
    Row("ranking, δ = 2", {"loss.pair_reduction": "mean", "loss.ranking_margin": "2"}),
    Row("distribution", {**MSE, "head": "distribution"}),
]
EPOCHS = {"100": "40", "250": "24", "1000": "8", "3000": "4"}  # by number of training videos


def _learning_curves() -> Experiment:
    """The ways, on all training videos first, and then on fewer."""
    fewer = [
        dataclasses.replace(
            way,
            name=f"{way.name}, {number} videos",
            flags={**way.flags, TRAIN_VIDEOS: number, "scoring_epochs": epochs},
        )
        for number, epochs in EPOCHS.items()
        for way in WAYS
    ]
    title, question = "Learning curves", "From how many labelled videos on does each claim of the paper hold?"
    return Experiment(title, question, [*WAYS, *SCALE, *fewer], "key fragments", is_figure=True)


EXPERIMENTS = {
    "table1": _fragments("diving", 1, "diving"),
    "table2": _fragments("vault", 2, "vault"),
    "table3": _segmentation(),
    "table4": Experiment(
        "Table 4: key fragments",
        "Do key fragments predict better than the whole video (MSE)?",
        [
            Row("−KFS", {**MSE, **WHOLE}),
            Row("+KFS", MSE),
            Row("+KFS, true fragments", MSE, TRUE, needs=STAGES),
            *SCALE,
        ],
        "−KFS",
        {
            "diving": {
                "−KFS": figures(0.35, 0.78, 0.71, 0.16, 1.75, 6.78),
                "+KFS": figures(0.57, 0.82, 0.79, 0.13, 1.50, 5.95),
            },
            "vault": {
                "−KFS": figures(0.48, 0.33, 0.61, 0.53, 0.86, 1.35),
                "+KFS": figures(0.51, 0.38, 0.68, 0.49, 0.64, 1.04),
            },
        },
    ),
    "table5": Experiment(
        "Table 5: ranking loss",
        "Does the ranking loss raise SRC without costing MED?",
        [*RANKING, *SCALE],
        "MSE",
        {
            "diving": {
                "MSE": figures(0.57, 0.82, 0.79, 0.13, 1.50, 5.95),
                "MSE + ranking": figures(0.79, 0.86, 0.84, 0.11, 1.55, 5.36),
            },
            "vault": {
                "MSE": figures(0.51, 0.38, 0.68, 0.49, 0.64, 1.04),
                "MSE + ranking": figures(0.57, 0.57, 0.70, 0.55, 0.45, 1.11),
            },
        },
    ),
    "fig5": Experiment(
        "Fig. 5: curves of close scores",
        "Does the ranking loss set videos of close scores apart while it trains?",
        [dataclasses.replace(row, needs=HELD_OUT) for row in RANKING],
        is_figure=True,
    ),
    "table6": Experiment(
        "Table 6: random splits",
        "How much does the split change?",
        [Row("MSE + ranking")],
        paper={
            "diving": {"MSE + ranking": figures(0.77, 0.85, 0.79, 0.10, 1.32, 5.60)},
            "vault": {"MSE + ranking": figures(0.61, 0.50, 0.68, 0.48, 0.81, 1.08)},
        },
        paper_std={
            "diving": {"MSE + ranking": figures(0.05, 0.03, 0.04, 0.01, 0.11, 0.46)},
            "vault": {"MSE + ranking": figures(0.04, 0.07, 0.05, 0.07, 0.16, 0.12)},
        },
        resplit=True,
    ),
    "table7": Experiment(
        "Table 7: other systems",
        "Does ScoringNet predict better than the systems that it is compared with? USDL and CoRe came later; they "
        "published F-SRC .810 and .882 on UNLV-Diving, with I3D trained throughout.",
        [
            Row(OURS),
            Row("C3D + SVR", baseline="c3d_svr"),
            Row("C3D + LSTM", baseline="c3d_lstm"),
            Row("Pose + DCT", baseline="pose_dct", needs="joints"),
            Row("ApEnFT", baseline="apenft", needs="joints"),
            Row("ConsISA", baseline="consisa", needs="frames"),
            Row("S3D, true stages", baseline="s3d", needs=STAGES),
        ],
        OURS,
        {
            "diving": _final({OURS: 0.84, "C3D + SVR": 0.78, "C3D + LSTM": 0.27, "Pose + DCT": 0.53}),
            "vault": _final({OURS: 0.70, "C3D + SVR": 0.66, "C3D + LSTM": 0.05, "Pose + DCT": 0.10}),
            "mit_diving": _final(
                {
                    OURS: 0.78,
                    "C3D + SVR": 0.74,
                    "C3D + LSTM": 0.36,
                    "Pose + DCT": 0.35,
                    "ApEnFT": 0.45,
                    "ConsISA": 0.19,
                }
            ),
        },
    ),
    "fig6": Experiment(
        "Fig. 6: feature maps",
        "What does the first convolution give of one frame?",
        [
            Row("baseline", {**MSE, **WHOLE}, needs="frames"),
            Row("+KFS", MSE, needs="frames"),
            Row("+KFS, ranking", needs="frames"),
        ],
        is_figure=True,
    ),
    "learning_curves": _learning_curves(),
}
