# %% [markdown]
# NAVIGATION
#
# # 08 · Feature-based distillation
#
# **A teacher can also show what it computes on the way to its answer. You join layers of two
# networks, look at what the loss compares, and measure whether it was worth it.**
#
# About 40 minutes. You should know the distillation loss (notebook 05).

# %% [markdown]
# ## You will be able to
#
# - **tap** a layer of a network, and fit a regressor between two layers of different width;
# - **read** attention maps, and a grid of CKA with its reference;
# - **write** the hint loss and linear CKA;
# - **judge** whether a hint helps, and what else would have helped more.

# %% [markdown]
# ## Set-up
#
# The teacher that ships has three layers below its answer. The student of the experiment has
# one, of 32 units. It gets 500 labelled pictures and a pool of 4,000 without labels. What the
# pool leaves over is added to the test set.

# %%
from dataclasses import replace

import torch
from torch import nn

import kdlab
from kdlab.taps import layers, observe
from kdlab.ui.lesson import (
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

POOL = 4000
shipped = kdlab.load("fashion-mnist", labelled=500)
train, used = shipped.train, shipped.train.labelled
data = kdlab.Dataset.from_tensors(
    torch.cat([train.x[used], train.x[~used][:POOL]]),
    torch.cat([train.y[used], train.y[~used][:POOL]]),
    validation=(shipped.validation.x, shipped.validation.y),
    test=(
        torch.cat([shipped.test.x, train.x[~used][POOL:]]),
        torch.cat([shipped.test.y, train.y[~used][POOL:]]),
    ),
    classes=shipped.classes,
)
known = torch.arange(len(data.train)) < 500
data = replace(data, train=replace(data.train, labelled=known))
teacher = kdlab.pretrained("fashion-mnist-cnn")
print(data.note)

# %% jupyter={"source_hidden": true}
here("student", "transfer", "loss", on=("feature", "offline", "standard"))

# %% [markdown]
# A method is called [feature-based](glossary.md#feature-based) if it compares layers below
# the answer. The oldest is the [hint](glossary.md#hint) of FitNets: a layer of the student
# shall tell what a layer of the teacher says. The two differ in width and shape, so a small
# learned network stands between them, the [regressor](glossary.md#regressor). It is thrown
# away after training.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
pair = Guess(
    "08-pair",
    "The student's one hidden layer (32 units) shall imitate a layer of the teacher, beside "
    "learning from labels. Which layer of the teacher is the best to imitate?",
    [
        "stage2: 32 maps of 7 × 7, so there is much to learn",
        "embedding: 128 units, the last layer before the answer",
        "Either helps about equally",
        "Neither helps: only answers can be taught",
    ],
)
pair

# %% [markdown]
# Two quick questions on notebooks 05 and 07:

# %% jupyter={"source_hidden": true}
Guess(
    "08-recall-pull",
    "Two terms of a loss have the values 2.0 and 0.01. Which one moves the student more?",
    ["The first", "The second", "The values alone do not tell"],
    answer="What moves the student is the gradient. A small value may have a steep slope.",
    right=2,
)

# %% jupyter={"source_hidden": true}
Guess(
    "08-recall-pool",
    "With a large unlabelled pool, a student of soft targets gains four points over labels "
    "alone. What is most of that?",
    ["Dark knowledge", "The labelling of the pool", "Longer training"],
    answer="The teacher's hard answers on the same pool bring most of it.",
    right=1,
)

# %% [markdown]
# ## Play: what a layer sees
#
# For pictures we take a student with feature maps, `conv-8`. The workbench below has been
# trained already: the loss asks the student's `stage2`, through a regressor, for the teacher's
# `stage2`.

# %%
bench = kdlab.Workbench(
    recipe=kdlab.Recipe(
        type="feature",
        method="hint",
        taps={"stage2": "stage2"},
        data="fashion-mnist",
        labelled=500,
        pool=0,
        teacher="fashion-mnist-cnn",
        student="conv-8",
        epochs=20,
        learning_rate=3e-3,
    )
)
bench.state.panel, bench.state.pace = 1, "full"
bench.lab.train()
finished = bench.lab.runner.settled()
bench.state.pace = "10"

# %% tags=["nbval-ignore-output"]
bench

# %% [markdown]
# In words: the rows of small tiles are the channels of one layer, for one picture: bright where
# a channel answers. The large tile is the [attention map](glossary.md#attention-map): the mean
# of the squares over all channels, so *where* the layer is active, whatever it finds there.
# Below is what the loss compares: the teacher's channels, the regressor's output, and their
# difference. On the right, the grid of [CKA](glossary.md#cka) says how alike each pair of
# layers is; the small number below is an untrained student's.
#
# **Try this.** In the layer matcher, join the teacher's `embedding` to the student's
# `embedding`, drop the other link, and press Train. Then look at the grid: which of its large
# numbers stand clearly above their small ones? It is fewer than you would think.

# %%
cka = bench.views["features"].cka
at = {name: cka["rows"].index(name) for name in ("stage1", "embedding")}
claims(
    claim(finished and bench.state.step == bench.state.total, "the run came to its end"),
    claim(
        cka["reference"][at["stage1"]][0] > 0.9,
        "an untrained student's stage1 has a CKA above 0.9 with the teacher's",
    ),
    claim(
        cka["reference"][at["embedding"]][-1] > 0.4,
        "even its embedding is above 0.4: a number without its reference says little",
    ),
)

# %% [markdown]
# Why is an untrained network so much like a trained one? Both see the same pictures. Pictures
# that differ a lot as pixels differ a lot after a few random filters too.

# %% [markdown]
# ## Look inside
#
# ### Tap a layer
#
# PyTorch can call a function whenever a layer has answered (a *forward hook*). `observe` uses
# it: one pass, the logits, and the [tapped](glossary.md#tap) layers.

# %%
print(layers(teacher, train.x[:2]))
seen = observe(teacher, train.x[:2], ["stage2", "embedding"])
print({name: tuple(values.shape) for name, values in seen.features.items()})

# %% [markdown]
# ### The hint loss by hand
#
# The student's layer has two units and says (1, 2). The teacher's has three and says (1, 0, 1).
# A regressor makes three out of two; here it is the table
#
# $$r = \begin{pmatrix} 1 & 0 \\ 0 & 1 \\ 1 & 1 \end{pmatrix}, \qquad
# r\,(1, 2) = (1, 2, 3), \qquad
# \tfrac13 \left( 0^2 + 2^2 + 2^2 \right) = \tfrac83 .$$

# %%
regressor = nn.Linear(2, 3, bias=False)
regressor.weight.data = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
student_features = torch.tensor([[1.0, 2.0]], requires_grad=True)
teacher_features = torch.tensor([[1.0, 0.0, 1.0]])
value = kdlab.losses.hint(regressor(student_features), teacher_features)
value.backward()
print(f"hint loss {value.item():.3f}")
print("gradient in the student's features:", student_features.grad.numpy().round(3))
source(kdlab.losses.hint)

# %% [markdown]
# The gradient goes to both, the student's layer *and* the regressor. So the loss can fall in
# two ways: the layer comes to know more, or the regressor learns to translate what the layer
# knew already. Only the first is of any use later.
#
# ### An attention map by hand
#
# Two channels of 2 × 2 places. Square, take the mean over the channels, and for the loss divide
# by the length:
#
# $$\begin{pmatrix} 1 & 2 \\ 0 & 0 \end{pmatrix},\;
# \begin{pmatrix} 1 & 0 \\ 0 & 2 \end{pmatrix} \;\to\;
# \begin{pmatrix} 1 & 2 \\ 0 & 2 \end{pmatrix} \;\to\;
# \tfrac13 \begin{pmatrix} 1 & 2 \\ 0 & 2 \end{pmatrix}$$

# %%
maps = torch.tensor([[[[1.0, 2.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 2.0]]]])
attention = maps.square().mean(1)
print(attention[0].tolist(), "of length", attention.norm().item())
nothing = kdlab.losses.attention_transfer(maps.flip(1), maps)

# %% [markdown]
# ### How alike are two layers?
#
# Layers cannot be compared unit by unit: the third unit here has nothing to do with the third
# unit there. *Centred kernel alignment*, CKA, asks instead: do the two layers find the same
# pictures alike? It is 1 for two layers that are equal up to rotation and scale.
#
# The package computes a *debiased* estimate. The plain one is far too high for layers that are
# wide against the number of pictures; you will see that below with your own function.

# %%
generator = torch.Generator().manual_seed(0)
x = torch.randn(200, 8, generator=generator)
turned = 3 * x @ torch.linalg.qr(torch.randn(8, 8, generator=generator)).Q + 5
noise = [torch.randn(128, width, generator=generator) for width in (784, 3136)]
claims(
    claim(abs(value.item() - 8 / 3) < 1e-5, "the hint loss is what was worked out by hand"),
    claim(
        student_features.grad[0].tolist() != [0.0, 0.0] and regressor.weight.grad is not None,
        "student and regressor both get a gradient",
    ),
    claim(
        attention[0].tolist() == [[1.0, 2.0], [0.0, 2.0]] and attention.norm().item() == 3.0,
        "the attention map is what was worked out by hand, and its length is 3",
    ),
    claim(nothing.item() == 0, "attention transfer does not see that two channels are swapped"),
    claim(
        abs(kdlab.metrics.cka(x, turned) - 1) < 1e-6,
        "CKA is blind to rotation, scale and shift",
    ),
    claim(
        abs(kdlab.metrics.cka(*noise)) < 0.1, "debiased, two layers of pure noise score about 0"
    ),
)

# %% [markdown]
# ## Experiment
#
# ### Does a hint help?
#
# The student is `mlp-32`. All arms have the same starting weights, pictures, order and number
# of steps; five seeds. To see what the hint alone can do, its arms have no soft targets. Alpha
# is 0.5 for hints, since something must train the classifier; for the others it is 0.9. The
# learning rate falls in a straight line, so that the last steps are small.
#
# - **hint: stage2**, **hint: embedding**: your guess. The student's 32 units are regressed to
#   1,568 or 128 numbers.
# - **soft targets**, **hard answers**: what the teacher's answers bring on the same pictures.
# - **soft targets and hint**: both.

# %% tags=["nbval-ignore-output"]
falling = {"learning_rate": [[0.0, 8e-3], [1.0, 5e-4]]}
recipe = kdlab.Recipe(alpha=0.9, epochs=7, schedule=falling)
hinted = recipe.replace(type="feature", method="hint", alpha=0.5)
arms = {
    "labels only": recipe.replace(alpha=0.0),
    "hint: stage2": hinted.replace(taps={"stage2": "embedding"}),
    "hint: embedding": hinted.replace(taps={"embedding": "embedding"}),
    "hard answers": recipe.replace(method="hard-targets"),
    "soft targets": recipe,
    "soft targets and hint": recipe.replace(method={"soft-targets": 1.0, "hint": 1.0}),
}
table = kdlab.compare(arms, data, teacher=teacher, student="mlp-32", seeds=range(5))
table

# %% [markdown]
# One more control. Perhaps *any* second task does a student good, whatever it is. So here is a
# hint from a teacher that knows nothing: the same architecture with random weights.

# %% tags=["nbval-ignore-output"]
ignorant = kdlab.compare(
    {arm: arms[arm] for arm in ("labels only", "hint: embedding")},
    data,
    teacher=kdlab.build("cnn", seed=1),
    student="mlp-32",
    seeds=range(5),
)
ignorant

# %%
rows = [(arm, *table.difference(arm)) for arm in arms if arm != "labels only"]
rows.insert(2, ("hint: untrained teacher", *ignorant.difference("hint: embedding")))
still(
    figures.differences(
        rows,
        against="labels only",
        roles={"hard answers": "hard"}
        | dict.fromkeys(list(arms)[1:3], "student")
        | dict.fromkeys(list(arms)[4:], "teacher"),
        height=3.0,
    ),
    "Difference in test accuracy to labels only, with 95 % intervals over five seeds. A hint "
    "from the embedding gains some; one from stage2, or from an untrained teacher, nothing. "
    "Hard answers and soft targets gain far more, and a hint on top of soft targets adds "
    "nothing.",
)

# %%
gains = {arm: table.difference(arm) for arm in arms if arm != "labels only"}
on_top = table.difference("soft targets and hint", "soft targets")
claims(
    claim(gains["hint: embedding"].low > 0, "a hint from the embedding helps"),
    claim(abs(gains["hint: stage2"].mean) < 0.01, "a hint from stage2 does nothing"),
    claim(
        ignorant.difference("hint: embedding").mean < 0.005,
        "nor does a hint from a teacher that knows nothing: a second task alone is no help",
    ),
    claim(
        gains["hint: embedding"].mean < gains["soft targets"].mean / 2,
        "the hint gains less than half of what soft targets gain",
    ),
    claim(
        gains["hint: embedding"].mean < gains["hard answers"].mean,
        "it gains less than the teacher's hard answers",
    ),
    claim(on_top.mean < 0.005, "on top of soft targets it adds nothing"),
)

# %% [markdown]
# ### What did it change inside?
#
# Three students of one seed, and one that has not been trained: how alike is each one's hidden
# layer to the teacher's layers?

# %%
probe = data.validation.x[:500]
theirs = ask(teacher, probe, ["stage1", "stage2", "embedding"]).features
grid, score = {}, {}
for arm in ("untrained", "labels only", "hint: embedding", "soft targets"):
    if arm == "untrained":
        student = kdlab.build("mlp-32", seed=0)
    else:
        training = kdlab.train(
            "mlp-32", data, teacher=teacher, recipe=arms[arm], measure_every=0
        )
        for _ in training:
            pass
        student = training.students["student"]
    own = ask(student, probe, ["embedding"]).features["embedding"]
    grid[arm] = {name: kdlab.metrics.cka(layer, own) for name, layer in theirs.items()}
    score[arm] = kdlab.metrics.accuracy(ask(student, data.test.x).logits, data.test.y)
still(
    figures.alikeness(grid, score),
    "CKA of four students' hidden layers with the teacher's three layers, and their test "
    "accuracy. The untrained student's layer is most like stage1, the hinted student's most "
    "like the embedding, more than any other student's. Yet the student of soft targets is the "
    "most accurate.",
)

# %%
embedding = {arm: row["embedding"] for arm, row in grid.items()}
claims(
    claim(
        max(grid["untrained"], key=grid["untrained"].get) == "stage1",
        "the untrained student's layer is most like the teacher's first",
    ),
    claim(
        embedding["hint: embedding"]
        > max(embedding[a] for a in embedding if a[0] != "h") + 0.04,
        "the hint makes the student's layer more like the embedding than anything else does",
    ),
    claim(
        score["soft targets"] > score["hint: embedding"],
        "the student of soft targets is better all the same, with a layer less alike",
    ),
)

# %% [markdown]
# So the hint did what it was asked to do. The layer *is* like the teacher's. But to be like the
# teacher inside is not the aim: 32 units that carry the large directions of the embedding need
# not carry those that decide between a shirt and a coat. The student of soft targets was free
# to find features of its own.
#
# This is one small student and one data set. Hints were made for deep, thin students that
# could not be trained otherwise, and for tasks without a list of classes, such as detecting
# things in pictures. There, answers alone do not say enough.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
pair.reveal(
    "The embedding. It has thrown away what does not matter for the classes, so 32 units can "
    "follow it. stage2 still says where things are in the picture: much to learn, of little "
    "use for this student. And imitation is the second choice: the teacher's answers bring "
    "more.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write the hint loss. `student_map` and `teacher_map` are layers' outputs of shape
# (batch, …), `regressor` is a module that brings the first to the second one's shape. Mind who
# shall learn and who shall not.


# %%
def hint_loss(student_map, teacher_map, regressor):
    raise NotImplementedError("regress, compare, make one number of it")


check("hint_loss", hint_loss)

# %%
hint("hint_loss")

# %% [markdown]
# **2.** Write linear CKA, the *plain* one without debiasing. `x` and `y` are what two layers
# say of the same samples, of shape (samples, units), with different numbers of units. First
# take each unit's mean over the samples off; call the results $X$ and $Y$. Then
#
# $$\mathrm{CKA} = \frac{\lVert Y^\top X \rVert^2}
# {\lVert X^\top X \rVert \; \lVert Y^\top Y \rVert} ,$$
#
# where $\lVert A \rVert$ is the root of the sum of the squares of all entries of $A$
# (Frobenius norm; `A.norm()`).


# %%
def linear_cka(x, y):
    raise NotImplementedError("centre, compare, normalise")


check("linear_cka", linear_cka)

# %%
hint("linear_cka")

# %% [markdown]
# When it is right, let it judge two layers of pure noise: `linear_cka(*noise)`. What would you
# expect, and what do you get? Compare with `kdlab.metrics.cka(*noise)`. Then take 2,000 samples
# of noise in the place of 128.

# %%
# linear_cka(*noise), kdlab.metrics.cka(*noise)

# %% [markdown]
# **3.** In the workbench above, choose the method `attention-transfer` and train. Two channels
# may be swapped without any change to this loss. What else can it not see?

# %% [markdown]
# ## Think
#
# The hint loss fell during training, in every arm with a hint. Does a falling hint loss prove
# that the student has learned something from its teacher?
#
# <details><summary>An answer</summary>
#
# No. The regressor learns too. If it is large enough, it can predict the teacher's layer from
# whatever the student's layer happens to say, and the student need not change at all. And even
# a layer that has come close to the teacher's, as CKA shows here, may not help with the task:
# the arm with `stage2` is an example, and the untrained teacher another. What counts is the
# accuracy on data that nobody has learned from, against an arm without the hint.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Feature-based methods compare layers. Where these differ in shape, a learned regressor
#    stands between them, and is thrown away later.
# 2. An attention map says where a layer is active, and forgets in which channel.
# 3. CKA says whether two layers find the same samples alike. Debias it, and look at an
#    untrained network beside it.
# 4. Here a hint from the teacher's last layer gains a point or two, and one from an earlier
#    layer nothing. Soft targets gain more than twice as much, and on top of them a hint adds
#    nothing.
# 5. A layer like the teacher's is not a student as good as the teacher.
#
# ## Sources
#
# - Romero et al. 2015, *FitNets*, [arXiv:1412.6550](https://arxiv.org/abs/1412.6550): hints
#   and the regressor, in two stages there.
# - Zagoruyko & Komodakis 2017, [arXiv:1612.03928](https://arxiv.org/abs/1612.03928): attention
#   transfer.
# - Kornblith et al. 2019, [arXiv:1905.00414](https://arxiv.org/abs/1905.00414): CKA, and why
#   layers should be compared like this. Nguyen et al. 2021,
#   [arXiv:2010.15327](https://arxiv.org/abs/2010.15327): the debiased estimate.
#
# NAVIGATION
