"""Videos of several aspects: recorded, cut or padded to one, and said; comparing with the source does the same."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from conftest import bar_color, bar_frame, read_index, write_unlv_diving, write_video
from refusals import said

from data_prep.records.building import BuildSettings, build_records
from data_prep.records.encoding import encode_video
from data_prep.records.verifying import decode_frames, read_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.preprocessing import StoredForm
from scoringnet_tf.data.video import Clip, VideoStream

SIDE = 11  # columns that a wide video has more at each side: 86 × 48, of which 64 × 48 is the middle
WIDE = (1, 2, 5)  # of ten videos


def write_wide_bars(path, num_frames, number, shade=128):
    frames = [bar_frame(index, bar_color(number)) for index in range(num_frames)]
    write_video(path, [np.pad(frame, ((0, 0), (SIDE, SIDE), (0, 0)), constant_values=shade) for frame in frames])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Ten dives, three of them wide."""
    folder = write_unlv_diving(tmp_path_factory.mktemp("mixed") / "source")
    for number in WIDE:
        write_wide_bars(folder / f"diving_samples_len_ori/{number:03d}.avi", 24 + number, number)
    return folder


def build(source, output, workers=1, **settings):
    return build_records("unlv_diving", source, output, BuildSettings((36, 48), **settings), workers=workers)


def stored_frames(info):
    """{id: uint8 (L, H, W, 3)}."""
    return {
        record["example/id"].decode(): np.stack(decode_frames(record["image/encoded"]))
        for split in info.splits
        for _, record in read_records(info, split)
    }


def test_wide_videos_are_cut_to_the_median_and_counted(source, tmp_path):
    info, notes = build(source, tmp_path / "records", workers=2)
    assert info.aspect == pytest.approx(4 / 3)
    assert info.stored == {"jpeg_quality": 92, "aspect": info.aspect, "fit": "crop"}
    assert all(text in said(notes, "other_aspects") for text in ("3 of 10", "1.79:1", "1.33:1", "74%", "width"))
    for video_id, frames in stored_frames(info).items():
        assert [read_index(frame) for frame in frames] == list(range(24 + int(video_id)))
        assert np.ptp(frames[3, 4, 2:-2].astype(int), axis=0).max() < 30  # one colour from side to side


@pytest.mark.parametrize(("fit", "departure"), [("pad", "black bars"), ("stretch", "in width")])
def test_other_fits(source, tmp_path, fit, departure):
    info, notes = build(source, tmp_path / "records", fit=fit, jpeg_quality=80)
    assert info.stored == {"jpeg_quality": 80, "aspect": pytest.approx(4 / 3), "fit": fit}
    assert DatasetInfo.load(tmp_path / "records").stored == info.stored
    assert departure in said(notes, "other_aspects")
    frame = stored_frames(info)["005"][0].astype(int)
    assert np.abs(frame[18, :4] - 128).max() < 40  # its sides are there
    assert (frame[:3].max() < 40) == (fit == "pad")


@pytest.mark.parametrize(("wide", "aspect"), [((1, 2), 4 / 3), ((3, 4), 86 / 48), ((3,), 4 / 3)])
def test_the_aspect_is_the_median_of_training_and_one_that_there_is(tmp_path, wide, aspect):
    """001 and 002 are to test, 003 and 004 to train; not the mean of two."""
    folder = write_unlv_diving(tmp_path / "source", num_videos=4, num_test=2)
    for number in wide:
        write_wide_bars(folder / f"diving_samples_len_ori/{number:03d}.avi", 24 + number, number)
    assert build(folder, tmp_path / "records")[0].aspect == pytest.approx(aspect)


def test_records_show_pixels_that_are_not_square_as_they_are_shown(tmp_path):
    """As `predict` shows them to a model: a disc of anamorphic film stays a disc."""
    with av.open(str(tmp_path / "dive.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        picture = cv2.circle(np.zeros((48, 48, 3), np.uint8), (24, 24), 15, (250, 250, 250), -1)
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    stored, source = StoredForm((36, 48), aspect=4 / 3), VideoStream(Clip(tmp_path / "dive.mkv"))
    expected = [stored.encode(frame, 4 / 3) for frame in source]
    assert source.pixel_aspect == pytest.approx(4 / 3) and expected[0] != stored.encode(picture)
    assert encode_video(Clip(tmp_path / "dive.mkv"), stored).jpegs == expected
