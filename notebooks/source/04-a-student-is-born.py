# %% [markdown]
# NAVIGATION
#
# # 04 · A student is born
#
# **Before a student learns anything it has a size and first weights. This notebook counts the
# one, compares four ways to the other in a race, and says what a head start is worth.**
#
# About 35 minutes. You should know what a convolution is, roughly, and soft targets (notebook
# 03).

# %% [markdown]
# ## You will be able to
#
# - **count** the parameters and multiply–adds of a small network by hand;
# - **compare** random, copied and pretrained first weights fairly;
# - **predict** who leads early, and say why that need not be who wins;
# - **copy** fitting layers from a teacher into a student without tying the two together.

# %% [markdown]
# ## Set-up
#
# The teacher `cnn` ships with kdlab. The student `cnn-half` has the same four stages, but is
# narrower from the second stage on. There are 500 labelled pictures. Batches are small, ten
# pictures, so that one *epoch* of 50 steps shows each picture once.

# %%
import tempfile
from pathlib import Path

import torch

import kdlab
from kdlab.initial import fitting
from kdlab.ui.lesson import (
    Guess,
    Race,
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
    validation=(shipped.validation.x[:500], shipped.validation.y[:500]),
    test=(shipped.test.x, shipped.test.y),
    classes=shipped.classes,
)
teacher = kdlab.pretrained("fashion-mnist-cnn")
recipe = kdlab.Recipe(
    temperature=2.0, alpha=0.9, epochs=10, batch_size=10, learning_rate=2e-3, seed=0
)

# %% jupyter={"source_hidden": true}
here("student", on=("response", "offline", "standard"))

# %% [markdown]
# ## Four ways to be born
#
# | runner | architecture | first weights |
# |---|---|---|
# | **random** | cnn-half | all drawn at random |
# | **copied layer** | cnn-half | the first stage is the teacher's, the rest is random |
# | **pretrained** | cnn-half | from a run on another task, but for its last layer |
# | **other kind** | mlp-64 | all random; no convolution in it |
#
# *Copied* works where student and teacher have a layer of the same name and shape. In
# `cnn-half` that is one, the first.
#
# *[Pretrained](glossary.md#pretrained)* means: the network has learned something else before.
# Here it is a task that needs no labels. We turn pictures by 0, 90, 180 or 270 degrees, and
# the network has to say by how much. To do so it must look at sleeves and heels, and that may
# be of use later. It learns from 2,600 shipped pictures without labels. The run is saved, and
# the student takes its weights from there. Its last layer had four classes, so that one does
# not fit and is drawn anew.

# %%
upright = train.x[~used][:3000]
turns = torch.arange(len(upright)) % 4
turned = torch.stack(
    [torch.rot90(x, int(k), (1, 2)) for x, k in zip(upright, turns, strict=True)]
)
turning = kdlab.Dataset.from_tensors(
    turned[400:],
    turns[400:],
    validation=(turned[:200], turns[:200]),
    test=(turned[200:400], turns[200:400]),
    classes=["0°", "90°", "180°", "270°"],
)
folder = Path(tempfile.mkdtemp()) / "turned"
before = kdlab.distill(
    "cnn-half",
    turning,
    recipe=recipe.replace(alpha=0.0, epochs=3, batch_size=32),
    progress=False,
    save=folder,
)

# %%
arms = {
    "random": ("cnn-half", recipe),
    "copied layer": ("cnn-half", recipe.replace(init="teacher")),
    "pretrained": ("cnn-half", recipe.replace(init=str(folder))),
    "other kind: mlp-64": ("mlp-64", recipe),
}


def begin(name, seed=0):
    """The training of one runner, before its first step."""
    student, chosen = arms[name]
    return kdlab.train(
        student, data, teacher=teacher, recipe=chosen.replace(seed=seed), measure_every=0
    )


for name in arms:
    print(f"{name:20s} layers from elsewhere: {', '.join(begin(name).copied) or 'none'}")

# %% [markdown]
# ## Guess first
#
# All four learn from the same teacher. They see the same ten pictures at each step.

# %% jupyter={"source_hidden": true}
lead = Guess(
    "04-lead",
    "Random against copied layer: the same network, but one has its teacher's first stage. Who "
    "leads at step 50, and who at step 500?",
    [
        "Copied leads by about as much at both",
        "Copied leads clearly at 50; at 500 little of that is left",
        "Random leads at 50, since nothing must be unlearned; copied at 500",
        "Nobody leads at either: one layer of four is too little",
    ],
)
lead

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "04-recall-macs",
    "A network has a tenth of another's parameters. What follows for the time of an answer?",
    ["It is a tenth", "It is shorter, but one cannot say by how much", "Nothing for certain"],
    answer=(
        "conv-4 has a twelfth of mlp-64's parameters, and was the slower one (notebook 01). "
        "Time is measured."
    ),
    right=2,
)

# %% jupyter={"source_hidden": true}
Guess(
    "04-recall-dark",
    "What does a soft target at T = 2 tell a student that a label does not?",
    [
        "Which other classes the picture resembles",
        "That the teacher is right",
        "How many pictures of the class there are",
    ],
    answer="That is dark knowledge: the order and the distances of the wrong classes.",
    right=0,
)

# %% [markdown]
# ## Play: a race
#
# The next cell trains all four, for 500 steps, and stops now and then to ask each for the
# same 300 validation pictures. The view below it plays what was measured.
#
# **Try this.** Before you press *Play*, say who will be last at step 50. Then drag the step
# back and forth between 20 and 100. Does the order change?

# %%
marks = [0, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400, 500]


@torch.inference_mode()
def accuracy(network, x, y):
    """Share of right answers; in small pieces, which is quickest for convolutions here."""
    network.eval()
    answers = torch.cat([network(part).argmax(1) for part in x.split(16)])
    return (answers == y).float().mean().item()


asked = data.validation.x[:300], data.validation.y[:300]  # on the way, for the race
test = data.test.x[:1500], data.test.y[:1500]  # at steps 50 and 500, for the experiment below


def run(name, seed, steps=()):
    """Train one runner: accuracy on the way at some steps, test accuracy at 50 and 500."""
    training, on_the_way, tested = begin(name, seed), [], []
    student = training.students["student"]
    if 0 in steps:
        on_the_way.append(accuracy(student, *asked))
    for event in training:
        if isinstance(event, kdlab.events.Step):
            if event.step in steps:
                on_the_way.append(accuracy(student, *asked))
            if event.step in (50, 500):
                tested.append(accuracy(student, *test))
    return on_the_way, tested


first = {name: run(name, 0, marks) for name in arms}
race = {name: on_the_way for name, (on_the_way, _) in first.items()}

# %% tags=["nbval-ignore-output"]
view = Race(marks, race, at=20, measured="accuracy on 300 validation pictures, one seed")
view

# %% [markdown]
# In words, for this seed: at step 0 all four guess. Within twenty steps they drift apart; the
# random convolutional student is the slowest to leave the start. By step 200 the field is
# close together again.
#
# This is one race, and 300 pictures: two points more or less mean nothing here. Below we run
# it with more seeds and on 1,500 test pictures.

# %%
at_20 = {name: values[marks.index(20)] for name, values in race.items()}
claims(
    claim(
        all(values[0] < 0.35 for values in race.values()),
        "before the first step nobody knows much, copied or not: the last layers are random",
    ),
    claim(
        at_20["random"] < max(at_20.values()) - 0.1,
        "at step 20 random is more than ten points behind the leader",
    ),
    claim(
        max(v[-1] for v in race.values()) - min(v[-1] for v in race.values())
        < max(v[5] for v in race.values()) - min(v[5] for v in race.values()),
        "at step 500 the field is closer together than at step 50",
    ),
)

# %% [markdown]
# ## Look inside
#
# ### Counting
#
# Here is the student. Its four stages have names, and the teacher's have the same.

# %%
student = kdlab.build("cnn-half")
print(student)

# %% [markdown]
# A **convolution** with $c_\text{in}$ input channels, $c_\text{out}$ output channels and a
# window of $k \times k$ has a weight for each combination, and one bias for each output
# channel. It uses every weight at each of $h \times w$ places:
#
# $$\text{parameters} = c_\text{out} \,(c_\text{in} k^2 + 1), \qquad
# \text{MACs} = h\,w\,c_\text{out}\,c_\text{in} k^2 .$$
#
# A **linear layer** from $n$ to $m$ numbers has $m\,(n + 1)$ parameters and $n\,m$ MACs.
#
# | stage | from → to, windows of 3 × 3 | parameters | MACs |
# |---|---|---|---|
# | stage1 | 1 → 16 channels, 28 × 28 places | 16 · (9 + 1) = 160 | 784 · 144 = 112,896 |
# | stage2 | 16 → 16 channels, 14 × 14 places | 16 · 145 = 2,320 | 196 · 2,304 = 451,584 |
# | embedding | 16 · 7 · 7 = 784 → 64 | 64 · 785 = 50,240 | 50,176 |
# | head | 64 → 10 | 10 · 65 = 650 | 640 |
# | **together** | | **53,370** | **615,296** |
#
# Nearly all parameters sit in the embedding, nearly all the arithmetic in stage 2. The stage
# that is copied has 160 of 53,370 numbers.

# %%
half, whole = (kdlab.deploy.measure(net, data.test.x) for net in (student, teacher))
print(f"cnn-half  {half.parameters:8,d} parameters {half.macs:10,d} MACs")
print(f"cnn       {whole.parameters:8,d} parameters {whole.macs:10,d} MACs")

# %% [markdown]
# ### Copying
#
# Which layers fit is decided by name and shape, for all weights of a layer together:

# %%
source(fitting)

# %% [markdown]
# By hand, with two tiny *states*: a state is a table of names and tensors.

# %%
small = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
large = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 3))
print("fits:", fitting(small, large.state_dict()))
print("of cnn-half, from the teacher:", fitting(student, teacher.state_dict()))
print("of mlp-64, from the teacher:", fitting(kdlab.build("mlp-64"), teacher.state_dict()))

# %%
born = begin("copied layer")
mine, theirs = born.students["student"].state_dict(), teacher.state_dict()
key = "stage1.0.weight"
claims(
    claim(
        half.parameters == 160 + 2320 + 50240 + 650, "the parameters are those counted by hand"
    ),
    claim(half.macs == 112896 + 451584 + 50176 + 640, "and so are the multiply–adds"),
    claim(
        fitting(small, large.state_dict()) == ["0"],
        "of the tiny ones, layer 0 fits, 2 does not",
    ),
    claim(torch.equal(mine[key], theirs[key]), "the copied layer has the teacher's numbers"),
    claim(
        mine[key].data_ptr() != theirs[key].data_ptr(),
        "in memory of its own: training the student leaves the teacher as it is",
    ),
    claim(
        fitting(kdlab.build("mlp-64"), theirs) == [], "mlp-64 has nothing to take from a cnn"
    ),
)

# %% [markdown]
# ## Experiment
#
# Three seeds, each with another start and another order of batches, and 1,500 test pictures.
# We measure at steps 50 and 500. All take the same steps on the same batches; only
# *pretrained* had some 250 steps before, on turned pictures.
#
# Two more arms run up to step 50, to explain the head start away:
#
# - **shuffled**: the teacher's first stage with its numbers in a random order. If only their
#   size mattered, this would do as well.
# - **labels only**: random start, no teacher. Is it the soft targets that are slow?


# %%
def after_50(seed, student="cnn-half", **changes):
    """Test accuracy of a student after one epoch, which is 50 steps."""
    chosen = recipe.replace(epochs=1, seed=seed, **changes)
    training = kdlab.train(student, data, teacher=teacher, recipe=chosen, measure_every=0)
    for _ in training:
        pass
    return accuracy(training.students["student"], *test)


def shuffled(seed):
    """A student whose first stage holds the teacher's numbers in a random order."""
    net, random = kdlab.build("cnn-half", seed=seed), torch.Generator().manual_seed(seed)
    state = net.state_dict()
    for key in ("stage1.0.weight", "stage1.0.bias"):
        numbers = teacher.state_dict()[key].flatten()
        order = torch.randperm(len(numbers), generator=random)
        state[key] = numbers[order].reshape(state[key].shape)
    net.load_state_dict(state)
    return net


# %% tags=["nbval-ignore-output"]
seeds = range(3)  # 0 has run already
found = {
    name: torch.tensor([first[name][1], run(name, 1)[1], run(name, 2)[1]]) for name in arms
}
at_50 = {name: values[:, 0] for name, values in found.items()}
at_500 = {name: values[:, 1] for name, values in found.items()}
at_50["shuffled"] = torch.tensor([after_50(s, shuffled(s)) for s in seeds])
at_50["labels only"] = torch.tensor([after_50(s, alpha=0.0) for s in seeds])
print("test accuracy, mean of three seeds   step 50   step 500")
for name, values in at_50.items():
    later = f"{at_500[name].mean():9.1%}" if name in at_500 else "        –"
    print(f"{name:35s} {values.mean():8.1%}  {later}")

# %%
ahead = {
    title: {n: 100 * (v - found["random"]).numpy() for n, v in found.items() if n != "random"}
    for title, found in (("At step 50", at_50), ("At step 500", at_500))
}
still(
    figures.ahead(ahead, "random"),
    "Difference in test accuracy to the random start: a point for each of three seeds, and "
    "their mean. At step 50 copied layer, pretrained and mlp-64 are well ahead, shuffled is "
    "about half as far, labels only is level. At step 500 pretrained and copied layer are a "
    "little ahead, and mlp-64 is not.",
)

# %%
lead_50, lead_500 = ({n: v.mean() / 100 for n, v in rows.items()} for rows in ahead.values())
claims(
    claim(lead_50["copied layer"] > 0.03, "at step 50 the copied layer leads by over 3 points"),
    claim(
        lead_500["copied layer"] < 0.7 * lead_50["copied layer"],
        "at step 500 a good part of that lead is gone",
    ),
    claim(lead_500["copied layer"] > -0.01, "though copying has done no harm"),
    claim(
        lead_50["pretrained"] > 0.05 and lead_500["pretrained"] > 0.005,
        "the pretrained student is ahead at both, by over 5 points at step 50",
    ),
    claim(
        lead_50["other kind: mlp-64"] > 0.02
        and lead_500["other kind: mlp-64"] < lead_500["pretrained"] - 0.01,
        "mlp-64 is ahead of random at step 50, and behind the pretrained one at step 500",
    ),
    claim(
        0 < lead_50["shuffled"] < lead_50["copied layer"] + 0.01,
        "shuffled numbers give a head start too: the pattern of the layer is not all of it",
    ),
    claim(
        lead_50["labels only"] < 0.03,
        "without the teacher the start is no quicker: soft targets are not what is slow",
    ),
)

# %% [markdown]
# What this shows, and what not. A head start is real, and it fades: five hundred steps are
# enough for random weights to find most of what was given to the others. Some points stay
# where there is little to learn from, here 500 pictures: what a start knows need not be
# learned from them. The pretrained student has seen 2,600 more pictures, if without labels,
# and taken more steps. So its lead is no present: it was paid for before.
#
# The *shuffled* arm is a warning. It has none of the teacher's patterns, only numbers of the
# same size. They are larger than those that PyTorch draws, and the first layer's answers come
# out stronger. Had we left this arm out, we would have called all of the lead "knowledge".
# Three seeds do not say how large either part is.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
lead.reveal(
    "Clearly ahead at step 50, and less so at step 500. The first stage finds edges, which "
    "every student must learn to see first. One that has them can begin with the rest. But the "
    "other one catches up, as edges are quickly learned.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# Write the copying. A *state* is a dict of names and tensors, as `net.state_dict()` gives it.
# Return a **new** state with all of the student's names. Where the teacher has a tensor of
# the same name *and* shape, take its values; else keep the student's.


# %%
def init_from_teacher(student_state, teacher_state):
    raise NotImplementedError("for each name of the student: does it fit?")


check("init_from_teacher", init_from_teacher)

# %%
hint("init_from_teacher")

# %% [markdown]
# When it is right, use it on real ones. Which layers of `cnn-half` changed? Then add a runner
# of your own to `arms`, `conv-8` for example, and run the race again.

# %%
# born = kdlab.build("cnn-half")
# born.load_state_dict(init_from_teacher(born.state_dict(), teacher.state_dict()))

# %% [markdown]
# ## Think
#
# A student has every second layer of a teacher with twelve equal layers (DistilBERT was begun
# so). Its authors report that this start is worth more than any single term of their loss.
# Why may copying be worth so much more there than here?
#
# <details><summary>An answer</summary>
#
# There, nearly all of the student's numbers are copied, and they were trained on very many
# texts. In such networks each layer adds a little to what it is given, so that leaving out
# every second one leaves something that still works. Here 160 numbers of 53,370 are copied,
# and from a layer that is quickly learned anyway. Moreover, their training is short compared
# with the teacher's, and a head start is worth most where the race is short.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A convolution has few parameters and many multiply–adds; a linear layer has one of each
#    for each weight.
# 2. A student may take layers of the same name and shape, from its teacher or from a saved
#    run. It needs copies of its own.
# 3. At step 0 a copied layer is worth nothing: the last layers are random. At step 50 it is
#    worth much, at step 500 less.
# 4. Who leads early need not win: mlp-64 starts well and stays behind.
# 5. Ask what a head start consists of. Shuffled numbers had a part of it.
#
# ## Sources
#
# - Yosinski et al. 2014, *How transferable are features in deep neural networks?*,
#   [arXiv:1411.1792](https://arxiv.org/abs/1411.1792): copies layers by depth, and measures
#   what is lost.
# - Gidaris, Singh, Komodakis 2018, *Unsupervised representation learning by predicting image
#   rotations*, [arXiv:1803.07728](https://arxiv.org/abs/1803.07728): the task without labels.
# - Sanh et al. 2019, *DistilBERT*, [arXiv:1910.01108](https://arxiv.org/abs/1910.01108):
#   every second layer of the teacher; table 4 takes the start away.
# - Frankle, Carbin 2019, *The lottery ticket hypothesis*,
#   [arXiv:1803.03635](https://arxiv.org/abs/1803.03635): how much first weights can matter.
#
# NAVIGATION
