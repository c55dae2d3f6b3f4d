# %% [markdown]
# NAVIGATION
#
# # 19 · Language models in miniature
#
# **A network of 13,000 numbers learns to spell from one of 261,000, letter by letter. You
# compare the ways in which large language models are distilled, and find out what each of them
# buys.**
#
# About 40 minutes. You should know soft targets (notebook 03), the distillation loss (05) and
# what a transfer set is.

# %% [markdown]
# ## You will be able to
#
# - **compute** the divergence of two language models over real tokens, with padding left out;
# - **predict** what forward and reverse divergence do to a student that cannot say everything;
# - **tell apart** token-level, sequence-level and on-policy distillation by what each asks of
#   the teacher;
# - **judge** whether a gain comes from the teacher or could be had with more data.

# %% [markdown]
# ## Set-up
#
# A [language model](glossary.md#language-model) answers one question: given the text so far,
# what comes next? The large ones see thousands of [tokens](glossary.md#token), pieces of
# words. Ours see letters. A word is a small text: *c*, then *a*, then *t*, then the end. That
# is enough for all that follows, and a student learns in a second.
#
# What ships are 63,500 English words. The teacher has learned 61,500 of them; 1,000 are kept
# for choices (validation), and 1,000 for the last word (test). No network sees those. The
# teacher comes trained, since it took minutes; `data/language.md` is its card.

# %%
import math
from functools import cache

import torch
import torch.nn.functional as F

from kdlab import language, texts
from kdlab.comparison import paired
from kdlab.losses import token_kl
from kdlab.losses.tokens import mean_of_real
from kdlab.ui.lesson import (
    Guess,
    NextLetter,
    check,
    claim,
    claims,
    figures,
    here,
    hint,
    source,
    still,
)

words = texts.words()
test = language.encode(words.test)
real_words = {*words.train, *words.validation, *words.test}
teacher = language.pretrained()
print(f"{len(words.train):,} training words, such as {', '.join(words.train[::9000])}")
print(
    f"parameters: teacher {sum(p.numel() for p in teacher.parameters()):,}, "
    f"student {sum(p.numel() for p in language.student().parameters()):,}"
)

# %% jupyter={"source_hidden": true}
here("soft targets", "transfer", "loss", on=("response", "offline"))

# %% [markdown]
# The students are small and see only the last six letters. They have **1,000 words** to learn
# from. Why so few? It is where a teacher can help: remember notebook 05, where the gain shrank
# with the number of labels. We shall come back to that.
#
# Each way of teaching, an *arm*, is a pair: the words to learn from, and a loss. Here are all
# nine; what they mean comes bit by bit. Every arm takes 200 steps of 64 words. Four learning
# rates, 0.002 to 0.016, were tried for each arm on validation words and other seeds; the best
# is used.

# %%
SEEDS, STEPS = range(3), 200
written = language.write(teacher, 4000, seed=0)  # words that the teacher makes up


def shown(seed):
    chosen = torch.randperm(len(words.train), generator=torch.Generator().manual_seed(seed))
    return language.encode([words.train[i] for i in chosen[:1000]])


def forward(logits, batch):
    return token_kl(logits, batch.teacher, batch.mask)


def reverse(logits, batch):
    return token_kl(logits, batch.teacher, batch.mask, beta=1.0)


def smoothed(logits, batch):
    often = torch.bincount(batch.targets[batch.mask], minlength=27).float()
    target = 0.9 * F.one_hot(batch.targets, 27) + 0.1 * often / often.sum()
    return mean_of_real(-(target * logits.log_softmax(-1)).sum(-1), batch.mask)


def own_words(seed):
    random = torch.Generator().manual_seed(seed)
    return lambda net: language.answers(
        teacher, language.encode(language.write(net, 64, seed=random))
    )


def told(batch):
    return language.answers(teacher, batch)


letters = language.letter_loss
all_words, made_up = language.encode(words.train), language.encode(written)
told_made_up = told(made_up)
ARMS = {  # arm -> words for a seed, loss, learning rate
    "labels only": (shown, letters, 4e-3),
    "smoothed labels": (shown, smoothed, 8e-3),
    "forward": (lambda seed: told(shown(seed)), forward, 1.6e-2),
    "reverse": (lambda seed: told(shown(seed)), reverse, 1.6e-2),
    "1,000 made up": (lambda s: language.encode(written[1000 * s :][:1000]), letters, 4e-3),
    "4,000 made up": (lambda seed: made_up, letters, 1.6e-2),
    "4,000 made up, forward": (lambda seed: told_made_up, forward, 1.6e-2),
    "on-policy, forward": (own_words, forward, 1.6e-2),
    "all words": (lambda seed: all_words, letters, 1.6e-2),
}


@cache
def student(arm, seed):
    batches, loss, rate = ARMS[arm]
    return language.learn(
        language.student(seed),
        batches(seed),
        loss,
        steps=STEPS,
        learning_rate=rate,
        seed=seed,
    )


# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
mode = Guess(
    "19-reverse",
    "One student minimises KL(teacher ‖ student), the forward divergence. Another one "
    "minimises KL(student ‖ teacher), the reverse. Both see the same words and the same "
    "teacher. How will the words differ that the second one makes up?",
    [
        "Not at all: both divergences are 0 for the same student, the teacher itself",
        "They are more varied, and less like English",
        "They are less varied, and the teacher finds them more likely",
        "It writes the same few words again and again",
    ],
)
mode

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "19-recall-entropy",
    "Cross-entropy with the teacher's probabilities, or KL(teacher ‖ student): which of the "
    "two gives the student other gradients? (05)",
    [
        "The cross-entropy: it is larger",
        "The divergence: it can reach 0",
        "Neither: they differ by a number that the student cannot change",
    ],
    answer="They differ by the teacher's entropy. The gradients are the same.",
    right=2,
)

# %% jupyter={"source_hidden": true}
Guess(
    "19-recall-pool",
    "With a pool of unlabelled pictures distillation gained most. What brought most of that? "
    "(07)",
    [
        "The teacher's hard answers: that somebody labels the pool",
        "Its small probabilities: dark knowledge",
        "A higher temperature",
    ],
    answer="Hard answers brought most of it. Keep that in mind when the teacher writes words.",
    right=0,
)

# %% [markdown]
# ## Play: which letter comes next?
#
# The teacher and four students, all running in this page. Each bar is the probability of one
# letter after those that you type. Below are words that they make up: one letter is drawn from
# these bars, taken in, and the next one is drawn. Real words are green.
#
# - *labels only* has learned the 1,000 words, and *forward* and *reverse* what the teacher
#   says after each of their letters;
# - *4,000 made up* has learned words that the teacher has made up.

# %% tags=["nbval-ignore-output"]
played = ["labels only", "forward", "reverse", "4,000 made up"]
view = NextLetter(teacher, {arm: student(arm, 0) for arm in played}, real_words, prefix="str")
view.shown = 1
view

# %% [markdown]
# In words: after *str* the teacher is nearly sure of a vowel. The student of labels has seen
# *str* a few times only, and gives something to letters that never follow.
#
# **Try this.** Show *forward* and then *reverse*, here and after beginnings of your own. Which
# of the two has bars where the teacher has none? Which one lacks bars that the teacher has?
# Compare the two divergences in the line below the bars. Then turn T down to 0.5 and read the
# words again.


# %%
def after(prefix, net):
    view.prefix, view.shown = prefix, net
    return view.said()[[0, net]]


vowels = [1, 5, 9, 15, 21, 25]  # a, e, i, o, u, y
told_str, labels_str = after("str", 1)
follows_q = after("q", 2)[:, 21]
worth = {name: language.bits(net, test) for name, net in [("teacher", teacher)]}
worth["labels"] = language.bits(student("labels only", 0), test)
claims(
    claim(told_str[vowels].sum() > 0.95, "after str the teacher is nearly sure of a vowel"),
    claim(
        labels_str[vowels].sum() < told_str[vowels].sum() - 0.02,
        "the student of labels gives more to other letters than the teacher does",
    ),
    claim(follows_q.min() > 0.8, "after q, teacher and forward student both expect u"),
    claim(
        worth["labels"] > worth["teacher"] + 0.5,
        "the student of labels pays half a bit more for each letter than the teacher",
    ),
)

# %% [markdown]
# ## Look inside
#
# **Words as tokens.** Each letter is a number from 1 to 26. A *mark*, 0, stands before and
# after the word. What is read is the word with the mark in front; what is to be said is the
# word with the mark behind. Words differ in length, but a tensor has straight edges. So short
# words are filled up: that is [padding](glossary.md#padding), and a [mask](glossary.md#mask)
# says which places are real.

# %%
small = language.encode(["cat", "a"])
for name in ("inputs", "targets", "mask"):
    print(f"{name:8}", getattr(small, name)[:, :6].int().tolist(), "…")

# %% [markdown]
# **Bits.** What a model is worth is measured in [bits per
# character](glossary.md#bits-per-character): the cross-entropy with the letter that really
# comes next, with the logarithm to base 2. One bit is one yes-or-no question. Who knows
# nothing about English pays log₂ 27 = 4.75 bits a letter.
#
# **The loss.** This is distillation at the [token level](glossary.md#token-level): at each
# real place, the student's distribution is compared with the teacher's.

# %%
source(token_kl)

# %%
source(mean_of_real)

# %% [markdown]
# Let $t_v$ and $s_v$ be the probabilities that teacher and student give to token $v$ of the
# vocabulary $V$, and $M$ the set of real places. With T = 1:
#
# $$\text{forward} = \frac{1}{|M|} \sum_{M} \sum_{v \in V} t_v \log \frac{t_v}{s_v} \qquad
# \text{reverse} = \frac{1}{|M|} \sum_{M} \sum_{v \in V} s_v \log \frac{s_v}{t_v}$$
#
# $|M|$ is the number of real places, and the logarithm is the natural one: the result is in
# nats. The setting `beta` leads from the [forward divergence](glossary.md#forward-divergence)
# (0) to the [reverse divergence](glossary.md#reverse-divergence) (1).
#
# **By hand.** A vocabulary of two letters, a word of two tokens, and one padded place:
#
# | place | teacher | student | forward | reverse |
# |---|---|---|---|---|
# | 1 | ½, ½ | ¼, ¾ | ½ log 2 + ½ log ⅔ = 0.144 | ¼ log ½ + ¾ log 3/2 = 0.131 |
# | 2 | 0.9, 0.1 | ½, ½ | .9 log 1.8 + .1 log .2 = 0.368 | ½ log 5/9 + ½ log 5 = 0.511 |
# | padding | ½, ½ | 0.99, 0.01 | (1.615) | (0.637) |
# | mean of the real ones | | | **0.256** | **0.321** |

# %%
t = torch.tensor([[[0.5, 0.5], [0.9, 0.1], [0.5, 0.5]]]).log()
s = torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.99, 0.01]]]).log()
mask = torch.tensor([[True, True, False]])
each = (t.exp() * (t - s)).sum(-1)
by_hand = {
    "forward": token_kl(s, t, mask),
    "reverse": token_kl(s, t, mask, beta=1.0),
    "padding counted": each.mean(),
    "padding set to 0, but counted below the line": (each * mask).mean(),
}
for name, value in by_hand.items():
    print(f"{name:45} {value:.3f}")

# %% [markdown]
# The last two lines are what has gone wrong in real code. Padding that counts can outweigh all
# the rest. Padding that is only set to 0 makes the loss depend on the longest word of the
# batch.
#
# **Which errors are dear?** A divergence weighs each letter by the probability in front of the
# logarithm. In the forward one that is the teacher's: a letter that the teacher finds possible
# and the student does not is dear. In the reverse one it is the student's: a letter that the
# student finds possible and the teacher does not is dear.
#
# As long as the student can say just what the teacher says, both have the same best answer. It
# matters when it cannot. So take five letters, of which the teacher likes the first and the
# last, and a student that can only make *one hump*: a middle $\mu$ and a width $\sigma$. We
# try all of them and keep the best for each divergence.

# %%
likes = torch.tensor([0.44, 0.05, 0.02, 0.05, 0.44])
middle = torch.linspace(0, 4, 81)[:, None, None]
width = torch.linspace(0.3, 4, 75)[None, :, None]
humps = -((torch.arange(5) - middle) ** 2) / (2 * width**2)
humps = humps.flatten(0, 1).log_softmax(-1)
log_likes = likes.log()
covers = humps[(likes * (log_likes - humps)).sum(-1).argmin()].exp()
picks = humps[(humps.exp() * (humps - log_likes)).sum(-1).argmin()].exp()
for name, p in (("teacher", likes), ("forward", covers), ("reverse", picks)):
    print(f"{name:8}", "  ".join(f"{v:.2f}" for v in p))

# %%
claims(
    claim(abs(by_hand["forward"] - 0.256) < 0.001, "the forward divergence is 0.256 nats"),
    claim(abs(by_hand["reverse"] - 0.321) < 0.001, "the reverse divergence is 0.321 nats"),
    claim(
        by_hand["padding counted"] > 2 * by_hand["forward"],
        "one padded place, when it counts, more than doubles the loss",
    ),
    claim(
        covers.max() < 0.3, "forward: the student covers everything, and no letter stands out"
    ),
    claim(
        picks.max() > 0.7 and min(picks[0], picks[4]) < 0.02,
        "reverse: the student picks one of the two letters and gives up the other",
    ),
)

# %% [markdown]
# To pick one is called [mode seeking](glossary.md#mode-seeking); a *mode* is a hump of a
# distribution. To cover all is *mode covering*.
#
# **Whose words?** A language model can be taught on three kinds of text:
#
# | | words come from | the teacher is asked | name |
# |---|---|---|---|
# | *forward*, *reverse* | people | for its distribution at each place | token level |
# | *4,000 made up* | the teacher | to write, nothing else | sequence level |
# | *on-policy* | the student, at every step | for its distribution at each place | on-policy |
#
# At the [sequence level](glossary.md#sequence-level) the teacher may be one that only answers
# in words. The idea of [on-policy](glossary.md#on-policy) distillation: when a student writes,
# it reads its own letters, and among them are mistakes that no text of people has. On-policy,
# the teacher says how to go on after these too.

# %% [markdown]
# ## Experiment
#
# Nine arms, three seeds: each has its own 1,000 words and its own first weights. There is one
# teacher, and its made-up words are the same for all seeds. What could explain a gain away:
#
# - **smoothed labels**: a tenth of each target goes to all letters, as often as they occur. If
#   soft targets helped only because they are soft, this would help too;
# - **1,000 made up**: as many words as people's, but the teacher's. Are they better words?
# - **all words**: no teacher at all, but all 61,500 words to draw from. In 200 steps each of
#   these students reads 12,800 words, none of them twice, at the cost of the others' steps.

# %% tags=["nbval-ignore-output"]
bits = {arm: [language.bits(student(arm, seed), test) for seed in SEEDS] for arm in ARMS}
print(f"{'arm':24}  bits   less labels only, 95 %")
for arm, values in bits.items():
    gap = paired(values, bits["labels only"])
    less = "" if arm == "labels only" else f"{gap.mean:+.2f} ± {(gap.high - gap.low) / 2:.2f}"
    print(f"{arm:24}  {sum(values) / len(values):.2f}   {less}")
print(f"{'the teacher itself':24}  {worth['teacher']:.2f}")
print(f"{len(SEEDS)} seeds, {STEPS} steps of 64 words; {len(words.test):,} test words")

# %%
roles = dict.fromkeys(ARMS, "teacher") | {
    "labels only": "labels",
    "smoothed labels": "labels",
    "all words": "labels",
    "1,000 made up": "hard",
    "4,000 made up": "hard",
    "on-policy, forward": "student",
}
still(
    figures.bits_of_arms(bits, worth["teacher"], roles=roles),
    "Bits per character on test words, for each arm and seed. Forward is far below labels "
    "only and level with all words; smoothed labels gain little, 1,000 made-up words nothing; "
    "4,000 made-up words gain nearly as much as forward, and more when the teacher says how "
    "to go on. Reverse is above labels only.",
)


# %%
def less(arm, other):
    """Bits that an arm saves against another, mean over seeds."""
    return -paired(bits[arm], bits[other]).mean


claims(
    claim(
        less("forward", "labels only") > 0.15,
        "on the same 1,000 words, what the teacher says saves more than 0.15 bits a letter",
    ),
    claim(
        less("forward", "smoothed labels") > 0.12,
        "and it beats smoothed labels by more than 0.12 bits: soft alone is not enough",
    ),
    claim(
        abs(less("1,000 made up", "labels only")) < 0.08,
        "1,000 words by the teacher are worth as much as 1,000 by people: no more",
    ),
    claim(
        less("4,000 made up", "1,000 made up") > 0.1,
        "but it can write more of them, and 4,000 save more than a tenth of a bit",
    ),
    claim(
        less("4,000 made up, forward", "4,000 made up") > 0.04,
        "on the same made-up words, its distributions say more than its letters",
    ),
    claim(
        abs(less("on-policy, forward", "forward")) < 0.12,
        "on-policy is within 0.12 bits of forward on 1,000 words by people",
    ),
    claim(
        less("4,000 made up, forward", "on-policy, forward") > -0.03,
        "and no better than the same loss on words that the teacher wrote beforehand",
    ),
    claim(
        abs(less("all words", "forward")) < 0.08,
        "all words and no teacher do as well as the teacher on 1,000 words, in as many steps",
    ),
    claim(
        less("labels only", "reverse") > 0.08,
        "reverse pays more for a test letter than labels only: it gives up what it cannot "
        "cover",
    ),
)

# %% [markdown]
# So here is what the teacher buys. With 1,000 words, it saves more than 0.15 bits for each
# letter, and neither smoothing nor better words explain that. **But the gain is about scarce
# data**: whoever has all the words needs no teacher to get as far in the same number of steps.
# Somebody has trained the teacher on these words, after all. A teacher is worth most where one
# has the teacher, and not its data. That is how things stand with most large language models.
#
# And on-policy? The student writes at every step, and the teacher is asked about 200 × 64 =
# 12,800 words, where the others ask about 1,000 or 4,000, once. Here that buys nothing that
# words written beforehand do not buy. Our words are short. In long texts errors pile up, and
# that is where its authors found gains.
#
# ### What becomes of the reverse student
#
# By bits, the reverse student is the worst of all. Why? Look at its errors, at every place of
# the test words. *Stray* is what a student gives to letters to which the teacher gives less
# than 1 %. *Missed* is what the teacher gives to letters to which the student gives less than
# 1 %.

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    told_test = teacher(test.inputs)[test.mask].softmax(-1)


def errors(net):
    with torch.no_grad():
        said = net(test.inputs)[test.mask].softmax(-1)
    stray = (said * (told_test < 0.01)).sum(-1).mean()
    missed = (told_test * (said < 0.01)).sum(-1).mean()
    return torch.stack([stray, missed])


wrong = {
    arm: torch.stack([errors(student(arm, seed)) for seed in SEEDS]).mean(0)
    for arm in ("forward", "reverse")
}
for arm, (stray, missed) in wrong.items():
    print(f"{arm:8} stray {100 * stray:4.1f} %   missed {100 * missed:4.1f} %")

# %%
claims(
    claim(
        wrong["forward"][0] > wrong["reverse"][0] + 0.02,
        "forward strays more: it gives something to what the teacher finds next to impossible",
    ),
    claim(
        wrong["reverse"][1] > wrong["forward"][1] + 0.04,
        "reverse misses more: it finds next to impossible what the teacher does not",
    ),
)

# %% [markdown]
# As on the five letters above. Each missed letter, when it does come, costs many bits. But
# bits ask: how much do you give to *every* letter that may come? Ask for something else: how
# good are the words that it writes? We let each student write 1,000 words, and the teacher
# judges them: how many bits does **it** pay for their letters? Few bits: the word looks
# likely. The other axis is variety: how open the student leaves the next letter, the
# [entropy](glossary.md#entropy) of what it says.
#
# And there is a control. Whoever wants likelier words has always had a knob for that, in every
# language model: the temperature, when the letters are drawn. No training is needed for it. So
# the *forward* student also writes at lower T.

# %% tags=["nbval-ignore-output"]
COOL = 0.75  # brings the forward student to about the entropy of the reverse one


def openness(net, temperature=1.0):
    with torch.no_grad():
        log_p = (net(test.inputs) / temperature).log_softmax(-1)
    return mean_of_real(-(log_p.exp() * log_p).sum(-1), test.mask).item() / math.log(2)


def judged(net, temperature, seed):
    made = language.write(net, 1000, seed=100 + seed, temperature=temperature)
    return {
        "entropy": openness(net, temperature),
        "surprise": language.bits(teacher, language.encode(made)),
        "distinct": len(set(made)) / len(made),
        "real": sum(word in real_words for word in made) / len(made),
    }


writers = {
    "labels only": ("labels only", 1.0),
    "forward": ("forward", 1.0),
    f"forward, T = {COOL}": ("forward", COOL),
    "reverse": ("reverse", 1.0),
}
found = {
    name: [judged(student(arm, seed), t, seed) for seed in SEEDS]
    for name, (arm, t) in writers.items()
}


def mean(name, what):
    return sum(one[what] for one in found[name]) / len(SEEDS)


print(f"{'writer':20}  entropy  surprise  distinct   real words")
for name in found:
    print(
        f"{name:20}  {mean(name, 'entropy'):7.2f}  {mean(name, 'surprise'):8.2f}"
        f"  {100 * mean(name, 'distinct'):6.1f} %  {100 * mean(name, 'real'):9.1f} %"
    )
lines = {
    arm: [(t, *list(judged(student(arm, 0), t, 9).values())[:2]) for t in (0.6, 0.75, 0.9, 1.0)]
    for arm in ("forward", "reverse")
}
own = judged(teacher, 1.0, 9)

# %%
still(
    figures.variety(
        lines,
        (own["entropy"], own["surprise"]),
        roles={"forward": "teacher", "reverse": "student"},
    ),
    "Surprise to the teacher against entropy, for the forward and the reverse student of one "
    "seed at four temperatures. At T = 0.75 the forward student is about as little open as the "
    "reverse one at T = 1, and its words surprise the teacher no more.",
)

# %%
cool = f"forward, T = {COOL}"
claims(
    claim(
        mean("reverse", "entropy") < mean("forward", "entropy") - 0.2,
        "reverse leaves the next letter less open than forward",
    ),
    claim(
        mean("reverse", "surprise") < mean("forward", "surprise") - 0.2,
        "and the teacher finds its words more likely",
    ),
    claim(
        min(mean(name, "distinct") for name in found) > 0.95,
        "but nobody repeats itself: among 1,000 words, more than 95 in 100 are distinct",
    ),
    claim(
        max(mean(name, "real") for name in found) < 0.15,
        "real words are rare with all of them",
    ),
    claim(
        abs(mean(cool, "entropy") - mean("reverse", "entropy")) < 0.12,
        "at T = 0.75 the forward student is about as little open as the reverse one",
    ),
    claim(
        mean(cool, "surprise") < mean("reverse", "surprise") + 0.05,
        "and then its words are at least as likely: turning T down does what reverse does",
    ),
)

# %% [markdown]
# So mode seeking is real: the reverse student keeps to what it can do well. It is a milder
# thing than its name, for among 1,000 words hardly one comes twice. And what it brings, the
# forward student can have afterwards, by drawing at a lower T; and it can have its variety
# back at T = 1. The reverse student has given that up for good.
#
# This holds for students that are half a bit behind their teacher, words of eight letters, and
# one teacher. For long texts by large models, reverse divergences are reported to help more.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
mode.reveal(
    "Less varied and more likely. The reverse divergence punishes whatever the student says "
    "and the teacher would not, so a student that cannot say everything keeps to what is "
    "safe. That both divergences are 0 for the teacher itself is true, but a small student "
    "does not get there. It does not repeat itself, though. And the same is to be had from "
    "the forward student by drawing its letters at a lower temperature.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# Write the forward divergence of two language models, at T = 1 and in nats. The logits have
# the shape (words, length, vocabulary); `mask` has the shape (words, length) and is True where
# a token is real. Each real token counts the same, and padding not at all. Return one number.


# %%
def token_divergence(student_logits, teacher_logits, mask):
    raise NotImplementedError("a number for each place, then a mean over the real ones")


check("token_kl", token_divergence)

# %%
hint("token_kl")

# %% [markdown]
# ## Think
#
# You run a service that corrects spelling, and want a small model on each telephone. You may
# use a large model whose makers sell answers: either whole texts, or for each place the five
# most likely tokens with their probabilities. Your customers have given you 1,000 letters of
# theirs. Which of this notebook's arms can you take, what would you pay for, and what would
# you measure before you pay?
#
# <details><summary>An answer</summary>
#
# With whole texts alone you can distil at the sequence level: let it write much, and learn
# from that. It worked here as soon as there were more words than people's 1,000. With five
# probabilities a place you come near the token level: more is learned from each word (*4,000
# made up, forward*), so fewer words must be paid for. What the other tokens get has to be
# guessed; notebook 17 is about that. On-policy needs the large model at every step of
# training: the dearest way.
#
# Measure first whether you need it: is there free text of the same kind? *All words* needed no
# teacher. And read the terms: many sellers forbid to train a model on what theirs has written.
#
# What to measure at the end depends on the use. For correcting, bits on your customers' text:
# the model must not find a rare, right word impossible. That speaks for the forward
# divergence. For a model that writes, judge what it writes, at the temperature at which it
# will write.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A language model is a classifier at every place of a text. Its distillation is what you
#    know, taken as a mean over real tokens; padding must not count, above or below the line.
# 2. Token level: the teacher's distribution at each place. Sequence level: its texts.
#    On-policy: its distribution at each place of the student's own texts.
# 3. With 1,000 words the teacher saves more than 0.15 bits a letter. With all words no teacher
#    is needed to get as far: the gain is about scarce data.
# 4. Forward divergence covers, reverse divergence picks. Picked words are likelier and less
#    varied, as they are when a forward student writes at a lower temperature.
# 5. Bits per character and the quality of what is written are two things. Say which you need
#    before you choose a loss.
#
# ## Sources
#
# - Kim, Rush 2016, *Sequence-level knowledge distillation*,
#   [arXiv:1606.07947](https://arxiv.org/abs/1606.07947): word level and sequence level, for
#   translation; section 3 has both formulas.
# - Gu, Dong, Wei, Huang 2024, *MiniLLM: knowledge distillation of large language models*,
#   [arXiv:2306.08543](https://arxiv.org/abs/2306.08543): reverse divergence on the student's
#   own texts; has the one hump of “Look inside” as a figure.
# - Agarwal et al. 2024, *On-policy distillation of language models: learning from
#   self-generated mistakes*, [arXiv:2306.13649](https://arxiv.org/abs/2306.13649): the
#   divergences between the two, and how much of the text should be the student's own.
# - Wen, Li, Du, Mou 2023, *f-divergence minimization for sequence-level knowledge
#   distillation*, [arXiv:2307.15190](https://arxiv.org/abs/2307.15190): compares forward,
#   reverse, and symmetric divergences, and measures likelihood and coverage apart.
#
# NAVIGATION
