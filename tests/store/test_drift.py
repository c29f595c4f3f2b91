"""Looks for drift that earlier versions kept are read as they are."""

from __future__ import annotations

from beside.store.drift import FOLDER, add_look, looks

OLD = """[{"release_id":"r","at":"2026-11-20T09:00:00Z","since":"2026-11-19T09:00:00Z","n":240,"tune":120,"days":1.0,"budget":1.0,
"shifts":[{"aspect":"length","measure":"gap","value":0.2,"p":0.001,"alpha":0.005}],"accuracy":[],"tune_accuracy":0.9,
"skipped":{},"told":[{"way":"webhook","sent":true,"why":""}],"suspended":false}]"""


def test_a_look_from_before_alarms_told_what_changed_is_read_and_kept(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "r.json").write_text(OLD)
    [old] = looks(tmp_path, "r")
    assert old.alarms == ("length",) and old.shifts[0].moved == () and (old.begun, old.accepted, old.news) == ({}, None, ())
    add_look(tmp_path, old.model_copy(update={"news": ("length",), "begun": {"length": old.at}}), (old,))
    assert looks(tmp_path, "r")[0] == old and looks(tmp_path, "r")[1].begun == {"length": old.at}
