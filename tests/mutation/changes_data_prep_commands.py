"""Wrong changes of the commands of `data_prep`, stages and their formats."""

from mutant import of

CHANGES = [
    *of(
        "data_prep/commands/simulate.py",
        "tests/test_commands.py",
        (
            'local_path(FLAGS.output_dir, "output_dir")',
            "Path(FLAGS.output_dir)",
            "a dataset for a store comes into a folder s3: below the working directory",
            "test_what_is_written_to_disks_alone_refuses_a_store_before_anything_is_done",
        ),
    ),
    *of(
        "data_prep/commands/split.py",
        "tests/test_commands.py",
        (
            'local_path(FLAGS.output, "output")',
            "Path(FLAGS.output)",
            "a split for a store comes into a folder s3: below the working directory",
            "test_what_is_written_to_disks_alone_refuses_a_store_before_anything_is_done",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/test_commands.py",
        (
            'local_path(FLAGS.output, "output")',
            "Path(FLAGS.output)",
            "stage labels for a store come into a folder s3: below the working directory",
            "test_what_is_written_to_disks_alone_refuses_a_store_before_anything_is_done",
        ),
    ),
    *of(
        "data_prep/commands/build.py",
        "tests/test_command_wiring.py",
        ("        fit=FLAGS.fit,\n", "", "--fit does nothing"),
        (
            "on_inconsistent=FLAGS.on_inconsistent",
            "on_inconsistent=FLAGS.on_lookalike",
            "what is done with contradictions is what is done with lookalikes",
        ),
    ),
    *of(
        "data_prep/commands/check.py",
        "tests/test_command_wiring.py",
        (
            "FLAGS.source_dir, FLAGS.workers, **dataset_flags",
            "FLAGS.source_dir, None, **dataset_flags",
            "check ignores --workers",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/dataset_flags.py",
        "tests/test_command_wiring.py",
        ('("split_dir", "difficulty_csv"', '("difficulty_csv"', "--split_dir does nothing"),
        (
            "for name in OPTIONS if FLAGS[name].value is not None",
            "for name in OPTIONS if FLAGS[name].value",
            "--nodecimal_comma does nothing",
        ),
    ),
    *of(
        "data_prep/commands/describe.py",
        "tests/test_command_wiring.py",
        (
            "        save_picture(description, FLAGS.output)\n",
            "        as_text(description)\n",
            "describe --output draws nothing",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/inspect.py",
        "tests/test_command_wiring.py",
        (
            "save_contact_sheet(info, split, FLAGS.num_videos, FLAGS.output)",
            "save_contact_sheet(info, split, 6, FLAGS.output)",
            "inspect ignores --num_videos",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/simulate.py",
        "tests/test_command_wiring.py",
        ("        seed=FLAGS.seed,\n", "        seed=0,\n", "every simulated dataset is the same"),
        ("        rendering=FLAGS.rendering,\n", "", "every rendering is the same"),
    ),
    *of(
        "data_prep/commands/simulate.py",
        "tests/test_command_wiring.py",
        (
            "labels_dir=Path(FLAGS.labels_dir) if FLAGS.labels_dir else None,",
            "labels_dir=None,",
            "simulate ignores --labels_dir",
            "test_flags_reach_what_they_are_for",
        ),
    ),
    *of(
        "data_prep/commands/split.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            "write_split_csv(path, split, samples)",
            "write_split_csv(path, split)",
            "files of splits do not say the frames of performances without ids",
            "test_the_command_says_the_frames_of_performances_without_ids",
        ),
        (
            "(*source.notes, *unknown_frames_note(samples))",
            "source.notes",
            "frames that a file of splits lacks are not told",
            "test_frames_that_cannot_be_told_without_the_video_are_said_to_lack",
        ),
    ),
    *of(
        "data_prep/commands/split.py",
        "tests/data_prep/datasets/test_splitting.py",
        (
            """if FLAGS.folds and FLAGS["test_fraction"].present:""",
            "if False:",
            "--test_fraction beside --folds is ignored",
            "test_fewer_folds_leave_none_of_more_behind",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            'if output.exists() and FLAGS.existing == "refuse":',
            "if False:",
            "labels of other videos are overwritten",
            "test_labels_that_are_there_are_not_overwritten",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/test_command_wiring.py",
        (
            "facts_reader(FLAGS.videos_dir, FLAGS.fps)",
            "facts_reader(FLAGS.videos_dir)",
            "stages are read at another rate than is given",
        ),
    ),
    *of(
        "data_prep/commands/stages.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "if FLAGS.videos_dir is None and FLAGS.fps is None and (stated",
            "if False and (stated",
            "a rate that tasks state is taken for the video's in silence",
            "test_a_stated_rate_that_cannot_be_held_against_the_video_is_told",
        ),
        (
            "if FLAGS.videos_dir is None and FLAGS.fps is None and (stated",
            "if (stated",
            "a rate that was compared with the video's is called unknown",
            "test_a_stated_rate_that_cannot_be_held_against_the_video_is_told",
        ),
    ),
    *of(
        "data_prep/commands/suggest.py",
        "tests/data_prep/stages/test_suggest.py",
        (
            """if (model.provenance or {}).get("simulation"):""",
            """if (model.provenance or {}).get("simulated"):""",
            "suggest does not say that its model has seen simulated video alone",
            "test_a_model_that_has_seen_simulated_video_alone_is_said_to_be_one",
        ),
    ),
    *of(
        "data_prep/stages/formats/checking.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "abs(video.num_frames - num_frames) > 1",
            "video.num_frames - num_frames > 1",
            "labels of a copy with half the frames are taken",
            "test_a_cvat_task_of_a_copy_at_another_rate_is_a_problem",
        ),
        (
            "if num_frames and segment.end == video.num_frames else segment",
            "if False else segment",
            "the last stage of a CVAT task ends a frame before or after its video",
            "test_the_last_stage_of_cvat_reaches_to_the_last_frame_of_the_file",
        ),
    ),
    *of(
        "data_prep/stages/formats/cvat.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "height, width = facts.size",
            "width, height = facts.size",
            "boxes of CVAT are as wide as the video is high",
            "test_a_stage_of_cvat_is_a_box_over_the_whole_frame",
        ),
        (
            'attribute(shape, "outside", where, int) != 0',
            'attribute(shape, "outside", where) == "1"',
            "a stage of CVAT that is said to be outside in words goes on",
            "test_cvat_tracks_that_are_wrong",
        ),
    ),
    *of(
        "data_prep/stages/formats/elan.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            """if header is None or header.get("TIME_UNITS", "milliseconds") != "milliseconds":""",
            "if header is None:",
            "ELAN's times in other units are taken for milliseconds",
            "test_files_that_are_wrong_as_a_whole",
        ),
    ),
    *of(
        "data_prep/stages/formats/label_studio.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "            check_names(texts[VIDEO_ID], video_name(texts[VIDEO], where), where)\n",
            "            pass\n",
            "a copied task is of the video that it was copied from",
            "test_a_file_that_was_copied_for_another_video_is_refused",
        ),
        (
            'is_predicted="annotations" not in task',
            "is_predicted=False",
            "suggestions pass for corrections",
            "test_predictions_that_nobody_has_corrected_are_named",
        ),
        (
            "not isinstance(fps, int | float) or not 1 <= fps <= MAX_RATE:",
            "not isinstance(fps, int | float):",
            "a task may state any frame rate",
            "test_a_frame_rate_that_is_none_is_a_problem_of_its_task",
        ),
    ),
    *of(
        "data_prep/stages/formats/label_studio.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "        if first == end:\n",
            "        if False:\n",
            "a short stage is lost on its way through Label Studio",
            "test_a_stage_that_label_studio_cannot_say_is_refused",
        ),
    ),
    *of(
        "data_prep/stages/formats/timing.py",
        "tests/data_prep/stages/test_stage_formats.py",
        (
            "    if timestamps is None:\n        return math.floor(moment * fps)",
            "    if True:\n        return math.floor(moment * fps)",
            "seconds become frames by the mean rate",
            "test_seconds_mean_the_frames_that_are_shown_then",
        ),
    ),
    *of(
        "data_prep/stages/suggestion.py",
        "tests/data_prep/stages/test_suggest.py",
        (
            "encoded.source_size, times)",
            "encoded.source_size)",
            "suggested times are of an even rate",
            "test_times_of_what_is_suggested_are_those_of_the_video_where_its_rate_varies",
        ),
    ),
    *of(
        "data_prep/stages/suggestion.py",
        "tests/data_prep/stages/test_suggest.py",
        (
            "return stage_finder(path).model",
            "from scoringnet_tf.inference.prediction import load_model as load\n\n    return load(path)",
            "suggest names no flag where its model finds no stages",
            "test_a_model_that_finds_no_stages_is_named_by_its_flag",
        ),
    ),
    *of(
        "data_prep/support/processes.py",
        "tests/data_prep/test_processes.py",
        (
            "None if ahead is None else ahead * workers",
            "None",
            "results behind a slow one pile up",
            "test_results_behind_a_slow_one_are_bounded",
        ),
    ),
]
