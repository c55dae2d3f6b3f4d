"""The exercises of self-distillation: right answers pass in any style, each mistake has its own message."""

import copy

import pytest
import torch
import torch.nn.functional as F

from kdlab.exercises import check, exits

SEEDS = range(6)


def kl(teacher, student, T, detach=True):
    teacher = teacher.detach() if detach else teacher
    return T**2 * F.kl_div((student / T).log_softmax(1), (teacher / T).softmax(1), reduction="batchmean")


def right(z, y, T, a):
    *shallow, deepest = z
    losses = [(1 - a) * F.cross_entropy(s, y) + a * kl(deepest, s, T) for s in shallow]
    return torch.stack([*losses, F.cross_entropy(deepest, y)]).mean()


def loops(z, y, T, a):
    total = 0.0
    for place, logits in enumerate(z):
        last = place == len(z) - 1
        total = total + (1 if last else 1 - a) * F.cross_entropy(logits, y)
        if not last:
            p, q = (z[-1].detach() / T).log_softmax(1), (logits / T).log_softmax(1)
            total = total + a * T * T * (p.exp() * (p - q)).sum() / len(y)
    return total / len(z)


def term(loss):
    """The right loss with another distillation term: (all exits, place, T) -> value."""

    def whole(z, y, T, a):
        parts = [(1 - a) * F.cross_entropy(s, y) + a * loss(z, k, T) for k, s in enumerate(z[:-1])]
        return (sum(parts) + F.cross_entropy(z[-1], y)) / len(z)

    return whole


def shallow_teacher(z, y, T, a):
    first, *others = z
    losses = [(1 - a) * F.cross_entropy(s, y) + a * kl(first, s, T) for s in others]
    return (F.cross_entropy(first, y) + sum(losses)) / len(z)


def deepest_too(z, y, T, a):
    return sum((1 - a) * F.cross_entropy(s, y) + a * kl(z[-1], s, T) for s in z) / len(z)


def without_deepest(z, y, T, a):
    return sum((1 - a) * F.cross_entropy(s, y) + a * kl(z[-1], s, T) for s in z[:-1]) / len(z)


def deepest_beside(z, y, T, a):
    return without_deepest(z, y, T, a) * len(z) / (len(z) - 1) + F.cross_entropy(z[-1], y)


def no_labels(z, y, T, a):
    return (sum(a * kl(z[-1], s, T) for s in z[:-1]) + F.cross_entropy(z[-1], y)) / len(z)


WRONG = [
    (lambda z, y, T, a: right(z, y, T, a) * len(z), "added up"),
    (deepest_too, "deepest exit gets a distillation term"),
    (shallow_teacher, "the first of the list is the teacher"),
    (term(lambda z, k, T: kl(z[0], z[-1], T)), "shallowest exit teaches the deepest"),
    (term(lambda z, k, T: kl(z[k], z[-1], T)), "roles are swapped"),
    (term(lambda z, k, T: kl(z[k + 1], z[k], T)), "next deeper one"),
    (term(lambda z, k, T: kl(z[-1], z[k], T) / T**2), "factor T² is missing"),
    (term(lambda z, k, T: kl(z[-1], z[k], T) / 4), "over the classes too"),
    (term(lambda z, k, T: kl(z[-1], z[k], 1.0)), "T is not used"),
    (no_labels, "see no labels"),
    (without_deepest, "nobody teaches the deepest"),
    (deepest_beside, "over the shallow exits only"),
    (lambda z, y, T, a: right(z, y, T, 1 - a), "wrong way round"),
    (lambda z, y, T, a: right(z, y, T, 0.0), "deep supervision alone"),
    (term(lambda z, k, T: kl(z[-1], z[k], T, detach=False)), "not detached as a target"),
    (lambda z, y, T, a: right([*z[:-1], z[-1].detach()], y, T, a), "no gradient reaches the deepest"),
    (lambda z, y, T, a: right([z[0].detach(), *z[1:]], y, T, a), "is one of them detached"),
    (lambda z, y, T, a: right(z, y, T, a).detach(), "no gradient comes back"),
    (lambda z, y, T, a: torch.tensor(1.0), "try alpha = 0"),
    (lambda z, y, T, a: z[-1], "one number"),
    (lambda z, y, T, a: 1 / 0, "raised ZeroDivisionError"),
    (lambda z, y, T, a: None, "nothing comes back yet"),
    (lambda z, y, T, a: "all", "must return"),
]


@pytest.mark.parametrize("answer", [right, loops])
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass(answer, seed):
    verdict = check("exit_losses", answer, seed=seed)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("exit_losses", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so():
    def exit_losses(exits_logits, labels, temperature, alpha):
        raise NotImplementedError("one loss for each exit")

    assert "nothing is written yet" in str(check("exit_losses", exit_losses))


def test_the_bugs_of_the_notebook_are_those_of_the_key():
    parent = torch.nn.Linear(3, 2)
    teacher = student = copy.deepcopy(parent)
    assert teacher is student
    teacher, child = parent.eval(), copy.deepcopy(parent)
    x = torch.randn(4, 3)
    assert child is not teacher
    assert torch.equal(child(x), teacher(x))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"born_again_1": "?", "born_again_2": "?"}, "no letter yet"),
        ({"born_again_1": "z", "born_again_2": "c"}, "one of the letters"),
        ({}, "a letter for each"),
        *[({"born_again_1": letter, "born_again_2": "c"}, exits.BUGS[letter][1]) for letter in "bcd"],
        *[({"born_again_1": "a", "born_again_2": letter}, exits.BUGS[letter][1]) for letter in "abd"],
    ],
)
def test_wrong_letters_are_answered_by_an_experiment(answer, words):
    verdict = check("spot_the_twin", answer)
    assert not verdict.holds
    assert words in str(verdict)


def test_right_letters_pass():
    assert check("spot_the_twin", {"born_again_1": "A", "born_again_2": " c"}).holds
