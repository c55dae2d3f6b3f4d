"""The label review: orders, the answer key, the next version, and decisions that are kept for one version only."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from kdlab.ui.panels.review import FILE, ORDERS, Decision, Review

X = torch.rand(20, 1, 6, 6, generator=torch.Generator().manual_seed(0))
TRUTH = torch.arange(20) % 3
GIVEN = torch.where(torch.arange(20) < 4, (TRUTH + 1) % 3, TRUTH)  # rows 0 to 3 are wrong
LOGITS = 3.0 * torch.nn.functional.one_hot(TRUTH, 3) + 0.01 * torch.arange(20)[:, None]
LOGITS[3] = torch.tensor([0.0, 0.0, 9.0])  # where the teacher errs as well
LOGITS[3, GIVEN[3]] = 20.0
CLASSES = ["a", "b", "c"]


def made(folder, given=GIVEN, **more) -> Review:
    return Review(X, given, TRUTH, LOGITS, CLASSES, **{"looked": 8, "folder": folder} | more)


def rows(view: Review, how: str) -> list[int]:
    return [d.row for d in view.answer_key(8, how)]


def test_the_least_likely_labels_come_first_and_the_other_order_is_drawn(tmp_path):
    view = made(tmp_path)
    p = LOGITS.softmax(1)[torch.arange(20), GIVEN]
    assert rows(view, "by disagreement") == p.argsort(stable=True)[:8].tolist()
    assert set(rows(view, "by disagreement")[:3]) == {0, 1, 2}
    assert rows(view, "random") == np.random.RandomState(0).permutation(20)[:8].tolist()
    assert rows(made(tmp_path, seed=1), "random") != rows(view, "random")


def test_what_is_found_is_counted_label_by_label(tmp_path):
    view = made(tmp_path)
    assert view.found() == [0, 1, 2, 3, 3, 3, 3, 3, 3]
    wrong = [row < 4 for row in rows(view, "random")]
    assert view.found("random") == [0, *np.cumsum(wrong)]


def test_decisions_are_read_by_row_and_make_the_next_labels(tmp_path):
    view = made(tmp_path)
    assert view.decided() == []
    [first, second, third, *_] = view.orders[0]
    view.decisions = {
        str(first): {"verdict": "relabel", "label": 2},
        str(second): {"verdict": "keep", "label": 1},
        str(third): {"verdict": "unsure", "label": 0},
    }
    by_row = {d.row: d for d in view.decided()}
    chosen = rows(view, ORDERS[0])
    assert by_row[chosen[0]] == Decision(chosen[0], "relabel", 2)
    after = view.labels_after(view.decided())
    assert after[chosen[0]] == 2
    assert (after != GIVEN).sum() == (GIVEN[chosen[0]] != 2)  # unsure changes nothing
    assert torch.equal(view.labels_after(view.answer_key(8))[:3], TRUTH[:3])


def test_decisions_are_kept_for_this_version_and_no_other(tmp_path):
    view = made(tmp_path)
    view.decisions = {"1": {"verdict": "keep", "label": 1}}
    assert made(tmp_path).decisions == view.decisions
    assert made(tmp_path, given=TRUTH).decisions == {}
    assert list(json.loads((tmp_path / FILE).read_text())) == [view.version]


def test_a_damaged_file_is_put_aside_and_unsound_decisions_are_left_out(tmp_path):
    (tmp_path / FILE).write_text("no json")
    view = made(tmp_path)
    view.decisions = {"1": {"verdict": "keep", "label": 1}}
    assert (tmp_path / "reviews.json.old").read_text() == "no json"
    odd = {"1": {"verdict": "burn", "label": 1}, "2": 5, "x": {}, "99": {"verdict": "keep", "label": 0}}
    (tmp_path / FILE).write_text(json.dumps({view.version: odd}))
    assert made(tmp_path).decisions == {}


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    view = made(tmp_path / "none" / "such")
    (tmp_path / "none").write_text("a file in the way")
    view.decisions = {"1": {"verdict": "keep", "label": 1}}
    assert "could not be kept" in view.notice


@pytest.mark.parametrize("how", ORDERS)
def test_picture_and_sentence_are_of_what_is_shown_and_tell_no_decision(tmp_path, how):
    view = made(tmp_path)
    view.how, view.place = how, 2
    row = rows(view, how)[2]
    before = view.sentence()
    assert f"labelled {CLASSES[GIVEN[row]]}; the teacher says {CLASSES[LOGITS[row].argmax()]}" in before
    assert "Among the first 8 labels by disagreement there are 3 wrong ones" in before
    view.decisions = {str(view.orders[0][2]): {"verdict": "keep", "label": 1}}
    assert view.sentence() == before
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000


@pytest.mark.parametrize(("changed", "words"), [({"looked": 21}, "looked"), ({"given": GIVEN[:5]}, "given")])
def test_what_cannot_be_reviewed_is_refused(tmp_path, changed, words):
    with pytest.raises(ValueError, match=words):
        made(tmp_path, **changed)
