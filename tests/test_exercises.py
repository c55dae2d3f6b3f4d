"""Instant checks: a right answer passes in any style, each mistake its own message, nothing hangs or breaks."""

import json
import re
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import kdlab
from kdlab import exercises
from kdlab.exercises import Claim, check, claim, claims, hint, source
from kdlab.exercises.bugs import ANSWERS
from kdlab.exercises.half import solve, top

SEEDS = range(8)


def kl(target, log_p):
    return (torch.xlogy(target, target) - target * log_p).sum(1)


def soften_by_hand(logits, temperature):
    e = ((logits - logits.max(1, keepdim=True).values) / temperature).exp()
    return e / e.sum(1, keepdim=True)


def soften_numpy(logits, temperature):
    e = np.exp((logits.numpy() - logits.numpy().max(1, keepdims=True)) / temperature)
    return e / e.sum(1, keepdims=True)


def half_by_grid(logits):
    grid = np.geomspace(0.05, 20, 1500)
    return grid[np.argmin([abs(top(logits, t) - 0.5) for t in grid])]


def half_wrong_start(logits):
    """Halving that begins at T = 1: right only where the answer lies above."""
    low, high = 1.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if top(logits, middle) > 0.5 else (low, middle)
    return torch.tensor(middle)


def kd_batchmean(student, teacher, labels, temperature, alpha):
    log_s = F.log_softmax(student / temperature, dim=1)
    soft = F.kl_div(log_s, F.softmax(teacher.detach() / temperature, dim=1), reduction="batchmean")
    return (1 - alpha) * F.cross_entropy(student, labels) + alpha * temperature**2 * soft


def kd_by_hand(student, teacher, labels, temperature, alpha):
    loss = 0.0
    for s, t, y in zip(student, teacher.detach(), labels, strict=True):
        p, q = (s / temperature).log_softmax(0), (t / temperature).log_softmax(0)
        loss = loss - (1 - alpha) * s.log_softmax(0)[y] + alpha * temperature**2 * (q.exp() * (q - p)).sum()
    return loss / len(student)


def kd(term, label=lambda s, t, y, T: F.cross_entropy(s, y), detach=True):
    """The loss with one part replaced."""

    def loss(student, teacher, labels, temperature, alpha):
        teacher = teacher.detach() if detach else teacher
        soft = term(student, teacher, temperature)
        return (1 - alpha) * label(student, teacher, labels, temperature) + alpha * soft

    return loss


def right_term(s, t, T):
    return T**2 * kl((t / T).softmax(1), (s / T).log_softmax(1)).mean()


def card_metrics(folder):
    return json.loads((folder / "card.json").read_text())["metrics"]


def agreement_by_json(folder):
    return card_metrics(folder)["agreement"]


RIGHT = [
    ("soften", soften_by_hand),
    ("soften", lambda z, t: torch.softmax(z / t, dim=-1)),
    ("soften", soften_numpy),
    ("temperature_for_half", solve),
    ("temperature_for_half", half_by_grid),
    ("temperature_for_half", lambda z: torch.tensor([solve(z)])),
    ("kd_loss", kd_batchmean),
    ("kd_loss", kd_by_hand),
    ("mend", lambda s, t, T: right_term(s, t.detach(), T)),
    (
        "mend",
        lambda s, t, T: (
            T * T * F.kl_div(F.log_softmax(s / T, 1), F.log_softmax(t.detach() / T, 1), None, None, "batchmean", True)
        ),
    ),
    ("spot_the_bug", ANSWERS),
    ("spot_the_bug", {name: f" {letter.upper()} " for name, letter in ANSWERS.items()}),
    ("agreement", agreement_by_json),
    ("agreement", lambda folder: kdlab.Run.open(folder).metrics()["agreement"]),
]

# (exercise, a learner's answer, words that only this mistake's message has)
WRONG = [
    ("soften", lambda z, t: z.softmax(1), "not used"),
    ("soften", lambda z, t: (z * t).softmax(1), "multiplied by T"),
    ("soften", lambda z, t: z.softmax(1) / t, "divides the probabilities"),
    ("soften", lambda z, t: (z / t).softmax(0), "over the batch"),
    ("soften", lambda z, t: (z / t).log_softmax(1), "logarithms"),
    ("soften", lambda z, t: (z / t).exp(), "division by the sum"),
    ("soften", lambda z, t: z / t, "still logits"),
    ("soften", lambda z, t: torch.full_like(z, 0.1), "limit T → ∞"),
    ("soften", lambda z, t: (z / t).exp() / (z / t).exp().sum(1, keepdim=True), "1,000"),
    ("soften", lambda z, t: (z.abs() / t).softmax(1), "odds"),
    ("soften", lambda z, t: z.softmax(1) ** 2, "do not add up"),
    ("soften", lambda z, t: z.div_(t).softmax(1), "writes into the logits"),
    ("temperature_for_half", lambda z: 1 / solve(z), "divided by T"),
    ("temperature_for_half", lambda z: solve(z, top(z, 1.0) / 2), "half of what it had"),
    ("temperature_for_half", lambda z: round(2 * solve(z)) / 2 * 1.03 + 0.02, "too coarse"),
    ("temperature_for_half", half_wrong_start, "below 1"),
    ("temperature_for_half", lambda z: min(solve(z), 3.0), "search ends"),
    ("temperature_for_half", lambda z: 2.0, "depend on the logits"),
    ("temperature_for_half", lambda z: -1.0, "above 0"),
    ("temperature_for_half", lambda z: float("nan"), "above 0"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, T) / T**2), "factor T² is missing"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, T) / T), "T where T² belongs"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, T) / T**4), "divided by T²"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, T) / s.shape[1]), "over the classes too"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, T) * len(s)), "images are added up"),
    ("kd_loss", kd(lambda s, t, T: right_term(t, s, T)), "swapped"),
    ("kd_loss", kd(lambda s, t, T: T**2 * kl((t / T).softmax(1), (s / T).softmax(1)).mean()), "log-probabilities"),
    ("kd_loss", kd(lambda s, t, T: T**2 * F.cross_entropy(s / T, (t / T).softmax(1))), "teacher's own entropy"),
    ("kd_loss", kd(lambda s, t, T: T**2 * kl((t / T).softmax(1), s.log_softmax(1)).mean()), "only the teacher is"),
    ("kd_loss", kd(lambda s, t, T: T**2 * kl(t.softmax(1), (s / T).log_softmax(1)).mean()), "only the student is"),
    ("kd_loss", kd(lambda s, t, T: right_term(s, t, 1.0)), "T is not used"),
    ("kd_loss", kd(lambda s, t, T: T**2 * right_term(s, t, 1.0)), "neither side is softened"),
    ("kd_loss", kd(lambda s, t, T: (s - t).square().sum(1).mean()), "logits are compared"),
    ("kd_loss", kd(right_term, detach=False), "flows into the teacher"),
    ("kd_loss", kd(lambda s, t, T: right_term(s.detach(), t, T)), "part detached"),
    ("kd_loss", kd(lambda s, t, T: T**2 * kl((t / T).softmax(1), (s / T).softmax(1).log()).mean()), "log_softmax"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: F.cross_entropy(s / T, y)), "taken at T"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: F.cross_entropy(s.softmax(1), y)), "softmax is applied twice"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: T**2 * F.cross_entropy(s, y)), "multiplied by T² too"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: F.cross_entropy(s, y, reduction="sum")), "is added up over"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: F.cross_entropy(s, t.argmax(1))), "teacher's top answers"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: F.cross_entropy(t, y)), "cross-entropy is the teacher's own"),
    ("kd_loss", kd(right_term, lambda s, t, y, T: 0.0), "cross-entropy is missing"),
    ("kd_loss", kd(lambda s, t, T: 0.0), "distillation term is missing"),
    ("kd_loss", lambda s, t, y, T, a: kd_batchmean(s, t, y, T, 1 - a), "wrong way round"),
    ("kd_loss", lambda s, t, y, T, a: kd_batchmean(s, t, y, T, 0.9), "alpha is not used"),
    ("kd_loss", lambda s, t, y, T, a: kd_batchmean(s, t, y, T, a) + a * F.cross_entropy(s, y), "labels still count"),
    (
        "kd_loss",
        lambda s, t, y, T, a: kd_batchmean(s, t, y, T, a) + (1 - a) * right_term(s, t, T),
        "teacher still counts",
    ),
    ("kd_loss", lambda s, t, y, T, a: kd_batchmean(s, t, y, T, a * a), "weighted sum"),
    ("kd_loss", lambda s, t, y, T, a: kd_batchmean(s, t, y, T, a).item(), "no gradient"),
    ("kd_loss", lambda s, t, y, T, a: 0.0, "whatever labels and teacher say"),
    (
        "mend",
        lambda s, t, T: T**2 * F.kl_div(F.log_softmax(s / T, 1), F.softmax(t / T, 1), reduction="mean"),
        "classes too",
    ),
    ("mend", lambda s, t, T: right_term(t, s, T), "swapped"),
    ("mend", lambda s, t, T: right_term(s, t, T), "flows into the teacher"),
    ("spot_the_bug", {"library_1": "?", "library_2": "?"}, "no letter yet"),
    ("spot_the_bug", {"library_1": "a", "library_2": "c"}, "factor T²"),
    ("spot_the_bug", {"library_1": "b", "library_2": "d"}, "two equal answers"),
    ("spot_the_bug", {"library_1": "b", "library_2": "e"}, "teacher.grad"),
    ("spot_the_bug", {"library_1": "c", "library_2": "c"}, "change places"),
    ("spot_the_bug", {"library_1": "b", "library_2": "x"}, "letters a, b, c, d, e"),
    ("spot_the_bug", None, "answer as"),
    ("agreement", lambda folder: 0.865, "two different runs"),
    ("agreement", lambda folder: 100 * agreement_by_json(folder), "per cent"),
    ("agreement", lambda folder: round(agreement_by_json(folder), 2), "rounded"),
    (
        "agreement",
        lambda folder: card_metrics(folder)["accuracy"],
        "run's accuracy",
    ),
    (
        "agreement",
        lambda folder: card_metrics(folder)["soft_agreement"],
        "run's soft_agreement",
    ),
    ("agreement", card_metrics, "got a dict"),
]
FUNCTIONS = ["soften", "temperature_for_half", "kd_loss", "mend", "agreement"]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_pass_in_every_style_and_for_every_seed(name, answer):
    for seed in SEEDS:
        verdict = check(name, answer, seed=seed)
        assert verdict.holds, verdict
        assert repr(verdict).startswith(f"✓ {name}: ")


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_each_mistake_gets_its_own_message_for_every_seed(name, answer, words):
    for seed in SEEDS:
        verdict = check(name, answer, seed=seed)
        assert not verdict.holds
        assert words in verdict.text, verdict
    others = {other for ex, _, other in WRONG if ex == name and other != words}
    assert not [other for other in others if other in verdict.text], "two mistakes are told in the same words"


def test_at_least_three_mistakes_of_each_exercise_are_told_apart():
    for name in {ex for ex, *_ in RIGHT}:  # those of later notebooks have test files of their own
        assert len({words for ex, _, words in WRONG if ex == name}) >= 3, name


def test_two_mistakes_at_once_are_both_named():
    text = check("kd_loss", kd(lambda s, t, T: right_term(s, t, T) / T**2 / s.shape[1])).text
    assert "factor T² is missing" in text
    assert "over the classes too" in text


def blank(*_):
    raise NotImplementedError("write it")


def raising(*_):
    return 1 / 0


def endless(*_):
    while True:
        pass


def stubborn(*_):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.001)
        except:  # noqa: E722  (just what a learner may write)
            pass


class Mute(BaseException):
    def __str__(self):
        raise RuntimeError("no words")


def raises(error):
    def answer(*_):
        raise error

    return answer


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (blank, "nothing is written yet"),
        (lambda *_: None, "nothing comes back yet"),
        (lambda *_: ..., "nothing comes back yet"),
        (raising, "ZeroDivisionError: division by zero (in line"),
        (lambda: 1, "raised TypeError"),
        (lambda *_: "text", "got a str"),
        (lambda *_: [[1, 2], [3]], "got a list"),
        (lambda *_: torch.zeros(2, 3, 4), "got one of shape (2, 3, 4)"),
        (lambda *_: raise_exit(), "SystemExit"),
        (raises(BaseException("all")), "raised BaseException: all (in line"),
        (raises(GeneratorExit()), "raised GeneratorExit"),
        (raises(KeyboardInterrupt()), "raised KeyboardInterrupt"),
        (raises(Mute()), "raised Mute: … (in line"),
        (lambda *_: torch.eye(3).to_sparse(), "got a Tensor of layout torch.sparse_coo"),
        (lambda *_: torch.empty(2, device="meta"), "got a Tensor without numbers (device meta)"),
        (0.5, "pass the function itself"),
        (torch.zeros(2), ", not a Tensor"),
        (None, "pass the function itself"),
    ],
)
def test_whatever_a_function_does_one_clear_message_comes_back(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.holds
    assert words in verdict.text, verdict


class Odd:
    """Whatever is done with it goes wrong."""

    def __getattribute__(self, name):
        raise RuntimeError("odd")

    def __repr__(self):
        raise RuntimeError("odd")

    __eq__ = __len__ = __iter__ = __getitem__ = __float__ = __bool__ = __repr__
    __hash__ = object.__hash__


ODD = [
    torch.eye(3).to_sparse(), torch.empty(3, device="meta"), 10**400, Odd(),
    {"a": Odd()}, [Odd()], iter(()), type, b"", -1, True,
]  # fmt: skip


@pytest.mark.parametrize("name", exercises.names())
def test_whatever_comes_back_a_verdict_does(name):
    """Of every exercise, plain answers included."""
    for odd in ODD:
        for answer in (odd, lambda *_, odd=odd: odd):
            assert not check(name, answer, seed=0).holds


def test_an_interrupt_of_the_one_who_waits_is_no_answers(monkeypatch):
    def interrupted(seconds, task):
        raise KeyboardInterrupt

    monkeypatch.setattr("kdlab.exercises.base.within", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check("soften", soften_by_hand)


def raise_exit():
    raise SystemExit("bye")


def unstoppable(until):
    """Answers that go on until the event is set, whatever is raised in them: a loop that catches all, a call into C."""

    def catches(*_):
        while not until.is_set():
            try:  # noqa: SIM105
                time.sleep(0.001)
            except BaseException:
                pass

    return [catches, lambda *_: until.wait()]


def running():
    return [t for t in threading.enumerate() if t.name == "kdlab exercise" and t.is_alive()]


@pytest.mark.parametrize("answer", [endless, stubborn])
def test_an_endless_loop_is_stopped_and_leaves_nothing_running(answer, monkeypatch):
    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.3)
    before = len(running())
    verdict = check("soften", answer)
    assert "no answer after 0.3 seconds" in verdict.text
    assert answer is stubborn or "and it was stopped" in verdict.text
    assert "and it was stopped" not in verdict.text or len(running()) == before


@pytest.mark.parametrize("which", [0, 1])
def test_what_cannot_be_stopped_is_said_to_run_on(which, monkeypatch):
    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.1)
    until = threading.Event()
    verdict = check("soften", unstoppable(until)[which])
    assert running()
    assert "and it could not be stopped, so restart the kernel: is there a loop" in verdict.text
    until.set()


def test_an_import_is_not_broken_off(tmp_path, monkeypatch):
    """A module that takes longer to be imported than an answer may take is whole afterwards."""
    until = threading.Event()
    slow = "import sys\nwhile not sys.slow_until.is_set(): pass\nwhole = True\n"
    (tmp_path / "slow_to_import.py").write_text(slow)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "slow_until", until, raising=False)
    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.1)

    def answer(logits, temperature):
        import slow_to_import  # noqa: F401

        return logits

    before = running()
    assert "could not be stopped" in check("soften", answer).text
    [thread] = set(running()) - set(before)
    until.set()
    thread.join()
    assert sys.modules.pop("slow_to_import").whole


def test_a_check_leaves_the_random_state_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    check("kd_loss", kd_batchmean)
    assert torch.equal(before, torch.get_rng_state())


def test_inputs_are_fresh_at_every_check():
    seen = []
    for _ in range(2):
        check("soften", lambda z, t: seen.append(z) or z.softmax(1))
    assert not torch.equal(seen[0], seen[len(seen) // 2])


def test_three_hints_and_then_the_last_again(monkeypatch):
    monkeypatch.setattr("kdlab.exercises.base._given", {})
    given = [repr(hint("soften")) for _ in range(4)]
    assert [re.match(r"Hint \d of 3: ", text)[0] for text in given] == [f"Hint {n} of 3: " for n in (1, 2, 3, 3)]
    assert len(set(given)) == 3


def test_an_unknown_exercise_is_refused_with_the_near_miss():
    with pytest.raises(ValueError, match="did you mean 'soften'"):
        check("sofen", lambda z, t: z)
    with pytest.raises(ValueError, match="did you mean 'soften'"):
        hint("sofen")


@pytest.mark.parametrize("truth", [True, np.bool_(True), torch.tensor(True), np.array([True])])
def test_a_claim_holds_for_any_kind_of_true(truth):
    made = claim(truth, "T < 1 & all is well")
    assert repr(made) == "✓ T < 1 & all is well"
    assert bool(made) is True
    assert 'aria-label="holds:"' in made._repr_html_()
    assert "T &lt; 1 &amp; all" in made._repr_html_()


def test_a_claim_that_does_not_hold_says_so_in_text_and_html():
    made = claim(np.float64(1) > 2, "one is more than two")
    assert repr(made) == "✗ one is more than two"
    assert 'aria-label="does not hold:"' in made._repr_html_()


@pytest.mark.parametrize("truth", [1, 0.5, None, "yes", np.array([True, False]), torch.tensor(1.0)])
def test_a_claim_wants_a_truth_value(truth):
    with pytest.raises(TypeError, match="truth must be True or False"):
        claim(truth, "…")


def test_claims_show_one_a_line():
    made = claims(claim(True, "first"), claim(False, "second"))
    assert repr(made) == "✓ first\n✗ second"
    assert made._repr_html_().count("<p") == 2
    assert isinstance(made[0], Claim)
    with pytest.raises(TypeError, match="made by claim"):
        claims("first")


def test_source_is_the_functions_own_without_its_docstring():
    text = repr(source(kdlab.losses.soft_targets))
    assert text.startswith("# kdlab/losses/response.py\ndef soft_targets(")
    assert "temperature**2 / len(student)" in text
    assert "Args:" not in text
    assert "Args:" in source(kdlab.losses.soft_targets, docstring=True)


def test_exercises_need_no_widgets():
    package = Path(exercises.__file__).parent
    assert not [
        p.name for p in package.glob("*.py") if re.search(r"import (ipywidgets|anywidget|matplotlib)", p.read_text())
    ]
