"""The tables ask what their titles say."""

from scoringnet_tf import baselines
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, SCALE, STAGES

CEILINGS = {"faults", "judges"}


def test_the_catalogue_is_consistent():
    for experiment in EXPERIMENTS.values():
        names = [row.name for row in experiment.rows]
        assert len(set(names)) == len(names)
        references = experiment.reference
        references = references.values() if isinstance(references, dict) else [references]
        assert {*references} <= ({None} if experiment.resplit or experiment.is_figure else set()) | {*names}
        for printed in (*experiment.paper.values(), *experiment.paper_std.values()):
            assert printed.keys() <= set(names)


def test_rows_ask_what_their_titles_say():
    for name in ("table1", "table2"):
        for row in EXPERIMENTS[name].rows:
            fragment = row.name.replace(" + ", ",")
            both = {"model.fragments.difficulty": fragment, "model.fragments.execution": fragment}
            assert row.flags == {"alpha": "0", **both} and row.evaluation == ("--true_fragments",)
    rows = {
        name: {row.name: (row.flags, row.evaluation) for row in table.rows if row not in SCALE}
        for name, table in EXPERIMENTS.items()
    }
    mse, ranking, whole = {"alpha": "0"}, {}, {"fragments": "whole"}
    assert rows["table4"] == {
        "−KFS": ({**mse, **whole}, ()),
        "+KFS": (mse, ()),
        "+KFS, true fragments": (mse, ("--true_fragments",)),
    }
    assert rows["table5"] == rows["fig5"] == {"MSE": (mse, ()), "MSE + ranking": (ranking, ())}
    networks = {"ResNet50": "resnet50", "C3D": "c3d", "C3D + ED-TCN": "c3d_ed_tcn"}
    for name, (flags, evaluation) in rows["table3"].items():
        network, _, decoding = name.partition(", ")
        assert flags.get("stage_network") == networks.get(network) and evaluation == (f"--decoding={decoding}",)


def test_every_system_has_a_row():
    table = EXPERIMENTS["table7"]
    assert {row.baseline for row in table.rows} == {None, *baselines.NAMES} - {*baselines.SIMPLE, *CEILINGS}
    assert {row.baseline for row in SCALE} == {"mean", *CEILINGS}
    for row in table.rows[1:]:
        system = baselines.load_system(row.baseline)
        needs = STAGES if row.baseline == "s3d" else {"joints": "joints", "grey": "frames"}.get(system.sees)
        assert row.needs == needs and row.name.startswith(system.title)
    assert table.paper["diving"]["C3D + SVR"] == {"f_src": 0.78}
    assert table.paper["mit_diving"]["ConsISA"] == {"f_src": 0.19}
