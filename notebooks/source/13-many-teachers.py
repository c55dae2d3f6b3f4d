# %% [markdown]
# NAVIGATION
#
# # 13 · Many teachers
#
# **Five weak teachers who may not share their labels can still bring up one good student. This
# notebook averages their answers in four ways, and then lets three liars into the room.**
#
# About 35 minutes. You should know soft targets (notebook 03), the distillation loss (05) and
# what alpha = 1 means.

# %% [markdown]
# ## You will be able to
#
# - **combine** the answers of several teachers, as probabilities, logits or votes, and compute
#   each by hand;
# - **predict** which of these ways a teacher who is sure and wrong can spoil;
# - **weigh** teachers by confidence and by a few labels, and say which of them can be fooled;
# - **judge** when several teachers pay, and when it is better to pool their labels.

# %% [markdown]
# ## Set-up
#
# Five shops have photographed clothes. Each has labelled 200 pictures of its own, and none may
# hand them out: they belong to its customers. But each may train a network on them, and lend
# that. So there are five [teachers](glossary.md#teacher), each of them weak.
#
# Besides, there are 1,000 public pictures, on which the student learns. Only 50 of them are
# labelled, 5 for each class. The student never sees a shop's pictures.
#
# What one shop happens to own matters. So we draw everything five times: other pictures for
# the shops, other public ones, other first weights, another order. All else that ships, more
# than 9,000 pictures in each draw, is for testing.

# %%
from typing import NamedTuple

import torch

import kdlab
from kdlab.algorithms import multi_teacher
from kdlab.comparison import Table
from kdlab.ui.lesson import (
    Council,
    Guess,
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
SEEDS = range(5)
print(shipped.note)

# %% jupyter={"source_hidden": true}
here("teacher", "soft targets", "transfer", on=("response", "offline", "multi-teacher"))

# %% [markdown]
# One draw, then, with its eight networks. The first five are honest. The other three belong to
# shops whose pictures got the wrong labels, all in the same way: every class is called by the
# name of the next one. They are trained harder, so they are **sure**. We meet them later.


# %%
class Draw(NamedTuple):
    teachers: list
    pooled: kdlab.Dataset
    public: kdlab.Dataset


def learn(net, data, recipe, teacher=None):
    training = kdlab.train(net, data, teacher=teacher, recipe=recipe, measure_every=0)
    for _ in training:
        pass
    return training.students["student"]


def draw(seed):
    x, y = shipped.train.x, shipped.train.y
    order = torch.from_numpy(kdlab.data.stratified_order(y.numpy(), seed))
    test = (
        torch.cat([shipped.test.x, x[order[2600:]]]),
        torch.cat([shipped.test.y, y[order[2600:]]]),
    )
    validation = shipped.validation.x[:200], shipped.validation.y[:200]

    def made(rows, labels, labelled=None):
        return kdlab.Dataset.from_tensors(
            x[rows],
            labels,
            validation=validation,
            test=test,
            classes=classes,
            labelled=labelled,
        )

    teachers = []
    for k, rows in enumerate(order[:1600].split(200)):
        lies = k >= 5
        recipe = kdlab.Recipe(
            alpha=0.0,
            batch_size=50,
            epochs=30 if lies else 20,
            learning_rate=1e-2 if lies else 5e-3,
            seed=10 * seed + k,
        )
        labels = (y[rows] + 1) % 10 if lies else y[rows]
        teachers.append(learn("mlp-64", made(rows, labels), recipe))
    private, public = order[:1000], order[1600:2600]
    return Draw(teachers, made(private, y[private]), made(public, y[public], labelled=50))


draws = [draw(seed) for seed in SEEDS]
honest, everybody = slice(0, 5), slice(0, 8)
print(len(draws), "draws of", len(draws[0].teachers), "teachers")

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
liars = Guess(
    "13-liars",
    "Five honest teachers are each right on about three pictures out of four. Three more join, "
    "who are sure and always wrong. All eight count alike, and the student learns from the "
    "mean of their probabilities. What happens to the student?",
    [
        "Next to nothing: five against three, the honest ones win",
        "It loses a point or two",
        "It loses more than five points, and is worse than with one honest teacher",
        "It learns the lie: nearly everything is wrong",
    ],
)
liars

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "13-recall-alpha",
    "With alpha = 1, which labels of the transfer set does the student learn from? (05)",
    ["All of them", "None", "Those on which the teacher is unsure"],
    answer="The labels' term has the weight 1 − alpha, which is 0. Only the teacher speaks.",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "13-recall-shift",
    "A teacher's logits are all multiplied by 3. What changes? (03)",
    [
        "Its top class",
        "Nothing: softmax does not see it",
        "It becomes surer: as if T were a third",
    ],
    answer="Multiplying by 3 is dividing by T = 1/3. The order stays, the odds are cubed.",
    right=2,
)

# %% [markdown]
# ## Play: the teacher shelf
#
# Eight teachers look at one picture. Each column is the probability of one class; the green
# dot stands under the label's class. On the right is what they say together: the student
# would learn from that. The liars have the weight 0, so they are grey. Pick another
# picture at the top: these are pictures on which the honest five disagree.

# %% tags=["nbval-ignore-output"]
names = [f"shop {c}" for c in "ABCDE"] + [f"liar {c}" for c in "FGH"]
first = draws[0]
view = Council(
    dict(zip(names, first.teachers, strict=True)),
    shipped.test.x[:400],
    shipped.test.y[:400],
    classes,
    weights=[1.0] * 5 + [0.0] * 3,
)
view

# %% [markdown]
# In words: each honest teacher is right on about three pictures out of four, and not on the
# same ones. Together they are right more often than the best of them.
#
# **Try this.** Give the three liars a weight of 1, one after the other, and watch *right on …
# of 400 pictures* at the bottom. Then change what is averaged. Which of the four ways suffers
# most? How small must the liars' weight be before the five are as good as alone?


# %%
def on_all(how, liars_weight):
    view.how, view.weights = how, [1.0] * 5 + [liars_weight] * 3
    together, alone = view.right()
    return together, max(alone[:5])


alone_all = {how: on_all(how, 0.0)[0] for how in multi_teacher.COMBINE}
with_liars = {how: on_all(how, 1.0)[0] for how in multi_teacher.COMBINE}
best_alone = on_all("probabilities", 0.0)[1]
claims(
    claim(
        alone_all["probabilities"] > best_alone - 0.01,
        "the honest five together are not worse than the best of them, whom nobody knows",
    ),
    claim(
        max(alone_all.values()) - min(alone_all.values()) < 0.04,
        "without liars it hardly matters what is averaged",
    ),
    claim(
        0 < alone_all["probabilities"] - with_liars["probabilities"] < 0.1,
        "with liars the mean of probabilities is right less often, but by less than ten points",
    ),
    claim(
        with_liars["confidence"] < with_liars["probabilities"] - 0.02,
        "confidence makes it worse: it is the liars who are sure",
    ),
    claim(
        with_liars["logits"] < with_liars["probabilities"] - 0.15,
        "the mean of logits loses most, by far",
    ),
)

# %% [markdown]
# So with probabilities the top answer mostly survives three liars: five against three. Keep
# that in mind, and have a look at the bars on the right with all weights at 1. The lie is the
# second highest bar, and nearly as high as the truth. A student of *soft* targets sees both.

# %% [markdown]
# ## Look inside
#
# This is how the package makes one answer of several:

# %%
source(multi_teacher.combine)

# %% [markdown]
# **By hand.** Two classes, two teachers with the same weight. Teacher A says *yes* with odds of
# 81 to 1: a probability of 81/82 = 0.988. Teacher B says *no* with odds of 9 to 1, so *yes* has
# 0.1. Their logits for *yes* are log 81 and −log 9, those for *no* are 0.
#
# | what is averaged | computed | *yes* |
# |---|---|---|
# | probabilities | (0.988 + 0.100) / 2 | 0.544 |
# | logits | odds of $\sqrt{81 \cdot 1/9}$ = 3 to 1 | 0.750 |
# | votes | one each | 0.500 |
# | confidence | A counts 0.905, B 0.531: (0.905 · 0.988 + 0.531 · 0.100) / 1.436 | 0.660 |
#
# Averaging logits is averaging on a log scale: the odds are multiplied, and a root is taken.
# It is the *geometric mean* of the probabilities, made to add up to 1; the first row is the
# *arithmetic mean*. [Confidence](glossary.md#confidence) is 1 − entropy / log(classes): 1 for
# somebody who gives everything to one class, 0 for somebody who gives all classes the same.
#
# Now let A shout: its logits are multiplied by 3, its odds become 81³ to 1.

# %%
a, b = torch.tensor([[81.0, 1.0]]).log(), torch.tensor([[1.0, 9.0]]).log()
alike = torch.ones(2)
print("averaged       yes   yes, when A shouts")
by_hand = {}
for how in multi_teacher.COMBINE:
    calm, loud = (
        multi_teacher.combine(torch.stack([factor * a, b]), alike, how).softmax(-1)[0, 0].item()
        for factor in (1, 3)
    )
    by_hand[how] = calm, loud
    print(f"{how:13} {calm:.3f}   {loud:.3f}")

# %% [markdown]
# A probability cannot be more than 1, so a mean of probabilities limits what one teacher can
# do. A logit has no limit. Whoever has the largest logits decides alone.
#
# **Weights from labels.** The fifth way asks a few labels who knows what he is talking about.
# It multiplies a teacher's weight by exp(−cross-entropy) on them:

# %%
source(multi_teacher.reliability)

# %%
known = first.public.train.labelled
setup = kdlab.algorithms.Setup(
    first.public, first.teachers, student=None, method=kdlab.methods.get("soft-targets")
)
trust = multi_teacher.reliability(first.teachers, setup)
trust = trust / trust.sum()
sure = torch.stack(
    [ask(t, first.public.train.x).logits.softmax(1).amax(1).mean() for t in first.teachers]
)
claims(
    claim(
        abs(by_hand["probabilities"][0] - 0.544) < 0.001, "the mean of probabilities is 0.544"
    ),
    claim(abs(by_hand["logits"][0] - 0.75) < 0.001, "the mean of logits gives 3 to 1: 0.75"),
    claim(abs(by_hand["confidence"][0] - 0.66) < 0.001, "weighed by confidence it is 0.660"),
    claim(
        by_hand["logits"][1] > 0.99 and by_hand["probabilities"][1] < 0.56,
        "when A shouts, the mean of logits follows it, the mean of probabilities hardly moves",
    ),
    claim(
        sure[5:].min() > sure[:5].max(),
        "each liar is surer than each honest teacher: confidence is no evidence",
    ),
    claim(
        trust[5:].sum() < 0.1,
        f"{int(known.sum())} labels leave the three liars less than a tenth of the weight",
    ),
)

# %% [markdown]
# ## Experiment
#
# The student is `mlp-32`. It learns from the 1,000 public pictures, at T = 2 and alpha = 1, so
# from what the teachers say and nothing else. Every arm takes the same number of steps.
#
# Without liars:
#
# - **one teacher**: the first shop's, alone. All others are compared with this one.
# - **probabilities, logits, confidence, votes**: the five, combined in four ways.
# - **hard answers**: the top class of the mean of probabilities, as if it were a label.
#
# Two arms that could explain it away:
#
# - **50 labels**: the public labels alone, no teacher. That is all a student would have.
# - **pooled labels**: what the shops must not do. Their 1,000 labels in one pot, no teacher.
#
# With the three liars, so eight teachers:
#
# - **+ liars** (probabilities), **+ liars, logits**, **+ liars, confidence**;
# - **+ liars, hard answers**: the top class of the mean of probabilities;
# - **+ liars, by labels**: probabilities, but weighed by the 50 labels.

# %% tags=["nbval-ignore-output"]
soft = kdlab.Recipe(
    algorithm="multi-teacher", alpha=1.0, temperature=2.0, epochs=15, learning_rate=8e-3
)
plain = kdlab.Recipe(alpha=0.0, epochs=15, learning_rate=8e-3)


def combined(**knobs):
    return soft.replace(algorithm_knobs=knobs)


arms = {  # name -> recipe, teachers, data set
    "one teacher": (combined(weights=[1, 0, 0, 0, 0]), honest, "public"),
    "probabilities": (combined(), honest, "public"),
    "logits": (combined(combine="logits"), honest, "public"),
    "confidence": (combined(combine="confidence"), honest, "public"),
    "votes": (combined(combine="votes"), honest, "public"),
    "hard answers": (soft.replace(method="hard-targets"), honest, "public"),
    "50 labels": (plain, None, "public"),
    "pooled labels": (plain, None, "pooled"),
    "+ liars": (combined(), everybody, "public"),
    "+ liars, logits": (combined(combine="logits"), everybody, "public"),
    "+ liars, confidence": (combined(combine="confidence"), everybody, "public"),
    "+ liars, hard answers": (soft.replace(method="hard-targets"), everybody, "public"),
    "+ liars, by labels": (combined(weigh_by="labels"), everybody, "public"),
}
accuracy, steps = {arm: [] for arm in arms}, {}
for seed, one in zip(SEEDS, draws, strict=True):
    for arm, (recipe, who, where) in arms.items():
        data = getattr(one, where)
        net = learn(
            "mlp-32",
            data,
            recipe.replace(seed=seed),
            None if who is None else one.teachers[who],
        )
        right = ask(net, data.test.x).logits.argmax(1) == data.test.y
        accuracy[arm].append(right.float().mean().item())
        steps[arm] = recipe.total_steps(len(data.train))
table = Table(
    accuracy,
    {},
    {},
    steps,
    list(SEEDS),
    "one teacher",
    f"{len(SEEDS)} draws; 200 labels for each teacher, 50 public ones among 1,000 pictures, "
    f"{len(first.public.test):,} test labels",
)
table

# %%
others = [arm for arm in arms if arm != "one teacher"]
roles = dict.fromkeys(others, "teacher") | {
    "hard answers": "hard",
    "+ liars, hard answers": "hard",
    "50 labels": "labels",
    "pooled labels": "labels",
}
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others],
        against="one teacher",
        roles=roles,
        height=4.0,
    ),
    "Difference in test accuracy to a student of one teacher, with 95 % intervals over five "
    "draws. The five gain in whatever way they are combined, pooled labels gain more. With "
    "three liars the student falls far below that of one teacher, furthest with the mean of "
    "logits; hard answers soften the fall; weighed by labels it is as good as without liars.",
)

# %%
ways = [table.difference(way) for way in ("probabilities", "logits", "confidence", "votes")]
pooled = table.difference("pooled labels", "probabilities")
hard = table.difference("hard answers", "probabilities")
spoiled = table.difference("+ liars")
loudest = table.difference("+ liars, logits", "+ liars")
certain = table.difference("+ liars, confidence", "+ liars")
survives = table.difference("+ liars, hard answers", "+ liars")
saved = table.difference("+ liars, by labels", "probabilities")
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(
        min(way.mean for way in ways) > 0.02,
        "five teachers beat one by more than two points, in whatever way they are combined",
    ),
    claim(
        max(way.mean for way in ways) - min(way.mean for way in ways) < 0.02,
        "and the four ways are within two points of each other",
    ),
    claim(
        abs(hard.mean) < 0.02,
        "their hard answers do nearly as well: this is labelling, more than dark knowledge",
    ),
    claim(
        pooled.low > 0 and pooled.mean > 0.01,
        "pooled labels beat the five by more than a point: whoever may pool should",
    ),
    claim(
        table.difference("50 labels").high < -0.02,
        "the 50 public labels alone are worse than a single teacher",
    ),
    claim(
        spoiled.high < -0.05,
        "with three liars the student is more than five points worse than with one teacher",
    ),
    claim(loudest.high < -0.05, "the mean of logits makes that worse by five points and more"),
    claim(
        survives.mean > 0.05,
        "the hard answers of the same eight lose much less: the majority still wins",
    ),
    claim(certain.high < 0.01, "weighing by confidence does not help: the liars are sure"),
    claim(
        abs(saved.mean) < 0.015,
        "weighing by 50 labels brings back nearly everything that the liars cost",
    ),
)

# %% [markdown]
# The liars' damage is a surprise at first: on the shelf, the top answer of all eight was still
# right most of the time. The student fell much further, because it learned from the whole
# distribution, in which the lie has nearly as much as the truth. A small shift, and the lie is
# on top. Here hard answers protect: a vote forgets the minority. Soft targets say more, and
# that goes for lies too.
#
# What we may say, then. Five weak teachers are worth more than one of them, by about three
# points, even though each student saw the same pictures. But these five have seen 1,000 labels
# in all, and a network that may see these labels directly is better still. **Many teachers are
# no substitute for data that can be pooled. They are for labels that cannot be.**
#
# A lent network is not the same as a kept secret, by the way: it can give away something about
# the pictures it has learned from. Those who must be sure add noise to the votes (see Papernot
# in the sources).
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
liars.reveal(
    "The top answer of the eight survives on most pictures, five against three. But the liars "
    "agree with each other and are sure, so the lie gets nearly as much of the soft target as "
    "the truth, and the student, who learns all of it, ends far below a student of one honest "
    "teacher. With the mean of logits it is worse still, and confidence does not help. A few "
    "labels do.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# Write the mean of probabilities. `teacher_logits` has the shape (teachers, batch, classes),
# `weights` the shape (teachers,); the weights are at least 0 and need not add up to 1. Soften
# each teacher at `temperature` **before** the mean, and return the probabilities, of shape
# (batch, classes).
#
# (The package takes the mean at T = 1 and softens the result, so that the combination is asked
# like any single teacher. Others soften first, as you do here. At T = 1 both are the same.)


# %%
def combine(teacher_logits, weights, temperature):
    raise NotImplementedError("soften, weigh, add up")


check("combine", combine)

# %%
hint("combine")

# %% [markdown]
# ## Think
#
# The liars here lie all in the same way. Suppose instead that three teachers are just bad: they
# answer at random, and are sure of it. Would they do as much harm? And which way of combining
# would you take if there is not a single label to check anybody by?
#
# <details><summary>An answer</summary>
#
# Random errors point in different directions and partly cancel in the mean: each wrong class
# gets a little. Errors that agree add up. That is also why five networks trained on the same
# 200 pictures gain less than five on different ones: what matters is that they err
# *differently*.
#
# Without labels, all you have is the teachers' agreement with each other. One can weigh a
# teacher by how often it agrees with the mean of the others, or take the median of the
# probabilities in place of the mean. Both hold as long as honest teachers are in the majority
# and liars do not agree too well. Never the mean of logits: one loud voice is enough. You can
# try all of this: `draws[0].teachers` has the eight networks.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Several teachers are made one: their probabilities, logits or votes are averaged.
# 2. Without liars the ways hardly differ. A mean of logits is a geometric mean: whoever is
#    loudest decides.
# 3. Five weak teachers beat one; pooled labels beat the five. They are for labels that cannot
#    be pooled.
# 4. Teachers who are sure and wrong in the same way ruin a student of soft targets, even as a
#    minority. Confidence is no evidence of knowledge.
# 5. A few labels tell liars from honest teachers. It pays to keep some for that.
#
# ## Sources
#
# - You, Xu, Xu, Tao 2017, *Learning from multiple teacher networks*, KDD: averages softened
#   targets of several teachers; section 3 is short and clear.
# - Hinton, Vinyals, Dean 2015, [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): names the
#   arithmetic and the geometric mean of an ensemble in one sentence of section 1, and has the
#   distillation of ten networks into one in section 4.
# - Papernot et al. 2017, *Semi-supervised knowledge transfer for deep learning from private
#   training data*, [arXiv:1610.05755](https://arxiv.org/abs/1610.05755): teachers on disjoint
#   private data, noisy votes, and what that guarantees.
# - Zhang et al. 2022, *Confidence-aware multi-teacher knowledge distillation*,
#   [arXiv:2201.00007](https://arxiv.org/abs/2201.00007): weights from the labels, for each
#   sample.
#
# NAVIGATION
