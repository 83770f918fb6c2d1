"""The benchmark of how far the ways to a score agree tells those apart that do not."""

import shutil

from command_forks import forked

from scoringnet_tf.models.presets import load_scoring_net


def figures(printed):
    """{way: its largest and mean difference of each score}."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines()[2:]]
    return {row[0]: [float(cell) for cell in row[1:]] for row in rows}


def test_all_ways_agree_on_a_file_and_its_record_and_on_another_file_they_do_not(stage_model, diving_records, tmp_path):
    model = load_scoring_net(stage_model)
    for weights in model.score_predictor.trainable_variables:
        weights.assign(2 * weights)  # untrained, it would give all the same
    model.save(tmp_path / "model.keras")
    words = ["benchmarks.agreement", f"--records_dir={diving_records}", f"--model={tmp_path}", "--videos=2"]
    source = diving_records.parent / "source"
    result = forked(*words, f"--source_dir={source}")
    assert result.returncode == 0, result.stderr
    found = figures(result.stdout)
    assert list(found) == ["evaluate", "SavedModel", "Keras"]
    assert max(max(row) for row in found.values()) < 1e-3 and {len(row) for row in found.values()} == {6}
    shutil.copytree(source, tmp_path / "source")
    folder = tmp_path / "source/diving_samples_len_ori"
    shutil.copy(folder / "009.avi", folder / "001.avi")
    other = figures(forked(*words, f"--source_dir={tmp_path / 'source'}").stdout)
    assert other["evaluate"][4] > 0.01 and other["Keras"][4] < 1e-3
