# %% [markdown]
# NAVIGATION
#
# # 00 · Start here
#
# **A large network teaches a small one, and you hold the knobs. In a quarter of an hour you
# can run, steer and read a distillation; after this notebook you can also say what it
# gained.**
#
# About 30 minutes. You should have seen a classifier before: it takes a picture and gives one
# number for each class. No more is needed.

# %% [markdown]
# ## You will be able to
#
# - **run** a distillation, pause it, take single steps, change its pace, begin anew;
# - **save** a run and **open** it again;
# - **read** curves: which line is the student, which are its rivals, what a mark means;
# - **do the same** in ten lines of Python, and compare a student with its rivals fairly.

# %% [markdown]
# ## Set-up
#
# Run a cell with Shift + Enter, or all of them with *Run › Run All Cells*.
#
# The teacher was trained before and ships with kdlab. So do the pictures: Fashion-MNIST, 28 ×
# 28 pixels, ten kinds of clothes. A first run was recorded, too, so that there is something
# to see at once.

# %%
from IPython.display import display

import kdlab
from kdlab.data import data_dir
from kdlab.ui.lesson import (
    Guess,
    Tour,
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

recorded = kdlab.Run.open(data_dir() / "runs" / "first-look")
data, teacher = recorded.data, recorded.teacher
print(f"{len(data.train)} labelled pictures to learn from, {len(data.test):,} to be tested on")

# %% jupyter={"source_hidden": true}
here("transfer", "loss", "deployment", on=("response", "offline", "standard"))

# %% [markdown]
# **Distillation** means: a *student* learns not only from labels, but also from what a
# trained *teacher* says of the same pictures. A label says "shirt". The teacher says "shirt
# 80 %, coat 15 %, T-shirt 4 %, …". Such an answer is called a **soft target**.
#
# Four words go with every distillation of this course:
#
# | word | question | choices |
# |---|---|---|
# | **temperature** T | how soft are the soft targets made? | above 0 |
# | **alpha** | who counts more, the labels or the teacher? | 0: labels only, 1: teacher only |
# | **type** | what of the teacher is copied? | response, feature, relation |
# | **scheme** | who teaches whom? | offline, online, self |
#
# *Response* is the answer itself, *feature* what inner layers show, *relation* how pictures
# lie to each other. *Offline* has a finished teacher; *online*, both still learn; with *self*,
# a network teaches itself. You need not know more of these two yet.

# %% [markdown]
# ## Guess first
#
# Write down what you expect before you try it. Your guess is kept, and you will meet it again.

# %% jupyter={"source_hidden": true}
bars = Guess(
    "00-bars",
    "A teacher says of one picture: shirt 80 %, coat 15 %, T-shirt 4 %, and very little of all "
    "the rest. "
    "Now the temperature T rises. Which bars grow?",
    [
        "The tallest: the teacher becomes surer",
        "All ten",
        "The small ones; the tallest shrinks",
        "None: T has to do with training only",
    ],
)
bars

# %% [markdown]
# ## Play
#
# This is the workbench. It shows the recorded run: after 240 steps, what do teacher and
# student say of a picture that they disagree on?
#
# Under it there is a tour. It notices by itself what you have done. **Try this first:** take
# the slider *Temperature* and watch the bars.

# %%
bench = kdlab.Workbench()
display(bench, Tour(bench))

# %% [markdown]
# In words: on the left are the knobs, and the loss with its numbers of the last step. On top
# are the commands. On the right are panels that show one and the same run: the soft targets
# of teacher and student, their inner layers, how they relate pictures to each other, the
# curves, and a table of all runs; then who teaches whom, and how hard each term of the loss
# pulls. The line at the bottom sets teacher against student: how often each is right, and how
# large and how fast it is.
#
# A small student trains in a second or two. That is too fast to steer, so the workbench takes
# ten steps a second unless you choose another pace.

# %% [markdown]
# ### How to read the curves
#
# Each **line** is one student, measured on pictures that no student learns from (the
# *validation* pictures). The one in the middle of the story, drawn in vermilion, is yours.
# Two rivals train beside it, from the same start and on the same pictures in the same order:
#
# - **labels only** has no teacher. It says what distillation is worth at all.
# - **hard answers** is told the teacher's top answer, as if it were a label. It says whether
#   the small numbers in the soft targets are worth anything.
#
# The level line is the teacher. A dashed vertical is a **mark**: here somebody turned a knob.
# What counts is where lines *end*, and whether that would be so again with another *seed*,
# that is, from another start and with another order of pictures. The recorded run has five
# seeds. The line is their mean, and the pale band around it reaches from the lowest to the
# highest.

# %%
still(
    recorded.plot(),
    "Curves of the recorded run against optimiser steps. Validation accuracy climbs steeply, "
    "then flattens; in the end the student is above hard answers, these are above labels only, "
    "and the teacher's level line is far above all. The student's cross-entropy and its "
    "divergence from the teacher fall and stay low; those of the two rivals soon rise again. "
    "Both terms of the loss fall.",
)

# %%
accuracy, cross_entropy = recorded.charts()[:2]
(teacher_line,) = accuracy["lines"]
end = {line["name"]: line["y"][-1] for line in accuracy["series"]}
doubt = {line["name"]: line["y"] for line in cross_entropy["series"]}
claims(
    claim(
        teacher_line["y"] > end["student"] > end["hard answers"] > end["labels only"],
        "in the end: the teacher above the student, above hard answers, above labels only",
    ),
    claim(
        accuracy["series"][0]["low"][-1] > end["hard answers"],
        "even the lowest of the student's five seeds ends above both rivals",
    ),
    claim(
        all(
            doubt[name][-1] > min(doubt[name]) + 0.1 for name in ("labels only", "hard answers")
        )
        and doubt["student"][-1] < min(doubt["student"]) + 0.02,
        "the rivals' cross-entropy rises again, while their accuracy stays; not the student's",
    ),
)

# %% [markdown]
# The last line is worth a thought. The rivals go on learning 500 answers by heart, and become
# surer than they should be; so where they are wrong, they are wrong with confidence. Soft
# targets do not ask for such confidence.

# %% [markdown]
# And the same curves to explore. Drag a box to zoom in, double-click to zoom out, move the
# pointer to read values, click a name to hide its line.

# %% tags=["nbval-ignore-output"]
recorded.explore()

# %% [markdown]
# ## Look inside
#
# The workbench is one way in. Here is what it does when you press *Train*, in Python:

# %% tags=["nbval-ignore-output"]
recipe = kdlab.Recipe(
    data="fashion-mnist",
    labelled=500,  # labels that the student may use …
    pool=0,  # … and no pictures beside these
    teacher="fashion-mnist-cnn",
    student="mlp-64",  # one hidden layer of 64 units
    temperature=2.0,
    alpha=0.9,
    epochs=60,
)
run = kdlab.distill(recipe=recipe)
for name, value in run.metrics().items():
    print(f"{name:17} {value:.3f}")

# %% [markdown]
# A **recipe** holds every knob. It can be written as text and read again, so a run can be
# repeated by anybody:

# %%
print(recipe.to_toml())

# %% [markdown]
# A **run** holds what came of it: the student, its metrics, and everything that happened, as
# a list of *events*. Turned knobs are events, too. The curves above are drawn from nothing
# else.

# %% tags=["nbval-ignore-output"]
for line in list(kdlab.events.replay(run.events))[:4]:
    print(line)
step = next(event for event in run.events if isinstance(event, kdlab.events.Step))
print()
for name, value in step.terms.items():
    print(f"step {step.step}: {name:22} {step.weights[name]:.1f} × {value:.3f}")
print(f"step {step.step}: {'together':22}       {step.loss:.3f}")

# %% [markdown]
# This is `distill` itself. A **training** is something to loop over: each time round, one
# thing happens, and an event says what it was.

# %%
source(kdlab.distill)

# %% [markdown]
# The buttons of the workbench are this loop. *Pause* is not to ask for more, *Step* is to ask
# once. To turn a knob is to give the training another recipe; the next step uses it. Here
# alpha is turned after ten steps:

# %%
training = kdlab.train(recipe=recipe.replace(epochs=5))
happened = []
for event in training:
    happened.append(event)
    if isinstance(event, kdlab.events.Step) and event.step == 10:
        training.recipe = training.recipe.replace(alpha=0.5)
turns = [event for event in happened if isinstance(event, kdlab.events.Changed)]
print(*turns)

# %% [markdown]
# One of the metrics is new: **agreement**. It compares two networks with each other, not with
# the labels. By hand, for four pictures and three classes:
#
# | picture | label | teacher's top answer | student's top answer | right? | agree? |
# |---|---|---|---|---|---|
# | 1 | 0 | 0 | 0 | yes | yes |
# | 2 | 1 | 1 | 1 | yes | yes |
# | 3 | 2 | 1 | 1 | no | **yes** |
# | 4 | 0 | 0 | 2 | no | no |
#
# The student is right for 2 of 4 pictures, and agrees with its teacher for 3 of 4. In the
# third picture both are wrong together.

# %%
source(kdlab.metrics.agreement)

# %%
import numpy as np

labels = np.array([0, 1, 2, 0])
teacher_says = np.eye(3)[[0, 1, 1, 0]]  # logits: a one where the top answer is
student_says = np.eye(3)[[0, 1, 1, 2]]
steps = [event for event in run.events if isinstance(event, kdlab.events.Step)]
claims(
    claim(
        kdlab.metrics.accuracy(student_says, labels) == 2 / 4
        and kdlab.metrics.agreement(student_says, teacher_says) == 3 / 4,
        "the package's accuracy and agreement are those worked out by hand",
    ),
    claim(len(steps) == 60 * 4, "60 epochs of 4 batches are 240 steps, and each is an event"),
    claim(
        step.weights == {"student/labels": 1 - 0.9, "student/soft targets": 0.9},
        "the labels' term weighs 1 − alpha, the teacher's alpha",
    ),
    claim(
        all(
            abs(s.loss - sum(s.weights[n] * s.terms[n] for n in s.terms)) < 1e-5 for s in steps
        ),
        "what is minimised at every step is the weighted sum of these two",
    ),
    claim(
        [e.weights["student/labels"] for e in happened if isinstance(e, kdlab.events.Step)]
        == [1 - 0.9] * 10 + [0.5] * 10,
        "a turned knob counts from the next step on",
    ),
    claim(
        kdlab.Recipe.from_toml(recipe.to_toml()) == recipe,
        "a recipe that was written as text and read again is the same recipe",
    ),
)

# %% [markdown]
# ## Experiment
#
# **First: which bars grow?** You have seen some pictures. Here are all 2,000 of the test set.
# For each we sort the teacher's ten bars by height at T = 1, and look at the same bars again
# at T = 4 and T = 20.

# %%
logits = ask(teacher, data.test.x).logits.numpy()
order = np.argsort(-logits, axis=1)  # each picture's classes, the tallest bar first
at = {T: np.take_along_axis(kdlab.metrics.soften(logits, T), order, axis=1) for T in (1, 4, 20)}
print("bar, by height   mean at T = 1      4     20   grows from T = 1 to 4 in")
for place, name in enumerate(["tallest", "second", "third", "fourth", "fifth"]):
    means = " ".join(f"{at[T][:, place].mean():6.0%}" for T in at)
    print(f"{name:17}    {means:>25} {np.mean(at[4][:, place] > at[1][:, place]):13.0%}")

# %%
claims(
    claim((at[4][:, 0] < at[1][:, 0]).all(), "the tallest bar shrinks in every picture"),
    claim((at[4][:, -1] > at[1][:, -1]).all(), "the smallest bar grows in every picture"),
    claim(
        0.7 < np.mean(at[4][:, 1] > at[1][:, 1]) < 0.95,
        "the second bar grows in most pictures, not in all",
    ),
    claim(
        np.mean(at[20][:, 1] < at[4][:, 1]) > 0.3,
        "and as T rises further it often shrinks again: in the end all ten are alike",
    ),
)

# %% [markdown]
# **Second: what does the teacher's word gain?** One curve proves nothing: another seed gives
# other starting weights and another order of pictures, and so another curve. So each rival
# trains six times, with six seeds. With the same seed all start alike and see the same
# pictures in the same order, in equally many steps. So we compare seed by seed.
#
# The settings are those of the recorded run, chosen before anybody looked at the test
# pictures.

# %% tags=["nbval-ignore-output"]
arms = {
    "labels only": recipe.replace(alpha=0.0),
    "hard answers": recipe.replace(method="hard-targets"),
    "soft targets": recipe,
}
table = kdlab.compare(arms, seeds=range(6))
table

# %%
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in ("hard answers", "soft targets")],
        against="labels only",
        roles={"hard answers": "hard", "soft targets": "teacher"},
    ),
    "Difference in test accuracy to labels only, with 95 % intervals over six seeds. The "
    "teacher's hard answers gain a little, its soft targets about twice as much.",
)

# %%
soft, hard = table.difference("soft targets"), table.difference("hard answers")
dark = table.difference("soft targets", "hard answers")
agree = {arm: np.mean(values) for arm, values in table.agreement.items()}
best = max(table.accuracy["soft targets"])
claims(
    claim(len(set(table.steps.values())) == 1, "all took equally many steps"),
    claim(soft.low > 0.01, "soft targets gain more than one point over labels alone"),
    claim(hard.mean > 0, "the teacher's hard answers gain something, too"),
    claim(
        dark.low > 0.002,
        "soft targets beat them as well: the small numbers are worth something",
    ),
    claim(
        agree["soft targets"] > agree["labels only"] + 0.005,
        "a student of soft targets agrees with its teacher more often, too",
    ),
    claim(
        best < run.metrics()["teacher_accuracy"] - 0.04,
        "no student comes within four points of its teacher",
    ),
)

# %% [markdown]
# Two points do not look like much. But they cost nothing where the student is used: it is as
# small and as fast as before, and it needed not one label more. How to get more out of a
# teacher is the subject of this course. The first large step is to show it pictures *without*
# labels, of which there are usually plenty.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
bars.reveal(
    "Dividing by a larger T brings the logits closer together, so the tallest bar shrinks and "
    "the small ones grow. A bar in the middle may first grow and then shrink, since in the end "
    "all ten tend to one tenth. It has to do with more than training: you moved T over a "
    "finished run, and the bars moved at once.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# A saved run is a folder. *Save* in the workbench writes one into `runs/`, beside this
# notebook; `run.save("runs/my-run")` does it from Python. In the folder is the run's **card**,
# a file `card.json` with its results. The recorded run has one as well:

# %%
folder = data_dir() / "runs" / "first-look"
print(*sorted(path.name for path in folder.iterdir()), sep="\n")

# %% [markdown]
# Write `agreement(folder)`: it takes the folder of a saved run and returns its agreement, a
# number between 0 and 1. The check tries it on runs that you have never seen. The cell after
# it holds a hint; run it again for the next one, three times.


# %%
def agreement(folder):
    raise NotImplementedError("read the card, return one number")


check("agreement", agreement)

# %%
hint("agreement")

# %% [markdown]
# Then try it on a run of your own: train with another alpha, save, and call
# `agreement("runs/…")`. Does more of the teacher's weight always mean more agreement?

# %% [markdown]
# ## Think
#
# Two students have the same accuracy, 80 %. One agrees with its teacher for 86 % of the
# pictures, the other for 80 %. The teacher is right for 88 %. Which student would you rather
# have?
#
# <details><summary>An answer</summary>
#
# If the student stands in for the teacher, say because the teacher is too slow for a phone,
# the first: it makes the teacher's mistakes more often than mistakes of its own. People who
# know the teacher know what to expect.
#
# If both will be asked *together*, the second may be worth more. Its mistakes are others than
# the teacher's, and two who err in different places can correct each other.
#
# Accuracy alone does not tell them apart. That is why a run's card holds both numbers.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A student learns from labels and from a teacher's soft targets; alpha says how much from
#    whom, T how soft.
# 2. As T rises the tallest bar shrinks and the small ones grow.
# 3. Curves are read at their ends, beside the two rivals *labels only* and *hard answers*,
#    and over several seeds.
# 4. Agreement compares a student with its teacher, accuracy with the labels.
# 5. A recipe is a text, a run is a folder: both can be kept, sent, and opened again.
#
# ## Sources
#
# - Hinton, Vinyals, Dean 2015, *Distilling the knowledge in a neural network*,
#   [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): where soft targets come from; sections
#   1 and 2 are four easy pages.
# - Gou et al. 2021, *Knowledge distillation: a survey*,
#   [arXiv:2006.05525](https://arxiv.org/abs/2006.05525): the map of the field; the words type
#   and scheme are used here as there.
# - Stanton et al. 2021, *Does knowledge distillation really work?*,
#   [arXiv:2106.05945](https://arxiv.org/abs/2106.05945): accuracy and agreement are two things,
#   and students agree less than one would think.
# - Xiao, Rasul, Vollgraf 2017, *Fashion-MNIST*,
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747): the pictures.
#
# NAVIGATION
