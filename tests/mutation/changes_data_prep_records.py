"""Wrong changes of records: building, checks, joints, descriptions."""

from mutant import of

CHANGES = [
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            "statistics.median_low(writer.frame_rates)",
            "statistics.mean(writer.frame_rates)",
            "mean for median frame rate",
            "test_the_frame_rate_of_a_dataset_is_its_median",
        ),
        (
            "    _refuse(known, settings, source_dir)\n",
            "",
            "what labels show is refused after decoding",
            "test_all_that_labels_and_folders_show_is_refused_before_a_frame_is_decoded",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            "kept.get(kind, False)",
            "kept.get(kind, True)",
            "rows with errors are kept like those whose scores contradict each other",
            "test_a_row_with_an_error_is_not_kept_for_its_scores",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records",
        (
            "(runner or target.name",
            "(target.name",
            "workers of a runner are given a relative path",
            "test_workers_are_given_paths_that_hold_in_any_folder",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records",
        (
            "        if given:\n",
            "        if False:\n",
            "--runner has no effect on features, silently",
            "test_what_decodes_is_refused",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            "[*oddities.notes(), *_resumed(resumed)]",
            "_resumed(resumed)",
            "build says nothing of stages that are exchanged",
            "test_stages_in_another_order_are_said_by_build_and_check",
        ),
    ),
    *of(
        "data_prep/records/building.py",
        "tests/data_prep/records/test_build.py",
        (
            """if settings.on_inconsistent == "drop" else LOST""",
            "",
            "a row that is kept though its scores contradict each other gives its bytes to another",
            "test_a_row_that_is_dropped_for_its_scores_leaves_its_bytes_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "sport)[:: video.stride], []",
            "sport)[: len(video)], []",
            "the first steps have the stages of the first frames",
            "test_records_hold_the_features_and_their_labels",
        ),
        (
            "-(-sample.num_frames // video.stride)",
            "sample.num_frames // video.stride",
            "the last step is one too many",
            "test_a_sequence_of_another_length_is_named",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "        if joints:\n",
            "        if False:\n",
            "joints that are missing are found when all is decoded",
            "test_joints_that_are_not_there_are_known_before_anything_is_decoded",
        ),
        (
            "joints.problems(sample, len(video))",
            "joints.problems(sample, None)",
            "joints of other frames pass",
            "test_joints_of_other_frames_are_found_by_check_and_refused_by_build",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if not kinds_of_row(row) & lost]",
            "if not row]",
            "what overlaps passes where its scores contradict each other",
            "test_performances_that_overlap_are_refused_though_their_scores_contradict_each_other",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_build.py",
        (
            "        if not is_lost:\n            owners.setdefault(",
            "        if True:\n            owners.setdefault(",
            "a row that is left out takes its corrected second with it",
            "test_a_row_that_is_left_out_takes_no_other_with_it",
        ),
        (
            "and not video_problems and not is_lost:",
            "and not video_problems:",
            "a row that is left out takes what looks the same with it",
            "test_a_row_that_is_left_out_takes_no_other_with_it",
        ),
        (
            "in zip(source.samples, rows, strict=True) if not kinds_of_row(row) & lost]",
            "in zip(source.samples, rows, strict=True)]",
            "a row that is left out takes the other row of its id with it",
            "test_a_row_that_is_left_out_leaves_its_id_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_build.py",
        (
            "return _one_each(clips, map_clips(encode, list(dict.fromkeys(clips))))",
            "return map_clips(encode, clips)",
            "a clip of two rows is encoded twice, and said to be of an interrupted build",
            "test_a_row_that_is_left_out_leaves_its_id_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "if not kinds_of_row(row) & lost]",
            "if not kinds_of_row(row) & LOST]",
            "a row that is dropped for its scores keeps its frames from its corrected second",
            "test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second",
        ),
        (
            "if not kinds_of_row(row) & lost]",
            "if not kinds_of_row(sample.problems) & lost]",
            "a row whose scores are out of range keeps its frames from its corrected second",
            "test_a_row_that_is_left_out_takes_no_frames_from_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/checks.py",
        "tests/data_prep/records/test_build.py",
        (
            "*video_problems]) & lost)",
            "*video_problems]) & LOST)",
            "a row that is dropped for its scores keeps its bytes from its corrected second",
            "test_a_row_that_is_dropped_for_its_scores_leaves_its_bytes_to_its_corrected_second",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_build.py",
        (
            "decode_frames(encoded[centers])",
            "decode_frames(encoded[:FRAMES_PER_ROW])",
            "a contact sheet shows the first frames above all of the timeline",
            "test_a_contact_sheet_shows_frames_from_all_of_a_video_above_their_time",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "    if info.simulation or not info.features:",
            "    if True:",
            "a contact sheet calls anyone's features filmed",
            "test_a_contact_sheet_shows_them",
        ),
    ),
    *of(
        "data_prep/records/contact_sheet.py",
        "tests/data_prep/records/test_build.py",
        (
            "chosen = set(np.linspace(0, total - 1, min(num_videos, total)).round().astype(int).tolist())",
            "chosen = set(range(min(num_videos, total)))",
            "the contact sheet shows the first videos of a split",
            "test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores",
        ),
        (
            "draw_strip(axis, stage_runs(stages), scale=1 / rate)",
            "draw_strip(axis, stage_runs(stages), scale=1)",
            "the contact sheet draws stages in frames on an axis in seconds",
            "test_stages_on_a_contact_sheet_are_drawn_in_seconds",
        ),
        (
            """value = float(record[f"score/{score}"])""",
            """value = float(record["score/final"])""",
            "the contact sheet gives the final score as difficulty and execution",
            "test_a_contact_sheet_shows_videos_from_all_of_a_split_with_their_scores",
        ),
    ),
    *of(
        "data_prep/records/description.py",
        "tests/data_prep/records/test_description.py",
        (
            'for key in ("mean", "std", "min", "q1", "median", "q3", "max")),',
            'for key in ("std", "mean", "min", "q1", "median", "q3", "max")),',
            "the deviation stands under the mean",
            "test_figures_stand_under_their_headings",
        ),
        (
            "np.ptp(values) <= ROUNDING",
            "np.ptp(values) < 0 * ROUNDING",
            "describe fails on scores that are equal up to rounding",
            "test_scores_that_are_equal_up_to_rounding_are_one",
        ),
    ),
    *of(
        "data_prep/records/description.py",
        "tests/data_prep/records/test_description.py",
        (
            "few, many = min(counts.values()), max(counts.values())",
            "few, many = max(counts.values()), min(counts.values())",
            "describe exchanges the fewest and the most videos of a class",
            "test_classes_are_counted",
        ),
    ),
    *of(
        "data_prep/records/description_picture.py",
        "tests/data_prep/records/test_description.py",
        (
            """shares = [1 - found["lacking"][field] / found["videos"] for field in fields]""",
            """shares = [found["lacking"][field] / found["videos"] for field in fields]""",
            "the picture of a description shows what lacks as what is known",
            "test_the_picture_shows_the_shares_of_videos_that_have_a_field",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_build.py",
        (
            ", *oddities.notes()]",
            "]",
            "check says nothing of stages that are exchanged",
            "test_stages_in_another_order_are_said_by_build_and_check",
        ),
        (
            "        _, simulated = read_simulation(source_dir, source.samples)\n",
            "        simulated = []\n",
            "check calls a damaged simulation sound",
            "test_a_simulation_that_is_no_object_is_refused",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_description.py",
        (
            "getattr(sample, name) is not None for sample",
            "sample.final is not None for sample",
            "check says of every score that it is known where the final one is",
            "test_a_group_in_two_splits_is_said_by_describe_check_and_build_alike",
        ),
    ),
    *of(
        "data_prep/records/dry_run.py",
        "tests/data_prep/records/test_same_performance.py",
        (
            '        LOOKALIKE: "Of {} another split has what looks the same: see build --on_lookalike.",\n',
            "",
            "check does not say that build may keep what looks the same",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "if stated is None and sample.num_frames is None and",
            "if stated is None and",
            "features with a step for each stated frame are said to state no stride",
            "test_features_without_a_stride_have_a_note",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "rate = (fps or DEFAULT_FPS) / frames_per_step",
            "rate = fps or DEFAULT_FPS",
            "steps last as long as frames",
            "test_records_hold_the_features_and_their_labels",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "    if sample.fps and origin_rate and not of_records and abs(",
            "    if False and abs(",
            "stages of features count frames of another rate",
            "test_a_table_of_another_rate_than_the_features_is_named",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_aspect.py",
        (
            "stored.encode(frame, stream.pixel_aspect)",
            "stored.encode(frame)",
            "anamorphic film is squeezed in records",
            "test_records_show_pixels_that_are_not_square_as_they_are_shown",
        ),
    ),
    *of(
        "data_prep/records/encoding.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "fps = sample.fps or origin_rate",
            "fps = origin_rate or sample.fps",
            "features of several frame rates all have the median rate",
            "test_a_table_of_another_rate_than_the_features_is_named",
        ),
    ),
    *of(
        "data_prep/records/joints.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "if self._shared[stem] > 1:",
            "if False:",
            "joints of videos that are called alike are exchanged",
            "test_joints_of_one_are_not_taken_for_those_of_another",
        ),
    ),
    *of(
        "data_prep/records/joints.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            "index.read_bytes() == ours.read_bytes()",
            "ours.is_file()",
            "joints of one's own beside records make way for others",
            "test_joints_beside_records_that_are_not_those_of_the_source_are_not_lost",
        ),
        (
            "    if not (of_source and index",
            "    if of_source and not (index",
            "joints of one's own beside records are lost",
            "test_joints_beside_records_that_are_not_those_of_the_source_are_not_lost",
        ),
        (
            "np.abs(seen).max() <= 1 or ",
            "",
            "joints as shares of the frame pass in silence",
            "test_joints_on_another_scale_are_told",
        ),
        (
            "2 * outside.sum() > len(seen)",
            "outside.any()",
            "an athlete at the edge is on another scale",
            "test_joints_on_another_scale_are_told",
        ),
    ),
    *of(
        "data_prep/records/kept_videos.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            '(None, values["made_of"])',
            '(None, values["made_of"] | {"source": made_of and made_of["source"]})',
            "frames of another video are taken over",
            "test_a_video_that_has_changed_since_is_made_anew",
        ),
        (
            '"stored": dataclasses.asdict(stored), ',
            "",
            "frames of other settings are taken over",
            "test_other_settings_make_every_video_anew",
        ),
        (
            " or ends[-1] != len(jpegs)",
            "",
            "a lost frame is empty",
            "test_what_is_damaged_is_not_trusted",
        ),
        (
            "jpegs=[], file=path, taken_over=taken_over",
            "file=path, taken_over=taken_over",
            "frames wait in memory",
            "test_no_frames_wait_in_memory_for_a_slow_video",
        ),
    ),
    *of(
        "data_prep/records/kept_videos.py",
        "tests/data_prep/records/test_build_resuming.py",
        (
            "hashlib.sha256(str(clip).encode())",
            "hashlib.sha256(str(clip.path).encode())",
            "two performances of a file have the frames of one",
            "test_stretches_of_one_file_are_kept_apart",
        ),
        (
            "timestamps=timestamps, thumbnails=thumbnails(frames), **found",
            "timestamps=timestamps, **found",
            "copies among videos that were taken over are not found",
            "test_a_kept_video_is_compared_with_others_as_a_new_one_is",
        ),
        (
            '"versions": versions}',
            '"versions": {}}',
            "frames of another decoder are taken over",
            "test_a_kept_video_is_compared_with_others_as_a_new_one_is",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "if shape is None or number == 1 or shape[0] <= shape[1]:",
            "if True:",
            "features with their axes exchanged are built without a word",
            "test_features_whose_axes_may_be_exchanged_are_told",
        ),
        (
            "video.origin is not None or sample.num_frames is not None",
            "video.origin is not None",
            "long sequences of a stated length are called turned",
            "test_features_whose_axes_may_be_exchanged_are_told",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if not rates or _alike(rates[0], rates[-1]):",
            "if True:",
            "videos of different rates are built without a word",
            "test_videos_of_different_rates_are_said",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if not _is_even(video):",
            "if False:",
            "frames that are not evenly spaced are taken without a word",
            "test_frames_that_are_not_evenly_spaced_are_said",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "if index and index not in stages]",
            "if index and index in stages]",
            "stages that were never filled in pass in silence",
            "test_a_performance_without_frames_of_a_stage_is_named",
        ),
        (
            "if labelled and not _alike(rate, labelled)}",
            "if labelled and _alike(rate, labelled)}",
            "labels of another rate than the videos' pass in silence",
            "test_videos_of_different_rates_are_said",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/datasets/test_performances.py",
        (
            "sample.segments and sample.num_frames is None and",
            "sample.segments and",
            "a folder of known length is said to lack images",
            "test_images_that_begin_later_are_told_where_stages_count_from_the_first",
        ),
        (
            "(first := _first_number(sample)) > 1:",
            "(first := _first_number(sample)) > 5:",
            "stages of a folder without its first images are late in silence",
            "test_images_that_begin_later_are_told_where_stages_count_from_the_first",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_build.py",
        (
            "statistics.median_low([rate for rate in rates for _ in self._of_rate[rate]])",
            "statistics.median_low(rates)",
            "the rate that a model learns is the median of the rates, not of the videos",
            "test_the_rate_that_is_learned_is_the_median_of_the_videos",
        ),
    ),
    *of(
        "data_prep/records/oddities.py",
        "tests/data_prep/records/test_description.py",
        (
            "if not (has_score and sample.segments and stages is not None) or UNLABELLED in stages:",
            "if not (has_score and sample.segments and stages is not None):",
            "a performance labelled in part lacks stages that nobody has labelled",
            "test_stages_that_nobody_has_labelled_are_not_said_to_lack",
        ),
    ),
    *of(
        "data_prep/records/psnr.py",
        "tests/data_prep/records/test_feature_records.py",
        (
            "if math.isfinite(value)}",
            "}",
            "sources that are equal make the mean infinite",
            "test_features_other_than_their_source_are_found",
        ),
    ),
    *of(
        "data_prep/records/psnr.py",
        "tests/data_prep/records/test_aspect.py",
        (
            "stored.picture(frame, stream.pixel_aspect) for frame in stream",
            "stored.picture(frame) for frame in stream",
            "records of pixels that are not square are compared with another part of the source",
            "test_records_show_pixels_that_are_not_square_as_they_are_shown",
        ),
    ),
    *of(
        "data_prep/records/same_performance.py",
        "tests/data_prep/records/test_same_performance.py",
        (
            "and other.split != sample.split",
            "",
            "a copy in the same split is refused",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
        (
            "for shown in (pictures, pictures[:, :, ::-1]):",
            "for shown in (pictures,):",
            "mirrored copies pass",
            "test_a_copy_in_another_split_is_named_by_both_rows",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "    if under_way.is_file():\n",
            "    if False:\n",
            "a simulation that has not ended passes for film",
            "test_a_simulation_that_has_not_ended_is_refused",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "above = [Path(source_dir), *Path(source_dir).absolute().parents[:LEVELS]]",
            "above = [Path(source_dir)]",
            "simulated pixels in a folder below the simulation are film",
            "test_pixels_are_simulated_wherever_below_the_simulation_they_lie",
        ),
        (
            "known[folder] if folder in known else _between(folder, source_dir) or folders[0]",
            "folders[0]",
            "simulated pixels in a folder above the simulation are film",
            "test_pixels_are_simulated_wherever_below_the_simulation_they_lie",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/simulator/test_simulator_joints.py",
        (
            "        _refuse_simulated_joints(Path(source_dir) / FOLDER)\n",
            "",
            "simulated videos pass for filmed ones",
            "test_simulated_videos_whose_simulation_was_not_copied_do_not_pass_for_filmed_ones",
        ),
    ),
    *of(
        "data_prep/records/simulation.py",
        "tests/data_prep/records/test_build.py",
        (
            "    if len(found) > 1:\n",
            "    if False:\n",
            "nothing is said of videos of several simulations",
            "test_videos_of_several_simulations_are_told",
        ),
    ),
    *of(
        "data_prep/records/summary.py",
        "tests/data_prep/records/test_build.py",
        (
            "info.frame_rate / 3600:.2f}",
            "info.frame_rate / 60:.2f}",
            "minutes stand under the heading hours",
            "test_figures_of_the_summary_stand_under_their_headings",
        ),
        (
            """for key in ("min", "max", "mean", "std"))]""",
            """for key in ("min", "max", "std", "mean"))]""",
            "the summary exchanges mean and deviation of scores",
            "test_figures_of_the_summary_stand_under_their_headings",
        ),
    ),
    *of(
        "data_prep/records/summary.py",
        "tests/data_prep/datasets/test_datasets.py",
        (
            """for name, count in info.stage_frames.get("train", {}).items()""",
            "for counts in info.stage_frames.values() for name, count in counts.items()",
            "stages of the test split are said to train KFS",
            "test_what_can_be_trained_is_what_the_training_split_has_labels_for",
        ),
        (
            """for video_id in info.splits["train"]["ids"]]""",
            "for video_id in info.videos]",
            "scores of the test split are said to train towers",
            "test_what_can_be_trained_is_what_the_training_split_has_labels_for",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            "    problems += _label_problems(info, entry, record)\n",
            "",
            "scores of the index that are not the records' pass",
            "test_verification_compares_the_labels_of_the_index",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            "if ids != expected:",
            "if len(ids) != len(expected):",
            "exchanged ids are called sound",
            "test_verification_compares_the_labels_of_the_index",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            '    expected |= {f"class/{head}": entry["classes"][head] for head in info.classes}\n',
            "",
            "other classes in the index than in the records pass",
            "test_verification_compares_the_classes_of_the_index",
        ),
    ),
    *of(
        "data_prep/records/verifying.py",
        "tests/data_prep/records/test_build.py",
        (
            "elif stage_frames != collections.Counter(info.stage_frames.get(split)):",
            "elif False:",
            "the index may say that frames have stages which have none",
            "test_verification_compares_the_labels_of_the_index",
        ),
        (
            "if rates and not min(rates)",
            "if False and not min(rates)",
            "another frame rate in the index than in the records passes",
            "test_verification_compares_the_labels_of_the_index",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/support/test_paths.py",
        (
            "(SHARD.fullmatch(name) or name in (INDEX_NAME, JOINTS))",
            "True",
            "anything in an object store counts as a killed upload",
            "test_records_in_a_store_are_those_of_a_local_disk",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/support/test_paths.py",
        (
            "elif _is_cut_off(output_dir):",
            "elif False:",
            "what a killed upload left can never be replaced",
            "test_an_upload_that_was_killed_is_repeated",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/data_prep/records/test_build.py",
        (
            "if others := _others(output_dir):",
            "if others := []:",
            "what somebody keeps beside records is replaced with them",
            "test_what_is_not_of_the_records_is_never_replaced",
        ),
    ),
    *of(
        "data_prep/records/writing.py",
        "tests/data_prep/records/test_build.py",
        (
            """return small or self._shards[-1]["bytes"] >= SHARD_BYTES""",
            "return small",
            "a split has two shards however large they are",
            "test_a_shard_that_is_full_is_closed",
        ),
    ),
]
