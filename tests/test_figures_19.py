"""Figures of notebook 19: what they show is what they were given."""

import numpy as np
import pytest

from kdlab.plots import teach


def test_bits_of_arms_show_each_seed_the_mean_and_the_teacher():
    axes = teach.bits_of_arms({"a": [3.0, 3.2], "b": [3.5, 3.5]}, 2.5, roles={"a": "teacher", "b": "labels"}).axes[0]
    drawn = [list(np.asarray(line.get_xdata(), float)) for line in axes.lines]
    assert [2.5, 2.5] in drawn
    assert [3.0, 3.2] in drawn
    assert pytest.approx([3.1]) in drawn
    assert {"3.10", "3.50", "the teacher itself"} == {t.get_text() for t in axes.texts}
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert "bits per character" in axes.get_xlabel()


def test_variety_has_a_line_for_each_student_and_names_every_temperature():
    lines = {"one": [(0.5, 2.0, 3.0), (1.0, 2.5, 3.5)], "two": [(1.0, 2.2, 3.3)]}
    axes = teach.variety(lines, (2.4, 2.6), roles={"one": "teacher", "two": "student"}).axes[0]
    one, two, teacher = axes.lines
    assert (list(one.get_xdata()), list(one.get_ydata())) == ([2.0, 2.5], [3.0, 3.5])
    assert (list(two.get_xdata()), list(two.get_ydata())) == ([2.2], [3.3])
    assert (list(teacher.get_xdata()), list(teacher.get_ydata())) == ([2.4], [2.6])
    assert [t.get_text() for t in axes.texts] == ["T = 0.5", "T = 1", "T = 1"]
    assert axes.get_xlabel()
    assert axes.get_ylabel()


def test_next_letter_bars_go_from_a_to_the_end_and_real_words_stand_out():
    teacher, student = np.array([0.2, 0.5, 0.3]), np.array([0.1, 0.2, 0.7])
    names, words, real = ["teacher", "one"], [["ab"], [""]], [[True], [False]]
    bars, below = teach.next_letter("·ab", "a", teacher, student, names, 1, words, real).axes
    heights = [bar.get_height() for bar in bars.patches]
    assert heights == pytest.approx([50, 30, 20, 20, 70, 10])
    assert [t.get_text() for t in bars.get_xticklabels()] == ["a", "b", "end"]
    told = {t.get_text(): t.get_weight() for t in below.texts}
    assert told["ab"] == "bold"
    assert told["(nothing)"] != "bold"
    assert "after “a”" in bars.get_title(loc="left")
