# %% [markdown]
# NAVIGATION
#
# # 10 · Offline and online
#
# **Does the teacher still learn while it teaches? This notebook draws who teaches whom, finds
# the places where a gradient has to stop, and tries out what it is worth to learn together.**
#
# About 35 minutes. You should know the distillation loss (notebook 05).

# %% [markdown]
# ## You will be able to
#
# - **say** who teaches whom in four schemes, and whose weights a loss may move;
# - **write** one step of mutual learning, with its gradients stopped where they must be;
# - **predict** who gains when two networks learn from each other, and test it;
# - **spot** the bug of a peer that is not detached.

# %% [markdown]
# ## Set-up
#
# This time the teacher is made here, since it has to go on learning later, and that should
# not take long: `conv-8`, a small convolutional network, trained on 5,000 labelled pictures.
# Students get 500 labels of other pictures, and 2,000 unlabelled ones beside them.

# %%
import torch
import torch.nn.functional as F
from torch import nn

import kdlab
from kdlab.ui.lesson import (
    Guess,
    WhoTeaches,
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
x, y = shipped.train.x, shipped.train.y
held = {
    "validation": (shipped.validation.x, shipped.validation.y),
    "test": (torch.cat([shipped.test.x, x[7500:]]), torch.cat([shipped.test.y, y[7500:]])),
    "classes": shipped.classes,
}
few = kdlab.Dataset.from_tensors(x[:500], y[:500], **held)
pooled = kdlab.Dataset.from_tensors(x[:2500], y[:2500], labelled=500, **held)
others = kdlab.Dataset.from_tensors(x[2500:7500], y[2500:7500], **held)


def accuracy(net):
    return kdlab.metrics.accuracy(ask(net, few.test.x).logits, few.test.y)


training = kdlab.train(
    "conv-8",
    others,
    recipe=kdlab.Recipe(alpha=0.0, epochs=6, learning_rate=3e-3, batch_size=64),
    measure_every=0,
)
for _ in training:
    pass
teacher = training.students["student"].eval()
print(few.note)

# %% jupyter={"source_hidden": true}
here("student", "transfer", on=("offline", "online"))

# %% [markdown]
# ## Offline, online
#
# A *scheme* says who teaches whom, and when. Three questions tell the schemes apart: who
# answers as the teacher, whether it is still learning, and whom each loss may move.
#
# - [Offline](glossary.md#offline): the teacher was trained before. It is **frozen**: its
#   weights stay as they are, it is in eval mode, and its answers can be computed once and kept.
# - [Online](glossary.md#online): whoever teaches is still learning. Here we meet three kinds.
#   A **co-trained** teacher goes on learning from labels while its student follows it. Two
#   [peers](glossary.md#peer) start together and teach each other, which is
#   [mutual learning](glossary.md#mutual-learning). Or all peers learn from the **mean** of
#   their answers.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
peers = Guess(
    "10-equal-peers",
    "Two equal, weak networks have the same 500 labels. They start with different weights, and "
    "teach each other on 2,000 more pictures. Compared with learning alone: who gains?",
    [
        "Both, by several points: two see more than one",
        "One of them, whichever is ahead by chance",
        "Nobody, as far as we can measure",
        "Nobody: both lose several points",
    ],
)
peers

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "10-recall-alpha",
    "In kdlab alpha is 0.9. What has the weight 0.1?",
    ["The teacher's term", "The cross-entropy with the labels", "The factor T²"],
    answer="The labels have 1 − alpha, the distillation loss has alpha (notebook 05).",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "10-recall-kl",
    "KL(teacher ‖ student) is minimised for the student. When is it 0?",
    [
        "When both have the same top answer",
        "When both give every class the same probability",
        "When the student gives the label all the probability",
    ],
    answer="It is 0 where both distributions are equal, else above 0 (notebook 05).",
    right=1,
)

# %% [markdown]
# ## Play: one step of training, taken apart
#
# Choose a scheme, and go through the four parts of a training step with **Next part**. Blue
# arrows carry answers, green ones labels. The two bars ‖ mark where no gradient flows back.

# %% tags=["nbval-ignore-output"]
view = WhoTeaches(networks={"student": "mlp-16", "peer": "mlp-64"})
view

# %% [markdown]
# In words: in the backward part each loss moves the network whose loss it is, and stops at
# the one that gave the answers. The teacher's answers are *detached*: used as numbers, cut
# off from the weights they came from.
#
# **Try this.** Take the tick from *detach the teacher's answers* and go through the schemes
# again. In which of the four does nothing change, and why?

# %%
claims(
    claim(
        view.moved("frozen teacher", stopped=False) == view.moved("frozen teacher"),
        "a frozen teacher is safe without detaching: nothing in it can move",
    ),
    claim(
        view.moved("teacher still learning", stopped=False)["co-teacher"]
        == ["labels", "loss of student"],
        "a co-trained teacher that is not detached is moved by its student's loss too",
    ),
    claim(
        "loss of peer" in view.moved("two peers", stopped=False)["student"],
        "so is each of two peers by the other's",
    ),
    claim(
        "loss of peer" in view.moved("mean of peers", stopped=False)["student"],
        "a mean has no weights, but a gradient can go through it to its members",
    ),
)

# %% [markdown]
# ## Look inside
#
# A scheme is a few lines of data in the package: links, each from a student to its teacher.

# %%
source(kdlab.schemes.frozen)

# %%
source(kdlab.schemes.co_trained)

# %%
source(kdlab.schemes.mutual)

# %% [markdown]
# In one line of the trainer, everybody's answers as a teacher are detached, whoever it is:
# `teacher=seen[teacher].detach()`.
#
# **By hand.** Two classes, one picture, its label is class 0. Peer $a$ has the logits 0 and
# 0, so it says ½ and ½. Peer $b$ has log 3 and 0, so it says ¾ and ¼. Mutual learning
# (at T = 1, both terms with weight 1) gives each peer its own loss:
#
# $$L_a = \mathrm{CE}(y, z^a) + \mathrm{KL}(p^b \,\|\, p^a) ,\qquad
# L_b = \mathrm{CE}(y, z^b) + \mathrm{KL}(p^a \,\|\, p^b) .$$
#
# | symbol | meaning | in code |
# |---|---|---|
# | $z^a, z^b$ | logits of the two peers | `a`, `b` |
# | $p^a, p^b$ | their probabilities, softmax of the logits | `a.softmax(1)` |
# | $y$ | the label | `label` |
# | $L_a, L_b$ | one loss for each peer | `loss_a`, `loss_b` |
#
# For $a$: CE = log 2 = 0.693, and KL = ¾ log (¾ / ½) + ¼ log (¼ / ½) = 0.131. So
# $L_a$ = 0.824. The gradient of $L_a$ in $z^a$ is *what a says, less the label*, plus *what a
# says, less what b says*: for class 0, (½ − 1) + (½ − ¾) = −0.75.

# %%
a = torch.tensor([[0.0, 0.0]], dtype=torch.float64, requires_grad=True)
b = torch.tensor([[3.0, 1.0]], dtype=torch.float64).log().requires_grad_()
label = torch.tensor([0])


def kl(target, answer):
    """KL(target ‖ answer) of two peers' logits at T = 1, nothing detached."""
    p, q = target.log_softmax(1), answer.log_softmax(1)
    return (p.exp() * (p - q)).sum(1).mean()


loss_a = F.cross_entropy(a, label) + kl(b.detach(), a)
loss_b = F.cross_entropy(b, label) + kl(a.detach(), b)
leaky = F.cross_entropy(a, label) + kl(b, a) + F.cross_entropy(b, label) + kl(a, b)
(right,) = torch.autograd.grad(loss_a + loss_b, a)
(wrong,) = torch.autograd.grad(leaky, a)
print(f"loss of a: {loss_a.item():.3f}")
print(
    f"gradient in a's first logit: {right[0, 0]:.3f} detached, {wrong[0, 0]:.3f} not detached"
)

# %% [markdown]
# The losses have the same value with and without `detach`. Only the gradient tells. Where
# both losses are added up and nobody is detached, $L_b$ pulls at $a$ as well: *become such that
# b looks right*. Here the gradient is more than a third too long. A teacher that can be moved
# by its student's loss comes to meet it, and the two agree sooner, on whatever it may be.

# %%
claims(
    claim(abs(loss_a.item() - 0.824) < 0.001, "the loss is the one worked out by hand"),
    claim(abs(right[0, 0].item() + 0.75) < 1e-9, "so is the gradient, −0.75"),
    claim(
        abs(leaky.item() - (loss_a + loss_b).item()) < 1e-12,
        "without detach the value is the same",
    ),
    claim(
        (wrong / right)[0, 0].item() > 4 / 3, "but the gradient is more than a third too long"
    ),
)

# %% [markdown]
# ## Experiment: offline against co-trained
#
# The student is `mlp-32`, its pictures are the 500 labelled ones, T = 2 and alpha = 0.9. Three
# arms, five seeds each, the same steps in the same order:
#
# - **labels only**: the teacher is not asked.
# - **offline**: the teacher is frozen.
# - **co-trained**: a copy of the teacher goes on learning, from the student's 500 labels.

# %% tags=["nbval-ignore-output"]
recipe = kdlab.Recipe(temperature=2.0, alpha=0.9, epochs=30, learning_rate=5e-3, batch_size=64)
co_trained = recipe.replace(scheme="online", scheme_variant="co-trained")
table = kdlab.compare(
    {"labels only": recipe.replace(alpha=0.0), "offline": recipe, "co-trained": co_trained},
    few,
    teacher=teacher,
    student="mlp-32",
    seeds=range(5),
)
table

# %% [markdown]
# What happens to the teacher meanwhile? We watch it in one run: its accuracy on the test
# pictures, and the entropy of its answers on the 500 pictures from which it now learns.


# %%
def entropy(net):
    """Mean entropy of its answers on the pictures that it learns from, in nats."""
    return float(kdlab.metrics.entropy(ask(net, few.train.x).logits).mean())


watched = kdlab.train("mlp-32", few, teacher=teacher, recipe=co_trained, measure_every=0)
looks = {}
for event in watched:
    if isinstance(event, kdlab.events.Step) and (event.step == 1 or event.step % 40 == 0):
        net = watched.setup.players["co-teacher"].net
        looks[event.step / 8] = (accuracy(net), entropy(net))
before = entropy(teacher)
start = accuracy(teacher)
still(
    figures.going_on(
        [0.0, *looks],
        [start, *(look[0] for look in looks.values())],
        [before, *(look[1] for look in looks.values())],
    ),
    "A teacher that goes on learning from few labels: its test accuracy drops at the first "
    "step and comes back, but not to where it was; the entropy of its answers on the pictures "
    "it learns from falls towards zero.",
)

# %%
offline, following = table.difference("offline"), table.difference("co-trained", "offline")
end = [sum(values) / 3 for values in zip(*list(looks.values())[-3:], strict=True)]
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(offline.mean > 0, "offline: the student gains over labels alone"),
    claim(following.mean < -0.01, "co-trained: it loses more than a point against offline"),
    claim(table.difference("co-trained").mean < 0, "and ends below labels alone"),
    claim(end[0] < start, "the teacher itself has become worse on other pictures"),
    claim(
        end[1] < before / 5,
        "on its own it has become certain: less than a fifth of the entropy is left",
    ),
)

# %% [markdown]
# So it is not enough that the teacher learns on. (The dip at the left is the first step of a
# new optimiser; the teacher soon recovers from it, nearly.) It learned 500 pictures by heart,
# and with its doubts went its [dark knowledge](glossary.md#dark-knowledge): what it says about
# them is nearly the labels again. A teacher that goes on would need more pictures than its
# student has, or pictures that the student does not train on.

# %% [markdown]
# ## Experiment: two peers
#
# Now nobody is trained beforehand. The *weak* network sees each picture shrunk to 4 × 4
# pixels, as a cheap sensor would, and has 16 hidden units. The *strong* one is `mlp-64` and
# sees all 28 × 28 pixels. Both have 500 labels and meet on the 2,500 pictures, T = 1 and
# alpha = 0.5, as in mutual learning's two equal weights. What is measured is both peers, each
# against the same network with the same start and alpha = 0: side by side, but alone. Two
# strong peers are the control.


# %%
def thumbnail(seed):
    """A network that sees 4 × 4 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.AvgPool2d(7), nn.Flatten(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10)
        )


# %% tags=["nbval-ignore-output"]
together = kdlab.Recipe(
    scheme="online", temperature=1.0, alpha=0.5, epochs=8, learning_rate=5e-3, batch_size=64
)
pairs = {
    "apart": (together.replace(alpha=0.0), lambda seed: kdlab.build("mlp-64", seed)),
    "equal": (together, thumbnail),
    "unequal": (together, lambda seed: kdlab.build("mlp-64", seed)),
    "equals": (together, lambda seed: kdlab.build("mlp-64", seed)),
}
reached = {}
for seed in range(5):
    for name, (knobs, peer) in pairs.items():
        training = kdlab.train(
            kdlab.build("mlp-64", seed) if name == "equals" else thumbnail(seed),
            pooled,
            peer=peer(seed + 100),
            recipe=knobs.replace(seed=seed),
            measure_every=0,
        )
        for _ in training:
            pass
        if name != "equals":
            reached.setdefault(f"weak, {name}", []).append(
                accuracy(training.students["student"])
            )
        if name != "equal":
            strong = accuracy(training.students["peer"])
            reached.setdefault(f"strong, {name}", []).append(strong)
peers_table = kdlab.comparison.Table(
    accuracy=reached,
    agreement={},
    seconds={},
    steps=dict.fromkeys(reached, training.total),
    seeds=list(range(5)),
    against="weak, apart",
    note=f"5 seeds; {pooled.note}",
)
peers_table

# %%
equal = peers_table.difference("weak, equal")
weak = peers_table.difference("weak, unequal")
strong = peers_table.difference("strong, unequal", "strong, apart")
equals = peers_table.difference("strong, equals", "strong, apart")
still(
    figures.differences(
        [
            ("weak, with its equal", *equal),
            ("weak, with a strong peer", *weak),
            ("strong, with its equal", *equals),
            ("strong, with a weak peer", *strong),
        ],
        against="the same network alone",
        roles={"weak, with a strong peer": "student", "strong, with a weak peer": "teacher"},
        height=2.4,
    ),
    "Difference in test accuracy to the same network alone, with 95 % intervals over five "
    "seeds. With an equal, nobody gains or loses much. With a strong peer the weak network "
    "gains a little; the strong one loses more.",
)

# %%
gap = peers_table.difference("strong, apart", "weak, apart")
claims(
    claim(gap.low > 0.05, "alone, the strong network is more than five points better"),
    claim(
        0.6 < sum(reached["weak, apart"]) / 5 < 0.8,
        "the weak one is wrong in about three cases out of ten",
    ),
    claim(abs(equal.mean) < 0.01, "two equal weak peers: the mean gain is less than a point"),
    claim(
        0 < weak.mean < 0.015,
        "a strong peer gives the weak one something, less than a point and a half",
    ),
    claim(abs(equals.mean) < 0.015, "two equal strong peers: little, either way"),
    claim(strong.mean < -0.01, "the strong one pays for it: more than a point in the mean"),
    claim(strong.mean < equals.mean, "which a strong peer does not cost it"),
    claim(abs(strong.mean) > abs(weak.mean), "and loses more than the other gains"),
)

# %% [markdown]
# Among equals a null result, then: two networks with the same labels know much the same, and
# there is little to tell. Beside a strong peer the weak one gains a little, as far as its 16
# pixels let it. But half of the strong one's loss now says *agree with somebody who is wrong in
# three cases out of ten*, and it does: it loses more than the other gains.
#
# That is no verdict on mutual learning. Its paper finds gains for larger networks on larger
# data, with all pictures labelled. It is a verdict on the sentence "peers help each other":
# it depends on what each knows that the other does not, and whether the other can use it. Ask
# for both curves, not only for that of the winner.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
peers.reveal(
    "With the same labels and the same kind of network there is hardly anything that one knows "
    "and the other does not. The difference is below a point, and its sign is not certain. "
    "With a strong peer it is the strong one that changes most: downwards.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write one step of mutual learning. `logits_a` and `logits_b` have shape (batch,
# classes), `labels` are whole numbers of shape (batch,). Return two losses, `loss_a` and
# `loss_b`, as in *Look inside*: at T = 1, both terms with weight 1, averaged over the
# pictures. Somebody will add them up and call `backward()`; see to it that this is safe.


# %%
def mutual_step(logits_a, logits_b, labels):
    raise NotImplementedError("two losses, one for each network")


check("mutual_step", mutual_step)

# %%
hint("mutual_step")

# %% [markdown]
# **2. Spot the bug.** Both steps below return the right values. Each has one bug that only a
# gradient shows. Which?
#
# | letter | bug |
# |---|---|
# | a | the peer is not detached |
# | b | the KL divergence is the wrong way round |
# | c | the cross-entropy is missing |
# | d | the mean runs over the classes too |
# | e | the learner is detached |


# %%
def step_1(logits_a, logits_b, labels):
    log_a, log_b = logits_a.log_softmax(1), logits_b.log_softmax(1)
    loss_a = F.nll_loss(log_a, labels) + (log_b.exp() * (log_b - log_a)).sum(1).mean()
    loss_b = F.nll_loss(log_b, labels) + (log_a.exp() * (log_a - log_b)).sum(1).mean()
    return loss_a, loss_b


def step_2(logits_a, logits_b, labels):
    log_a, log_b = logits_a.log_softmax(1).detach(), logits_b.log_softmax(1).detach()
    loss_a = F.cross_entropy(logits_a, labels) + (log_b.exp() * (log_b - log_a)).sum(1).mean()
    loss_b = F.cross_entropy(logits_b, labels) + (log_a.exp() * (log_a - log_b)).sum(1).mean()
    return loss_a, loss_b


# Experiments go here: torch.autograd.grad(loss, logits, retain_graph=True) tells who is moved.

found = {"step_1": "?", "step_2": "?"}
check("spot_the_peer", found)

# %%
hint("spot_the_peer")

# %% [markdown]
# ## Think
#
# Someone writes a training loop with two optimisers. `loss_a.backward()`, then a step of
# a's optimiser; `loss_b.backward()`, then a step of b's. Nothing is detached, but each
# optimiser knows the weights of its own network only. Is that safe?
#
# <details><summary>An answer</summary>
#
# Not as it stands. The step of a's optimiser cannot move b, that much is true. But
# `loss_a.backward()` has also written into the `.grad` of b's weights, and there it stays until
# it is set to zero. If b's `zero_grad()` comes just before `loss_b.backward()`, all is well.
# If it comes at the top of the loop, b is moved by a's loss after all. And it costs a second
# backward pass through b for nothing. With `detach` you need not think about it.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Offline: the teacher is frozen. Online: whoever teaches is still learning.
# 2. A loss moves the network whose loss it is. The teacher's answers are detached, and only a
#    frozen teacher is safe without.
# 3. A bug of that kind does not show in the loss. It shows in gradients.
# 4. A teacher that goes on learning from its student's few pictures learns them by heart,
#    and teaches worse than one that rests.
# 5. Two equal weak peers gain nothing to speak of here. Beside a strong one a weak one gains a
#    little, and the strong one loses more.
#
# ## Sources
#
# - Zhang, Xiang, Hospedales, Lu 2018, *Deep mutual learning*,
#   [arXiv:1706.00384](https://arxiv.org/abs/1706.00384): two peers; table 2 shows both of them.
# - Guo et al. 2020, *Online knowledge distillation via collaborative learning* (KDCL), CVPR
#   2020: learning from a mean, and several ways to take it.
# - Lan, Zhu, Gong 2018, *Knowledge distillation by on-the-fly native ensemble*,
#   [arXiv:1806.04606](https://arxiv.org/abs/1806.04606): peers that share their first layers.
# - Gou et al. 2021, *Knowledge distillation: a survey*,
#   [arXiv:2006.05525](https://arxiv.org/abs/2006.05525):
#   section 3 sorts offline, online and self.
#
# NAVIGATION
