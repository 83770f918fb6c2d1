"""Wrong changes that a test must notice, each with the tests that should. `run.py` tries them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A wrong change.

    Attributes:
        file: path in the repository.
        old: text that occurs there once.
        new: what takes its place.
        description: what is then wrong.
        tests: arguments of pytest.
    """

    file: str
    old: str
    new: str
    description: str
    tests: tuple[str, ...]

    def applied(self, text):
        """`text` with the change; ValueError where `old` does not occur just once."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file}: expected once: {self.old!r}. Found: {text.count(self.old)} times.")
        return text.replace(self.old, self.new)


S, D = "scoringnet_tf", "data_prep"
RUN = ("tests/training/test_run.py",)
WIRING = ("tests/training/test_wiring.py",)
LEARNING = ("tests/training/test_learning.py",)
OBJECTIVE = ("tests/models/test_objective.py",)

TRAINING = (
    (
        f"{S}/training/run.py",
        'mode="max",\n            save_best',
        'mode="min",\n            save_best',
        "the worst epoch is kept as best",
        RUN,
    ),
    (f"{S}/training/run.py", 'state.get("best", -math.inf)', 'state.get("best")', "a NaN best sticks", RUN),
    (f"{S}/training/run.py", " or epoch == phase.epochs", "", "the last epoch is not validated", RUN),
    (
        f"{S}/training/callbacks.py",
        'max(1, self.params["epochs"] - 1)',
        'self.params["epochs"]',
        "the share of true fragments never reaches 0",
        RUN,
    ),
    (
        f"{S}/training/scoring.py",
        ".permutation(len(ids))",
        ".permutation(len(ids)) * 0 + np.arange(len(ids))",
        "--shuffle_labels shuffles nothing",
        LEARNING,
    ),
    (
        f"{S}/training/scoring.py",
        "if kept.is_file() else self.model",
        "if False else self.model",
        "SP starts from the last KFS, not the best",
        RUN,
    ),
    (
        f"{S}/training/scoring.py",
        '(unlabelled and settings["fragments"] == "true")',
        "False",
        "partly unlabelled data accepted with true fragments",
        RUN,
    ),
    (f"{S}/training/scoring.py", 'kernel_l2=settings["beta"],', "", "--beta ignored", WIRING),
    (f"{S}/training/scoring.py", '"dropout_rate": settings["dropout"],', "", "--dropout ignored", WIRING),
    (f"{S}/training/scoring.py", 'zoom=settings["zoom"],', "", "--zoom ignored", WIRING),
    (
        f"{S}/training/scoring.py",
        'if settings["loss_units"] == "standard" else',
        "if True else",
        "--loss_units ignored",
        WIRING,
    ),
    (f"{S}/training/pretraining.py", 'kernel_l2=settings["weight_decay"],', "", "--weight_decay ignored", WIRING),
    (
        f"{S}/training/checkpoints.py",
        "SeedSequence([seed, index, epoch])",
        "SeedSequence([seed, epoch])",
        "one seed for all dropout layers",
        RUN,
    ),
    (
        f"{S}/training/checkpoints.py",
        "SeedSequence([seed, index, epoch])",
        "SeedSequence([seed, index])",
        "every epoch draws the same",
        RUN,
    ),
    (
        f"{S}/training/checkpoints.py",
        "key=lambda item: item[0]",
        "key=lambda item: item[1].name",
        "newest checkpoint chosen by name",
        RUN,
    ),
    (
        f"{S}/models/objective.py",
        "training=training and kfs_learns",
        "training=training",
        "a frozen KFS runs with dropout",
        OBJECTIVE,
    ),
    (
        f"{S}/models/objective.py",
        "stages, mask, training=training)",
        "stages, mask, training=False)",
        "SP trains without dropout",
        OBJECTIVE,
    ),
    (
        f"{S}/models/scoring_net.py",
        "(rules.difficulty_fragment, rules.execution_fragment)",
        "(rules.execution_fragment, rules.difficulty_fragment)",
        "difficulty and execution fragments swapped",
        OBJECTIVE,
    ),
    (
        f"{S}/sports.py",
        'execution_fragment=("take-flight", "entry")',
        'execution_fragment=("entry",)',
        "execution loses take-flight",
        OBJECTIVE,
    ),
    (
        f"{S}/models/fragments.py",
        "member = ops.logical_and(wanted, frame_mask)",
        "member = wanted",
        "padding enters a fragment",
        ("tests/models",),
    ),
    (
        f"{S}/models/segmentation.py",
        "layers.Dropout(dropout_rate",
        "layers.Dropout(0.5",
        "dropout of KFS fixed at 0.5",
        WIRING,
    ),
    (
        f"{S}/models/regressor.py",
        "layers.Dropout(dropout_rate",
        "layers.Dropout(0.5",
        "dropout of the regressor fixed at 0.5",
        WIRING,
    ),
    (
        f"{S}/models/c3d.py",
        "layers.Dropout(dropout_rate",
        "layers.Dropout(0.5",
        "dropout of C3D fixed at 0.5",
        ("tests/models",),
    ),
)
MUTANTS = tuple(Mutant(*fields) for fields in TRAINING)
