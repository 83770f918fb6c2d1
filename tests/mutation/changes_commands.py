"""Wrong changes of the commands of `scoringnet_tf`, but `train` and `pretrain`."""

from mutant import of

CHANGES = [
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_commands.py",
        (
            "values.held_out_split, model_path(values.model))",
            'values.held_out_split, "nowhere/best.keras")',
            "calibrate does not ask what the run learned from",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_command_wiring.py",
        (
            "records = load_records(folder) if folder else info",
            "records = info",
            "intervals are set by other videos than those that are named",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/test_command_wiring.py",
        (
            "model_path(values.model), data_hash)",
            "model_path(values.model), info.data_hash)",
            "calibrate takes a model of other records for one of these",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/calibrate.py",
        "tests/inference/test_calibration.py",
        (
            "if known and known != info.data_hash:",
            "if known and known == info.data_hash:",
            "calibrate says of the very records of the training that they are others, and nothing of others",
            "test_the_command_says_where_a_model_was_trained_on_other_records",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            "None if learned is None else len(learned)",
            "0",
            "an evaluation on training videos says nothing of them",
            "test_records_without_a_training_split_are_evaluated",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            "        _check_labelled(info, values.split)\n",
            "        pass\n",
            "true fragments are taken of videos without labels",
            "test_true_fragments_need_stage_labels",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/inference/test_calibration.py",
        (
            "    predictions.bounds = interval_bounds(predictions, intervals, model.sport)\n",
            "",
            "an evaluation counts no interval",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests",
        (
            "values.model is None or is_shipped(values.model)",
            "values.model is None",
            "the report on a model that ships goes into the package",
            "test_flags_reach_what_they_are_for",
        ),
        (
            "evaluation.prediction_function(model, values.true_fragments)",
            "evaluation.prediction_function(model)",
            "evaluate --true_fragments changes names alone",
            "test_flags_reach_what_they_are_for",
        ),
        (
            'statistics[score]["mean"] for',
            'statistics[score]["std"] for',
            "the mean predictor of evaluate is another one",
            "test_whole_path",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/inference/test_calibration.py",
        (
            'return "true" if true_fragments else "predicted"',
            'return "predicted" if true_fragments else "true"',
            "metrics.json calls the fragments of an oracle predicted, and predicted ones true",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
        (
            "    if flags.FLAGS.true_fragments:\n",
            "    if False:\n",
            "an evaluation with true fragments counts how often intervals hold that were measured with predicted ones",
            "test_an_evaluation_counts_how_often_the_intervals_of_a_model_hold",
        ),
    ),
    *of(
        "scoringnet_tf/evaluate.py",
        "tests/test_commands.py",
        (
            'info.stage_frames[stored].get("unlabelled", 0)',
            'info.stage_frames["train"].get("unlabelled", 0)',
            "--true_fragments is not refused for an unlabelled test split beside a labelled training split",
            "test_true_fragments_need_stage_labels",
        ),
        (
            '(model.provenance or {}).get("data_hash"))',
            "info.data_hash)",
            "a model of which nothing is known is said to have learned from the training videos of these records",
            "test_an_evaluation_replaces_none_of_another_model_or_of_other_records",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/bad_inputs/test_bad_inputs.py",
        (
            "    check_successor(newest_first, values.format, model_description(network))\n",
            "    pass\n",
            "another sport's model is the next version",
            "test_it_says_what_is_wrong",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/inference/test_serving.py",
        (
            "if target.exists() or version in there:",
            "if target.exists():",
            "007 and 7 are two versions",
            "test_a_version_is_a_number_however_its_folder_is_called",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/test_command_wiring.py",
        (
            "        print(check_precision(network, flags.FLAGS.samples))\n",
            "        pass\n",
            "bfloat16 is exported without a look at what it changes",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/inference/test_serving.py",
        (
            "export_saved_model(network, target, version, precision)",
            "export_saved_model(network, target, version)",
            "--precision=bfloat16 is checked on the samples, and float32 is exported",
            "test_the_command_exports_the_precision_that_it_was_asked_for",
        ),
    ),
    *of(
        "scoringnet_tf/export.py",
        "tests/test_command_wiring.py",
        (
            "for number in sorted(there, reverse=True)]",
            "for number in sorted(there)]",
            "a new version is compared with the oldest export there, not with the newest",
            "test_a_new_export_is_compared_with_the_newest_first",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/test_command_wiring.py",
        (
            'load_c3d(values.model, values.part or "kfs")',
            "load_c3d(values.model)",
            "extract --part is always KFS",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/inference/test_extraction.py",
        (
            "(image_size, tuple(frame_size), ",
            "(image_size, tuple(frame_size)[::-1], ",
            "--frame_size=height,width is taken as width,height: features of squeezed frames",
            "test_a_frame_size_is_height_and_width",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/inference/test_extraction.py",
        (
            ", frame_rate=values.frame_rate)",
            ")",
            "features of a C3D are of videos at any rate, and say none",
            "test_a_c3d_is_told_the_rate_of_its_videos",
        ),
        (
            "(image_size, tuple(frame_size), aspect=values.aspect,",
            "(image_size, tuple(frame_size),",
            "a C3D sees videos cut to 4:3",
            "test_a_c3d_is_told_the_rate_of_its_videos",
        ),
    ),
    *of(
        "scoringnet_tf/extract.py",
        "tests/inference/test_extraction.py",
        (
            "learned = c3d.learned_from | ",
            "learned = ",
            "that a tower learned from the videos to extract from is not told",
            "test_videos_that_the_model_learned_from_are_told",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/weights/test_import_weights.py",
        (
            "    _check_output(as_path(output), as_path(path))\n",
            "",
            "the best model of a run becomes a C3D",
            "test_the_model_of_a_run_is_not_replaced",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/test_command_wiring.py",
        (
            "read_weights(path, flags.FLAGS.fc6_order)",
            "read_weights(path)",
            "--fc6_order reaches nothing: fc6 of a checkpoint is read in the wrong order",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "scoringnet_tf/import_weights.py",
        "tests/weights/test_import_weights.py",
        (
            "    if flags.FLAGS.mean:\n",
            "    if False:\n",
            "--mean is ignored: the average per channel is subtracted instead",
            "test_the_command_subtracts_the_mean_that_it_is_given",
        ),
    ),
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        ('"end": values.end,', '"end": None,', "a video is scored to its end whatever --end says"),
        ("printer.score if values.live else None", "None", "performances are not told as they are found"),
    ),
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        (
            "values.model, scorer, sha256, values.runner, **options)",
            "values.model, scorer, sha256, values.runner, force=values.force)",
            "--results_dir forgets --start and --end",
            "test_flags_reach_what_they_are_for",
        ),
        (
            'result.found.status == "withheld" or ',
            "",
            "status 0 though a score is withheld",
            "test_a_score_that_is_withheld_is_told_by_the_status",
        ),
    ),
    *of(
        "scoringnet_tf/predict.py",
        "tests/test_command_wiring.py",
        (
            "named_videos(arguments, SUFFIXES)",
            "named_videos(arguments)",
            "a folder given to predict with a model of features is searched for videos, not for .npy files",
            "test_a_folder_is_searched_for_what_the_model_sees",
        ),
    ),
]
