"""The result object: text, plain values, rows, pictures, files; and what is printed and drawn of many as they come."""

import csv
import dataclasses
import io
import json
import re

import cv2
import numpy as np
import pytest
from command_forks import ROOT
from matplotlib.colors import to_rgba
from refusals import refused
from scripted_stages import labels_of

from scoringnet_tf.body.track import Track
from scoringnet_tf.data.preprocessing import decode_jpeg, encode_jpeg
from scoringnet_tf.data.video_files import is_frame_folder
from scoringnet_tf.inference.checks import CHECKS
from scoringnet_tf.inference.fall import likely_board
from scoringnet_tf.inference.pipeline import key_frames
from scoringnet_tf.inference.rendering import columns, failure_row
from scoringnet_tf.inference.result import SCHEMA_VERSION, Performance, VideoScore, failure
from scoringnet_tf.inference.times import Element, Measure, Moment
from scoringnet_tf.inference.words import SENTENCES, several_performances
from scoringnet_tf.report.printing import Pictures, Printer
from scoringnet_tf.sports import get_sport
from scoringnet_tf.sports.dives import parse_dive
from scoringnet_tf.support.drawing import STAGE_COLORS
from scoringnet_tf.support.messages import Remark

DIVING = get_sport("diving")
MISSING = Remark("missing_stage", "No entry was found.")
DOUBT = Remark("no_reference", "The model has no statistics.")
GAP = Remark("frames_missing", "It has no frame between 1.00 and 1.40 s.")
LOST = Remark("unreadable", "v.mp4: no.")


def stages_of(*runs):
    return [
        {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}
        for name, start, end in runs
    ]


STAGES = stages_of(("noise", 0, 5), ("take-flight", 5, 40), ("noise", 40, 50))
SCORED = Performance(5, 40, 0.2, 1.6, 3.2, 24.0, 76.8, {"final": 4.0})
TRUSTED = dataclasses.replace(SCORED, intervals={"difficulty": (2.9, 3.5), "final": (61.8, 91.8)})
WITHHELD = Performance(5, 40, 0.2, 1.6, reasons=[MISSING])
FORCED = dataclasses.replace(SCORED, reasons=[MISSING])
OF_MODEL = Remark("simulated_training", "Its scores are no measurement.")
TIMED = dataclasses.replace(
    SCORED,
    moments={"first movement": Moment(5, 0.2, 0.117), "entry": Moment(40, 1.6)},
    measures={"flight time": Measure(1.0, "s", 0.14), "approach time": Measure(0.65, "s", 0.214)},
)
TRACK = Track(5, np.arange(2) / 25, np.zeros((2, 17, 2)), np.ones((2, 17)), np.zeros((2, 2, 3)))
BODY = dataclasses.replace(
    SCORED,
    measures={"entry angle": Measure(-4.0, "°", 8.0, 39)},
    elements={"dive": Element("207C", 0.8), "position": Element("tuck", None, 20)},
    curves={"trunk's angle": [0.0, None]},
    body=[TRACK],
)
STAGED = Performance(5, 40, 0.2, 1.6, reasons=[OF_MODEL])


def frame(index):
    return index, index / 25, encode_jpeg(np.full((6, 8, 3), index, np.uint8), 92)


def score(*performances, video="a/v.mp4", **values):
    values = {"warnings": [DOUBT], "model": "m", "shown": [frame(9)], "stages": STAGES, **values}
    return VideoScore(video, DIVING, 50, 25.0, performances=list(performances), **values)


def plain(result):
    return json.loads(json.dumps(result.to_dict()))


@pytest.mark.parametrize(
    ("performances", "status", "final"),
    [
        ((SCORED,), "scored", 76.8),
        ((WITHHELD,), "withheld", None),
        ((FORCED,), "forced", 76.8),
        ((SCORED, WITHHELD), "scored", None),
        ((WITHHELD, WITHHELD), "withheld", None),
        ((SCORED, FORCED), "forced", None),
        ((STAGED,), "stages", None),
        ((WITHHELD, STAGED), "stages", None),
    ],
)
def test_the_status_is_that_of_the_performances(performances, status, final):
    found = score(*performances)
    assert (found.status, found.final, plain(found)["status"]) == (status, final, status)
    assert [row["performance"] for row in found.rows()] == list(range(1, len(performances) + 1))


@pytest.mark.parametrize("performances", [(SCORED,), (TRUSTED,), (FORCED,), (TIMED,), (BODY,), (TRUSTED, WITHHELD)])
def test_a_result_comes_back_from_json(performances):
    more = {"interval_level": 0.9, "further_reasons": [Remark("several_performances", "Several.")]}
    for found in (score(*performances), score(*performances, **more)):
        again = VideoScore.from_dict(plain(found), found.sport)
        assert again == dataclasses.replace(found, shown=[])
        assert str(again) == str(found) and again.rows() == found.rows() and again.to_dict() == found.to_dict()


def test_what_is_said_of_one_performance_is_not_said_of_another():
    found = score(dataclasses.replace(SCORED, warnings=[GAP]), SCORED, warnings=[DOUBT, GAP])
    assert [row["warnings"] for row in found.rows()] == ["no_reference frames_missing", "no_reference"]
    assert [found.warnings_of(one) for one in found.performances] == [[DOUBT, GAP], [DOUBT]]
    values = plain(found)
    assert [one["warnings"] for one in values["performances"]] == [[GAP.to_dict()], []]
    assert values["warnings"] == [DOUBT.to_dict(), GAP.to_dict()]
    text = str(found)
    assert text.count(GAP) == text.count(DOUBT) == 1 and text.index(GAP) < text.rindex("Performance")


def test_times():
    """In words with two decimals, for programs with three; a sport has columns for its own."""
    phases = get_sport("diving_phases")
    (row,) = VideoScore("v.mp4", phases, 50, 25.0, [], [dataclasses.replace(TIMED, moments={})], []).rows()
    assert list(row) == list(columns(phases)) and (row["entry_s"], row["take_off_uncertainty_s"]) == (None, None)
    names = ("flight_time_s", "flight_time_uncertainty_s", "approach_time_s", "approach_time_uncertainty_s")
    assert [row[name] for name in names] == [1.0, 0.14, 0.65, 0.21]
    found = score(TIMED)
    lines = ["first movement 0.20 ± 0.12 s   entry 1.60 s", "flight time 1.00 ± 0.14 s   approach time 0.65 ± 0.21 s"]
    assert [line.strip() for line in str(found).splitlines()][4:6] == lines
    assert all(line in found.plot().get_suptitle() for line in lines)
    values = plain(found)["performances"][0]
    assert values["moments"]["first movement"] == {"frame": 5, "seconds": 0.2, "uncertainty": 0.117}
    time = {"value": 0.65, "unit": "s", "uncertainty": 0.214, "frame": None}
    assert values["measures"]["approach time"] == time and "body" not in values


def test_what_a_body_shows():
    flight, second = Measure(1.6, "s", 0.1), {f"{name} of athlete 2": one for name, one in BODY.elements.items()}
    pair = dataclasses.replace(BODY, measures=BODY.measures | {"flight time": flight}, elements=BODY.elements | second)
    found = VideoScore("v.mp4", get_sport("diving_phases"), 50, 25.0, [], [pair], [])
    lines = [line.strip() for line in str(found).splitlines()]
    assert "207C, back 3½ somersaults, tuck: 3.3 (probability 0.80)" in lines and "flight time 1.60 ± 0.10 s" in lines
    assert "position tuck   position of athlete 2 tuck   entry angle −4 ± 8°" in lines
    (row,) = found.rows()
    assert list(row) == list(columns(found.sport))
    assert (row["dive"], row["dive_probability"], row["position_of_athlete_2"]) == ("207C", 0.8, "tuck")
    assert (row["entry_angle_degrees"], row["entry_angle_uncertainty_degrees"]) == (-4.0, 8.0)


@pytest.mark.parametrize(("seconds", "board"), [(1.7, 10), (1.3, 3), (0.7, None), (None, 10)])
def test_a_board_is_one_that_fits_the_flight(seconds, board):
    """207C: 30 of about 350 dives from 10 m, 8 of about 490 from 3 m."""
    flight = None if seconds is None else Measure(seconds, "s", 0.02)
    assert likely_board(DIVING.dives, parse_dive("207C"), flight) == board


def test_text():
    """What stands on each line of it, wherever it stands there."""
    head, *stages, scores, warning = str(score(SCORED)).splitlines()
    assert all(part in head for part in ("a/v.mp4", "50", "25", "m,", "diving"))
    for line, stage in zip(stages, STAGES, strict=True):
        frames = f"{stage['start_frame']}–{stage['end_frame'] - 1}"
        name = "no stage" if stage["name"] == "noise" else stage["name"]
        assert name in line and f"{stage['start_s']:.2f}–{stage['end_s']:.2f}" in line and frames in line
    assert all(part in scores for part in ("3.20", "24.00", "76.80 ± 4.00")) and DOUBT in warning
    assert MISSING in str(score(WITHHELD)) and "76.80" not in str(score(WITHHELD)) and MISSING in str(score(FORCED))
    two = str(score(SCORED, Performance(60, 90, 2.4, 3.6, reasons=[MISSING]))).splitlines()
    assert "0.20–1.60" in two[1] and "take-flight" in two[2] and "76.80" in two[3]
    assert "2.40–3.60" in two[4] and MISSING in two[6]


def test_why_a_model_gives_no_scores_is_said_once(capsys):
    bad = dataclasses.replace(WITHHELD, reasons=[MISSING, OF_MODEL])
    two = score(STAGED, bad, further_reasons=[Remark("several_performances", "Several."), OF_MODEL])
    for found in (score(STAGED), two):
        text = str(found)
        assert text.count(OF_MODEL) == 1 and text.endswith(OF_MODEL) and text.count("no times") == (found is two)
        assert VideoScore.from_dict(plain(found), DIVING) == dataclasses.replace(found, shown=[])
        assert OF_MODEL in found.plot().get_supxlabel() and "no score" not in found.plot().get_suptitle()
    assert "take-flight" in str(two) and str(two).count(MISSING) == 1
    out, _ = printed("text", capsys, score(STAGED), two)
    assert out[-1].splitlines() == [f"Warning: {DOUBT}", OF_MODEL]
    assert "".join(out).count(OF_MODEL) == "".join(out).count(DOUBT) == 1
    out, _ = printed("json", capsys, score(STAGED), two)
    assert [[reason["code"] for reason in json.loads(line)["reasons"]] for line in out[:2]] == [
        ["simulated_training"],
        ["several_performances", "simulated_training"],
    ]


def test_scores_that_are_forced_from_such_a_model_are_marked():
    forced = score(dataclasses.replace(SCORED, reasons=[OF_MODEL], deviations={}))
    for text in (str(forced), forced.plot().get_suptitle()):
        assert "76.80   (not a measurement)" in text
    assert str(forced).count(OF_MODEL) == 1 and "Forced" not in str(forced)
    both = score(*forced.performances * 2, further_reasons=[OF_MODEL])
    assert "76.80, 76.80 (not a measurement)" in both.plot().get_suptitle()


def test_scores_of_a_small_range_have_the_digits_that_tell_them_apart():
    unit = dataclasses.replace(DIVING, final_range=(0.0, 1.0))
    one = Performance(0, 9, 0.0, 0.4, final=0.9032, deviations={"final": 0.0614}, intervals={"final": (0.8, 0.99999)})
    assert "0.90 ± 0.06 (0.80–1.00)" in str(score(one))
    assert str(dataclasses.replace(score(one, one), sport=unit)).count("0.903 ± 0.061 (0.800–1.000)") == 2


def test_intervals_are_told_of_each_performance():
    found = score(TRUSTED, interval_level=0.9)
    values, (row,), drawn = plain(found), found.rows(), found.plot().get_suptitle()
    for text in (str(found), drawn):
        assert all(part in text for part in ("3.20 (2.90–3.50)", "76.80 ± 4.00 (61.80–91.80)", "90 %"))
    assert (values["interval_level"], values["intervals"]["final"]) == (0.9, [61.8, 91.8])
    assert values["performances"][0]["intervals"] == values["intervals"]
    assert (row["final_low"], row["final_high"], row["execution_low"]) == (61.8, 91.8, None)
    none, two = plain(score(SCORED)), score(TRUSTED, TRUSTED, interval_level=0.9)
    assert (none["interval_level"], none["intervals"]) == (None, {})
    assert two.intervals == {} and two.rows()[1]["final_low"] == 61.8
    assert str(two).count("61.80–91.80") == 2 and "61.80" not in two.plot().get_suptitle()


def test_a_failure_has_the_keys_of_a_result_and_the_row_those_of_the_table():
    found = failure("v.mp4", "m", DIVING, LOST)
    assert set(found) == set(score(SCORED).to_dict())
    assert (found["status"], found["final"], found["error"]) == ("failed", None, LOST.to_dict())
    rows = failure_row("v.mp4", "m", DIVING, LOST), score(SCORED).rows()[0]
    assert set(rows[0]) == set(rows[1]) == set(columns(DIVING))


def test_several_performances_are_told_by_how_many_have_scores():
    found = [several_performances(3, scored).code for scored in (3, 1, 0)]
    assert found == ["several_performances"] * 2 + ["none_scored"]


def test_the_page_names_every_key_code_and_column():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    told = {re.sub("_of_athlete_2|_uncertainty|_probability", "", name) for name in columns(DIVING)}
    assert set(score(SCORED).to_dict()) | set(SCORED.to_dict()) | told <= named
    parts = ("data", "models", "inference", "report")
    sources = [path.read_text("utf-8") for part in parts for path in (ROOT / "scoringnet_tf" / part).rglob("*.py")]
    codes = {code for source in sources for code in re.findall(r"Remark\(\s*\"(\w+)\"", source)}
    assert codes | {*CHECKS, *SENTENCES} <= named | {"picture_not_written", "too_few"}  # which are printed alone
    assert f"schema version {SCHEMA_VERSION}" in page


# === Files and pictures ===


def test_files(tmp_path):
    found = score(SCORED, video="a\udcff.mp4")  # a name that is no text is kept
    for suffix in ("json", "png"):
        found.save(tmp_path / f"v.{suffix}")
    assert json.loads((tmp_path / "v.json").read_text(encoding="utf-8")) == plain(found)
    assert cv2.imread(str(tmp_path / "v.png")).shape[1] > 1000
    with refused("wrong_format", tmp_path / "v.txt"):
        found.save(tmp_path / "v.txt")
    with refused("no_frames", "a/v.mp4"):
        score(SCORED, shown=[]).plot()


@pytest.mark.interop
def test_a_data_frame_has_a_row_for_each_performance():
    pytest.importorskip("pandas")
    table = score(SCORED, WITHHELD).to_dataframe()
    assert list(table.columns) == list(columns(DIVING)) and table["final"].tolist()[0] == 76.8
    assert table["status"].tolist() == ["scored", "withheld"]


def test_each_frame_is_framed_in_the_colour_of_its_stage_and_says_when_it_is():
    stages = stages_of(("noise", 0, 5), ("pre-starting", 5, 12), ("take-flight", 12, 40), ("entry", 40, 50))
    frames = [frame(index) for index in (4, 5, 39, 49)]
    figure = score(WITHHELD, stages=stages, shown=frames, video="$x_\udcff.mp4").plot()
    *shown, strip = figure.axes
    for axis, (_, time, jpeg), color in zip(shown, frames, STAGE_COLORS, strict=False):
        np.testing.assert_array_equal(axis.images[0].get_array(), decode_jpeg(jpeg))
        assert axis.spines["left"].get_edgecolor() == to_rgba(color) and axis.get_xlabel() == f"{time:.2f} s"
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in strip.patches]
    np.testing.assert_allclose(spans, [(run["start_s"], run["end_s"]) for run in stages])
    assert MISSING in figure.get_supxlabel() and DOUBT in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("noise", 0, 5), ("take-flight", 5, 45), ("entry", 45, 55)], {"take-flight": 7, "entry": 2}),
        ([("pre-starting", 0, 1), ("take-flight", 1, 99), ("entry", 99, 100)], {"take-flight": 7, "entry": 1}),
    ],
)
def test_frames_are_those_of_the_stages_more_of_longer_ones_and_one_of_each(runs, expected):
    chosen = key_frames(labels_of(*((DIVING.stage_index(name), end - start) for name, start, end in runs)))
    assert chosen == sorted(set(chosen)) and len(chosen) <= 10
    for name, start, end in runs:
        count = sum(start <= index < end for index in chosen)
        assert count == expected.get(name, 0 if name == "noise" else 1)


def test_frames_of_a_video_without_stages_are_even_and_of_many_stages_are_few():
    assert key_frames(np.zeros(100, int)) == [5, 15, 25, 35, 45, 55, 65, 75, 85, 95]
    assert len(key_frames(labels_of(*((3, 5), (0, 5)) * 40))) == 10
    assert key_frames(labels_of((0, 10), (3, 1))) == [10] * 10


# === Many ===


def printed(form, capsys, *results):
    """(what each result prints on stdout, and then the end of all if anything; the same of stderr)."""
    seen = []

    def outcomes():
        for found in results:
            yield "v.mp4", found
            seen.append(capsys.readouterr())

    Printer(form, "m", DIVING).print_all(outcomes())
    last = capsys.readouterr()
    seen += [last] if last.out else []
    return [each.out for each in seen], [each.err for each in seen]


def test_each_result_is_printed_once_it_is_there(capsys):
    out, err = printed("json", capsys, score(SCORED, video="ä\udcff"), LOST)
    assert [json.loads(text)["status"] for text in out] == ["scored", "failed"] and out[0].isascii()
    assert [text.count("\n") for text in out] == [1, 1] and err[0] == "" and LOST in err[1]
    assert json.loads(out[0])["video"] == "ä\udcff"
    out, err = printed("text", capsys, LOST, score(SCORED))
    assert out == ["", *f"{score(SCORED)}\n".partition(f"Warning: {DOUBT}\n")[:2]] and LOST in err[0]


def test_a_table_has_its_header_once(capsys):
    out, _ = printed("csv", capsys, score(SCORED, WITHHELD), LOST)
    rows = list(csv.DictReader(io.StringIO("".join(out))))
    assert [rows[0][name] for name in ("final", "final_std", "warnings")] == ["76.8", "4.0", "no_reference"]
    assert [row["status"] for row in rows] == ["scored", "withheld", "failed"]
    assert rows[1]["reasons"] == "missing_stage" and rows[2]["error"] == LOST
    assert [(row["model"], row["sport"]) for row in rows] == [("m", "diving")] * 3


def test_pictures_of_videos_of_one_name_do_not_overwrite_each_other(tmp_path, monkeypatch):
    """That of a folder of frames is no numbered image."""
    pictures = Pictures(tmp_path / "new")
    (tmp_path / "dive2").mkdir()
    monkeypatch.chdir(tmp_path / "dive2")
    for video in ("a/v.mp4", "b/v.mp4", "b/w.mp4", "a/clips.7", "b/clips.7", "."):
        assert pictures.draw(score(SCORED, video=video)) is None
    drawn = {"v.mp4-2.png", "v.mp4.png", "w.mp4.png", "clips.7.frames.png", "clips.7.frames-2.png", "dive2.frames.png"}
    assert {path.name for path in (tmp_path / "new").iterdir()} == drawn
    again = Pictures(tmp_path / "new")  # a second run replaces its own pictures, and none of another folder
    for video in ("a/v.mp4", "c/v.mp4"):
        assert again.draw(score(SCORED, video=video)) is None
    assert {path.name for path in (tmp_path / "new").iterdir()} == drawn | {"v.mp4-3.png"}
    assert not is_frame_folder(tmp_path / "new")
    assert again.draw(score(SCORED, video="a/v.mp4")) is None  # the video was replaced
    assert {path.name for path in (tmp_path / "new").iterdir()} == drawn | {"v.mp4-3.png"}
    for video, left in (("c/v.mp4", drawn), ("b/v.mp4", drawn - {"v.mp4-2.png"}), ("d/v.mp4", drawn - {"v.mp4-2.png"})):
        Pictures(tmp_path / "new").remove(video)  # whose file is damaged now; another run drew it
        assert {path.name for path in (tmp_path / "new").iterdir()} == left
    Pictures(tmp_path / "nowhere").remove("a/v.mp4")


@pytest.mark.parametrize(("folder", "video"), [("file", "a/v.mp4"), (".", f"{'飛' * 84}.mp4")])  # with .png 256 bytes
def test_a_picture_that_cannot_be_written_ends_nothing(tmp_path, folder, video):
    (tmp_path / "file").touch()
    error = Pictures(tmp_path / folder).draw(score(SCORED, video=video))
    assert error.code == "picture_not_written" and str(tmp_path / folder) in error
