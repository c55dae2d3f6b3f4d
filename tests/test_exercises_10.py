"""Mutual learning's exercises: right answers pass in any style, each mistake has its own message."""

import pytest
import torch
import torch.nn.functional as F

from kdlab.exercises import check, hint, mutual

SEEDS = range(6)


def kl(target, answer):
    p, q = target.log_softmax(1), answer.log_softmax(1)
    return (p.exp() * (p - q)).sum(1)


def unlogged(target, answer):
    return F.kl_div(answer.softmax(1), target.softmax(1), reduction="batchmean")


def logged(target, answer):
    """Right, but for far logits."""
    p = target.softmax(1)
    return (p * (p.log() - answer.softmax(1).log())).sum(1).mean()


def both(loss):
    """Both losses from one network's."""
    return lambda a, b, y: (loss(a, b, y), loss(b, a, y))


def batchmean(a, b, y):
    def one(own, peer):
        return F.cross_entropy(own, y) + F.kl_div(own.log_softmax(1), peer.detach().softmax(1), reduction="batchmean")

    return one(a, b), one(b, a)


def by_hand(a, b, y):
    losses = []
    for own, peer in ((a, b.detach()), (b, a.detach())):
        loss = 0.0
        for o, p, label in zip(own, peer, y, strict=True):
            log_o, log_p = o - o.logsumexp(0), p - p.logsumexp(0)
            loss = loss - log_o[label] + (log_p.exp() * (log_p - log_o)).sum()
        losses.append(loss / len(own))
    return losses


def right(a, b, y):
    return F.cross_entropy(a, y) + kl(b.detach(), a).mean()


WRONG = [
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(b, a).mean()), "sends a gradient into network b"),
    (lambda a, b, y: (right(a, b, y), F.cross_entropy(b, y) + kl(a, b).mean()), "sends a gradient into network a"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(a, b.detach()).mean()), "wrong way round"),
    (both(lambda a, b, y: kl(b.detach(), a).mean()), "cross-entropy is missing"),
    (both(lambda a, b, y: F.cross_entropy(a, y)), "labels alone"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(b, a).mean() / 4), "over the classes too"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(b, a).sum()), "KL term is added up"),
    (both(lambda a, b, y: F.cross_entropy(a, y, reduction="sum") + kl(b, a).sum()), "both terms are added up"),
    (both(lambda a, b, y: right(a, b, y) / 2), "half of the right value"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + F.cross_entropy(a, b.softmax(1))), "peer's own entropy is missing"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + unlogged(b, a)), "gets probabilities"),
    (both(lambda a, b, y: F.cross_entropy(a, b.argmax(1)) + kl(b, a).mean()), "peer's top answers"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + F.mse_loss(a, b)), "logits are compared"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + 16 * kl(b, a).mean()), "no place at T = 1"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + 16 * kl(b / 4, a / 4).mean()), "softened at T = 4"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(b / 2, a / 2).mean()), "softened at T = 2"),
    (lambda a, b, y: (right(b, a, y), right(a, b, y)), "changed places"),
    (lambda a, b, y: (right(a, b, y) + right(b, a, y),) * 2, "the same sum"),
    (lambda a, b, y: right(a, b, y) + right(b, a, y), "one number came back"),
    (lambda a, b, y: (right(a, b, y), right(a, b, y)), "both losses are the same"),
    (lambda a, b, y: (right(a, b, y), F.cross_entropy(b, y)), "loss_b is not"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + kl(b, a.detach()).mean()), "is the learner detached"),
    (both(lambda a, b, y: right(a, b, y).detach()), "no gradient comes back"),
    (both(lambda a, b, y: F.cross_entropy(a, y) + logged(b.detach(), a)), "900"),
    (both(lambda a, b, y: F.cross_entropy(a, y, reduction="none")), "must be one number"),
    (lambda a, b, y: (0.0, 0.0), "both losses are the same"),
    (lambda a, b, y: "done", "two losses"),
    (lambda a, b, y: (1.0, 2.0, 3.0), "got 3 values"),
    (lambda a, b, y: 1 / 0, "raised ZeroDivisionError"),
    (lambda a, b, y: None, "nothing comes back yet"),
    (lambda a: (a, a), "raised TypeError"),
]  # fmt: skip


@pytest.mark.parametrize("answer", [batchmean, by_hand])
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass(answer, seed):
    verdict = check("mutual_step", answer, seed=seed)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("mutual_step", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so():
    def mutual_step(logits_a, logits_b, labels):
        raise NotImplementedError("two losses")

    assert "nothing is written yet" in str(check("mutual_step", mutual_step))
    assert "pass the function itself" in str(check("mutual_step", (1.0, 2.0)))


def test_the_bugs_of_the_notebook_are_those_of_the_key():
    """Its two steps, run: values right in both, gradients as the letters say."""
    a, b = (torch.randn(5, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    y = torch.tensor([0, 1, 2, 0, 1])
    from_notebook = {
        "a": lambda: F.cross_entropy(a, y) + kl(b, a).mean(),
        "e": lambda: F.cross_entropy(a, y) + kl(b.detach(), a.detach()).mean(),
    }
    leak, own = torch.autograd.grad(from_notebook["a"](), (b, a))
    assert leak.abs().max() > 0
    assert torch.allclose(own, torch.autograd.grad(right(a, b, y), a)[0])
    assert torch.allclose(
        torch.autograd.grad(from_notebook["e"](), a)[0], torch.autograd.grad(F.cross_entropy(a, y), a)[0]
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"step_1": "?", "step_2": "?"}, "no letter yet"),
        ({"step_1": "x", "step_2": "e"}, "one of the letters"),
        ({"step_1": "a"}, "a letter for each"),
        ("a", "a letter for each"),
        *[({"step_1": letter, "step_2": "e"}, mutual.BUGS[letter][1]) for letter in "bcde"],
        *[({"step_1": "a", "step_2": letter}, mutual.BUGS[letter][1]) for letter in "abcd"],
    ],
)
def test_wrong_letters_are_answered_by_an_experiment(answer, words):
    verdict = check("spot_the_peer", answer)
    assert not verdict.holds
    assert words in str(verdict)


def test_right_letters_pass_and_hints_are_three():
    assert check("spot_the_peer", {"step_1": " A", "step_2": "e "}).holds
    assert [hint("spot_the_peer").partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
