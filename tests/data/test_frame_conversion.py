"""Turned and HDR video comes out as it is shown, with a warning for each conversion; interlaced video is refused."""

import gc
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, bar_frame, read_index, write_bars, write_video
from refusals import codes, refused

from scoringnet_tf.data.video import read_video

INTERLACED = {  # encoder: what makes it write fields
    "mpeg2video": {"flags": "+ildct+ilme"},
    "libx264": {"x264-params": "tff=1", "crf": "5"},
}


@pytest.mark.parametrize("codec", INTERLACED)
def test_interlaced_film_is_refused(codec, tmp_path):
    frames = [bar_frame(index, (60, 90, 120)) for index in range(5)]
    write_video(tmp_path / "tv.mkv", frames, codec=codec, options=INTERLACED[codec])
    with refused("interlaced", tmp_path / "tv.mkv"):
        read_video(tmp_path / "tv.mkv", partial=True)


def stated_matrix(path, a, b, c, d):
    """Puts a display matrix into the header of an MP4 file (ISO 14496-12: 40 bytes of a tkhd box precede it)."""
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    values = [round(value * 2**16) for value in (a, b, 0, c, d, 0, 0, 0)] + [1 << 30]
    content[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(content)


# What FFmpeg's command line inserts for each matrix (`ffmpeg_filter.c`, FFmpeg 8), in FFmpeg's own filters.
TURNS = {
    (1, 0, 0, -1): ["vflip"],
    (-1, 0, 0, 1): ["hflip"],
    (-1, 0, 0, -1): ["hflip", "vflip"],
    (0, 1, -1, 0): ["transpose=clock"],
    (0, -1, 1, 0): ["transpose=cclock"],
    (0, 1, 1, 0): ["transpose=cclock_flip"],
    (0, -1, -1, 0): ["transpose=clock_flip"],
}


def filtered(frame, filters):
    graph = av.filter.Graph()
    nodes = [graph.add_buffer(width=frame.width, height=frame.height, format="rgb24", time_base=frame.time_base)]
    nodes += [graph.add(*filter_.split("=")) for filter_ in [*filters, "buffersink"]]
    graph.link_nodes(*nodes).configure()
    graph.push(frame)
    return graph.pull().to_ndarray()


@pytest.mark.parametrize("matrix", TURNS)
def test_frames_are_turned_and_mirrored_as_ffmpeg_does(matrix, tmp_path):
    path = tmp_path / "phone.mp4"
    write_bars(path, 2, codec="libx264")
    with av.open(str(path)) as container:
        (first, *_) = [frame.reformat(format="rgb24") for frame in container.decode(video=0)]
    stated_matrix(path, *matrix)
    video = read_video(path)
    np.testing.assert_array_equal(video.frames[0], filtered(first, TURNS[matrix]))
    assert video.aspect == (HEIGHT / WIDTH if matrix[0] == 0 else WIDTH / HEIGHT)
    assert codes(video.warnings) == ["turned"]


def test_pixels_that_are_wide_as_stored_are_high_in_a_turned_picture(tmp_path):
    """Of 64×48 pixels of 4:3 each: 16:9 as stored, 9:16 as shown."""
    path = tmp_path / "phone.mp4"
    write_video(path, [bar_frame(0, (9, 9, 9))] * 3, codec="libx264", sample_aspect_ratio=Fraction(4, 3))
    stated_matrix(path, 0, 1, -1, 0)
    video = read_video(path)
    assert video.source_size == (WIDTH, HEIGHT) and video.aspect == pytest.approx(9 / 16)


def write_photograph(path, number, tag, value):
    """A JPEG of a bar with one tag of EXIF, as a camera writes it."""
    _, jpeg = cv2.imencode(".jpg", bar_frame(number, (90, 90, 90)), [cv2.IMWRITE_JPEG_QUALITY, 95])
    kind = 3 if isinstance(value, int) else 2  # SHORT, ASCII
    stored = value.to_bytes(4, "little") if kind == 3 else value.encode().ljust(4, b"\0")
    entry = tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1 if kind == 3 else 4).to_bytes(4, "little")
    segment = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + stored + bytes(4)
    content = jpeg.tobytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + content[2:])


@pytest.mark.parametrize("orientation", range(9))
def test_photographs_are_turned_and_mirrored_as_their_exif_says(orientation, tmp_path):
    """As OpenCV reads them; without an orientation (0) only the camera is named."""
    for number in range(3):
        tag = (0x0112, orientation) if orientation else (0x010F, "Cam")
        write_photograph(tmp_path / f"{number + 1}.jpg", number, *tag)
    video = read_video(tmp_path)
    for number, frame in enumerate(video.frames):
        expected = cv2.imread(str(tmp_path / f"{number + 1}.jpg"))[..., ::-1]
        assert frame.shape == expected.shape and np.abs(frame.astype(int) - expected).max() <= 3
    assert ("turned" in codes(video.warnings)) == (orientation > 1)


@pytest.mark.parametrize("matrix", [(0.7071, 0.7071, -0.7071, 0.7071), (1, 0.5, 0, 1), (1, 0, 1, 0)])
def test_what_is_no_quarter_turn_is_left_and_said(matrix, tmp_path):
    write_bars(tmp_path / "phone.mp4", 3, codec="libx264")
    stated_matrix(tmp_path / "phone.mp4", *matrix)
    video = read_video(tmp_path / "phone.mp4")
    assert [read_index(frame) for frame in video.frames] == [0, 1, 2] and "not_turned" in codes(video.warnings)


LOG, PQ, HLG, BT709, BT2020 = 9, 16, 18, 1, 9  # as ITU-T H.273 numbers them
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # ITU-R BT.2087


def pq_signal(nits):
    """The inverse EOTF of SMPTE ST 2084."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = (nits / 10_000) ** m1
    return ((c1 + c2 * power) / (1 + c3 * power)) ** m2


def write_deep(path, colours, transfer, primaries=BT2020):
    """Lossless 10-bit frames of one colour each, R'G'B' signals 0…1."""
    images = [np.full((16, 16, 3), np.rint(65535 * np.asarray(colour)), np.uint16) for colour in colours]
    tags = {"color_trc": transfer, "color_primaries": primaries, "colorspace": BT2020, "color_range": 1}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 16, 16, "yuv444p10le"
        for tag, value in tags.items():
            setattr(stream.codec_context, tag, value)
        for image in images:
            frame = av.VideoFrame.from_ndarray(image, format="rgb48le")
            deep = frame.reformat(format="yuv444p10le", dst_colorspace="BT2020", dst_color_range="MPEG")
            container.mux(stream.encode(deep))
        container.mux(stream.encode())


@pytest.mark.slow
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_mapped_to_the_tones_of_a_screen(transfer, tmp_path):
    """Greys stay grey and in order, from black to white, and highlights are not all the same."""
    signals = [pq_signal(nits) for nits in (0, 5, 50, 203, 600, 1000)] if transfer == PQ else np.linspace(0, 1, 6)
    write_deep(tmp_path / "hdr.mkv", [[signal] * 3 for signal in signals], transfer)
    video = read_video(tmp_path / "hdr.mkv")
    levels = video.frames[:, 8, 8].astype(int)
    assert np.ptp(levels, axis=1).max() <= 2
    assert levels[0, 0] <= 1 and np.all(np.diff(levels[:, 0]) > 8)
    assert codes(video.warnings) == ["colours_converted"]


@pytest.mark.slow
def test_wide_colours_become_those_of_a_screen(tmp_path):
    """Colours of BT.709 that were written in BT.2020's primaries come back as they were."""
    colours = np.array([[0.5, 0.1, 0.1], [0.1, 0.5, 0.1], [0.1, 0.1, 0.5], [0.4, 0.3, 0.2]])  # linear light
    write_deep(tmp_path / "wide.mkv", (colours @ TO_BT2020.T) ** (1 / 2.4), 14)
    video = read_video(tmp_path / "wide.mkv")
    np.testing.assert_allclose(video.frames[:, 8, 8], 255 * colours ** (1 / 2.4), atol=12)
    assert codes(video.warnings) == ["colours_converted"]


def test_colours_that_ffmpeg_cannot_convert_are_said_and_ordinary_ones_left_alone(tmp_path):
    write_deep(tmp_path / "log.mkv", [[0.5] * 3], LOG)
    assert codes(read_video(tmp_path / "log.mkv").warnings) == ["colours_wrong"]
    tags = {"color_trc": BT709, "color_primaries": BT709}
    write_video(tmp_path / "hd.mkv", [bar_frame(5, (200, 30, 90))], codec="libx264", **tags)
    assert codes(read_video(tmp_path / "hd.mkv").warnings) == []


@pytest.mark.parametrize("turned", [False, True])
def test_no_frame_waits_for_the_garbage_collector(turned, tmp_path):
    """Which comes late in a command (`cli.run`): a frame of 1080p takes 3 MiB."""
    write_bars(tmp_path / "v.mp4", 20)
    if turned:
        stated_matrix(tmp_path / "v.mp4", 0, 1, -1, 0)
    gc.collect()
    gc.disable()
    try:
        assert len(read_video(tmp_path / "v.mp4").frames) == 20
        assert not [each for each in gc.get_objects() if isinstance(each, av.VideoFrame)]
    finally:
        gc.enable()
