"""The result object: text, plain values, rows, files; and what is printed and drawn of many as they come."""

import base64
import csv
import dataclasses
import io
import json
import pathlib
import re
import sys
import types

import cv2
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.data.video_files import is_frame_folder
from scoringnet_tf.inference.checks import CHECKS
from scoringnet_tf.inference.reliability import Reliability
from scoringnet_tf.inference.rendering import columns, failure_row
from scoringnet_tf.inference.results import SCHEMA_VERSION, Performance, VideoScore, failure
from scoringnet_tf.report.printing import Pictures, Printer
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.messages import Remark

ROOT = pathlib.Path(__file__).parents[2]
DIVING = get_sport("diving")
MISSING = Remark("missing_stage", "No entry was found.")
SIMULATED = Remark("simulated_training", "The model was trained on simulated video.")
GAP = Remark("frames_missing", "It has no frame between 1.00 and 1.40 s.")
LOST = Remark("unreadable", "v.mp4: no.")
STAGES = [
    {"name": name, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}
    for name, start, end in (("noise", 0, 5), ("take-flight", 5, 40), ("noise", 40, 50))
]
SCORED = Performance(5, 40, 0.2, 1.6, 3.2, 24.0, 76.8, {"final": 4.0})
TRUSTED = dataclasses.replace(
    SCORED,
    intervals={"difficulty": (2.9, 3.5), "final": (61.8, 91.8)},
    reliability=Reliability("fair", ["aspect"]),
)
WITHHELD = Performance(5, 40, 0.2, 1.6, reasons=[MISSING])
FORCED = dataclasses.replace(SCORED, reasons=[MISSING])


def score(*performances, video="a/v.mp4", **values):
    shown = [(9, 0.36, encode_jpeg(np.zeros((6, 8, 3), np.uint8), 92))]
    values = {"warnings": [SIMULATED], "model": "m", "shown": shown, **values}
    return VideoScore(video, DIVING, 50, 25.0, STAGES, list(performances), **values)


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
    ],
)
def test_the_status_is_that_of_the_performances(performances, status, final):
    found = score(*performances)
    assert (found.status, found.final, plain(found)["status"]) == (status, final, status)
    assert [row["performance"] for row in found.rows()] == list(range(1, len(performances) + 1))


@pytest.mark.parametrize(
    "performances", [(SCORED,), (TRUSTED,), (WITHHELD,), (FORCED,), (TRUSTED, WITHHELD), (SCORED, SCORED)]
)
def test_a_result_comes_back_from_json(performances):
    more = {"interval_level": 0.9, "further_reasons": [Remark("several_performances", "Several.")], "complete": False}
    for found in (score(*performances), score(*performances, **more)):
        again = VideoScore.from_dict(plain(found), found.sport)
        assert again == dataclasses.replace(found, shown=[])
        assert str(again) == str(found) and again.rows() == found.rows() and again.to_dict() == found.to_dict()
        for name in ("reasons", "warnings"):
            codes = [[remark.code for remark in getattr(each, name)] for each in (found, again)]
            assert codes[0] == codes[1]


def test_what_is_said_of_one_performance_is_not_said_of_another():
    """What is said of the video holds for both."""
    found = score(dataclasses.replace(SCORED, warnings=[GAP]), SCORED, warnings=[SIMULATED, GAP])
    assert [row["warnings"] for row in found.rows()] == ["simulated_training frames_missing", "simulated_training"]
    assert [found.warnings_of(one) for one in found.performances] == [[SIMULATED, GAP], [SIMULATED]]
    values = plain(found)
    assert [one["warnings"] for one in values["performances"]] == [[GAP.to_dict()], []]
    assert values["warnings"] == [SIMULATED.to_dict(), GAP.to_dict()]
    text = str(found)
    assert text.count(GAP) == text.count(SIMULATED) == 1 and text.index(GAP) < text.rindex("Performance")
    again = VideoScore.from_dict(values, found.sport)
    assert [one.warnings for one in again.performances] == [[GAP], []]
    for performance in values["performances"]:
        del performance["warnings"]  # as results had it before
    before = VideoScore.from_dict(values, found.sport)
    assert [row["warnings"] for row in before.rows()] == ["simulated_training frames_missing"] * 2


def test_text():
    """What stands on each line of it, wherever it stands there."""
    head, *stages, scores, warning = str(score(SCORED)).splitlines()
    assert all(part in head for part in ("a/v.mp4", "50", "25", "m,", "diving"))
    for line, stage in zip(stages, STAGES, strict=True):
        seconds = f"{stage['start_s']:.2f}–{stage['end_s']:.2f}"
        assert all(
            part in line for part in (stage["name"], seconds, f"{stage['start_frame']}–{stage['end_frame'] - 1}")
        )
    assert all(part in scores for part in ("3.20", "24.00", "76.80 ± 4.00")) and SIMULATED in warning
    assert MISSING in str(score(WITHHELD)) and "76.80" not in str(score(WITHHELD)) and MISSING in str(score(FORCED))
    two = str(score(SCORED, Performance(60, 90, 2.4, 3.6, reasons=[MISSING]))).splitlines()
    assert "0.20–1.60" in two[1] and "take-flight" in two[2] and "76.80" in two[3]
    assert "2.40–3.60" in two[4] and MISSING in two[6]


def test_scores_of_a_small_range_have_the_digits_that_tell_them_apart():
    unit = dataclasses.replace(DIVING, final_range=(0.0, 1.0))
    one = Performance(0, 9, 0.0, 0.4, final=0.9032, deviations={"final": 0.0614}, intervals={"final": (0.8, 0.99999)})
    assert "0.90 ± 0.06 (0.80–1.00)" in str(score(one))
    assert "0.903 ± 0.061 (0.800–1.000)" in str(dataclasses.replace(score(one), sport=unit))
    assert str(dataclasses.replace(score(one, one), sport=unit)).count("0.903 ± 0.061") == 2


def test_what_is_said_of_trust():
    found = score(TRUSTED, interval_level=0.9)
    values, (row,) = plain(found), found.rows()
    for text in (str(found), " ".join(text.get_text() for text in found.plot().texts)):
        assert all(part in text for part in ("3.20 (2.90–3.50)", "76.80 ± 4.00 (61.80–91.80)", "fair (aspect)", "90 %"))
    assert (values["interval_level"], values["intervals"]["final"]) == (0.9, [61.8, 91.8])
    assert values["reliability"] == {"grade": "fair", "because": ["aspect"]}
    for name in ("reliability", "intervals"):
        assert values["performances"][0][name] == values[name]
    assert (row["final_low"], row["final_high"], row["execution_low"], row["reliability"]) == (61.8, 91.8, None, "fair")


def test_nothing_is_said_of_trust_if_nothing_is_known():
    found = plain(score(SCORED))
    assert (found["interval_level"], found["intervals"], found["reliability"]) == (None, {}, None)
    two = score(TRUSTED, TRUSTED, interval_level=0.9)
    assert (two.intervals, two.reliability) == ({}, None)
    assert str(two).count("fair (aspect)") == 2 and two.rows()[1]["final_low"] == 61.8
    assert "fair" not in " ".join(text.get_text() for text in two.plot().texts)


def test_a_failure_has_the_keys_of_a_result_and_the_row_those_of_the_table():
    found = failure("v.mp4", "m", DIVING, LOST)
    assert set(found) == set(score(SCORED).to_dict())
    assert (found["status"], found["final"], found["error"]) == ("failed", None, LOST.to_dict())
    rows = failure_row("v.mp4", "m", DIVING, LOST), score(SCORED).rows()[0]
    assert set(rows[0]) == set(rows[1]) == set(columns(DIVING))


def test_the_page_names_every_key_code_and_column():
    page = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", page))
    assert set(score(SCORED).to_dict()) | set(SCORED.to_dict()) | set(columns(DIVING)) <= named
    parts = ("data", "models", "inference", "report")
    sources = [path.read_text("utf-8") for part in parts for path in (ROOT / "scoringnet_tf" / part).rglob("*.py")]
    codes = {code for source in sources for code in re.findall(r"Remark\(\s*\"(\w+)\"", source)}
    assert codes | set(CHECKS) <= named | {"picture_not_written"}  # which is printed alone
    assert f"schema version {SCHEMA_VERSION}" in page


# === Files ===


def test_files(tmp_path):
    found = score(SCORED)
    for suffix in ("json", "csv", "png"):
        found.save(tmp_path / f"v.{suffix}")
    assert json.loads((tmp_path / "v.json").read_text()) == plain(found)
    (row,) = csv.DictReader(io.StringIO((tmp_path / "v.csv").read_text()))
    cells = (row["final"], row["final_std"], row["status"], row["warnings"])
    assert cells == ("76.8", "4.0", "scored", "simulated_training")
    assert cv2.imread(str(tmp_path / "v.png")).shape[1] > 1000
    with refused("wrong_format", tmp_path / "v.txt"):
        found.save(tmp_path / "v.txt")
    with refused("no_frames", "a/v.mp4"):
        score(SCORED, shown=[]).plot()


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_a_name_that_is_no_text_is_kept_in_files(tmp_path, suffix):
    score(SCORED, video="a\udcff.mp4").save(tmp_path / f"one{suffix}")
    text = (tmp_path / f"one{suffix}").read_text(encoding="utf-8")
    assert "a\\udcff.mp4" in text
    if suffix == ".json":
        assert json.loads(text)["video"] == "a\udcff.mp4"


def test_a_data_frame_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with refused("missing_package", "pandas"):
        score(SCORED).to_dataframe()


@pytest.mark.interop
def test_a_data_frame_has_a_row_for_each_performance():
    pytest.importorskip("pandas")
    table = score(SCORED, WITHHELD).to_dataframe()
    assert list(table.columns) == list(columns(DIVING)) and table["final"].tolist()[0] == 76.8
    assert table["status"].tolist() == ["scored", "withheld"]


def test_a_notebook_shows_the_picture_above_the_text():
    shown = score(WITHHELD, video="<b>\udcff&.mp4")._repr_html_()
    image, text = re.fullmatch(r'<img src="data:image/png;base64,([^"]+)".*><pre>(.*)</pre>', shown, re.S).groups()
    assert cv2.imdecode(np.frombuffer(base64.b64decode(image), np.uint8), cv2.IMREAD_COLOR).shape[1] == 1320
    assert text.startswith("&lt;b&gt;\\udcff&amp;.mp4: ") and MISSING in text
    without = score(SCORED, shown=[])
    assert without._repr_html_() == f"<pre>{without}</pre>"


# === Many ===


def printed(form, capsys, *results):
    bar = types.SimpleNamespace(clear=lambda: None, refresh=lambda: None)
    printer, seen = Printer(form, "m", DIVING, bar), []
    for found in results:
        printer.failure("v.mp4", found) if isinstance(found, Remark) else printer.score(found)
        seen.append(capsys.readouterr())
    return [each.out for each in seen], [each.err for each in seen]


def test_each_result_is_printed_once_it_is_there(capsys):
    out, err = printed("json", capsys, score(SCORED, video="ä\udcff"), LOST)
    assert [json.loads(text)["status"] for text in out] == ["scored", "failed"] and out[0].isascii()
    assert [text.count("\n") for text in out] == [1, 1] and err[0] == "" and LOST in err[1]
    assert json.loads(out[0])["video"] == "ä\udcff"
    out, err = printed("text", capsys, LOST, score(SCORED))
    assert out == ["", f"{score(SCORED)}\n"] and LOST in err[0]


def test_a_table_has_its_header_once(capsys):
    out, _ = printed("csv", capsys, score(SCORED, WITHHELD), LOST)
    rows = list(csv.DictReader(io.StringIO("".join(out))))
    assert [row["status"] for row in rows] == ["scored", "withheld", "failed"]
    assert rows[1]["reasons"] == "missing_stage" and rows[2]["error"] == LOST
    assert [(row["model"], row["sport"]) for row in rows] == [("m", "diving")] * 3


def test_pictures_of_videos_of_one_name_do_not_overwrite_each_other(tmp_path):
    pictures = Pictures(tmp_path / "new")
    assert [pictures.draw(score(SCORED, video=video)) for video in ("a/v.mp4", "b/v.mp4", "b/w.mp4")] == [None] * 3
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["v.mp4-2.png", "v.mp4.png", "w.mp4.png"]
    assert Pictures(None).draw(score(SCORED)) is None


def test_a_later_run_replaces_pictures_of_the_same_videos_alone(tmp_path):
    """A video of that name elsewhere, or another file, stays."""
    for video in ("a/v.mp4", "b/v.mp4"):
        assert Pictures(tmp_path).draw(score(SCORED, video=video)) is None
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first.keys() == {"v.mp4.png", "v.mp4-2.png"}
    (tmp_path / "w.mp4.png").write_text("of somebody else")
    for scored in (score(WITHHELD, video="b/v.mp4"), score(SCORED, video="w.mp4")):
        assert Pictures(tmp_path).draw(scored) is None
    later = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert later.keys() == {*first, "w.mp4.png", "w.mp4-2.png"}
    assert [name for name in first if later[name] != first[name]] == ["v.mp4-2.png"]
    assert later["w.mp4.png"] == b"of somebody else" and str(tmp_path).encode() not in later["w.mp4-2.png"]


def test_a_picture_of_the_folder_that_one_is_in_has_its_name(tmp_path, monkeypatch):
    (tmp_path / "dive2").mkdir()
    monkeypatch.chdir(tmp_path / "dive2")
    assert Pictures(tmp_path).draw(score(SCORED, video=".")) is None
    assert [path.name for path in tmp_path.glob("*.png")] == ["dive2.frames.png"]


@pytest.mark.parametrize("video", ["dive2", "c", "clips.7"])
def test_a_picture_of_a_folder_of_frames_is_no_numbered_image(tmp_path, video):
    pictures = Pictures(tmp_path)
    assert [pictures.draw(score(SCORED, video=f"{folder}/{video}")) for folder in "ab"] == [None, None]
    assert {path.name for path in tmp_path.iterdir()} == {f"{video}.frames.png", f"{video}.frames-2.png"}
    assert not is_frame_folder(tmp_path)


@pytest.mark.parametrize(("folder", "video"), [("file", "a/v.mp4"), (".", f"{'飛' * 84}.mp4")])  # with .png 256 bytes
def test_a_picture_that_cannot_be_written_ends_nothing(tmp_path, folder, video):
    (tmp_path / "file").touch()
    error = Pictures(tmp_path / folder).draw(score(SCORED, video=video))
    assert error.code == "picture_not_written" and str(tmp_path / folder) in error
