# %% [markdown]
# NAVIGATION
#
# # 11 · Self-distillation
#
# **Can a network teach itself? This notebook lets deep exits teach shallow ones, lets a
# network be born again, and separates what is gained by teaching from what is gained
# otherwise.**
#
# About 40 minutes. You should know the distillation loss (notebook 05) and what `detach` is
# for (notebook 10).

# %% [markdown]
# ## You will be able to
#
# - **let** the deepest exit of a network teach the shallow ones;
# - **choose** an exit by accuracy and cost, and let each picture leave when it may;
# - **tell** the gain of distillation from that of deep supervision;
# - **spot** a teacher that *is* its student.

# %% [markdown]
# ## Set-up
#
# The network is a small one with two convolutions and a hidden layer. After each convolution
# it can answer by a small classifier of its own, an [exit](glossary.md#exit). 2,000 pictures
# have labels. 4,000 training pictures that nobody uses are added to the 2,000 test pictures.

# %%
import copy
from collections import OrderedDict

import torch
from torch import nn

import kdlab
from kdlab.ui.lesson import (
    Exits,
    Guess,
    ask,
    check,
    claim,
    claims,
    exit_costs,
    figures,
    here,
    hint,
    source,
    still,
)

shipped = kdlab.load("fashion-mnist")
x, y = shipped.train.x, shipped.train.y
held = {
    "validation": (shipped.validation.x, shipped.validation.y),
    "test": (torch.cat([shipped.test.x, x[6000:]]), torch.cat([shipped.test.y, y[6000:]])),
    "classes": shipped.classes,
}
data = kdlab.Dataset.from_tensors(x[:2000], y[:2000], **held)
few = kdlab.Dataset.from_tensors(x[:500], y[:500], **held)


def network(seed):
    """Two convolutions and a hidden layer; it can answer after each of them."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            OrderedDict(
                stage1=nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU()),
                stage2=nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.ReLU()),
                embedding=nn.Sequential(nn.Flatten(), nn.Linear(8 * 49, 64), nn.ReLU()),
                head=nn.Linear(64, 10),
            )
        )


print(data.note)

# %% jupyter={"source_hidden": true}
here("student", "transfer", on=("response", "self"))

# %% [markdown]
# ## A teacher of one's own
#
# [Self-distillation](glossary.md#self-distillation) needs no trained teacher. Somebody in the
# family knows a little more, and teaches the rest:
#
# - **exits**: the deepest layer teaches classifiers at shallower ones, in the same network
#   and at the same time.
# - **born-again**: a network is trained, then a new one of the same kind starts from nothing
#   and learns from it; and so on, generation after generation.
# - **moving average**: the student learns from an average of its own last weights.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
gains = Guess(
    "11-exits",
    "Every exit of a network learns from labels. Now the deepest exit also teaches the two "
    "shallow ones. Which exit gains most by that, compared with labels alone at every exit?",
    [
        "The first: it is furthest behind",
        "The second",
        "The deepest: teaching helps the teacher",
        "None by as much as a point",
    ],
)
gains

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "11-recall-detach",
    "A deep exit teaches a shallow one of the same network. What is detached?",
    ["The shallow exit's answer", "The deep exit's answer", "Both", "Neither"],
    answer="Whoever is the target is detached: here the deep exit's answer (notebook 10).",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "11-recall-hard",
    "Soft targets of a good teacher beat its hard answers. What is the difference called?",
    ["Dark knowledge", "Deep supervision", "Label smoothing"],
    answer="What a teacher says beyond its top class is dark knowledge (notebooks 03 and 05).",
    right=0,
)

# %% [markdown]
# ## Play: exits, their accuracy and their cost
#
# One training with exits, looked at five times on its way. The cost of an answer is counted in
# [MACs](glossary.md#mac): multiplications with an addition.

# %%
recipe = kdlab.Recipe(
    scheme="self",
    scheme_variant="exits",
    temperature=2.0,
    alpha=0.5,
    epochs=8,
    batch_size=64,
    schedule={"learning_rate": [[0.0, 5e-3], [1.0, 5e-4]]},
)
exits = ["exit 1", "exit 2", "deepest"]


def said(training, split):
    """Logits of the exits, shallow ones first."""
    found = kdlab.players.answers(training.setup.players["student"], split)
    return [found["stage1"].numpy(), found["stage2"].numpy(), found[""].numpy()]


training = kdlab.train(network(0), data, recipe=recipe, measure_every=0)
moments = {}
for event in training:
    if isinstance(event, kdlab.events.Step) and event.step in (1, 16, 64, 128, training.total):
        moments[f"{event.step} step{'s' if event.step > 1 else ''}"] = said(
            training, data.validation
        )
costs = exit_costs(training.setup.players["student"], data)

# %% tags=["nbval-ignore-output"]
view = Exits(moments, data.validation.y.numpy(), names=exits, macs=costs)
view

# %% [markdown]
# In words: the deeper the exit, the more it knows and the more it costs. The grey line is for
# *leaving when sure*: a picture leaves at the first exit whose top class has at least the
# share that the slider says, so that easy pictures cost little. The blue diamond is where
# you are.
#
# **Try this.** Go through the moments: which exit is ahead after 16 steps? Then find the
# threshold at which you lose no more than a point against the deepest exit. How much of the
# cost does that save?

# %%
end, sure = view.accuracies(), view.leaving(0.8)
claims(
    claim(
        end[0] < end[2] - 0.03 and end[1] < end[2] - 0.02,
        "in the end the deepest exit is clearly the best",
    ),
    claim(costs[0] < costs[2] / 4, "the first costs less than a quarter of the whole"),
    claim(
        sure["macs"] < 0.85 * costs[2] and sure["accuracy"] > end[2] - 0.03,
        "leaving at 0.8 saves more than 15 % of the cost, for at most three points",
    ),
)

# %% [markdown]
# ## Look inside
#
# The scheme, as the package has it: the deepest answer (`student`) learns from labels, and
# each exit learns from it.

# %%
source(kdlab.schemes.exits)

# %%
source(kdlab.schemes.born_again)

# %% [markdown]
# The losses of all exits are averaged. With $K$ exits, of which the last is the deepest:
#
# $$L = \frac1K\left[\mathrm{CE}(y, z^K) + \sum_{k<K} (1-\alpha)\,\mathrm{CE}(y, z^k)
# + \alpha\,T^2\,\mathrm{KL}(p^K_T \,\|\, p^k_T)\right]$$
#
# | symbol | meaning | in code |
# |---|---|---|
# | $z^k$ | logits of exit $k$ | `exits_logits[k - 1]` |
# | $z^K$ | of the deepest, which teaches | `exits_logits[-1]` |
# | $p^K_T$ | its softened answer, detached | `(z / T).softmax(1).detach()` |
#
# With alpha = 0 the teaching is gone, and what is left is labels at every exit. That has a
# name of its own, [deep supervision](glossary.md#deep-supervision), and is older than
# distillation.
#
# **By hand.** One picture of class 0, two classes, three exits, alpha = ½, T = 1. The deepest
# says ¾ and ¼, both others ½ and ½. Deepest: log 4/3 = 0.288. Each shallow one:
# ½ · log 2 + ½ · (¾ log 3/2 + ¼ log ½) = 0.347 + 0.065 = 0.412. The mean of the three is
# (0.288 + 0.412 + 0.412) / 3 = 0.371.

# %%
label = torch.tensor([0])
undecided, deepest = torch.zeros(1, 2), torch.tensor([[3.0, 1.0]]).log()
distilled = 0.5 * kdlab.losses.soft_targets(undecided, deepest, temperature=1.0)
shallow = 0.5 * nn.functional.cross_entropy(undecided, label) + distilled
whole = (nn.functional.cross_entropy(deepest, label) + 2 * shallow) / 3
print(f"one shallow exit: {shallow.item():.3f}, the mean of all: {whole.item():.3f}")

first = kdlab.train(network(0), data, recipe=recipe, measure_every=0)
step = next(event for event in first if isinstance(event, kdlab.events.Step))
claims(
    claim(abs(whole.item() - 0.371) < 0.001, "the loss is the one worked out by hand"),
    claim(
        abs(step.weights["student/labels"] - 1 / 3) < 1e-9
        and abs(step.weights["student:stage1/labels"] - 1 / 6) < 1e-9,
        "in the trainer the deepest exit's labels weigh a third, a shallow one's half of that",
    ),
)

# %% [markdown]
# ## Experiment: what is the gain due to?
#
# Three ways to come by exits, with the same starting weights, order and steps, four seeds:
#
# - **added later**: the network learns at its end alone. Then it is frozen, and classifiers
#   are trained on its layers.
# - **deep supervision**: labels at every exit from the beginning (alpha = 0).
# - **self-distillation**: the same, and the deepest teaches (alpha = 0.5, T = 2).


# %%
def shares(logits, labels):
    return [kdlab.metrics.accuracy(one, labels) for one in logits]


def added_later(seed):
    """Exits of a network that was trained at its end alone."""
    alone = recipe.replace(scheme="offline", scheme_variant=None, alpha=0.0, seed=seed)
    training = kdlab.train(network(seed), data, recipe=alone, measure_every=0)
    for _ in training:
        pass
    net, found = training.students["student"], []
    for layer in ("stage1", "stage2"):
        seen = {
            name: ask(net, split.x, [layer]).features[layer]
            for name, split in (("train", data.train), ("test", data.test))
        }
        probes = kdlab.Dataset.from_tensors(
            seen["train"],
            data.train.y,
            validation=(seen["test"][:10], data.test.y[:10]),
            test=(seen["test"], data.test.y),
            classes=data.classes,
        )
        head = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.LazyLinear(10))
        head(seen["train"][:1])
        fitted = kdlab.train(head, probes, recipe=alone, measure_every=0)
        for _ in fitted:
            pass
        found.append(ask(fitted.students["student"], seen["test"]).logits)
    return shares([*found, ask(net, data.test.x).logits], data.test.y)


def with_exits(seed, alpha):
    training = kdlab.train(
        network(seed), data, recipe=recipe.replace(alpha=alpha, seed=seed), measure_every=0
    )
    for _ in training:
        pass
    return shares(said(training, data.test), data.test.y)


reached = {}
for seed in range(4):
    for arm, accuracies in {
        "added later": added_later(seed),
        "deep supervision": with_exits(seed, 0.0),
        "self-distillation": with_exits(seed, 0.5),
    }.items():
        for place, accuracy in zip(exits, accuracies, strict=True):
            reached.setdefault(f"{place}, {arm}", []).append(accuracy)

# %% tags=["nbval-ignore-output"]
table = kdlab.comparison.Table(
    accuracy=dict(sorted(reached.items())),
    agreement={},
    seconds={},
    steps=dict.fromkeys(reached, training.total),
    seeds=list(range(4)),
    against="deepest, added later",
    note=f"4 seeds; {data.note}",
)
table

# %%
supervised = {e: table.difference(f"{e}, deep supervision", f"{e}, added later") for e in exits}
taught = {
    e: table.difference(f"{e}, self-distillation", f"{e}, deep supervision") for e in exits
}
still(
    figures.differences(
        [(f"{e}: deep supervision, less added later", *supervised[e]) for e in exits]
        + [(f"{e}: self-distillation, less deep supervision", *taught[e]) for e in exits],
        against="the arm before it",
        roles={f"{e}: self-distillation, less deep supervision": "teacher" for e in exits}
        | {f"{e}: deep supervision, less added later": "labels" for e in exits},
        height=3.0,
    ),
    "Differences in test accuracy with 95 % intervals over four seeds. Labels at every exit "
    "help the shallow exits; being taught by the deepest adds nothing to that at any exit.",
)

# %%
claims(
    claim(
        max(supervised["exit 1"].mean, supervised["exit 2"].mean) > 0.01,
        "labels at every exit: a shallow exit gains more than a point over one added later",
    ),
    claim(
        max(d.mean for d in taught.values()) < 0.01,
        "being taught by the deepest: no exit gains as much as a point on top of that",
    ),
    claim(
        max(supervised["exit 1"].mean, supervised["exit 2"].mean)
        > max(d.mean for d in taught.values()) + 0.005,
        "so what is gained is due to deep supervision",
    ),
)

# %% [markdown]
# That is a null result, and a usual trap. Who compares *self-distillation* with exits that
# were added later, or with a network without exits, sees a gain and puts it down to the
# distillation. The arm in between tells: it is the labels at every exit. (In its paper, with
# deep networks and a hundred classes, the teaching adds something; here it does not.)
#
# ## Experiment: born again
#
# Does a network teach its own kind? `mlp-64`, 500 labels, T = 2, four seeds. All arms take
# the same number of steps in all; the two generations have half each.

# %% tags=["nbval-ignore-output"]
base = kdlab.Recipe(
    temperature=2.0,
    alpha=0.5,
    epochs=60,
    batch_size=64,
    learning_rate=5e-3,
    label_smoothing=0.0,
)
arms = {
    "labels only": base.replace(alpha=0.0),
    "born-again": base.replace(scheme="self", scheme_variant="born-again", epochs=30),
    "moving average": base.replace(scheme="self", scheme_variant="moving-average"),
    "a real teacher": base.replace(alpha=0.9),
}
family = kdlab.compare(arms, few, teacher="fashion-mnist-cnn", student="mlp-64", seeds=range(4))
family

# %%
born, mean = family.difference("born-again"), family.difference("moving average")
real = family.difference("a real teacher")
claims(
    claim(len(set(family.steps.values())) == 1, "all arms took equally many steps"),
    claim(abs(born.mean) < 0.012, "a second generation: about a point at most, either way"),
    claim(abs(mean.mean) < 0.012, "a moving average of itself: the same"),
    claim(real.mean > 0.02, "a real teacher, better than the student: more than two points"),
    claim(
        real.mean > 2 * max(born.mean, mean.mean),
        "self-distillation has not half of that",
    ),
)

# %% [markdown]
# **"Self-distillation solves the accuracy gap between teacher and student."** So one reads.
# Where teacher and student are one network, there is no gap, true. But there is no one who
# knows more either. A gap can be closed from above by making the student better, or by doing
# without the better teacher. Here only a real teacher made the student better.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
gains.reveal(
    "Shallow exits do gain from having labels of their own while the layers below are still "
    "learning: that is deep supervision. The deepest exit's answers add nothing measurable to "
    "it here. It has seen the same labels, and by the end says nearly what they say.",
    right=3,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write the loss of *Look inside*. `exits_logits` is a list of logits, shallow ones
# first, each of shape (batch, classes). Return one number. Mind who is a target, and where.


# %%
def exit_losses(exits_logits, labels, temperature, alpha):
    raise NotImplementedError("the deepest learns from labels, the others from both")


check("exit_losses", exit_losses)

# %%
hint("exit_losses")

# %% [markdown]
# **2. Spot the bug.** Both functions should give the teacher of the second generation, and a
# child that starts anew. Each has a bug that real code has shipped.
#
# | letter | bug |
# |---|---|
# | a | teacher and student are one and the same object |
# | b | the teacher is trained too |
# | c | the second generation starts from the first one's weights |
# | d | the second generation sees its batches in another order |


# %%
def born_again_1(trained):
    teacher = trained.eval().requires_grad_(False)
    student = teacher
    return teacher, student.train().requires_grad_(True)


def born_again_2(trained):
    teacher = trained.eval().requires_grad_(False)
    student = copy.deepcopy(trained).requires_grad_(True)
    return teacher, student.train()


# Experiments go here, for example: teacher, student = born_again_1(network(0))

found = {"born_again_1": "?", "born_again_2": "?"}
check("spot_the_twin", found)

# %%
hint("spot_the_twin")

# %% [markdown]
# ## Think
#
# A colleague's self-distillation has a distillation loss of exactly 0 from the first step to
# the last, and the student gets better all the same. What has happened? What would you see
# in the first steps if the child were a *copy* of its parent instead?
#
# <details><summary>An answer</summary>
#
# Teacher and student are the same object: whatever the student becomes, its teacher says the
# same. The KL divergence of equal answers is 0, and so is its gradient. It gets better by the
# labels. With a copy the loss is 0 at the first step, then grows, as the student moves away
# from where it was and is held back. That is a way to keep old knowledge (`old-self` in
# kdlab), but it is no second generation.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. In self-distillation a network teaches itself: deep exits the shallow ones, a parent its
#    child, an average its last state.
# 2. Exits trade accuracy for cost, and easy pictures can leave early.
# 3. Their gain here is that of deep supervision: labels at every exit. Teaching adds nothing.
# 4. A second generation and a moving average gain about nothing; a real teacher does.
# 5. A distillation loss of exactly 0 is no success. Look whether the teacher *is* the
# student.
#
# ## Sources
#
# - Zhang et al. 2019, *Be your own teacher*,
#   [arXiv:1905.08094](https://arxiv.org/abs/1905.08094): exits that are taught by the
#   deepest.
# - Lee et al. 2015, *Deeply-supervised nets*,
#   [arXiv:1409.5185](https://arxiv.org/abs/1409.5185): labels at every layer, without a
#   teacher.
# - Furlanello et al. 2018, *Born again neural networks*,
#   [arXiv:1805.04770](https://arxiv.org/abs/1805.04770): generations.
# - Teerapittayanon et al. 2016, *BranchyNet*,
#   [arXiv:1709.01686](https://arxiv.org/abs/1709.01686): leaving early when sure.
#
# NAVIGATION
