# %% [markdown]
# NAVIGATION
#
# # 12 · Adversarial
#
# **Do not measure how far a student is from its teacher. Let a third network try to tell them
# apart, and let the student learn to pass. This notebook plays that game, sees it freeze, spin
# and collapse, and finds that here it gains nothing.**
#
# About 35 minutes. You should know the distillation loss and its gradient (notebook 05).

# %% [markdown]
# ## You will be able to
#
# - **write** a gradient reversal in one line, and say what it does forwards and backwards;
# - **compute** a discriminator's loss and the gradient that reaches the student;
# - **predict** what happens if the discriminator is too strong, or one side stands still;
# - **decide** by an honest comparison whether the game is worth its trouble.

# %% [markdown]
# ## Set-up
#
# As in notebook 05: the shipped teacher, `mlp-64` as the student, 500 labelled pictures, and a
# test set made larger by 9,500 pictures that nobody learns from.

# %%
import torch

import kdlab
from kdlab.ui.lesson import (
    Duel,
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

shipped = kdlab.load("fashion-mnist", labelled=500)
train, used = shipped.train, shipped.train.labelled
data = kdlab.Dataset.from_tensors(
    train.x[used],
    train.y[used],
    validation=(shipped.validation.x, shipped.validation.y),
    test=(
        torch.cat([shipped.test.x, train.x[~used]]),
        torch.cat([shipped.test.y, train.y[~used]]),
    ),
    classes=shipped.classes,
)
teacher = kdlab.pretrained("fashion-mnist-cnn")
print(data.note)

# %% jupyter={"source_hidden": true}
here("transfer", "loss", on=("response", "offline", "adversarial"))

# %% [markdown]
# ## The game
#
# A [discriminator](glossary.md#discriminator) $D$ is a small network. It sees logits and gives
# one number, its score $d$. The higher the score, the surer it is that the *teacher* has said
# this: with probability $\sigma(d) = 1/(1 + e^{-d})$. Its loss is the cross-entropy of its
# answers:
#
# $$L_D = \tfrac12\,\mathrm{mean}\left[-\log\left(1 - \sigma(d^s)\right)\right] +
# \tfrac12\,\mathrm{mean}\left[-\log \sigma(d^t)\right]$$
#
# | symbol | meaning | in code |
# |---|---|---|
# | $d^s, d^t$ | its scores for the student's and the teacher's logits | `student`, `teacher` |
# | $\sigma$ | the logistic function | `.sigmoid()` |
# | $L_D$ | near 0 if it tells all apart, log 2 = 0.69 if it has no idea | `discrimination` |
#
# The discriminator **minimises** $L_D$. The student **maximises** the same number, since it
# wants to be taken for the teacher. Nobody measures a distance.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
strong = Guess(
    "12-strong",
    "The discriminator has learned far ahead of the student: it is right on all pictures, and "
    "very sure. What does the student learn from it now?",
    [
        "Very much: a strong judge is a good teacher",
        "Next to nothing: hardly any gradient reaches it",
        "The wrong thing: the gradient points away from the teacher",
    ],
)
strong

# %% [markdown]
# Two quick questions on notebook 05:

# %% jupyter={"source_hidden": true}
Guess(
    "12-recall-pull",
    "What moves a student: the value of a loss, or its gradient?",
    ["The value", "The gradient", "Their product"],
    answer="A loss may be large and flat. What moves the weights is the gradient.",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "12-recall-zero",
    "For which student is the KL term of the distillation loss 0?",
    [
        "For one that says exactly what the teacher says, on every picture",
        "For one whose answers look like a teacher's on the whole",
        "For one that is always right",
    ],
    answer=(
        "KL compares answer with answer. A discriminator compares crowds: keep that in mind."
    ),
    right=0,
)

# %% [markdown]
# ## Play: a duel on a line
#
# Here both sides say single numbers. The teacher's lie about 2. The student has one weight,
# the place about which its numbers lie. The discriminator has two: the slope and the
# bias of its score. The dashed curve is how sure it is, at each place, that the teacher is
# speaking. The arrow is the gradient that reaches the student.

# %% tags=["nbval-ignore-output"]
view = Duel()
view

# %% [markdown]
# In words: at first the student's numbers lie about −2, and the discriminator, which has had
# three steps of a head start, tells all of them from the teacher's. There is a small arrow to
# the right: the student is told where to go.
#
# **Try this.** Three games, with *Reset* between them.
#
# 1. *Both learn*, 10 steps at a press, some 20 times. Does the student stop at 2?
# 2. *Discriminator only*, 1000 steps. Now *Student only*, 100 steps. What has become of the
#    arrow? *New discriminator* and *Both learn* bring the game back to life.
# 3. *Student only*, 100 steps, several times. Nobody corrects the discriminator. Where does
#    the student end?


# %%
def game(*moves):
    duel = Duel()
    for who, steps in moves:
        duel.play(who, steps)
    return duel


fresh, ahead = game(), game(("discriminator", 1000))
stuck = game(("discriminator", 1000), ("student", 100))
swinging, places = game(("both", 150)), []
for _ in range(16):
    swinging.play("both", 10)
    places.append(swinging.mean)
revived = game(("discriminator", 1000))
revived.renew()
revived.play("both", 300)
runaway = game(("student", 300))
claims(
    claim(
        abs(ahead.gradients()[0]) < abs(fresh.gradients()[0]) / 10,
        "after 1,000 steps alone the discriminator leaves the student less than a tenth of the "
        "gradient",
    ),
    claim(ahead.accuracy() == 1 and ahead.loss() < 0.01, "though it is right on every number"),
    claim(
        abs(stuck.mean - ahead.mean) < 0.1, "100 steps of the student alone then lead nowhere"
    ),
    claim(
        revived.mean > ahead.mean + 1, "with a new discriminator the student gets going again"
    ),
    claim(
        min(places) < 1.7 and max(places) > 2.3,
        "where both learn, the student reaches the teacher and swings past it, to and fro",
    ),
    claim(runaway.mean > 4, "against a frozen discriminator it runs past the teacher and on"),
)

# %% [markdown]
# ## Look inside
#
# **One backward pass for two opposite aims.** Between student and discriminator stands a
# [gradient reversal](glossary.md#gradient-reversal). Forwards it does nothing. Backwards it
# turns the sign of the gradient. So the discriminator goes downhill on $L_D$ and the student
# uphill, with one optimiser step each and a single loss.

# %%
source(kdlab.losses.gradient_reversal)

# %%
source(kdlab.losses.discrimination)

# %% [markdown]
# **By hand.** One picture each. The discriminator's score is $d = x$. The teacher says 1, so
# $\sigma(1)$ = 0.731. The student says 0, so $\sigma(0)$ = 0.5. The loss is
# ½ (log 2 + 0.313) = 0.503. Its gradient in the student's $x$ is ½ σ(0) = 0.25: downhill is
# to the left, away from the teacher. That suits the discriminator. Reversed it is −0.25, and
# the student, who goes downhill as well, moves to the right.
#
# Now let the discriminator be ten times as sure: $d = 10\,x - 5$. The student's score is −5,
# and the gradient ½ · 10 · σ(−5) = 0.033. And with $d = 20\,x - 10$ it is 0.0005. The slope
# has doubled, but σ has all but vanished. **A discriminator that is too sure has a flat loss
# where the student is.** (This is why generative networks are often trained with another loss
# for the generator, −log σ(d), which is steep just there.)

# %%
x = torch.tensor([0.0], requires_grad=True)
reversed_gradient, plain_gradient, values = {}, {}, {}
for name, slope, bias in (("d = x", 1, 0), ("d = 10x − 5", 10, -5), ("d = 20x − 10", 20, -10)):
    for kept, way in (
        (plain_gradient, lambda z: z),
        (reversed_gradient, kdlab.losses.gradient_reversal),
    ):
        seen, said = slope * way(x) + bias, slope * torch.tensor([1.0]) + bias
        loss = kdlab.losses.discrimination(seen, said)
        kept[name] = torch.autograd.grad(loss, x)[0].item()
    values[name] = loss.item()
    print(
        f"{name:13} loss {loss.item():.4f}   student's gradient {reversed_gradient[name]:+.4f}"
    )

# %%
claims(
    claim(abs(values["d = x"] - 0.503) < 0.001, "the loss is 0.503, as by hand"),
    claim(
        abs(plain_gradient["d = x"] - 0.25) < 1e-4
        and abs(reversed_gradient["d = x"] + 0.25) < 1e-4,
        "the gradient is 0.25, and reversed it is −0.25",
    ),
    claim(
        abs(reversed_gradient["d = 20x − 10"]) < 0.001,
        "the surest discriminator leaves the student next to no gradient",
    ),
)

# %% [markdown]
# ## Experiment
#
# Now for real. All arms see the same 500 pictures in the same order and take equal steps; five
# seeds. The game is played on logits, by a discriminator with one hidden layer of 32 units, and
# always *beside* soft targets (T = 2, alpha = 0.9). Only its weight differs.
#
# - **labels only**: no teacher.
# - **soft targets**: no game. All others are compared with this one.
# - **+ game**: with the package's default weight, 0.3.
# - **+ blind judge**: the same, but the discriminator never learns (`step` = 1). A control: is
#   it the game that acts, or any push?
# - **+ game × 100**: the weight is 30.

# %% tags=["nbval-ignore-output"]
soft = kdlab.Recipe(temperature=2.0, alpha=0.9, epochs=30, learning_rate=5e-3)
game_on = soft.replace(algorithm="adversarial", method="adversarial")
arms = {
    "labels only": soft.replace(alpha=0.0),
    "soft targets": soft,
    "+ game": game_on,
    "+ blind judge": game_on.replace(method_knobs={"step": 1}),
    "+ game × 100": game_on.replace(method_knobs={"weight": 30.0}),
}
table = kdlab.compare(
    arms, data, teacher=teacher, student="mlp-64", seeds=range(5), against="soft targets"
)
table

# %%
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in arms if arm != "soft targets"],
        against="soft targets",
        roles={"labels only": "labels", "+ game": "teacher", "+ game × 100": "teacher"},
    ),
    "Difference in test accuracy to soft targets alone, with 95 % intervals over five seeds. "
    "The game with its default weight is at zero or a little below, with a hundred times "
    "the weight it ruins the student.",
)

# %% [markdown]
# **Watch one game, and rescue it.** The weight is 30 for 60 steps; then we turn it down to 0.01
# and go on. Every 20 steps we ask the discriminator about 2,000 validation pictures.

# %% tags=["nbval-ignore-output"]
teacher_says = ask(teacher, data.validation.x).logits


def judged(training):
    """Share that the discriminator gets right, and the student's accuracy, on validation."""
    judge = training.wires[0].adapter
    with torch.no_grad():
        said = training.students["student"](data.validation.x)
        right = (
            (judge(said) < 0).float().mean() + (judge(teacher_says) > 0).float().mean()
        ) / 2
    return right.item(), (said.argmax(1) == data.validation.y).float().mean().item()


def watch(weight, then=None):
    recipe = game_on.replace(method_knobs={"weight": weight}, seed=1)
    training = kdlab.train("mlp-64", data, teacher=teacher, recipe=recipe, measure_every=0)
    seen = {}
    for event in training:
        if isinstance(event, kdlab.events.Step):
            if event.step % 20 == 0:
                seen[event.step] = judged(training)
            if event.step == 60 and then is not None:
                training.recipe = training.recipe.replace(method_knobs={"weight": then})
    return seen


gentle, ruined, rescued = watch(0.3), watch(30.0), watch(30.0, then=0.01)
print("          weight 0.3         weight 30       30, then 0.01")
print("step   judge  student    judge  student    judge  student")
for step in gentle:
    rows = (one[step] for one in (gentle, ruined, rescued))
    print(f"{step:4}   " + "    ".join(f"{100 * a:4.0f} %  {100 * b:4.0f} % " for a, b in rows))

# %%
played, blind, heavy = (
    table.difference(a) for a in ("+ game", "+ blind judge", "+ game × 100")
)
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(
        table.difference("labels only").mean < -0.01, "soft targets beat labels: the usual gain"
    ),
    claim(played.high < 0.01, "the game adds nothing to soft targets: a null result"),
    claim(played.mean > -0.03, "with its default weight it does no great harm either"),
    claim(blind.high < 0.02, "nor does a judge that never learns help"),
    claim(heavy.high < -0.1, "with 100 times the weight it costs more than ten points"),
    claim(
        max(right for right, _ in gentle.values()) > 0.8
        and min(right for right, _ in gentle.values()) < 0.75,
        "in a gentle game the judge swings: at times right on more than eight in ten, at times "
        "fooled",
    ),
    claim(
        rescued[120][1] > rescued[60][1] + 0.1,
        "turned down after 60 steps, the ruined student recovers by more than ten points",
    ),
)

# %% [markdown]
# Why does the game gain nothing? Three reasons, and you have met them all.
#
# - Soft targets compare **each picture's** answer with the teacher's. A discriminator compares
#   two **crowds**. A student that gives Sneaker's answer to a boot, and a boot's to a sneaker,
#   passes. All that the game can teach, soft targets teach better.
# - At times the discriminator wins, and little gradient is left. At times it is fooled, and
#   the gradient points wherever a few hundred examples happen to differ.
# - Where its weight is large enough to matter, two networks chase each other in circles.
#
# The game makes sense where pictures cannot be paired: where teacher and student see different
# data, or a generator must invent some. That is another task than ours.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
strong.reveal(
    "Next to nothing. The gradient at the student has the factor σ(d), the discriminator's "
    "doubt whether this might be the teacher after all. If it has no doubt, there is no "
    "gradient, however right it is. So the discriminator must neither be too strong nor too "
    "weak, which is what makes such games hard to train.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# Write the gradient reversal with a strength of 1: the value is `x`, the gradient that comes
# from behind is passed on times −1. One line is enough; no class is needed.


# %%
def gradient_reversal(x):
    raise NotImplementedError("the same forwards, the opposite backwards")


check("gradient_reversal", gradient_reversal)

# %%
hint("gradient_reversal")

# %% [markdown]
# ## Think
#
# A paper reports: "With our adversarial loss the student reaches 82 %, with labels alone 79 %."
# The method has soft targets, a discriminator, and three weights that were searched. Which arms
# are missing, before you would believe that the discriminator matters?
#
# <details><summary>An answer</summary>
#
# Soft targets alone, with their weight searched as carefully as the other arms': in this
# notebook they bring the whole gain. A discriminator that never learns. Several seeds, with
# intervals of paired differences, since a game makes runs differ more (look at the spread in
# the table). Equal steps and equal effort: three searched weights are many more trainings.
# And the search must not have looked at the test set.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A discriminator learns to tell student from teacher; the student learns to pass. No
#    distance is chosen by anybody.
# 2. A gradient reversal plays the game in one backward pass: `2 * x.detach() - x`.
# 3. The student's gradient has the factor σ(d). A discriminator without doubt teaches
#    nothing; a frozen one is run past; two learners swing about each other.
# 4. Beside soft targets the game gained nothing here, and with a large weight it ruined the
#    student. Turning the weight down rescues it in part.
# 5. It compares crowds, where distillation has pairs. Use it where there are none.
#
# ## Sources
#
# - Goodfellow et al. 2014, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661): the game, and in
#   section 3 the remark that log(1 − D) saturates.
# - Ganin, Lempitsky 2015, [arXiv:1409.7495](https://arxiv.org/abs/1409.7495): the gradient
#   reversal layer, for domain adaptation.
# - Xu, Hsu, Huang 2018, [arXiv:1709.00513](https://arxiv.org/abs/1709.00513): a discriminator
#   on logits for distillation.
# - Wang et al. 2018, *KDGAN: knowledge distillation with generative adversarial networks*,
#   NeurIPS: a game of three, in which a classifier learns as well.
#
# NAVIGATION
