"""Wrong changes of data: records, videos, features, splits, augmentation."""

from mutant import of

CHANGES = [
    *of(
        "scoringnet_tf/data/preprocessing.py",
        "tests/data/test_preprocessing.py",
        (
            "    if share >= LITTLE:\n",
            "    if share <= LITTLE:\n",
            "images that show most of a frame are said to show little",
            "test_how_little_of_a_frame_is_seen_is_told_where_it_is_little",
        ),
    ),
    *of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_augmentation.py",
        (
            "start, end = cut[0], end - cut[1]",
            "start, end = cut[0], end - cut[0]",
            "both ends of a clip are cut alike",
            "test_a_clip_is_cut_at_both_ends_independently",
        ),
        (
            "COLOR, SHUFFLE, ZOOM, DEGRADATION = range(8)",
            "COLOR, SHUFFLE, ZOOM, DEGRADATION = 0, 1, 2, 3, 4, 5, 3, 7",
            "crop and zoom share a stream of random numbers",
            "test_streams_differ_by_run_epoch_video_and_decision",
        ),
        (
            "self._random_offset(size, seeds(CROP))",
            "self._random_offset(size, seeds(FLIP))",
            "a crop is drawn from the stream of the flip",
            "test_what_is_drawn_depends_on_its_own_decision_alone",
        ),
        (
            "base = fold(tf.stack([tf.cast(seed, tf.int64), epoch]), hashed)",
            "base = tf.stack([tf.cast(seed, tf.int64), epoch])",
            "all videos of an epoch are cropped in the same place",
            "test_each_video_is_cropped_in_a_place_of_its_own_in_each_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_input_pipeline.py",
        (
            "drawn = tf.random.stateless_uniform([2], seed)",
            "drawn = tf.random.stateless_uniform([1], seed)",
            "top and left of a crop are drawn alike",
            "test_crop_and_flip_are_the_same_for_all_frames_and_reach_everywhere",
        ),
        (
            "blocks = [length, ",
            "blocks = [1, ",
            "the noise of all frames is the same",
            "test_degradation_against_loops",
        ),
        (
            '[0, 0]], "SYMMETRIC")',
            "[0, 0]])",
            "blur darkens the border",
            "test_degradation_against_loops",
        ),
    ),
    *of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_input_pipeline.py",
        (
            "tf.cast(tf.round(positions * tf.cast(length - 1, tf.float32)), tf.int32)",
            "tf.cast(positions * tf.cast(length - 1, tf.float32), tf.int32)",
            "evenly spaced frames are cut off, not rounded",
            "test_spaced_indices_are_those_of_a_fragment",
        ),
    ),
    *of(
        "scoringnet_tf/data/augmentation.py",
        "tests/data/test_augmentation.py",
        (
            "if not getattr(self, name) >= 0:",
            "if False:",
            "shifts below 0 accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
        (
            "if not 0 <= getattr(self, name) <= 1:",
            "if False:",
            "strengths of any size accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
        (
            "if self.zoom == 1:",
            "if False:",
            "a zoom to nothing accepted",
            "test_changes_that_cannot_be_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/features.py",
        "tests/data/test_features.py",
        (
            "abs(found / learned - 1) > RATE_TOLERANCE",
            "False",
            "features of another rate are scored",
            "test_features_of_another_rate_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/features.py",
        "tests/data/test_features.py",
        (
            'kind["weights"].get("sha256")',
            'kind["weights"].get("file")',
            "features by other weights of the same file name are taken for those of training",
            "test_weights_are_told_by_their_bytes_and_not_by_their_name",
        ),
    ),
    *of(
        "scoringnet_tf/data/index_checks.py",
        "tests/data/test_records.py",
        (
            "math.isfinite(value) and (value >= 0 or kinds != (int,))",
            "True",
            "an infinite number of frames a second is one",
            "test_index_of_another_format",
        ),
        (
            'PurePath(shard["file"]).name != shard["file"]',
            "False",
            "an index has files of other folders opened",
            "test_index_of_another_format",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_epoch_order.py",
        (
            "epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), epoch]), SHUFFLE)",
            "epoch_seed = fold(tf.stack([tf.cast(self.seed, tf.int64), 0 * epoch]), SHUFFLE)",
            "every epoch has the same order",
            "test_each_epoch_has_every_record_once_in_an_order_of_its_own",
        ),
        (
            "return tf.random.experimental.stateless_shuffle(indices, epoch_seed)",
            "block = tf.random.experimental.stateless_shuffle(tf.range(512), epoch_seed)\n"
            "        places = tf.concat([block + i for i in range(0, len(self.ids), 512)], 0)\n"
            "        return tf.boolean_mask(places, places < len(self.ids))",
            "the same permutation every 512",
            "test_no_stretch_of_an_epoch_repeats_the_permutation_of_another",
        ),
        (
            "used[self.pipeline_id :: self.num_pipelines]",
            "used[0 :: self.num_pipelines]",
            "all pipelines read the same videos",
            "test_pipelines_share_one_order",
        ),
        (
            'tf.debugging.Assert(expected == found, [tf.strings.join(message, " ")])',
            "pass",
            "records in another order than their index are read",
            "test_an_index_in_another_order_than_its_records_is_found",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "constant_values=UNLABELLED",
            "constant_values=0",
            "padding is labelled as noise",
            "test_padding_and_targets",
        ),
        (
            "video_seeds(self.seed, epoch, ",
            "video_seeds(self.seed, 0 * epoch, ",
            "every epoch is augmented alike",
            "test_each_epoch_has_an_order_and_augmentation_of_its_own",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "chosen = first + spaced_indices",
            "chosen = spaced_indices",
            "num_frames forgets where the stages begin",
            "test_num_frames_of_what_the_other_options_leave",
        ),
        (
            "    if pixel_options:\n",
            "    if False:\n",
            "features are flipped without a word",
            "test_features_are_not_augmented_as_pixels_are",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/support/test_paths.py",
        (
            "        check_shared(info, service)  # before anything is copied",
            "        pass",
            "a data service is to read copies that it does not have",
            "test_records_in_a_store_are_refused_to_a_data_service",
        ),
    ),
    *of(
        "scoringnet_tf/data/input_pipeline.py",
        "tests/data/test_input_pipeline.py",
        (
            "passes.assign_add(1) - 1",
            "passes.assign_add(0)",
            "fit sees the same epoch again and again",
            "test_each_pass_over_one_dataset_is_the_next_epoch",
        ),
    ),
    *of(
        "scoringnet_tf/data/joints.py",
        "tests/baselines/test_baseline_run.py",
        (
            "digests[name] =",
            "digests[(folder / name).name] =",
            "joints of videos that are called alike count once",
            "test_joints_of_videos_that_are_called_alike_all_count",
        ),
    ),
    *of(
        "scoringnet_tf/data/joints.py",
        "tests/data_prep/records/test_joints_of_records.py",
        (
            'positions.dtype.kind in "fiu"',
            'positions.dtype.kind in "f"',
            "joints in whole pixels are refused",
            "test_joints_may_be_whole_pixels",
        ),
    ),
    *of(
        "scoringnet_tf/data/matroska.py",
        "tests/data/test_video.py",
        ("received >= stated", "True", "a film that is cut off passes for whole", "test_matroska_that_is_cut_off"),
        (
            "None if value == (1 << digits) - 1 else value",
            "value",
            "a live recording is cut off",
            "test_matroska_that_was_recorded_live_states_no_size",
        ),
    ),
    *of(
        "scoringnet_tf/data/preprocessing.py",
        "tests/inference/test_calibration.py",
        (
            "abs(found.frame_rate / learned.frame_rate - 1) > RATE_TOLERANCE",
            "found.frame_rate / learned.frame_rate - 1 > 9",
            "records of another frame rate are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "abs(found.aspect / learned.aspect - 1) > ASPECT_TOLERANCE",
            "found.aspect / learned.aspect - 1 > ASPECT_TOLERANCE",
            "records of a narrower aspect are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "and learned.jpeg_quality != found.jpeg_quality:",
            "and False:",
            "records of another JPEG quality are evaluated",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
        (
            "and learned.fit != found.fit:",
            "and False:",
            "records with bars are evaluated by a model of records without",
            "test_records_that_were_stored_otherwise_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/records.py",
        "tests/data/test_records.py",
        (
            "if not length == len(example.timestamps) == len(example.stages):",
            "if False:",
            "a record of too few stages is written",
            "test_lengths_must_agree",
        ),
    ),
    *of(
        "scoringnet_tf/data/renderings.py",
        "tests/data/test_renderings.py",
        ('info.split(split)["ids"]', 'info.split("test")["ids"]', "another split is taken", "test_others_are_refused"),
    ),
    *of(
        "scoringnet_tf/data/renderings.py",
        "tests/data/test_renderings.py",
        (
            "        seen.add(rendering.data_hash)\n",
            "",
            "a rendering counts twice",
            "test_a_rendering_given_twice_is_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/renderings.py",
        "tests/data/test_renderings.py",
        (
            "different += rate_differences(info.frame_rate, rendering.frame_rate)",
            "pass",
            "renderings of features come at any rate",
            "test_features_of_another_rate_are_no_rendering",
        ),
    ),
    *of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "score_statistics=score_statistics(videos)",
            "score_statistics=info.score_statistics",
            "a split has the statistics of another one",
            "test_the_records_of_another_split_are_the_same_records",
        ),
        (
            "json.dumps([info.data_hash, sorted(split.items())])",
            "json.dumps([info.data_hash])",
            "two splits have the same hash",
            "test_the_hash_is_of_records_and_split",
        ),
    ),
    *of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "not in (COLUMNS, WITH_FRAMES)",
            "!= COLUMNS",
            "files of splits that say frames are refused by the tables",
            "test_files_are_those_of_data_prep",
        ),
    ),
    *of(
        "scoringnet_tf/data/resplitting.py",
        "tests/data/test_resplitting.py",
        (
            "return [{**kept, **_drawn(",
            "return [{**_drawn(",
            "random splits lose the validation split of the records",
            "test_a_validation_split_stays_as_it_is",
        ),
    ),
    *of(
        "scoringnet_tf/data/shards.py",
        "tests/data/test_resplitting.py",
        (
            "if _described(source, video_id) != _described(info, video_id)]",
            "if False]",
            "a split reads records that were built since",
            "test_records_that_were_built_anew_are_not_those_that_were_split",
        ),
    ),
    *of(
        "scoringnet_tf/data/shards.py",
        "tests/data/test_resplitting.py",
        (
            "info.frame_size, info.stored, info.frame_rate",
            "info.stored, info.frame_rate",
            "records that were rebuilt at another size pass for those that were split",
            "test_records_that_were_built_anew_in_another_form_are_not_those_that_were_split",
        ),
    ),
    *of(
        "scoringnet_tf/data/shown_frames.py",
        "tests/data/test_shown_frames.py",
        (
            "size == self._deinterlacer.size else self.remaining()",
            "size == self._deinterlacer.size else []",
            "the frame before a change of size is fed to what deinterlaces another",
            "test_frames_that_change_their_size_are_said",
        ),
        (
            "return bool(b), b or d, a or c",
            "return bool(b), abs(b or d), a or c",
            "mirrored from top to bottom is not mirrored",
            "test_frames_are_turned_and_mirrored_as_ffmpeg_does",
        ),
        (
            "        self._note(UNTURNED if turn is None else TURNED)\n",
            "",
            "nothing is said of frames that are turned",
            "test_frames_are_turned_and_mirrored_as_ffmpeg_does",
        ),
    ),
    *of(
        "scoringnet_tf/data/shown_frames.py",
        "tests/data/test_shown_frames.py",
        (
            '_without_newer_side_data(frame).side_data.get("DISPLAYMATRIX")',
            "None",
            "a photograph is not turned as its EXIF says",
            "test_photographs_are_turned_and_mirrored_as_their_exif_says",
        ),
    ),
    *of(
        "scoringnet_tf/data/splits.py",
        "tests/data/test_splits.py",
        (
            "return sorted(_unit(info, sorted(group)) for group in members.values())",
            "return [_unit(info, sorted(group)) for group in members.values()]",
            "validation not stratified",
        ),
        (
            '(video_id in held_out) == (split == "validation")',
            "video_id in held_out",
            "trained on what is held out",
        ),
        (
            "members.setdefault((group is None, group or video_id), [])",
            "members.setdefault(video_id, [])",
            "a group is torn between training and validation",
        ),
    ),
    *of(
        "scoringnet_tf/data/stored_videos.py",
        "tests/inference/test_calibration.py",
        (
            ".numpy() / 1e6",
            ".numpy() / 1e3",
            "the pages of an evaluation show times a thousand times too long",
            "test_scores_intervals_and_grade_of_a_video",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_long_videos.py",
        (
            "return int(np.rint(self.since * rate))",
            "return 0",
            "parts of a long video are sampled from their own beginning",
            "test_frames_are_sampled_as_in_the_whole_video",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        ("best if best in moving or not moving else moving[0]", "streams[0]", "a cover picture is scored"),
        ("(shown[:-1] + shown[1:]) / 2", "shown[1:]", "frames are taken late"),
        ("[before] * rate > SPARSE", "[before] * rate > 9", "frames are repeated where they should be mixed"),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_shown_frames.py",
        (
            "        for image, time in self._shown.remaining():\n            yield self._counted(image, time)\n",
            "",
            "the last interlaced frame is lost",
            "test_every_interlaced_frame_comes_once_and_in_order",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "if not error and num_frames >= announced - tolerance:",
            "if not error:",
            "missing frames accepted",
            "test_frames_that_the_file_announces_and_does_not_have",
        ),
        (
            "np.mean(rising) < CREDIBLE_SHARE",
            "False",
            "timestamps that go back are bridged",
            "test_timestamps_that_do_not_rise_give_way_to_the_frame_rate",
        ),
        (
            "options=FORMAT_OPTIONS)",
            "options={})",
            "playlists have other files opened",
            "test_a_list_of_videos_is_none_whatever_it_is_called",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            "bisect.bisect_right(times, seconds + rounding) - 1",
            "bisect.bisect_right(times, seconds + rounding)",
            "times mean the frame after the one that is shown",
            "test_a_stretch_is_what_is_shown_between",
        ),
        (
            "bisect.bisect_right(times, seconds + rounding)",
            "bisect.bisect_right(times, seconds)",
            "a printed time begins a frame early or late",
            "test_the_times_that_predict_prints_mean_the_same_frames",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            r"(?!\.|{OF_A_VIDEO})",
            r"(?!\.)",
            "pictures of videos are frames of one",
            "test_pictures_of_videos_beside_them_are_no_frames",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "if self.stream and (is_folder or is_webp(clip.path)):",
            "if self.stream and is_webp(clip.path):",
            "a stream of a folder of images is asked for in vain",
            "test_images_and_webp_have_one_stream",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "return 1 / middle if middle > 0 else 0.0",
            "return 1 / middle if middle > 0 else DEFAULT_FPS",
            "nothing is said of the assumed rate of WebP",
            "test_webp_that_states_no_durations_is_said_to_be_of_an_assumed_rate",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "not 0 <= self.frames[0] < self.frames[1]",
            "not self.frames[0] < self.frames[1]",
            "a stretch may begin before the video",
            "test_stretches_that_cannot_be_are_refused",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            'container.format.name == "avi" and stream.codec_context.has_b_frames',
            "False",
            "a stretch of H.264 in AVI has other frames",
            "test_a_stretch_is_those_frames_and_begins_when_the_first_is_shown",
        ),
        (
            "first_time=since + self._start_of_clip(fps)",
            "first_time=since + first_frame / fps",
            "a stretch of uneven frames begins elsewhere",
            "test_a_stretch_of_uneven_webp_begins_when_its_first_frame_is_shown",
        ),
        (
            "CREDIBLE_SHARE = 0.9",
            "CREDIBLE_SHARE = 1.0",
            "one timestamp makes all of a file count for nothing",
            "test_a_timestamp_that_repeats_is_put_between_its_neighbours",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        ("if len(forms) > 1:", "if False:", "a poster is a frame", "test_damaged_folders_of_images"),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "if first is None or time >= first)",
            ")",
            "packets that show nothing are counted as frames",
            "test_packets_that_show_nothing_have_no_number",
        ),
        (
            "self.announced -= _num_hidden(self.clip.path, stream.index)",
            "pass",
            "what an edit list hides counts as missing",
            "test_what_an_edit_list_hides_is_not_missing",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            'keeps_times=container.format.name != "avi"',
            "keeps_times=True",
            "AVI is said to have timestamps that do not rise",
            "test_timestamps_that_do_not_rise_are_left_and_that_is_said",
        ),
        (
            "if clock is None and keeps_times and",
            "if False and",
            "timestamps that do not rise are left without a word",
            "test_timestamps_that_do_not_rise_are_left_and_that_is_said",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "return float(rate) if rate and rate == stream.guessed_rate else 0.0",
            "return float(stream.average_rate)",
            "every bare stream has 25 frames/s",
            "test_the_rate_of_a_bare_stream_is_what_it_states",
        ),
        (
            "if not rate and _is_raw(container):",
            "if False:",
            "a rate that FFmpeg made up is not said to be assumed",
            "test_the_rate_of_a_bare_stream_is_what_it_states",
        ),
        (
            "keeps_times=any(shown)",
            "keeps_times=False",
            "frames that state no duration count without a word",
            "test_webp_of_which_some_frames_state_no_duration_says_how_they_count",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "sizes=np.array(self._sizes[start : start + len(frames)])",
            "sizes=np.array(self._sizes[: len(frames)])",
            "frames of a part have the sizes of the first ones",
            "test_the_size_of_every_frame_is_known",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_inputs.py",
        (
            "bool(found) and not _is_raw(container)",
            "False",
            "videos that are called otherwise are left out in silence",
            "test_videos_that_are_called_otherwise_are_told_of_once",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_video.py",
        (
            "return 1 / stated if is_transposed(frame) else stated",
            "return stated",
            "the aspect of a turned video with pixels that are not square is wrong, and so is its crop",
            "test_pixels_that_are_wide_as_stored_are_high_in_a_turned_picture",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/inference/test_long_videos.py",
        (
            "*self._of_pixels(), *self._shown.notes, *self._damage",
            "*self._damage",
            "of a part of a long video it is not said how its pixels are shown",
            "test_what_is_known_of_a_file_is_said_of_each_of_its_parts",
        ),
    ),
    *of(
        "scoringnet_tf/data/video.py",
        "tests/data/test_time_and_streams.py",
        (
            "float(rate) if rate and rate == stream.guessed_rate else 0.0",
            "float(rate or 0)",
            "H.264 that counts ticks has 600 frames a second",
            "test_a_bare_stream_that_counts_ticks_states_no_rate",
        ),
    ),
    *of(
        "scoringnet_tf/data/service.py",
        "tests/data/test_data_service.py",
        (
            "lambda: True, found)",
            "lambda: True, lambda: True)",
            "a worker's batches may be of other records of the same ids",
            "test_other_records_at_the_same_path_are_not_taken",
        ),
        (
            "(DatasetInfo.load(folder) if info.source else info).data_hash",
            "info.data_hash",
            "no worker has the records of an index that splits them anew",
            "test_records_that_are_split_anew_are_those_of_their_source",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "for _, folders, names in _folders(folder)",
            "for _, folders, names in ()",
            "videos beside an image are not seen",
            "test_pictures_of_videos_beside_them_are_no_frames",
        ),
        (
            "for _, folders, names in _folders(folder)",
            "for _, folders, names in [next(_folders(folder))]",
            "a poster above the folders of videos makes one video of the archive",
            "test_numbered_images_above_videos_make_no_video_of_their_folder",
        ),
        (
            "if _are_frames(names) and not _holds_called",
            "if not _are_frames(names) and not _holds_called",
            "numbered images above videos are left out in silence",
            "test_numbered_images_above_videos_make_no_video_of_their_folder",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "names, folders[:] = (_seen(each) for each in (names, folders))",
            "names = _seen(names)",
            "videos in hidden folders are scored",
            "test_what_is_hidden_is_no_video_of_a_folder",
        ),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        ("followlinks=True", "followlinks=False", "a folder's links are left out", "test_links_are_what_they_lead_to"),
    ),
    *of(
        "scoringnet_tf/data/video_files.py",
        "tests/inference/test_inputs.py",
        (
            "itertools.islice((path for path in files if path.is_file()), MOST_LOOKED_INTO)",
            "(path for path in files if path.is_file())",
            "every file of an archive is looked into",
            "test_of_very_many_files_some_are_looked_into",
        ),
    ),
]
