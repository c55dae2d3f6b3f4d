# %% [markdown]
# NAVIGATION
#
# # 06 · Fine-tune, then stop
#
# **A teacher can leave at once, little by little, or never. This notebook draws schedules of
# alpha and T, lets a student go on with labels alone, and measures what it forgets.**
#
# About 35 minutes. You should know alpha, T and the distillation loss (notebook 05), and what
# a validation set is for.

# %% [markdown]
# ## You will be able to
#
# - **compute** the value that a schedule gives a knob at any step;
# - **write** a schedule that arrives on time and then stays;
# - **predict** which weights early stopping puts back;
# - **judge** whether fine-tuning on labels helps a student, or makes it forget its teacher.

# %% [markdown]
# ## Set-up
#
# As in notebook 05: the student is `mlp-64`, there are 500 labelled pictures, and the test set
# is made large by training pictures that nobody has seen. Every training takes 40 epochs,
# which are 160 steps.

# %%
import copy

import torch

import kdlab
from kdlab import schedules, tuning
from kdlab.ui.lesson import (
    Guess,
    ScheduleEditor,
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
recipe = kdlab.Recipe(temperature=2.0, alpha=0.9, epochs=40, learning_rate=5e-3, seed=0)
STEPS = recipe.total_steps(len(data.train))
print(data.note)
print(STEPS, "steps")

# %% jupyter={"source_hidden": true}
here("fine-tuning", on=("response", "offline", "standard"))

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
leaves = Guess(
    "06-leaves",
    "A student learns from a good teacher and 500 labels, for 160 steps. When should the "
    "teacher leave, so that the student is best on new pictures?",
    [
        "Never: alpha stays at 0.9 to the end",
        "Half way: first 80 steps with the teacher, then 80 with the labels alone",
        "Little by little: alpha falls from 1 to 0",
        "It makes no difference: it is the same teacher, and the same labels",
    ],
)
leaves

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "06-recall-squared",
    "T goes from 2 to 8, and the loss has its factor T². What happens to the teacher's "
    "gradient? (05)",
    [
        "It becomes 16 times smaller",
        "It keeps about its length, and turns to another direction",
        "It becomes 16 times larger",
    ],
    answer=(
        "The factor T² makes up for the gradient's fall like 1/T². What changes is the "
        "direction: small probabilities count for more. So T can move during a run, and alpha "
        "keeps its meaning."
    ),
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "06-recall-validation",
    "On which pictures may one choose the epoch whose weights are kept? (02)",
    ["On the training pictures", "On the validation pictures", "On the test pictures"],
    answer=(
        "On the validation pictures. On the training pictures the last epoch nearly always "
        "looks best, and a test set that has chosen something cannot judge it any more."
    ),
    right=1,
)

# %% [markdown]
# ## Play: draw a schedule
#
# A [schedule](glossary.md#schedule) is a knob that moves by itself during a run. It is given
# by a few points: at this share of the run, this value. Between two points the knob moves
# along a straight line. Before the first point and after the last it stays where it is.
#
# Drag the points below. Under the pictures you see what one step minimises, and the recipe
# that you have drawn.

# %% tags=["nbval-ignore-output"]
view = ScheduleEditor(steps=STEPS, step=41)
view

# %% [markdown]
# In words: alpha falls from 1 to 0 along a straight line, T stays at 2. The run begins with
# the teacher alone and ends with the labels alone. A quarter of the way, at step 41, the
# teacher still has three quarters of the weight.
#
# **Try this.** Make alpha stay at 0.9 for the first half, and then fall to 0.3 at the end.
# You need one more point. Which alpha has step 120? Say it first, then move the slider there.
# Keep what you have drawn: at the end of this notebook you can train with it.

# %% [markdown]
# ## Look inside
#
# These few lines turn points into a value. `share` is how much of the run is over, from 0 at
# the first step to 1 at the last:

# %%
source(schedules.value)

# %% [markdown]
# **By hand.** A run of five steps. They are numbered 0 to 4, so four gaps lie between them,
# and their shares are 0, 1/4, 2/4, 3/4 and 1. Let alpha have the points (0, 1.0) and
# (0.5, 0.2):
#
# | step | share | where | alpha |
# |---|---|---|---|
# | 0 | 0 | on the first point | 1.0 |
# | 1 | 0.25 | half way from one point to the other | 1.0 + 0.5 · (0.2 − 1.0) = 0.6 |
# | 2 | 0.5 | on the last point | 0.2 |
# | 3 | 0.75 | after it | 0.2 |
# | 4 | 1 | after it | 0.2 |
#
# And here is what the trainer really does with it, over five steps:

# %%
points = [[0.0, 1.0], [0.5, 0.2]]
by_hand = [1.0, 0.6, 0.2, 0.2, 0.2]
five = kdlab.Recipe(schedule={"alpha": points}, epochs=5, batch_size=500)
taken = [
    event
    for event in kdlab.train("mlp-64", data, teacher=teacher, recipe=five, measure_every=0)
    if isinstance(event, kdlab.events.Step)
]
print("step   alpha   weight of labels   weight of soft targets")
for number, event in enumerate(taken):
    labels, soft = (event.weights[f"student/{term}"] for term in ("labels", "soft targets"))
    print(f"{number:4}   {event.knobs['alpha']:5.2f}   {labels:16.2f}   {soft:22.2f}")

# %% [markdown]
# **Fine-tuning** is one more phase of the same run. The teacher has left, and the student goes
# on with the labels alone: `Recipe(fine_tune=20, patience=3)` means at most 20 epochs of it.
#
# With few labels that can go wrong: the student learns its 500 pictures by heart.
# [Early stopping](glossary.md#early-stopping) is the guard. After each epoch it looks at the
# validation pictures, and it remembers the best weights so far. When `patience` epochs have
# gone by without better ones, it ends the phase and puts the best back. The weights before
# the first epoch take part, so fine-tuning that does not help is undone.

# %%
source(tuning.Best.judge)

# %% [markdown]
# **By hand.** Before fine-tuning the student is right on 80 % of the validation pictures. Then
# epoch after epoch: 79, 81, 80, 82, 80, 81, 80, 83.
#
# With a patience of 3: epoch 1 is no better (waited: 1). Epoch 2 is, so its weights are kept
# and the waiting starts again at 0. Epoch 3 is not (1), epoch 4 is (0). Epochs 5, 6 and 7 are
# not (1, 2, 3): stop, and put the weights of epoch 4 back. The 83 of epoch 8 is never seen.
# With a patience of 1 it is over after the first epoch.


# %%
def kept(accuracies, patience):
    best = tuning.Best(torch.nn.Linear(1, 1), accuracies[0], 0)
    for epoch, accuracy in enumerate(accuracies[1:], start=1):
        best.judge(accuracy, epoch)
        if best.waited >= patience:
            break
    return best.step, epoch


story = [0.80, 0.79, 0.81, 0.80, 0.82, 0.80, 0.81, 0.80, 0.83]
for patience in (1, 3, 4):
    best, last = kept(story, patience)
    print(f"patience {patience}: ends after epoch {last}, puts back epoch {best}")

# %%
claims(
    claim(
        all(abs(e.knobs["alpha"] - a) < 1e-9 for e, a in zip(taken, by_hand, strict=True)),
        "the trainer's alpha is the one worked out by hand, at all five steps",
    ),
    claim(
        all(
            abs(e.weights["student/soft targets"] - a) < 1e-6
            and abs(e.weights["student/labels"] - (1 - a)) < 1e-6
            for e, a in zip(taken, by_hand, strict=True)
        ),
        "soft targets have the weight alpha, labels 1 − alpha, as alpha moves",
    ),
    claim(kept(story, 3) == (4, 7), "with a patience of 3 the weights of epoch 4 come back"),
    claim(kept(story, 1) == (0, 1), "with a patience of 1 nothing is gained: all is undone"),
    claim(kept(story, 4) == (8, 8), "with a patience of 4 the late 83 % is found"),
)

# %% [markdown]
# ## Experiment
#
# All students have the same start, the same 500 pictures in the same order, and 160 steps.
# Five seeds. The arm to beat is **constant**: alpha = 0.9 and T = 2 to the end.
#
# When alpha moves:
#
# - **alpha falls** from 1 to 0, and **alpha rises** from 0 to 1;
# - **alpha = 0.5**: what both have on average. If only the amount of teaching counted, the
#   three would be equal.
#
# When T moves (alpha = 0.9):
#
# - **T falls** from 8 to 1, and **T = 8** all the time.
#
# When the teacher leaves:
#
# - **labels from half way**: 80 steps as in *constant*, then 80 with the labels alone, to the
#   end;
# - **fine-tune from half way**: the same, but with early stopping on the validation pictures
#   (patience 3);
# - **fine-tune gently**: as whoever does this for a living would. Only the last quarter, at a
#   tenth of the learning rate, with early stopping;
# - **labels only**: no teacher at all.
#
# Early stopping may end a phase before its 160 steps are over. Nobody gets more than them. It
# also sees 2,000 validation labels, four times as many as there are to learn from; the other
# arms do not look at them.

# %% tags=["nbval-ignore-output"]
rate = recipe.learning_rate
gently = {"learning_rate": [[0.0, rate], [0.74, rate], [0.75, rate / 10], [1.0, rate / 10]]}
leaving_at_once = {"alpha": [[0.0, 0.9], [0.5, 0.9], [0.501, 0.0], [1.0, 0.0]]}
arms = {
    "constant": recipe,
    "alpha falls": recipe.replace(schedule={"alpha": [[0.0, 1.0], [1.0, 0.0]]}),
    "alpha = 0.5": recipe.replace(alpha=0.5),
    "alpha rises": recipe.replace(schedule={"alpha": [[0.0, 0.0], [1.0, 1.0]]}),
    "T falls": recipe.replace(schedule={"temperature": [[0.0, 8.0], [1.0, 1.0]]}),
    "T = 8": recipe.replace(temperature=8.0),
    "labels from half way": recipe.replace(schedule=leaving_at_once),
    "fine-tune from half way": recipe.replace(epochs=20, fine_tune=20, patience=3),
    "fine-tune gently": recipe.replace(epochs=30, fine_tune=10, patience=3, schedule=gently),
    "labels only": recipe.replace(alpha=0.0),
}
table = kdlab.compare(
    arms, data, teacher=teacher, student="mlp-64", seeds=range(5), against="constant"
)
table

# %%
others = [arm for arm in arms if arm != "constant"]
roles = dict.fromkeys(others, "teacher") | {
    "labels from half way": "labels",
    "fine-tune from half way": "labels",
    "fine-tune gently": "labels",
    "labels only": "labels",
}
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others],
        against="constant",
        roles=roles,
        height=3.6,
    ),
    "Difference in test accuracy to a student with constant alpha and T, with 95 % intervals "
    "over five seeds. No arm is clearly better. An alpha that falls loses more than one that "
    "rises or stays at its mean; labels from half way lose much of what the teacher brought, "
    "early stopping saves a part of it, and gentle fine-tuning changes nothing.",
)

# %%
falls, rises, half = (
    table.difference(arm) for arm in ("alpha falls", "alpha rises", "alpha = 0.5")
)
at_once, stopped, gentle, alone = (
    table.difference(arm)
    for arm in (
        "labels from half way",
        "fine-tune from half way",
        "fine-tune gently",
        "labels only",
    )
)
order = table.difference("alpha rises", "alpha falls")
saved = table.difference("fine-tune from half way", "labels from half way")
temperatures = [table.difference(arm).mean for arm in ("T falls", "T = 8")]
claims(
    claim(len(set(table.steps.values())) == 1, "all arms had equally many steps"),
    claim(alone.high < -0.01, "without a teacher a student is more than a point worse"),
    claim(
        max(table.difference(arm).mean for arm in others) < 0.01,
        "no schedule and no fine-tuning beats the constant arm by as much as a point",
    ),
    claim(falls.mean < -0.006, "an alpha that falls to 0 costs more than half a point"),
    claim(abs(rises.mean) < 0.01, "an alpha that rises from 0 to 1 costs next to nothing"),
    claim(
        order.mean > 0.008,
        "so the order counts: rising beats falling, with the same alpha on average",
    ),
    claim(
        max(map(abs, temperatures)) < 0.012,
        "a T that falls from 8 to 1, or stays at 8, is a matter of about a point or less",
    ),
    claim(
        at_once.mean < 0.25 * alone.mean,
        "labels from half way lose more than a quarter of what the teacher brought",
    ),
    claim(saved.mean > 0, "early stopping saves a part of that"),
    claim(stopped.mean < 0, "but not all: those students had less time with their teacher"),
    claim(abs(gentle.mean) < 0.008, "gentle fine-tuning changes nothing: a null result"),
)

# %% [markdown]
# **The last word counts.** With alpha falling, rising or at one half, the teacher has the same
# weight on average. But what a student hears last is what it keeps. A rising alpha begins
# with labels alone and ends as good as the constant one; a falling alpha ends with labels
# alone, and drifts away from its teacher.
#
# ### Without forgetting?
#
# Let us watch it happen. The same student, on the validation pictures, epoch by epoch: once
# with its teacher to the end, once with the labels alone from epoch 30, at the full learning
# rate. Here the patience is as long as the phase, so that we see where it goes without a stop,
# and then what early stopping puts back.

# %%
paths = {
    "with the teacher to the end": recipe,
    "labels alone from epoch 30": recipe.replace(epochs=30, fine_tune=10, patience=10),
}


def follow(recipe):
    """Agreement and accuracy after each epoch, and the student at three moments."""
    training = kdlab.train("mlp-64", data, teacher=teacher, recipe=recipe)
    curve, students = [], {}
    for event in training:
        if isinstance(event, kdlab.events.Epoch):
            measured = event.measured["student"]
            curve.append((measured["agreement"], measured["accuracy"]))
        elif isinstance(event, kdlab.events.Phase) and event.number == 1:
            students["before"] = copy.deepcopy(training.students["student"])
        elif isinstance(event, kdlab.events.Step) and event.step == STEPS:
            students["to the end"] = copy.deepcopy(training.students["student"])
    students["put back"] = training.students["student"]
    return curve, students


followed = {
    name: [follow(path.replace(seed=seed)) for seed in range(5)] for name, path in paths.items()
}

# %%
epochs = list(range(1, 41))
mean = {
    name: torch.tensor([curve[:40] for curve, _ in five]).mean(0).numpy()
    for name, five in followed.items()
}
back = torch.tensor([curve[-1] for curve, _ in followed["labels alone from epoch 30"]]).mean(0)
still(
    figures.leaving(
        epochs,
        {
            name: (role, mean[name][:, 0], mean[name][:, 1])
            for name, role in zip(mean, ("teacher", "labels"), strict=True)
        },
        left=30,
        kept={"labels alone from epoch 30": tuple(back.tolist())},
    ),
    "Agreement with the teacher and accuracy on the validation pictures, mean over five seeds. "
    "With the teacher both go on rising a little. From the moment the teacher leaves, both "
    "fall. The weights that early stopping puts back are about as good as those before.",
)

# %% [markdown]
# And on the test pictures, which have chosen nothing:

# %% tags=["nbval-ignore-output"]
said = ask(teacher, data.test.x).logits.argmax(1)
moments = ("before", "to the end", "put back")
on_test = {
    moment: torch.tensor(
        [
            [
                (answers == said).float().mean().item(),
                (answers == data.test.y).float().mean().item(),
            ]
            for _, students in followed["labels alone from epoch 30"]
            for answers in [ask(students[moment], data.test.x).logits.argmax(1)]
        ]
    )
    for moment in moments
}
print("fine-tuning    agreement   accuracy   (test, mean over five seeds)")
for moment in moments:
    agreement, accuracy = on_test[moment].mean(0)
    print(f"{moment:12} {100 * agreement:9.1f} % {100 * accuracy:8.1f} %")

# %%
lost = (on_test["to the end"] - on_test["before"]).mean(0)
left = (on_test["put back"] - on_test["before"]).mean(0)
claims(
    claim(
        lost[0] < -0.006,
        "to the end, labels alone cost more than half a point of agreement",
    ),
    claim(lost[1] < -0.003, "and accuracy as well"),
    claim(
        abs(left[0]) < 0.008,
        "what early stopping puts back agrees with the teacher as it did before",
    ),
    claim(abs(left[1]) < 0.008, "and is as accurate as before: nothing lost, nothing gained"),
)

# %% [markdown]
# So fine-tuning without forgetting is possible: early stopping sees to it, mostly by throwing
# the fine-tuning away. What one can say for *this* teacher and *these* 500 labels: the labels
# had been in the loss all the time, with a weight of 0.1, and the student had nothing new to
# learn from them. It could only learn them by heart.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
leaves.reveal(
    "Never. Half way and little by little both end with the labels alone, and what a student "
    "hears last is what it keeps: it drifts away from its teacher and learns 500 pictures by "
    "heart. That the total amount of teaching is the same does not help, as the rising alpha "
    "shows. Early stopping limits the damage; a gain of fine-tuning could not be found here.",
    right=0,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write a schedule. `step` runs from 0 to `steps − 1`. Alpha moves from `start` to `end`
# along a straight line, and arrives when the share `until` of the way from the first step to
# the last is over (0 < `until` ≤ 1). From then on it stays. Return a number.


# %%
def alpha_schedule(step, steps, start, end, until):
    raise NotImplementedError("how much of the line is over at this step?")


check("alpha_schedule", alpha_schedule)

# %%
hint("alpha_schedule")

# %% [markdown]
# **2.** Beat the constant arm. Go back to *Play* and draw a schedule of which you believe that
# it helps; then run the next cell. It trains with what is drawn there now. Two seeds do not
# prove much: the last column says how sure you may be. If you think you have won, try eight.

# %% tags=["nbval-ignore-output"]
mine = recipe.replace(schedule=view.schedule)
kdlab.compare(
    {"constant": recipe, "mine": mine}, data, teacher=teacher, student="mlp-64", seeds=range(2)
)

# %% [markdown]
# ## Think
#
# Fine-tuning on labels is in nearly every drawing of how distillation works: teacher, transfer,
# student, fine-tuning, deployment. Here it was of no use. When would you expect it to help?
#
# <details><summary>An answer</summary>
#
# When the labels have something to say that the student has not heard. Four cases:
#
# 1. The labels come later, or from another place than the pictures that the teacher answered
#    for. Then they are news. (The price is forgetting, as here: mix old and new, or keep the
#    teacher in the loss with a small alpha.)
# 2. The transfer did not train the classifier at all, as with hints alone (notebook 08).
#    Without labels after it, such a student can only guess.
# 3. The teacher is poor on just these pictures. Then it is the one who should leave.
# 4. There are many labels. With 500 a student learns them by heart, with 50,000 it cannot.
#
# You can test the last one: the shipped set has 10,000 training pictures.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A schedule is a list of points (share of the run, value), with straight lines between. The
#    first of `steps` steps has the share 0, the last 1; step k, counted from 0, has
#    k / (steps − 1).
# 2. What a student hears last is what it keeps. An alpha that ends at 0 gave much of the gain
#    away; one that begins at 0 did not.
# 3. T may move without harm, and here without use.
# 4. Fine-tuning on the same few labels did not help. To the end, it made the student forget.
# 5. Early stopping keeps the best weights on validation pictures, and undoes what does not
#    help. Its patience is a choice, and its validation labels are labels too: count them.
#
# ## Sources
#
# - Prechelt 1998, *Early stopping – but when?*, in *Neural networks: tricks of the trade*:
#   compares fourteen rules of when to stop; short and practical.
# - Jafari et al. 2021, *Annealing knowledge distillation*,
#   [arXiv:2104.07163](https://arxiv.org/abs/2104.07163): T falls step by step, then a phase of
#   labels alone. Reports gains, on larger data than ours.
# - Clark et al. 2019, *BAM! Born-again multi-task networks*,
#   [arXiv:1907.04829](https://arxiv.org/abs/1907.04829): *teacher annealing*, an alpha that
#   falls from 1 to 0, in one formula. It helped there, with far more labels; not here.
# - Cho, Hariharan 2019, *On the efficacy of knowledge distillation*,
#   [arXiv:1910.01348](https://arxiv.org/abs/1910.01348): stops *distilling* early, with large
#   data and students too small for their teachers.
#
# NAVIGATION
