"""Words as tokens, letter by letter: against values worked out by hand, and what is no word is refused."""

import importlib.util
import math

import pytest
import torch
import torch.nn.functional as F
from helpers import rand

from kdlab import language, registry, texts
from kdlab.language import Batch, Speller, encode
from kdlab.losses import token_kl
from kdlab.losses.tokens import mean_of_real

LOG2, LOG3 = math.log(2), math.log(3)


def said(*odds: list[float]) -> torch.Tensor:
    """Logits of one word whose probabilities at each place are in these proportions."""
    return torch.tensor([odds], dtype=torch.float64).log()


# --- the loss ---


def test_two_tokens_and_a_padded_one_by_hand():
    teacher = said([1, 1], [3, 1], [1, 999])
    student = said([1, 3], [3, 1], [999, 1])
    mask = torch.tensor([[True, True, False]])
    first = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)  # the second token is 0
    assert token_kl(student, teacher, mask).item() == pytest.approx(first / 2)
    reverse = 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)
    assert token_kl(student, teacher, mask, beta=1.0).item() == pytest.approx(reverse / 2)


def loop(student, teacher, mask, temperature, beta):
    total, count = 0.0, 0
    for word, place in mask.nonzero().tolist():
        t = (teacher[word, place] / temperature).softmax(0).tolist()
        s = (student[word, place] / temperature).softmax(0).tolist()
        m = [beta * a + (1 - beta) * b for a, b in zip(t, s, strict=True)]
        towards = {0: (t, s), 1: (s, t)}.get(beta)
        if towards:
            one = sum(a * math.log(a / b) for a, b in zip(*towards, strict=True))
        else:
            one = beta * sum(a * math.log(a / b) for a, b in zip(t, m, strict=True))
            one = (one + (1 - beta) * sum(a * math.log(a / b) for a, b in zip(s, m, strict=True))) / beta / (1 - beta)
        total, count = total + one, count + 1
    return temperature**2 * total / count


MASK = torch.arange(5) < torch.tensor([5, 1, 3])[:, None]


@pytest.mark.parametrize("beta", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("temperature", [0.7, 1.0, 3.0])
def test_against_a_loop_over_real_tokens(beta, temperature):
    s, t = rand(3, 5, 4), rand(3, 5, 4, seed=1)
    found = token_kl(s, t, MASK, temperature=temperature, beta=beta)
    assert found.item() == pytest.approx(loop(s, t, MASK, temperature, beta), rel=1e-9)
    assert token_kl(t, t, MASK, temperature=temperature, beta=beta).item() == pytest.approx(0, abs=1e-12)


def test_the_way_between_leads_from_forward_to_reverse():
    s, t = rand(3, 5, 4), rand(3, 5, 4, seed=1)
    for beta, end in ((1e-7, 0.0), (1 - 1e-7, 1.0)):
        assert token_kl(s, t, MASK, beta=beta).item() == pytest.approx(token_kl(s, t, MASK, beta=end).item(), rel=1e-4)


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_padding_counts_for_nothing_and_the_teacher_gets_no_gradient(beta):
    s, t = rand(3, 5, 4).requires_grad_(), rand(3, 5, 4, seed=1).requires_grad_()
    value = token_kl(s, t, MASK, beta=beta)
    (gradient,) = torch.autograd.grad(value, s)
    assert not gradient[~MASK].any()
    assert gradient[MASK].abs().amax(-1).min() > 0
    assert not value.detach().requires_grad
    other = t.detach().where(MASK[..., None], math.nan)
    assert token_kl(s, other, MASK, beta=beta).item() == value.item()
    torch.autograd.gradcheck(lambda x: token_kl(x, t.detach(), MASK, beta=beta), s)


def test_each_real_token_counts_the_same_however_far_it_is_padded():
    values = torch.tensor([[1.0, 2.0, 3.0], [9.0, 50.0, 60.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    assert mean_of_real(values, mask) == (1 + 2 + 3 + 9) / 4
    assert mean_of_real(F.pad(values, (0, 4)), F.pad(mask, (0, 4))) == (1 + 2 + 3 + 9) / 4


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"student": rand(3, 4)}, ValueError, r"student must have shape \(batch, length, vocabulary\), got \(3, 4\)"),
        ({"teacher": rand(3, 5, 3)}, ValueError, r"student and teacher must have the same shape, got \(3, 5, 4\) and"),
        ({"mask": MASK[:2]}, ValueError, r"values and mask must have the same shape, got \(3, 5\) and \(2, 5\)"),
        ({"mask": MASK.float()}, TypeError, r"mask must be a tensor of bools, .* got torch\.float32"),
        ({"mask": MASK & False}, ValueError, r"mask must be True at one place at least, got only padding"),
        ({"temperature": 0.0}, ValueError, r"temperature must be a finite number above 0, got 0\.0"),
        ({"beta": 1.5}, ValueError, r"beta must be a number in \[0, 1\], got 1\.5"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message):
    given = {"student": rand(3, 5, 4), "teacher": rand(3, 5, 4, seed=1), "mask": MASK} | change
    with pytest.raises(error, match=message):
        token_kl(given.pop("student"), given.pop("teacher"), given.pop("mask"), **given)


# --- words as tokens ---


def test_a_word_is_read_from_its_mark_and_told_up_to_the_next():
    batch = encode(["cab", ""])
    assert batch.inputs.shape == batch.targets.shape == batch.mask.shape == (2, language.LENGTH)
    assert batch.inputs[0, :5].tolist() == [0, 3, 1, 2, 0]
    assert batch.targets[0, :5].tolist() == [3, 1, 2, 0, 0]
    assert batch.mask[0, :5].tolist() == [True, True, True, True, False]
    assert batch.mask.sum(1).tolist() == [4, 1]
    assert language.decode(batch.targets) == ["cab", ""]


def test_the_longest_word_has_its_mark_too():
    batch = encode(["z" * texts.LONGEST])
    assert batch.mask.all()
    assert batch.targets[0].tolist() == [26] * texts.LONGEST + [0]
    assert language.decode(batch.targets) == ["z" * texts.LONGEST]


@pytest.mark.parametrize("word", ["a" * 16, "Abc", "don't", "café", "a b", "ab\n"])
def test_what_is_no_word_is_refused(word):
    with pytest.raises(ValueError, match=r"words must be of at most 15 letters a to z, got "):
        encode(["fine", word])


def test_no_words_are_refused():
    with pytest.raises(ValueError, match="words must hold one word at least, got none"):
        encode([])


def test_rows_of_a_batch_keep_what_belongs_together():
    batch = language.answers(language.student(), encode(["one", "two", "six"]))
    some = batch.rows(torch.tensor([2, 0]))
    assert language.decode(some.targets) == ["six", "one"]
    assert torch.equal(some.teacher, batch.teacher[[2, 0]])
    assert encode(["one"]).rows(torch.tensor([0])).teacher is None


# --- a network that spells ---


def test_a_speller_sees_its_context_and_nothing_behind():
    net = Speller(3, 4, [5]).eval()
    whole = net(encode(["abcdefg"]).inputs)
    assert whole.shape == (1, language.LENGTH, 27)
    for place, window in ((0, [0, 0, 0]), (1, [0, 0, 1]), (5, [3, 4, 5])):
        assert torch.allclose(whole[0, place], net.after(torch.tensor(window)), atol=1e-6)


def test_students_differ_by_their_seed_only_and_leave_the_random_state():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = language.student(1), language.student(1), language.student(2)
    assert torch.rand(1) == expected
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.embed.weight, other.embed.weight)
    assert 12_000 < sum(p.numel() for p in one.parameters()) < 15_000


def test_whoever_knows_nothing_pays_the_logarithm_of_27():
    net = Speller(2, 3, [4])
    for p in net.parameters():
        torch.nn.init.zeros_(p)
    assert language.bits(net, encode(["letters"])) == pytest.approx(math.log2(27))


def test_bits_are_the_mean_over_letters_and_the_mark():
    net, word = Speller(2, 3, [4]), encode(["ox"])
    log_p = net(word.inputs)[0].log_softmax(-1)
    assert language.bits(net, word) == pytest.approx(-(log_p[0, 15] + log_p[1, 24] + log_p[2, 0]).item() / 3 / LOG2)


def sure(*order: int) -> Speller:
    """A network that says one letter after another, whatever it began with, and then the mark."""
    net = Speller(1, 27, [])
    with torch.no_grad():
        net.embed.weight.copy_(torch.eye(27))
        net.layers[0].weight.zero_()
        for before, after in zip((0, *order), (*order, 0), strict=True):
            net.layers[0].weight[after, before] = 100.0
    return net


def test_written_words_are_drawn_from_what_the_network_says():
    assert language.write(sure(15, 24), 3) == ["ox"] * 3
    net = language.student()
    assert language.write(net, 20, seed=4) == language.write(net, 20, seed=4)
    assert language.write(net, 20, seed=4) != language.write(net, 20, seed=5)
    going_on = torch.Generator().manual_seed(4)
    assert language.write(net, 20, seed=going_on) != language.write(net, 20, seed=going_on)


def test_first_letters_come_as_often_as_the_network_says():
    net = language.student(3)
    p = net.after(torch.zeros(net.context, dtype=torch.long)).softmax(-1)[1:].detach()
    first = torch.tensor([ord(word[0]) - 97 for word in language.write(net, 4000) if word])
    found = torch.bincount(first, minlength=26) / 4000
    assert (found - p).abs().max() < 5 * math.sqrt(0.05 / 4000)


def test_a_word_without_an_end_is_cut():
    net = Speller(1, 27, [])
    with torch.no_grad():
        net.layers[0].weight.zero_()
        net.layers[0].bias.zero_()[7] = 100.0
    assert language.write(net, 2) == ["g" * texts.LONGEST] * 2


def test_it_learns_the_words_it_is_shown():
    words = encode(["alpha", "beta", "gamma", "delta"])
    net = language.learn(language.student(), words, language.letter_loss, steps=60, size=4, learning_rate=2e-2)
    assert not net.training
    assert language.bits(net, words) < 0.7
    assert set(language.write(net, 20, temperature=0.2)) <= {"alpha", "beta", "gamma", "delta"}


def test_each_word_comes_once_before_any_comes_again():
    seen = []

    def loss(logits, batch: Batch):
        seen.extend(language.decode(batch.targets))
        return language.letter_loss(logits, batch)

    language.learn(language.student(), encode(["a", "b", "c", "d"]), loss, steps=4, size=2)
    assert sorted(seen[:4]) == sorted(seen[4:]) == ["a", "b", "c", "d"]


def test_batches_can_be_made_from_the_learner_as_it_is():
    asked = []

    def own(net):
        asked.append(net)
        return encode(language.write(net, 2))

    net = language.student()
    language.learn(net, own, language.letter_loss, steps=3)
    assert asked == [net] * 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"steps": 1, "size": 0}, "size must be a whole number of at least 1, got 0"),
        ({"steps": 1, "learning_rate": 0.0}, "learning_rate must be a finite number above 0, got 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        language.learn(language.student(), encode(["a"]), language.letter_loss, **settings)


def test_a_batch_larger_than_the_words_is_filled_by_showing_them_again():
    sizes = []

    def loss(logits, batch):
        sizes.append(len(batch.inputs))
        return language.letter_loss(logits, batch)

    language.learn(language.student(), encode(["a", "b", "c"]), loss, steps=2, size=7)
    assert sizes == [7, 7]


# --- the teacher that ships ---


def test_the_shipped_teacher_is_as_its_card_says():
    teacher = language.pretrained()
    assert not teacher.training
    card = language.card()
    listed = texts.words()
    assert language.bits(teacher, encode(listed.test)) == pytest.approx(card["test"]["bits"], abs=0.005)
    assert sum(p.numel() for p in teacher.parameters()) == card["parameters"]
    assert not set(listed.train) & set(listed.test)
    assert card["trained_on"] == f"the {len(listed.train):,} training words of words-en"


def test_the_builder_would_make_a_teacher_of_this_form():
    file = registry.data_dir() / "build" / "letters.py"
    spec = importlib.util.spec_from_file_location("letters", file)
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    card = language.card()
    assert card["form"] == builder.FORM == language.pretrained().form
    wanted = {"epochs": builder.EPOCHS, "batch": builder.SIZE, "learning_rate": builder.RATE}
    assert wanted.items() <= card["recipe"].items()
    assert len(registry.read(language.TEACHER)) < 1e6
