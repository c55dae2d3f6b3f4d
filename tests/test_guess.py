"""Guesses are kept beside the notebook and found again; what the notebook stores does not depend on them."""

import json

import pytest
import traitlets

from kdlab.ui.guess import FILE, Guess

CHOICES = ["up", "down", "neither"]


def guess(folder, **settings):
    return Guess("07-way", "Which way does it go?", CHOICES, folder=folder, **settings)


def test_a_guess_is_written_beside_the_notebook_and_found_by_the_next_kernel(tmp_path):
    said = {"choice": "down", "sure": "certain", "why": "gravity – “always”"}
    guess(tmp_path).given = said
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8")) == {"07-way": said}
    assert guess(tmp_path).given == said
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_by_default_the_file_lies_where_the_kernel_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Guess("k", "?", ["a", "b"]).given = {"choice": "a"}
    assert (tmp_path / FILE).exists()


def test_guesses_of_other_questions_and_other_kernels_stay(tmp_path):
    first, other = guess(tmp_path), Guess("08-other", "?", ["a", "b"], folder=tmp_path)
    other.given = {"choice": "b"}
    first.given = {"choice": "up"}
    assert json.loads((tmp_path / FILE).read_text()) == {"08-other": {"choice": "b"}, "07-way": {"choice": "up"}}


def test_what_is_stored_in_the_notebook_does_not_depend_on_the_guess(tmp_path):
    before = guess(tmp_path)._repr_mimebundle_()[0]["text/plain"]
    guess(tmp_path).given = {"choice": "up", "sure": "certain", "why": "because"}
    after = guess(tmp_path)
    assert after.given
    assert after._repr_mimebundle_()[0]["text/plain"] == before
    assert before.splitlines() == ["Which way does it go?", "(a) up", "(b) down", "(c) neither"]


def test_the_answer_is_a_view_of_its_own_that_knows_the_guess_and_follows_it(tmp_path):
    first = guess(tmp_path)
    shown = first.reveal("It fell.", right=1)
    assert (first.stage, shown.stage, shown.right) == ("guess", "answer", 1)
    assert "It fell" not in first.sentence()
    assert shown.sentence() == "Answer: (b). It fell."
    first.given = {"choice": "down"}
    assert shown.given == {"choice": "down"}
    shown.given = {"choice": "down", "changed": "nothing"}
    assert first.given["changed"] == "nothing"
    assert json.loads((tmp_path / FILE).read_text())["07-way"]["changed"] == "nothing"


def test_a_recall_question_has_its_answer_at_hand(tmp_path):
    view = guess(tmp_path, answer="It fell.", right=1)
    assert view.stage == "recall"
    assert view.sentence().endswith("(c) neither\nAnswer: (b). It fell.")


@pytest.mark.parametrize("content", ["{broken", "[1, 2]", '{"07-way": 3}', '{"07-way": {"choice": "gone"}}'])
def test_a_file_that_does_not_fit_is_no_guess_and_is_not_lost(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    view = guess(tmp_path)
    assert view.given == {}
    view.given = {"choice": "up"}
    assert json.loads((tmp_path / FILE).read_text())["07-way"] == {"choice": "up"}
    if not content.startswith('{"'):
        assert (tmp_path / f"{FILE}.old").read_text() == content


def test_where_nothing_can_be_written_the_learner_is_told_and_nothing_breaks(tmp_path):
    view = guess(tmp_path / "missing")
    view.given = {"choice": "up"}
    assert "could not be kept" in view.notice
    assert view.given == {"choice": "up"}


@pytest.mark.parametrize(("choices", "right"), [(["one"], None), (["a", "a"], None), (["a", "b"], 2), (["a", "b"], -1)])
def test_bad_questions_are_refused(tmp_path, choices, right):
    with pytest.raises(ValueError, match=r"choices|right"):
        Guess("k", "?", choices, right=right, folder=tmp_path)


def test_an_unknown_stage_is_refused(tmp_path):
    with pytest.raises(traitlets.TraitError):
        guess(tmp_path).stage = "later"
