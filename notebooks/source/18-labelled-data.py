# %% [markdown]
# NAVIGATION
#
# # 18 · Labelled data
#
# **A student is as good as what it is told. This notebook plants wrong labels and two leaks,
# finds them with a teacher's nose and a person's eye, and gives every version of the data, and
# of the soft labels, a name that cannot lie.**
#
# About 40 minutes. You should know soft targets (notebook 03), the distillation loss (05), and
# why a test set must not be used for choices (02).

# %% [markdown]
# ## You will be able to
#
# - **name** a version of data or soft labels by its content, and say what changed since the
#   last;
# - **write** a card that answers what the next person will ask;
# - **let** a teacher point at doubtful labels and a person check them, and judge what that
#   pays;
# - **spot** a leak between training and test set, and split so that there is none.

# %% [markdown]
# ## Set-up
#
# A small task: 600 labelled pictures of clothes. Somebody labelled them in a hurry: one label
# in ten is wrong, and in a worse version three in ten. We planted these errors ourselves,
# each a class drawn at random, so there is an answer key. It is called [label
# noise](glossary.md#label-noise).
#
# What is drawn matters, so everything is drawn five times: other pictures, other errors, other
# first weights. 5,000 other pictures, with the labels that they ship with, are for testing.

# %%
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import kdlab
from kdlab import texts, versions
from kdlab.comparison import Table
from kdlab.ui.lesson import (
    Guess,
    Review,
    ask,
    check,
    claim,
    claims,
    figures,
    here,
    hint,
    source,
    still,
)

shipped = kdlab.load("fashion-mnist")
classes = shipped.classes
good_teacher = kdlab.pretrained("fashion-mnist-cnn")
SEEDS = range(5)
COUNT = 600
print(shipped.note)

# %% jupyter={"source_hidden": true}
here("soft targets", "transfer", on=("response", "offline"))


# %%
class Draw(NamedTuple):
    x: torch.Tensor  # 600 pictures
    truth: torch.Tensor  # the answer key
    given: dict  # share of wrong labels -> the labels as they came
    new: tuple  # 100 more pictures with right labels
    test: tuple


def draw(seed):
    x, y = shipped.train.x, shipped.train.y
    order = torch.from_numpy(kdlab.data.stratified_order(y.numpy(), seed))
    rows, new, rest = order[:COUNT], order[COUNT : COUNT + 100], order[COUNT + 100 :]
    random = torch.Generator().manual_seed(seed)
    lot, shift = (
        torch.randperm(COUNT, generator=random),
        torch.randint(1, 10, (COUNT,), generator=random),
    )
    given = {}
    for share in (0.1, 0.3):
        wrong = lot < share * COUNT
        given[share] = torch.where(wrong, (y[rows] + shift) % 10, y[rows])
    rest = rest[:3000]
    test = torch.cat([shipped.test.x, x[rest]]), torch.cat([shipped.test.y, y[rest]])
    return Draw(x[rows], y[rows], given, (x[new], y[new]), test)


def data_of(one, x, y):
    few = shipped.validation.x[:200], shipped.validation.y[:200]
    return kdlab.Dataset.from_tensors(x, y, validation=few, test=one.test, classes=classes)


def learn(data, recipe, teacher=None, net="mlp-64"):
    training = kdlab.train(net, data, teacher=teacher, recipe=recipe, measure_every=0)
    for _ in training:
        pass
    return training.students["student"]


def score(net, x, y):
    with torch.no_grad():
        return (net.eval()(x).argmax(1) == y).float().mean().item()


plain = kdlab.Recipe(alpha=0.0, epochs=25, batch_size=100, learning_rate=8e-3)
draws = [draw(seed) for seed in SEEDS]
first = draws[0]
for share, labels in first.given.items():
    print(f"{share:.0%}: {int((labels != first.truth).sum())} of {COUNT} labels are wrong")

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
protects = Guess(
    "18-protects",
    "Three labels in ten are wrong. The student learns half from these labels and half from a "
    "teacher. What protects it from the wrong ones?",
    [
        "Soft targets, whoever the teacher is: they blur the errors",
        "A teacher who learned from right labels, be its answers soft or hard",
        "Label smoothing, and no teacher is needed",
        "Nothing: half of the loss is still wrong labels",
    ],
)
protects

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "18-recall-test",
    "An epoch was chosen by its test accuracy. What is that test accuracy now? (02)",
    ["Still honest: no weight has seen the test set", "Flattering", "Too low"],
    answer="A choice is learning too. What has been used for it can no longer judge it.",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "18-recall-liars",
    "Several teachers make the same mistake and are sure of it. What tells you so? (13)",
    ["Their confidence", "Their agreement with each other", "A few checked labels"],
    answer="Confidence is no evidence, and whoever errs in the same way agrees. Labels tell.",
    right=2,
)

# %% [markdown]
# ## Play: label review
#
# You are the reviewer. One picture in ten has a wrong label. Nobody wants to look
# at all 600, so a teacher points: the labels it finds least likely come first.
#
# Which teacher? The only labels are the dirty ones, so it has to learn from these. But whoever
# has learned a wrong label may repeat it. So there are two teachers. Each learns from one half
# of the pictures, and judges the *other* half: nobody judges a label that it has learned. This
# is called [cross-labelling](glossary.md#cross-labelling).


# %%
def crossed(one, labels, seed):
    order = torch.from_numpy(kdlab.data.stratified_order(labels.numpy(), seed))
    halves = order[: COUNT // 2], order[COUNT // 2 :]
    logits = torch.zeros(COUNT, len(classes))
    for mine, others in (halves, halves[::-1]):
        judge = learn(data_of(one, one.x[mine], labels[mine]), plain.replace(seed=100 + seed))
        logits[others] = ask(judge, one.x[others]).logits
    return logits


judged = [crossed(one, one.given[0.1], s) for s, one in zip(SEEDS, draws, strict=True)]
print("judged:", len(judged), "draws of", len(judged[0]), "labels")

# %% tags=["nbval-ignore-output"]
view = Review(first.x, first.given[0.1], first.truth, judged[0], classes, looked=100)
view

# %% [markdown]
# In words: on the left a picture with the label it came with, in the middle what the teacher
# says. The curve counts the wrong labels that are found. Grey is an answer key that is never
# wrong: with labels in the teacher's order it climbs steeply at first, in random order slowly.
#
# **Try this.** Press a class, or its digit, to relabel, K to keep, U if you are unsure. Do
# twenty labels in each order, and compare your two curves. Which errors could you not tell?
# Then let the answer key do the rest. (Your decisions are kept beside the notebook, under the
# version of the data they belong to.)
#
# Some labels that the key calls right will look wrong to you. They came so from the shop. The
# card of these data, `data/fashion-mnist.md`, says it under *known problems*: people mix up
# Shirt, T-shirt, Pullover and Coat as well.

# %%
by_doubt, by_lot = (view.found(how) for how in view.names)
claims(
    claim(by_lot[-1] < 25, "among 100 random labels fewer than 25 are wrong"),
    claim(by_doubt[25] >= 12, "of the first 25 in the teacher's order half or more are wrong"),
    claim(by_doubt[-1] > 40, "among the first 100 there are more than 40 of all 60"),
)

# %% [markdown]
# Now your decisions become the **next version** of the data. They can be read as a list. Where
# nobody has reviewed anything, as when this notebook was stored, the answer key stands in.

# %% tags=["nbval-ignore-output"]
decided = view.decided() or view.answer_key(100)
print(*decided[:3], sep="\n")
version_1 = data_of(first, first.x, first.given[0.1])
version_2 = data_of(first, first.x, view.labels_after(decided))
print()
print("version 1:", versions.fingerprint(version_1.train))
print("version 2:", versions.fingerprint(version_2.train))
changes = versions.difference(version_1.train, version_2.train)
changes

# %%
claims(
    claim(not changes.added and not changes.removed, "no picture came or went"),
    claim(
        len(changes.relabelled) == sum(d.verdict == "relabel" for d in decided),
        "the difference holds the decisions to relabel, all of them and no others",
    ),
    claim(
        versions.fingerprint(version_1.train) != versions.fingerprint(version_2.train),
        "the two versions have different names",
    ),
)

# %% [markdown]
# ## Look inside: a name that cannot lie
#
# `labels-final-2-new.csv`: which one did the student learn from? A
# [fingerprint](glossary.md#fingerprint) answers that. It is a hash of the content. The same
# content has the same fingerprint on every machine; another pixel, another label or another
# order of the rows, and it is another one.

# %%
source(versions.difference)

# %% [markdown]
# **By hand.** Three rows of two numbers, with labels. In the new version the rows stand in
# another order, one has another label, one is gone, and one is new:
#
# | old row | label | new row | label | so it is |
# |---|---|---|---|---|
# | 0: (1, 1) | 0 | 2: (1, 1) | 0 | as it was |
# | 1: (2, 2) | 1 | 0: (2, 2) | **0** | relabelled |
# | 2: (3, 3) | 1 | – | | removed |
# | – | | 1: (4, 4) | 1 | added |
#
# Rows are matched by the hash of their content. Their places say nothing.


# %%
def split_of(rows, labels):
    return kdlab.data.Split(
        torch.tensor(rows), torch.tensor(labels), torch.ones(len(rows), dtype=torch.bool)
    )


old = split_of([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [0, 1, 1])
new = split_of([[2.0, 2.0], [4.0, 4.0], [1.0, 1.0]], [0, 1, 0])
by_hand = versions.difference(old, new)
print(by_hand)
print("relabelled, (old place, new place):", by_hand.relabelled)
print()
print("as it is          ", versions.fingerprint(old.x))
print("once more         ", versions.fingerprint(old.x.clone()))
print("one digit of one  ", versions.fingerprint(old.x + torch.tensor([1e-6, 0.0])))
print("in another order  ", versions.fingerprint(old.x.flip(0)))

# %% [markdown]
# ### Soft labels are data too
#
# A student may learn from soft labels in a file, long after the teacher has gone. Such a file
# must say which **inputs** were asked, in which order, which **teacher** answered, and at
# which **temperature**. If one of the three is not the one you think, the file looks just as
# good, and every row is wrong.
#
# `save_soft_labels` writes these three beside the probabilities. `load_soft_labels` refuses
# what does not fit:

# %%
source(versions.save_soft_labels)


# %%
def refusal(**what):
    try:
        versions.load_soft_labels(file, **what)
    except ValueError as error:
        return str(error).partition(",")[0]
    return "taken"


file = Path(tempfile.mkdtemp()) / "soft-labels.safetensors"
logits = ask(good_teacher, first.x).logits
other_teacher = kdlab.build("mlp-64", seed=0)
saved = versions.save_soft_labels(
    file, logits, inputs=first.x, teacher=good_teacher, temperature=4.0
)
found = versions.load_soft_labels(file, inputs=first.x, teacher=good_teacher, temperature=4.0)
answers = {
    "the same": refusal(inputs=first.x, teacher=good_teacher, temperature=4.0),
    "another order of rows": refusal(inputs=first.x.flip(0), teacher=good_teacher),
    "another teacher": refusal(inputs=first.x, teacher=other_teacher),
    "another temperature": refusal(inputs=first.x, teacher=good_teacher, temperature=2.0),
}
for case, answer in answers.items():
    print(f"{case:22} {answer}")

# %% [markdown]
# Labels are not among the three. If you relabel a picture, soft labels of the *same* teacher
# stay valid: it was asked about the picture, not about its label. But if the teacher itself
# had learned from these labels, you will train it anew, and then it is another teacher.
#
# What is kept is $p = \mathrm{softmax}(z/T)$, with the teacher's logits $z$ and the
# temperature $T$. From that, the logits come back: $T \log p$ is $z$, less one number for
# each row, which no softmax sees. So another temperature can still be had from the file.

# %%
again = found.temperature * found.probabilities.log()
gap = (again - logits) - (again - logits).mean(1, keepdim=True)
states = [state for _, state in kdlab.data.verify()]
claims(
    claim(
        (len(by_hand.added), len(by_hand.removed), len(by_hand.relabelled), by_hand.same)
        == (1, 1, 1, 1),
        "by hand: one added, one removed, one relabelled, one as it was",
    ),
    claim(answers.pop("the same") == "taken", "what fits is taken"),
    claim(
        "taken" not in answers.values(),
        "another order, another teacher, another T: all refused",
    ),
    claim(found.version == saved.version, "what was saved and what was read have one name"),
    claim(
        gap.abs().max() < 0.05, "T times log p gives back the logits, up to one number a row"
    ),
    claim(set(states) == {"ok"}, "all files that ship have the content that is registered"),
)

# %% [markdown]
# The last line is the same idea for files. `data/registry.txt` has one line for each:
# a name and the sha256 of its content. Nothing is read that does not match, and
# `kdlab data verify` checks them all.
#
# ### A card
#
# A fingerprint says *which* data. A [data card](glossary.md#data-card) says *what* they are: to
# somebody who was not there. Each data set here has one. This one is yours, for version 2. The
# numbers in it are computed, so that they cannot get old.

# %%
QUESTIONS = ("what", "origin", "version", "licence", "labels", "splits", "known problems")


def unanswered(card):
    lines = [line.lower().partition("|")[2] for line in card.splitlines()]
    said = {
        cells[0].strip(): cells[2].strip() for line in lines if (cells := line.partition("|"))
    }
    return [question for question in QUESTIONS if not said.get(question, "").strip("| ?…")]


def card_of(data, changes):
    train, validation, test = (len(s) for s in (data.train, data.validation, data.test))
    return f"""
| what | {train} pictures of clothes, 28 × 28 grey pixels, 10 classes |
| origin | drawn from the shipped part of Fashion-MNIST (Xiao et al. 2017) with seed 0 |
| version | {versions.fingerprint(data)}; against version 1: {changes} |
| licence | MIT, Zalando SE |
| labels | one in ten replaced at random; the first 100 by disagreement were reviewed |
| splits | {train} train, {validation} validation, {test} test; no picture is in two |
| known problems | wrong labels remain where the two judges agree with them |
"""


# %% tags=["nbval-ignore-output"]
card = card_of(version_2, changes)
print(card)

# %%
claims(
    claim(not unanswered(card), "the card leaves no question open"),
    claim(unanswered("| what | pictures |") == list(QUESTIONS[1:]), "a shorter one leaves six"),
)

# %% [markdown]
# ## Experiment 1: what protects from wrong labels?
#
# The student is `mlp-64`, with 600 labels. Three in ten are wrong. Every arm takes the same
# steps.
#
# - **labels only**: the dirty labels, no teacher. All others are compared with this arm.
# - **right labels**: the answer key. The most that labels could give.
# - **smoothing**: dirty labels, smoothed by 0.3.
# - **good teacher, hard / soft**: half of the loss is dirty labels (alpha = 0.5), the other
#   half the answers of the shipped teacher, which never saw these errors.
# - **dirty teacher, hard / soft**: the same, but the teacher is an `mlp-64` that learned from
#   the same dirty labels. That is the teacher you would have.

# %% tags=["nbval-ignore-output"]
soft = plain.replace(alpha=0.5, temperature=2.0)
hard = soft.replace(method="hard-targets")
arms = {  # name -> recipe, teacher
    "labels only": (plain, None),
    "right labels": (plain, None),
    "smoothing": (plain.replace(label_smoothing=0.3), None),
    "good teacher, hard": (hard, "good"),
    "good teacher, soft": (soft, "good"),
    "dirty teacher, hard": (hard, "dirty"),
    "dirty teacher, soft": (soft, "dirty"),
}
accuracy, steps = {arm: [] for arm in arms}, {}
for seed, one in zip(SEEDS, draws, strict=True):
    dirty = data_of(one, one.x, one.given[0.3])
    right = data_of(one, one.x, one.truth)
    teachers = {
        None: None,
        "good": good_teacher,
        "dirty": learn(dirty, plain.replace(seed=200 + seed)),
    }
    for arm, (recipe, who) in arms.items():
        data = right if arm == "right labels" else dirty
        net = learn(data, recipe.replace(seed=seed), teachers[who])
        accuracy[arm].append(score(net, *one.test))
        steps[arm] = recipe.total_steps(COUNT)
note = f"{len(SEEDS)} draws; {COUNT} labels; {len(first.test[1]):,} test labels"
table = Table(
    accuracy, {}, {}, steps, list(SEEDS), "labels only", f"{note}; three in ten wrong"
)
table

# %%
others = [arm for arm in arms if arm != "labels only"]
roles = dict.fromkeys(others, "teacher") | {"right labels": "labels", "smoothing": "labels"}
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others],
        against="labels only",
        roles=roles,
        height=2.8,
    ),
    "Difference in test accuracy to dirty labels alone, with 95 % intervals over five draws. A "
    "good teacher brings back most of what wrong labels cost, soft answers a little more than "
    "hard ones. A teacher who learned the same wrong labels brings little, soft or hard.",
)

# %%
cost = table.difference("right labels")
good_soft, good_hard = (table.difference(f"good teacher, {how}") for how in ("soft", "hard"))
dirty_soft, dirty_hard = (table.difference(f"dirty teacher, {how}") for how in ("soft", "hard"))
softer = table.difference("good teacher, soft", "good teacher, hard")
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(cost.low > 0.05, "three wrong labels in ten cost more than five points"),
    claim(
        min(good_soft.low, good_hard.low) > 0.03,
        "a good teacher wins back more than three points, be its answers soft or hard",
    ),
    claim(good_hard.mean > cost.mean / 2, "that is more than half of what the errors cost"),
    claim(softer.mean > 0.005, "its soft answers win back more than its hard ones"),
    claim(
        max(dirty_soft.mean, dirty_hard.mean) < good_hard.mean / 2,
        "a teacher who learned the same errors gives less than half of that, soft or hard",
    ),
    claim(
        table.difference("good teacher, hard", "dirty teacher, soft").low > 0.03,
        "a good teacher's hard answers beat a dirty one's soft ones by over three points",
    ),
    claim(
        table.difference("smoothing").mean < good_hard.mean / 2,
        "label smoothing gives less than half as well",
    ),
)

# %% [markdown]
# Soft targets do not protect by being soft. What protects is knowledge that the errors have not
# touched. A teacher who has learned the wrong labels hands them on. If right labels exist
# anywhere, the teacher should see those.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
protects.reveal(
    "With a teacher who learned from right labels the student loses little, though half of its "
    "loss is still the wrong labels. Soft answers are somewhat better than hard ones. With a "
    "teacher who learned from the same wrong labels, neither helps to speak of.",
    right=1,
)

# %% [markdown]
# ## Experiment 2: what does checking pay?
#
# So the dirty teacher is a poor teacher. Is it a good pointer? One label in ten is wrong: 60 of
# 600. How many of them stand among the first 25, 50, 100, 200, in four orders?
#
# - **random**;
# - **who learned it**: a network that has learned from all 600 labels judges them;
# - **cross-labelling**: each half is judged by the network that learned from the other half;
# - **the good teacher**: the shipped one. Nobody would have it here: it is a yardstick.

# %% tags=["nbval-ignore-output"]
LOOKED = (25, 50, 100, 200)
found_by = {"random": [], "who learned it": [], "cross-labelling": [], "the good teacher": []}
orders = []
for seed, one, judges in zip(SEEDS, draws, judged, strict=True):
    given = one.given[0.1]
    itself = learn(data_of(one, one.x, given), plain.replace(seed=seed))
    said = {
        "random": torch.rand(
            COUNT, len(classes), generator=torch.Generator().manual_seed(50 + seed)
        ),
        "who learned it": ask(itself, one.x).logits,
        "cross-labelling": judges,
        "the good teacher": ask(good_teacher, one.x).logits,
    }
    in_order = {}
    for how, z in said.items():
        order = z.softmax(1)[torch.arange(COUNT), given].argsort()
        wrong = (given != one.truth)[order].cumsum(0)
        found_by[how].append([wrong[n - 1].item() for n in LOOKED])
        in_order[how] = order
    orders.append((itself, in_order))
pointed = {how: np.mean(counts, 0) for how, counts in found_by.items()}
print("wrong labels among the first", *(f"{n:6}" for n in LOOKED))
for how, counts in pointed.items():
    print(f"{how:28}", *(f"{n:6.1f}" for n in counts))

# %% [markdown]
# Now the students. A person has time for 100 labels. What is it best spent on? The
# reviewer here is the answer key: never wrong, unlike you and me.
#
# - **labels only**: the dirty version, nobody looks. All others are compared with it.
# - **checked, by cross-labelling**: the first 100 in that order are put right.
# - **checked, at random**: 100 random ones are put right.
# - **100 new labels**: the old ones stay as they are; 100 more pictures are labelled, rightly.
# - **left out, nobody looks**: the first 100 by cross-labelling are thrown away, unseen.
# - **right labels**: all 60 are put right.
#
# With 100 pictures more or less an epoch has a step more or less. So those arms get as many
# epochs as make equal steps.


# %% tags=["nbval-ignore-output"]
def put_right(labels, truth, rows):
    labels = labels.clone()
    labels[rows] = truth[rows]
    return labels


checked, steps = {}, {}
for seed, one, (itself, in_order), ceiling in zip(
    SEEDS, draws, orders, accuracy["right labels"], strict=True
):
    given, by_lot = one.given[0.1], in_order["random"][:100]
    pointed_at, rest = in_order["cross-labelling"][:100], in_order["cross-labelling"][100:]
    versions_of = {
        "checked, by cross-labelling": (one.x, put_right(given, one.truth, pointed_at)),
        "checked, at random": (one.x, put_right(given, one.truth, by_lot)),
        "100 new labels": (torch.cat([one.x, one.new[0]]), torch.cat([given, one.new[1]])),
        "left out, nobody looks": (one.x[rest], given[rest]),
        "right labels": (one.x, one.truth),
    }
    checked.setdefault("labels only", []).append(score(itself, *one.test))
    steps["labels only"] = plain.total_steps(COUNT)
    for arm, (x, y) in versions_of.items():
        recipe = plain.replace(seed=seed, epochs=round(150 / -(-len(x) // 100)))
        checked.setdefault(arm, []).append(
            ceiling  # trained above already
            if arm == "right labels"
            else score(learn(data_of(one, x, y), recipe), *one.test)
        )
        steps[arm] = recipe.total_steps(len(x))
table_2 = Table(checked, {}, {}, steps, list(SEEDS), "labels only", f"{note}; one in ten wrong")
table_2

# %%
others = [arm for arm in checked if arm != "labels only"]
roles = dict.fromkeys(others, "labels") | {"checked, by cross-labelling": "teacher"}
still(
    figures.differences(
        [(arm, *table_2.difference(arm)) for arm in others],
        against="labels only",
        roles=roles,
        height=2.6,
    ),
    "Difference in test accuracy to the dirty labels, with 95 % intervals over five draws. A "
    "hundred checks where cross-labelling points bring most of what right labels throughout "
    "would. A hundred checks at random bring less. To leave the doubtful hundred out, unseen, "
    "lies between.",
)

# %%
cross, learned, lot = (pointed[how] for how in ("cross-labelling", "who learned it", "random"))
pays = table_2.difference("checked, by cross-labelling")
more = table_2.difference("checked, by cross-labelling", "checked, at random")
unseen = table_2.difference("left out, nobody looks")
eyes = table_2.difference("checked, by cross-labelling", "left out, nobody looks")
all_right = table_2.difference("right labels")
claims(
    claim(
        max(table_2.steps.values()) - min(table_2.steps.values()) <= 5,
        "the arms took equally many steps, but for at most five",
    ),
    claim(cross[0] > 15, "of the first 25 by cross-labelling more than 15 are wrong"),
    claim(
        cross[2] > 3 * lot[2], "among 100 there are more than three times as many as at random"
    ),
    claim(
        cross[2] > learned[2] + 8,
        "cross-labelling points better than a network that has learned the labels it judges",
    ),
    claim(cross[3] - cross[2] < 10, "the second hundred brings fewer than ten more"),
    claim(pays.mean > 0.01, "a hundred checks where cross-labelling points bring over a point"),
    claim(more.mean > 0, "and more than a hundred checks at random"),
    claim(
        pays.mean > all_right.mean / 2,
        "they bring more than half of what it would bring to put all 60 right",
    ),
    claim(unseen.mean > -0.005, "to leave these hundred out, unseen, costs nothing"),
    claim(
        abs(eyes.mean) < 0.03,
        "what the eye adds to leaving them out is less than three points",
    ),
)

# %% [markdown]
# A network that is too weak to teach is good enough to point. Note two controls. The network
# that has *learned* the labels finds far fewer, because it repeats what it was told. And look
# at *left out*: a sixth of the labels can be thrown away unseen, and nothing is lost. So a
# good part of the gain costs nobody's time. Whether the person brings more than that, five
# draws cannot say for sure: look at the table. What only the person brings is a set that
# keeps its size, its difficult pictures with right labels, and a count of how bad it was.
#
# A judge must not have learned the answer. The same goes for a test set, and breaking that rule
# has a name.
#
# ## Experiment 3: leaks
#
# A [leak](glossary.md#leak) is anything that tells the student something about the test answers
# that it would not know in use. Two kinds, both from life.
#
# **Copies.** Somebody took 400 pictures, made two edited copies of each (brighter or darker,
# a little noise), and *then* drew a quarter of the 1,200 rows for testing. Compare: the same
# rows, but split so that a picture and its copies stay on one side. Each student is also
# tested on new pictures, as it will be in use.


# %% tags=["nbval-ignore-output"]
def edited(x, random):
    light = 0.8 + 0.4 * torch.rand(len(x), 1, 1, 1, generator=random)
    return (light * x + 0.03 * torch.randn(x.shape, generator=random)).clamp(0, 1)


def nearest(test, train):
    def unit(x):  # brightness and contrast taken out
        x = x.flatten(1) - x.flatten(1).mean(1, keepdim=True)
        return x / x.norm(dim=1, keepdim=True)

    return torch.cdist(unit(test), unit(train)).amin(1)


leaks = {"flatters": [], "honest": [], "by hash": [], "by neighbour": [], "false alarms": []}
for seed, one in zip(SEEDS, draws, strict=True):
    random = torch.Generator().manual_seed(seed)
    originals = one.x[:400]
    x = torch.cat([originals, edited(originals, random), edited(originals, random)])
    y, group = one.truth[:400].repeat(3), torch.arange(400).repeat(3)
    drawn = {
        "flatters": torch.rand(1200, generator=random).argsort() < 300,
        "honest": torch.isin(group, torch.randperm(400, generator=random)[:100]),
    }
    for how, mask in drawn.items():
        net = learn(data_of(one, x[~mask], y[~mask]), plain.replace(seed=seed, epochs=15))
        leaks[how].append(score(net, x[mask], y[mask]) - score(net, *one.test))
    mask = drawn["flatters"]
    theirs = set(versions.row_hashes(x[~mask]))
    leaks["by hash"].append(np.mean([h in theirs for h in versions.row_hashes(x[mask])]))
    surely_new = nearest(one.test[0][:500], x[~mask])
    near = nearest(x[mask], x[~mask])
    limit = surely_new.quantile(0.01)
    copies = torch.isin(group[mask], group[~mask])
    leaks["by neighbour"].append((near < limit)[copies].float().mean().item())
    leaks["false alarms"].append(
        (nearest(one.test[0][500:1500], x[~mask]) < limit).float().mean().item()
    )
print("test accuracy less accuracy on new pictures, points")
print(f"  split by rows    {100 * np.mean(leaks['flatters']):+5.1f}")
print(f"  split by groups  {100 * np.mean(leaks['honest']):+5.1f}")
print("share of leaked test pictures that are found")
print(f"  equal hashes     {np.mean(leaks['by hash']):5.0%}")
print(f"  near neighbours  {np.mean(leaks['by neighbour']):5.0%}")
print(f"    false alarms   {np.mean(leaks['false alarms']):5.1%}")

# %% [markdown]
# **The answer in the question.** WordNet's glosses are the second kind. The task is to tell
# the topic of a word by its definition. But one gloss in eight contains the name of its own
# class: *pet: a domesticated **animal** kept for companionship or amusement*. A student may
# learn ten names. How much of its score is that? We train it twice: on the glosses as they
# are, and with the ten names struck out everywhere.

# %% tags=["nbval-ignore-output"]
words = kdlab.load("wordnet-topics")
listed = [texts.gloss_words(line.partition(": ")[2]) for line in words.lines]
labels = torch.cat([words.train.y, words.validation.y, words.test.y])
n, m = len(words.train), len(words.train) + len(words.validation)
named = torch.tensor(
    [words.classes[c] in gloss for c, gloss in zip(labels.tolist(), listed, strict=True)]
)
struck = [[word for word in gloss if word not in words.classes] for gloss in listed]
glosses = {}
for how, each in {"as they are": listed, "names struck out": struck}.items():
    seen = torch.from_numpy(texts.bag(each, n, 2000))
    data = kdlab.Dataset.from_tensors(
        seen[:n],
        labels[:n],
        validation=(seen[n:m], labels[n:m]),
        test=(seen[m:], labels[m:]),
        classes=words.classes,
    )
    recipe = kdlab.Recipe(alpha=0.0, epochs=5, learning_rate=1e-2)
    hits = [
        ask(learn(data, recipe.replace(seed=s), net="linear"), seen[m:]).logits.argmax(1)
        == labels[m:]
        for s in range(2)
    ]
    glosses[how] = torch.stack(hits).float().mean(0)
print(f"{int(named.sum()):,} of {len(named):,} glosses hold their class's name")
print("test accuracy        all   with the name   without")
for how, hit in glosses.items():
    print(
        f"{how:17} {hit.mean():6.1%} {hit[named[m:]].mean():12.1%} "
        f"{hit[~named[m:]].mean():11.1%}"
    )

# %%
as_they_are, without = glosses["as they are"], glosses["names struck out"]
claims(
    claim(
        min(leaks["flatters"]) > 0.05,
        "split by rows, the test set flatters by more than five points, in every draw",
    ),
    claim(abs(np.mean(leaks["honest"])) < 0.05, "split by groups it does not"),
    claim(max(leaks["by hash"]) == 0, "no hash finds an edited copy"),
    claim(
        min(leaks["by neighbour"]) > 0.8, "the nearest neighbour finds more than four in five"
    ),
    claim(
        np.mean(leaks["false alarms"]) < 0.05, "with false alarms on fewer than one in twenty"
    ),
    claim(
        as_they_are[named[m:]].mean() - without[named[m:]].mean() > 0.05,
        "where the name stands in the gloss, it is worth more than five points",
    ),
    claim(
        0.005 < as_they_are.mean() - without.mean() < 0.04,
        "on all words together, only one or two: few glosses have it",
    ),
)

# %% [markdown]
# The two leaks want two remedies. Copies must be found, by hash where they are exact, by the
# nearest neighbour where they are not, and then kept together in the split. A name in the
# gloss is no copy: no splitting helps. One says so in the card, and reports the score without
# it as well. Both are on the card of `wordnet-topics`, where words with equal glosses stay in
# one split.
#
# What about soft labels? A teacher that saw the test pictures hands on their answers, and its
# student has never touched them. So the question "who has seen what" goes for the teacher's
# data too.

# %% [markdown]
# ## Your turn
#
# **One: find the planted leak.** `train` and `test` are pictures of shape (N, 1, height,
# width). Return the places of those test pictures that are in the training set too: a place
# counts if **no pixel** is further than `tolerance` from the **same** training picture. Some
# were saved again with loss, so that equal hashes do not find them.


# %%
def leaks(train, test, tolerance):
    raise NotImplementedError("compare every test picture with every training picture")


check("planted_leak", leaks)

# %%
hint("planted_leak")

# %% [markdown]
# **Two: make none.** `groups` says for each row which group it belongs to (an original and its
# copies). Return a mask, True for the rows to test on: about `share` of them, no group on both
# sides, and the same mask for the same `seed`.


# %%
def split_by_group(groups, share, seed):
    raise NotImplementedError("draw groups, not rows")


check("split_by_group", split_by_group)

# %%
hint("split_by_group")

# %% [markdown]
# ## Think
#
# In the label review you saw the teacher's bars *before* you decided. What is wrong with that?
# And which errors would neither the teacher nor the order by disagreement ever show you?
#
# <details><summary>An answer</summary>
#
# Who sees a confident answer tends to follow it. So your decisions are no longer a second
# opinion: the teacher's errors can get into the labels with your signature on them. Better:
# decide first and see the bars then; let two people label the same hundred without seeing
# each other's answers, and report how often they agree; and mix some random labels into the
# review, so that you know what is wrong where nobody points.
#
# Errors that follow a rule stay hidden. Here each wrong class was drawn at random, which is the
# easy case. If one labeller called *all* shirts T-shirts, both judges would learn just that,
# and agree with it. Disagreement finds what is odd, not what is false. Try it: change `draw` so
# that the errors are all of one kind, and run the review again.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Name versions by their content. For soft labels that is three things: inputs in their
#    order, teacher, temperature.
# 2. A card answers what a hash cannot: origin, licence, labels, splits, known problems.
# 3. Soft targets do not protect from wrong labels. A teacher who has not learned them does.
# 4. Let a teacher point and a person check: a hundred checks in the right order repair most of
#    the damage, and leaving these out is not far behind. A judge must not have learned what it
#    judges.
# 5. Split groups, not rows. Look for copies by hash and by nearest neighbour, and for the
#    answer in the question.
#
# ## Sources
#
# - Gebru et al. 2021, *Datasheets for datasets*, CACM 64(12),
#   [arXiv:1803.09010](https://arxiv.org/abs/1803.09010): the questions a card should answer.
# - Northcutt, Jiang, Chuang 2021, *Confident learning: estimating uncertainty in dataset
#   labels*, JAIR 70, [arXiv:1911.00068](https://arxiv.org/abs/1911.00068): finds wrong labels
#   by judges that have not learned them, with theory.
# - Northcutt, Athalye, Mueller 2021, *Pervasive label errors in test sets destabilize machine
#   learning benchmarks*, [arXiv:2103.14749](https://arxiv.org/abs/2103.14749): what people
#   found when they reviewed ten famous test sets in this way.
# - Lukasik et al. 2020, *Does label smoothing mitigate label noise?*,
#   [arXiv:2003.02819](https://arxiv.org/abs/2003.02819): on smoothing and distillation under
#   label noise; more favourable than our small experiment.
# - Barz, Denzler 2020, *Do we train on test data? Purging CIFAR of near-duplicates*,
#   [arXiv:1902.00423](https://arxiv.org/abs/1902.00423): copies in a famous test set, found
#   by the nearest neighbour.
# - Kaufman, Rosset, Perlich, Stitelman 2012, *Leakage in data mining*, ACM TKDD 6(4): what a
#   leak is, and how to think about it.
#
# NAVIGATION
