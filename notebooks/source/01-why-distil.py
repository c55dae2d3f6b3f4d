# %% [markdown]
# NAVIGATION
#
# # 01 · Why distil?
#
# **A good network is often too large for the place where it is needed. This notebook measures
# what an answer costs, what a small network loses, and how much of that a teacher gives
# back.**
#
# About 30 minutes. You should know what a classifier does, and have run notebook 00 once.

# %% [markdown]
# ## You will be able to
#
# - **measure** what an answer of a network costs: bytes, multiply–adds, time;
# - **weigh** size, speed and cost against accuracy, and **choose** a model under a budget;
# - **say** why a network with fewer parameters can still be the slower one;
# - **name** the types of knowledge and the schemes that this series is about.

# %% [markdown]
# ## Set-up
#
# There are 500 labelled pictures, and a teacher that was trained on 48,000 others. Four small
# networks are to learn from the 500. Each does so twice: from the **labels only**, and
# **taught by the teacher** on the same 500 pictures, with the same start and the same steps.
# Five seeds each; that takes a while.
#
# We test on 6,000 pictures: the 2,000 test pictures, and 4,000 shipped training pictures that
# nobody uses here.

# %%
import time

import torch

import kdlab
from kdlab.ui.lesson import (
    Budget,
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
spare = torch.nonzero(~used)[:4000, 0]
data = kdlab.Dataset.from_tensors(
    train.x[used],
    train.y[used],
    validation=(shipped.validation.x, shipped.validation.y),
    test=(
        torch.cat([shipped.test.x, train.x[spare]]),
        torch.cat([shipped.test.y, train.y[spare]]),
    ),
    classes=shipped.classes,
)
teacher = kdlab.pretrained("fashion-mnist-cnn")
recipe = kdlab.Recipe(temperature=2.0, alpha=0.9, epochs=40, learning_rate=5e-3)

# %% jupyter={"source_hidden": true}
here(
    "teacher",
    "student",
    "deployment",
    on=("response", "feature", "relation", "offline", "online", "self", "standard"),
)

# %% tags=["nbval-ignore-output"]
students = ["conv-4", "mlp-16", "mlp-64", "mlp-256"]
arms = {"labels only": recipe.replace(alpha=0.0), "taught": recipe}
rival = {"hard answers": recipe.replace(method="hard-targets")}  # for the experiment
tables = {}
for name in students:
    these = {**arms, **rival} if name == "mlp-64" else arms
    tables[name] = kdlab.compare(these, data, teacher=teacher, student=name, seeds=range(5))
networks = {name: kdlab.build(name) for name in students} | {"cnn": teacher}
costs = kdlab.deploy.in_turns(networks, data.test.x)

# %% [markdown]
# `mlp-64` is a *multi-layer perceptron*: each pixel is wired to each of 64 hidden units, and
# these to ten classes. `conv-4` slides small windows over the picture instead: two
# *convolutions*, with four and eight channels. The teacher, `cnn`, does the same on a larger
# scale.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
fast = Guess(
    "01-fast",
    "An application needs 20,000 answers a second from one core, one picture after the other: "
    "50 µs each. On some machine just one of three networks keeps up. conv-4 has 4,266 "
    "parameters, mlp-64 has 50,890, the teacher 206,922. Which one is it?",
    [
        "conv-4: it is by far the smallest",
        "mlp-64",
        "The teacher: large networks use a core better",
        "It cannot be: if one keeps up, all smaller ones do too",
    ],
)
fast

# %% [markdown]
# ## Play: choose under a budget
#
# Each point is a model; the height is its test accuracy. A thin line joins two that are the
# same network, trained in two ways: they cost the same. The thick line is your **budget**.
# Whatever lies to the right of it costs too much. The ring is the best of the rest.
#
# **Try this.** Drag the line from right to left and watch the ring. When does the teacher
# drop out? Which model never wears the ring, whatever the budget? Then choose *time*: do the
# models keep their order?

# %% tags=["nbval-ignore-output"]
models = []
for name, table in tables.items():
    for arm in arms:
        values = table.accuracy[arm]
        models.append(
            {
                "name": name,
                "role": "labels" if arm == "labels only" else "student",
                "taught": "trained on labels only" if arm == "labels only" else "taught",
                "accuracy": sum(values) / len(values),
                **costs[name]._asdict(),
            }
        )
said = ask(teacher, data.test.x).logits.numpy()
models.append(
    {
        "name": "cnn",
        "role": "teacher",
        "taught": "the teacher",
        "accuracy": kdlab.metrics.accuracy(said, data.test.y.numpy()),
        **costs["cnn"]._asdict(),
    }
)
view = Budget(models, budget=300_000)
view

# %% [markdown]
# In words: the teacher is best, and the largest. With half of its bytes it cannot be had.
# Among the small models the taught ones lie above those that saw labels only, at the same
# cost. The dotted stairs join the models that are best for some budget. Models below the
# stairs are *dominated*: there is another one that costs no more and is right more often.

# %%
accuracy = {(m["name"], m["role"]): m["accuracy"] for m in models}
ever = {
    (view.best(m["bytes"], "bytes")["name"], view.best(m["bytes"], "bytes")["role"])
    for m in models
}
claims(
    claim(
        view.best(900_000, "bytes")["role"] == "teacher",
        "with bytes enough for everybody, the teacher is chosen",
    ),
    claim(
        all(m["role"] == "student" for m in map(view.best, (20_000, 300_000))),
        "with 20 kB and with 300 kB, a taught student is chosen",
    ),
    claim(
        not any(role == "labels" for _, role in ever),
        "no model that saw labels only is ever chosen: each is dominated by its taught twin",
    ),
    claim(
        accuracy["cnn", "teacher"] - accuracy["mlp-64", "student"] > 0.03,
        "being small still costs: the teacher is more than three points above taught mlp-64",
    ),
)

# %% [markdown]
# ## Look inside
#
# Four numbers say what a network costs, and they do not say the same.
#
# | word | what it is | decides |
# |---|---|---|
# | **parameters** | the numbers that were trained | – |
# | **bytes** | parameters × 4, as a float32 has four bytes | whether it fits into memory |
# | **[MACs](glossary.md#mac)** | multiplications with an addition | a part of the time |
# | **µs** | time for one answer, here, now | whether somebody waits |
#
# The first three can be counted. Time must be measured, and this is how the package does it:

# %%
source(kdlab.deploy.timed)

# %%
source(kdlab.deploy.in_turns)

# %% [markdown]
# The networks take turns, twenty answers each, ten times over. So a moment in which the
# computer is busy with something else slows all of them down. The first answers of a turn are
# not timed: they warm caches up. Of the 200 others the *median* counts. A mean would be spoilt
# by the few answers during which the computer did something else.
#
# **By hand.** A perceptron with 784 pixels, 64 units and 10 classes has a weight for each
# pair and one *bias* for each unit and class:
#
# $$784 \cdot 64 + 64 + 64 \cdot 10 + 10 = 50{,}890 .$$
#
# Each weight is used once for an answer, so there are $784 \cdot 64 + 64 \cdot 10 = 50{,}816$
# MACs. A convolution uses each of its weights again and again, at every place of the picture.
# So it has *few parameters for many MACs*. (Notebook 04 counts one.)

# %% tags=["nbval-ignore-output"]
print("model     parameters   bytes        MACs   µs an answer")
for name, cost in costs.items():
    print(
        f"{name:8s} {cost.parameters:11,d} {cost.bytes:7,d} {cost.macs:11,d} "
        f"{cost.microseconds:14.0f}"
    )

# %% [markdown]
# Now the same in **batches**: 256 pictures at once. The work is the same for each picture,
# but calling a layer costs something too, whatever the layer does. In a batch this price is
# paid once for 256 pictures.


# %% tags=["nbval-ignore-output"]
@torch.inference_mode()
def answers_a_second(network, batch, tries=10):
    network.eval()
    x, took = data.test.x[:batch], []
    for _ in range(tries + 2):
        start = time.perf_counter()
        network(x)
        took.append(time.perf_counter() - start)
    return batch / min(took[2:])  # the best of ten: what the machine can do if left alone


torch.set_num_threads(1)
speed = {name: answers_a_second(net, 256) for name, net in networks.items()}
print("model     answers a second: one by one   in batches    hours of a core for 10⁹ answers")
for name, cost in costs.items():
    alone, many = 1e6 / cost.microseconds, speed[name]
    print(f"{name:8s} {alone:25,.0f} {many:15,.0f} {1e9 / many / 3600:20.1f}")

# %%
conv, mlp, cnn = costs["conv-4"], costs["mlp-64"], costs["cnn"]
claims(
    claim(
        mlp.parameters == 784 * 64 + 64 + 64 * 10 + 10,
        "mlp-64 has the parameters counted by hand",
    ),
    claim(mlp.macs == 784 * 64 + 64 * 10, "and the MACs counted by hand"),
    claim(mlp.bytes == 4 * mlp.parameters, "four bytes for each parameter"),
    claim(
        mlp.parameters > 11 * conv.parameters and mlp.macs > 2 * conv.macs,
        "conv-4 has less than a tenth of mlp-64's parameters, and less than half of its MACs",
    ),
    claim(
        conv.microseconds > mlp.microseconds,
        "all the same, one answer of conv-4 takes longer than one of mlp-64",
    ),
    claim(
        speed["mlp-64"] > 10 * speed["cnn"],
        "in batches mlp-64 answers more than ten times as many pictures as the teacher",
    ),
    claim(
        speed["mlp-64"] > 3 * 1e6 / mlp.microseconds,
        "and more than three times as many as one by one",
    ),
)

# %% [markdown]
# A network this small is done with its arithmetic in a few microseconds. What takes time is
# *calling* its layers. conv-4 has more calls than mlp-64, and a convolution is a dearer call
# than a matrix product. With the teacher it is the other way round: its price is arithmetic,
# and batches may even slow it down. The maps of 256 pictures fill 13 MB after its first
# layer, more than a core's own cache holds. MACs tell you about time only where there is
# enough to compute. Notebook 15 goes on from here: other number formats, other runtimes,
# energy.

# %% [markdown]
# ## Experiment
#
# You have 500 labels and want to be right more often. Two ways:
#
# 1. take a **larger network**, train it on the labels, and pay for it with each answer;
# 2. stay small, and let a **teacher** help, once, during training.
#
# Both were run above. For mlp-64 so was the arm that could explain the teacher away: its
# **hard answers**, that is its top answer used as a label. If the teacher only corrected
# wrong labels, this would do as well.

# %% tags=["nbval-ignore-output"]
for name, table in tables.items():
    print(f"{name}\n{table}\n")

# %%
rows = [(f"{name}, taught", *tables[name].difference("taught")) for name in students]
rows.append(("mlp-64, hard answers", *tables["mlp-64"].difference("hard answers")))
roles = {f"{name}, taught": "student" for name in students}
still(
    figures.differences(rows, against="the same network, labels only", roles=roles),
    "Difference in test accuracy between each network taught and the same network on labels "
    "only, with 95 % intervals over five seeds. All four gain. Hard answers gain less.",
)

# %%
gain = {name: tables[name].difference("taught") for name in students}
dark = tables["mlp-64"].difference("taught", "hard answers")
mean = {
    key: sum(v) / len(v)
    for key, v in (((n, a), t.accuracy[a]) for n, t in tables.items() for a in t.accuracy)
}
claims(
    claim(
        all(g.low > 0.003 for g in gain.values()),
        "each of the four networks gains from the teacher, at the same cost of an answer",
    ),
    claim(
        abs(mean["mlp-256", "labels only"] - mean["mlp-64", "labels only"]) < 0.012,
        "a perceptron four times as large gains nothing to speak of from the same labels",
    ),
    claim(
        mean["conv-4", "taught"] > mean["mlp-256", "labels only"] + 0.005,
        "taught conv-4 beats mlp-256 on labels only",
    ),
    claim(
        costs["mlp-256"].bytes > 40 * costs["conv-4"].bytes,
        "which has more than 40 times as many bytes",
    ),
    claim(
        dark.mean > 0.003,
        "soft targets beat the teacher's hard answers: it is not labelling alone",
    ),
    claim(
        mean["mlp-256", "taught"] > mean["mlp-64", "taught"] + 0.003,
        "with a teacher, size pays again: taught mlp-256 is above taught mlp-64",
    ),
)

# %% [markdown]
# So much for *these* 500 labels. With all 10,000 the gain nearly vanishes, and a larger
# network pays by itself. Distillation earns its keep where labels are few, and where answers
# are many, since the teacher is paid for once and a small student saves with each answer.
#
# And what did it cost? Somebody had to train the teacher, on 48,000 labels that we act as if
# we did not have. If you have them, train on them. The typical case is another: the teacher
# was bought, or trained by somebody else, on data that are gone.
#
# ## What can be distilled, and by whom
#
# Here the teacher passed on its *answers*, and was finished before. There are other ways, and
# the series has a notebook for each.
#
# | type | what is transferred | the student imitates | notebook |
# |---|---|---|---|
# | **response** | the last layer | soft targets | 03, 05, 07 |
# | **feature** | inner layers | what a layer shows | 08 |
# | **relation** | how samples lie to each other | distances and angles | 09 |
#
# | scheme | who teaches whom | when | notebook |
# |---|---|---|---|
# | **offline** | a trained teacher, a student | one after the other | 05 |
# | **online** | several students each other, or a teacher that still learns | at once | 10 |
# | **self** | a network itself: its deep layers, or an older copy | at once, or in turns | 11 |
#
# Type and scheme are two questions, so they combine: features can be matched online. How it
# is carried over is a third one, the [algorithm](glossary.md#algorithm). This page: response,
# offline, standard.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
fast.reveal(
    "Look at your table. mlp-64 is the quickest of the three, one by one, and conv-4 takes "
    "about twice as long, with a twelfth of the parameters and half of the MACs. Whether 50 µs "
    "are enough for it depends on the machine; on an idle one they may be, on a busy one not. "
    "In batches both are far above 20,000, and the teacher is not.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# Write what the ring does. `models` is a list of dicts with the keys `name`, `accuracy` and
# `bytes`. Return the **name** of the most accurate model of at most `budget` bytes. Of models
# that are equally accurate, take the smaller. Where nothing fits, return None.


# %%
def pick_model(models, budget):
    raise NotImplementedError("first who may be chosen at all, then whom you want")


check("pick_model", pick_model)

# %%
hint("pick_model")

# %% [markdown]
# When it is right, use it: what can you have in 64 kB, the memory of a small microcontroller?
# Is it the model you would take if *time* were the budget?

# %%
# pick_model(models, 64_000)

# %% [markdown]
# ## Think
#
# A colleague reports: "Our student has a tenth of the teacher's parameters, so it is ten
# times as fast and needs a tenth of the energy." Which two measurements would you ask for,
# and what could they show?
#
# <details><summary>An answer</summary>
#
# First, the time of an answer on the machine where it will run, at the batch size it will
# have there, with the median and a high percentile. It can show nearly the same time for
# both, if calls and not arithmetic fill it, or a ratio far above ten, if the teacher no
# longer fits into the cache. Second, the energy of that machine over many answers, with the
# idle share told apart: a computer that waits needs energy too.
#
# And a third question, for the accuracy: was the student compared with the same small network
# on labels only? Otherwise nobody knows what the distillation was good for.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. An answer costs bytes, multiply–adds and time. Bytes follow the parameters; time need
#    not.
# 2. A budget is a line: among the models that fit, the most accurate is chosen. Dominated
#    models never are.
# 3. A teacher lifts a small network at no cost per answer; it is paid for during training.
# 4. With 500 labels a larger network gains nothing by itself. With a teacher, size pays
#    again.
# 5. Type: what is transferred. Scheme: who teaches whom. Algorithm: how it is carried over.
#
# ## Sources
#
# - Buciluă, Caruana, Niculescu-Mizil 2006, *Model compression*,
#   [doi:10.1145/1150402.1150464](https://doi.org/10.1145/1150402.1150464): the idea, ten
#   years before its name: a small network imitates a large ensemble.
# - Hinton, Vinyals, Dean 2015, [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): section
#   1 says why training and use ask for different networks.
# - Gou et al. 2021, *Knowledge distillation: a survey*,
#   [arXiv:2006.05525](https://arxiv.org/abs/2006.05525): types, schemes and algorithms, with
#   figures; a good map.
# - Dehghani et al. 2022, *The efficiency misnomer*,
#   [arXiv:2110.12894](https://arxiv.org/abs/2110.12894): parameters, FLOPs and speed tell
#   three different stories.
#
# NAVIGATION
