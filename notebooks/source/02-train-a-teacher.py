# %% [markdown]
# NAVIGATION
#
# # 02 · Train a teacher
#
# **Before anybody can be taught, somebody must have learned. This notebook trains a network
# from labels, asks whether it knows how sure it may be, starts another one from what a first
# has learned, and shows how a test result can flatter.**
#
# About 40 minutes. You should know what a label and a loss are, and have run notebook 00 once.

# %% [markdown]
# ## You will be able to
#
# - **train** a network from labels, and say by which pictures you decided when to stop;
# - **compute** an expected calibration error, and **calibrate** a network with one number;
# - **read** a confusion matrix;
# - **start** from a trained network and fine-tune it, and compare that with a start from
#   scratch;
# - **spot** a test result that flatters.

# %% [markdown]
# ## Set-up
#
# The pictures come in three sets. Each serves one purpose, and no other.
#
# | set | here | what it is for |
# |---|---|---|
# | **training** | 1,000 pictures | the weights are fitted to them |
# | **[validation](glossary.md#validation-set)** | 500 | each *choice*: when to stop, which T |
# | **test** | 4,000 | one measurement, at the end, when nothing is chosen any more |
#
# The test set is made of the 2,000 test pictures that ship, and of 2,000 training pictures
# that are left over. The network, `conv-8`, is small, so that it trains in a second or two.
# Five seeds of it, each with its own start and its own order of batches, are trained here for
# 24 epochs. After each epoch we write down the [logits](glossary.md#logits) on the validation
# and test pictures.

# %%
import numpy as np
import torch

import kdlab
from kdlab import metrics
from kdlab.comparison import Table
from kdlab.ui.lesson import (
    Certainty,
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

shipped = kdlab.load("fashion-mnist", labelled=1000)
train, used, classes = shipped.train, shipped.train.labelled, shipped.classes
spare = torch.nonzero(~used)[:2000, 0]
data = kdlab.Dataset.from_tensors(
    train.x[used],
    train.y[used],
    validation=(shipped.validation.x[:500], shipped.validation.y[:500]),
    test=(
        torch.cat([shipped.test.x, train.x[spare]]),
        torch.cat([shipped.test.y, train.y[spare]]),
    ),
    classes=classes,
)
SEEDS = range(5)
recipe = kdlab.Recipe(
    student="conv-8", alpha=0.0, epochs=24, learning_rate=5e-3, batch_size=100
)
print(data.note)

# %% jupyter={"source_hidden": true}
here("teacher", "fine-tuning")


# %%
def logits_of(net, part):
    return ask(net, part.x).logits.numpy()


def watch(seed):
    """Train one network; after each epoch its training loss, and its logits elsewhere."""
    training = kdlab.train(data=data, recipe=recipe.replace(seed=seed))
    loss, on_validation, on_test = [], [], []
    net = training.students["student"]
    for event in training:
        if isinstance(event, kdlab.events.Epoch):
            loss.append(metrics.cross_entropy(logits_of(net, data.train), data.train.y))
            on_validation.append(logits_of(net, data.validation))
            on_test.append(logits_of(net, data.test))
    return loss, np.stack(on_validation), np.stack(on_test)


watched = [watch(seed) for seed in SEEDS]
y_validation, y_test = data.validation.y.numpy(), data.test.y.numpy()
print(len(watched), "networks,", len(watched[0][0]), "epochs each")

# %% [markdown]
# `alpha=0.0` says: labels alone. There is no teacher yet, so for the package a *teacher that
# is trained* is just a student without a teacher.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
confused = Guess(
    "02-confused",
    "The teacher that ships has learned from 48,000 labelled pictures, and is right on about "
    "nine in ten. Which two classes does it confuse most often?",
    ["Sneaker and Ankle boot", "T-shirt and Shirt", "Pullover and Coat", "Bag and Shirt"],
)
confused

# %% [markdown]
# ## Play: train it, live
#
# This is the workbench without a teacher. A first network has just been trained in it, so
# there are curves already. Look at the second chart, **cross-entropy** on the validation
# pictures: it falls, and then it rises again.
#
# **Try this.** Press *Train*. A new network begins, ten steps a second. Press *Pause* at the
# moment at which you would stop for good. How do you know? Then look at *Runs*: was the
# network of your choice better than the one that went on to the end?

# %% tags=["nbval-ignore-output"]
bench = kdlab.Workbench(data, recipe=recipe)
bench.state.teacher, bench.state.pace, bench.state.panel = "", "full", 3  # labels; Curves
bench.lab.train()
bench.lab.runner.settled()
bench.state.pace = "10"
bench

# %% [markdown]
# In words: validation accuracy climbs for a while, and then hardly moves. The loss on the
# training pictures (*Loss terms*) falls and falls. But cross-entropy on validation pictures
# has its lowest point somewhere in the middle. What gets worse from there on, if not the
# share of right answers?
#
# ### How sure may it be?
#
# This view has the answer, for the first of our five networks. On the left are its curves. On
# the right is a **[reliability diagram](glossary.md#reliability-diagram)**: the validation
# pictures are sorted into bins, by how sure the network was of its own top answer. A blue bar
# says how often it was *right* in that bin. If it was right as often as it was sure, the bar
# ends on the diagonal. The orange gap is what is missing, or too much.
#
# **Try this.** Move *Epochs of training* to 6, and back. When is the network about as sure as
# it is right? Then, at the last epoch, move the *Temperature* T: can you close the gaps
# without any training? Watch *right* while you do.

# %% tags=["nbval-ignore-output"]
loss, on_validation, on_test = watched[0]
epochs = list(range(1, len(loss) + 1))
view = Certainty(epochs, on_validation, y_validation, loss)
view

# %% [markdown]
# In words: at the last epoch the bars on the right, where nearly all pictures are, end below
# the diagonal: the network is too sure. (The bars on the left jump about, since they hold a
# few pictures each.) It has learned 1,000 labels by heart, and to push their cross-entropy
# towards 0 it must become surer and surer. On other pictures it is not right any more often
# for that.


# %%
def lowest(curve):
    """The epoch, counted from 1, at which a network's cross-entropy is lowest."""
    return 1 + int(np.argmin([metrics.cross_entropy(z, y_validation) for z in curve]))


def sure(z):
    return metrics.soften(z).max(1).mean()


last_z = [v[-1] for _, v, _ in watched]
best_z = [v[lowest(v) - 1] for _, v, _ in watched]
claims(
    claim(
        all(one[0][-1] < one[0][5] / 1.5 for one in watched),
        "with all five seeds the training loss falls by another third, and more, after epoch 6",
    ),
    claim(
        all(lowest(v) < len(v) for _, v, _ in watched),
        "with all five, cross-entropy on validation pictures is lowest before the end",
    ),
    claim(
        np.mean([metrics.accuracy(z, y_validation) for z in last_z])
        > np.mean([metrics.accuracy(z, y_validation) for z in best_z]) - 0.02,
        "accuracy hardly suffers from going on: less than two points on the average",
    ),
    claim(
        all(sure(z) - metrics.accuracy(z, y_validation) > 0.03 for z in last_z),
        "in the end each is surer than it is right, by three points and more",
    ),
    claim(
        all(sure(z) > sure(v[5]) + 0.05 for z, (_, v, _) in zip(last_z, watched, strict=True)),
        "and surer than it was after six epochs",
    ),
)

# %% [markdown]
# This matters for what comes after. A teacher's [soft targets](glossary.md#soft-targets) are
# its answers. The surer it is, the less they hold beside the top class. The teacher that ships
# with kdlab was stopped early for that reason.

# %% [markdown]
# ## Look inside
#
# The **[expected calibration error](glossary.md#expected-calibration-error)** (ECE) puts the
# diagram into one number:
#
# $$\mathrm{ECE} = \sum_{k} \frac{n_k}{N}\,\bigl|\,\mathrm{confidence}_k
# - \mathrm{accuracy}_k\,\bigr|$$
#
# $N$ is the number of pictures, $n_k$ how many are in bin $k$. $\mathrm{confidence}_k$ is the
# mean probability of the top class in that bin, $\mathrm{accuracy}_k$ the share that is right.
# In the package:

# %%
source(metrics.reliability)

# %% [markdown]
# **By hand.** Eight pictures, and five bins: 0 to 0.2, 0.2 to 0.4, and so on.
#
# | bin | how sure | right? | confidence | accuracy | gap |
# |---|---|---|---|---|---|
# | 0.8 – 1.0 | 0.95, 0.90, 0.90, 0.85 | yes, yes, no, no | 0.90 | 0.50 | 0.40 |
# | 0.6 – 0.8 | 0.75, 0.65 | yes, no | 0.70 | 0.50 | 0.20 |
# | 0.4 – 0.6 | 0.55, 0.45 | yes, yes | 0.50 | 1.00 | 0.50 |
#
# $\mathrm{ECE} = (4 \cdot 0.40 + 2 \cdot 0.20 + 2 \cdot 0.50) / 8 = 0.375$. The two lowest bins
# are empty and count nothing.
#
# On the average of all eight it is 0.75 sure, and right for 5 of 8 = 0.625. That looks like a
# gap of only 0.125: the third row is *not sure enough* and makes up for the first.

# %%
by_hand = torch.tensor([0.95, 0.90, 0.90, 0.85, 0.75, 0.65, 0.55, 0.45])
right = torch.tensor([True, True, False, False, True, False, True, True])
rest = (1 - by_hand)[:, None] / 3  # three other classes share what is left
p = torch.cat([by_hand[:, None], rest.expand(-1, 3)], dim=1)
labels = torch.where(right, 0, 1)
found = metrics.reliability(p.log(), labels, bins=5)
print("ECE", round(found.ece, 3))

# %% [markdown]
# **[Temperature scaling](glossary.md#temperature-scaling)** mends a network that is too sure,
# with a single number. Divide all logits by a [temperature](glossary.md#temperature) T before
# the softmax: at T > 1 every answer becomes less sure, and the top class stays the top class.
# Which T? The one with the lowest cross-entropy on the *validation* pictures, since it is a
# choice.


# %%
def fit_temperature(logits, labels):
    grid = np.geomspace(0.5, 5, 60)
    return min(grid, key=lambda T: metrics.cross_entropy(logits / T, labels))


fitted = [fit_temperature(z, y_validation) for z in last_z]
z_test = [t[-1] for _, _, t in watched]
scaled = [z / T for z, T in zip(z_test, fitted, strict=True)]


def both(measure):
    """Of each network on the test pictures: as trained, and with its T."""
    return [
        (measure(a, y_test), measure(b, y_test)) for a, b in zip(z_test, scaled, strict=True)
    ]


# %%
still(
    figures.reliability(
        [
            ("As trained, T = 1", metrics.reliability(z_test[0], y_test)),
            ("T fitted on validation pictures", metrics.reliability(scaled[0], y_test)),
        ]
    ),
    "Two reliability diagrams of the first network on the test pictures. As trained, most bars "
    "stay below the diagonal: it is too sure. With T fitted on validation pictures the bars "
    "follow the diagonal, and many pictures have moved to bins further left.",
)

# %%
claims(
    claim(abs(found.ece - 0.375) < 1e-6, "the package finds the ECE that was worked by hand"),
    claim(min(fitted) > 1.2, "all five networks need a T above 1: all five are too sure"),
    claim(
        all(after < before / 1.5 for before, after in both(metrics.ece)),
        "with this T the ECE on test pictures falls by a third and more, with every seed",
    ),
    claim(
        np.mean([after for _, after in both(metrics.ece)]) < 0.03,
        "to less than three points on the average",
    ),
    claim(all(a == b for a, b in both(metrics.accuracy)), "accuracy does not change at all"),
    claim(
        all(after < before - 0.02 for before, after in both(metrics.cross_entropy)),
        "and cross-entropy on test pictures falls, with every seed",
    ),
)

# %% [markdown]
# One number, 500 labels, no training. This T is not the T of distillation. Here it makes an
# answer *honest*; there it makes small probabilities visible to a student (notebook 03).

# %% [markdown]
# ## Experiment
#
# ### One: who is taken for whom?
#
# Now the teacher that ships. It was trained on 48,000 *other* pictures, so all 14,000 that ship
# can test it. In a **[confusion matrix](glossary.md#confusion-matrix)** each row is a label,
# each column an answer. What is off the diagonal is wrong.

# %%
teacher = kdlab.pretrained("fashion-mnist-cnn")
parts = (shipped.train, shipped.validation, shipped.test)
z_teacher = np.concatenate([logits_of(teacher, part) for part in parts])
y_all = np.concatenate([part.y.numpy() for part in parts])
counts = np.zeros((10, 10), dtype=int)
np.add.at(counts, (y_all, z_teacher.argmax(1)), 1)

# %%
still(
    figures.confusions(counts, classes),
    "Confusion matrix of the teacher. Trousers, bags and the three kinds of shoes are mostly "
    "right. T-shirt, Pullover, Dress, Coat and Shirt are taken for one another; the brightest "
    "field off the diagonal is Shirt taken for T-shirt.",
)

# %%
mutual = counts + counts.T
pair = {
    f"{classes[i]} and {classes[j]}": mutual[i, j] for i in range(10) for j in range(i + 1, 10)
}
order = sorted(pair, key=pair.get, reverse=True)
wrong = counts.sum() - np.trace(counts)
tops = [classes.index(c) for c in ("T-shirt", "Pullover", "Dress", "Coat", "Shirt")]
among = counts[np.ix_(tops, tops)]
recall = np.diag(counts) / counts.sum(1)
claims(
    claim(order[0] == "T-shirt and Shirt", "T-shirt and Shirt are confused most often"),
    claim(pair[order[0]] > 1.3 * pair[order[1]], "by far: the next pair is well behind"),
    claim(
        among.sum() - np.trace(among) > 0.7 * wrong,
        "seven in ten mistakes and more are among five kinds of tops",
    ),
    claim(
        classes[recall.argmin()] == "Shirt" and recall.min() < 0.75,
        "Shirt has the lowest recall, below three in four",
    ),
    claim(
        metrics.ece(z_teacher, y_all) < 0.03,
        "and this teacher is calibrated as it is: ECE below three points, at T = 1",
    ),
)

# %% [markdown]
# Mistakes have a structure. A teacher that takes a shirt for a T-shirt, and hardly ever for a
# shoe, knows something about shirts. This is what its soft targets pass on (notebook 03).
#
# ### Two: from scratch, or fine-tuned?
#
# Suppose the camera is broken: it sends the *upper half* of each picture, the rest is black.
# Of such pictures we have 50 with a label. Here are four ways to a network for them, all with
# the teacher's architecture, `cnn`:
#
# - **as it is**: the teacher that ships, which has never seen a broken picture; no training.
# - **from scratch**: random first weights, 16 epochs on the 50 pictures.
# - **scratch, 3 × longer**: the same for 48 epochs. This could explain a difference away:
#   perhaps 16 epochs are simply too few.
# - **fine-tuned**: the first weights are the teacher's (`init="teacher"`), then the same 16
#   epochs. [Fine-tuning](glossary.md#fine-tuning) goes in small steps; from scratch we take
#   a learning rate three times as large, which was better for it in a trial.
#
# Five seeds; each draws another 50 pictures.

# %% tags=["nbval-ignore-output"]
short = kdlab.Recipe(student="cnn", alpha=0.0, epochs=16, batch_size=25)
arms = {
    "from scratch": short.replace(learning_rate=3e-3),
    "scratch, 3 × longer": short.replace(learning_rate=3e-3, epochs=48),
    "fine-tuned": short.replace(learning_rate=1e-3, init="teacher"),
}
share = {arm: [] for arm in ("as it is", *arms)}
steps = {"as it is": 0}
test = kdlab.load("fashion-mnist", view="upper-half").test
y_half = test.y.numpy()
as_it_is = metrics.accuracy(logits_of(teacher, test), y_half)
for seed in SEEDS:
    half = kdlab.load(
        "fashion-mnist", labelled=50, pool=0, labelled_seed=seed, view="upper-half"
    )
    share["as it is"].append(as_it_is)  # the same each time: nothing is trained, nothing drawn
    for arm, one in arms.items():
        training = kdlab.train(
            data=half, teacher=teacher, recipe=one.replace(seed=seed), measure_every=0
        )
        for _ in training:
            pass
        net = training.students["student"]
        share[arm].append(metrics.accuracy(logits_of(net, test), y_half))
        steps[arm] = training.total
note = f"{len(SEEDS)} seeds; 50 training labels, {len(y_half):,} test labels"
table = Table(share, {}, {}, steps, list(SEEDS), "from scratch", note)
table

# %%
print("layers with the teacher's first weights:", *training.copied)
others = [arm for arm in share if arm != "from scratch"]
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others],
        against="from scratch",
        roles={"as it is": "teacher", "fine-tuned": "student", "scratch, 3 × longer": "labels"},
    ),
    "Difference in test accuracy to a network from scratch, with 95 % intervals over five "
    "seeds. The teacher as it is lies far below, the fine-tuned one far above. Three times "
    "as long from scratch closes little of the gap.",
)

# %%
tuned, longer = table.difference("fine-tuned"), table.difference("scratch, 3 × longer")
claims(
    claim(
        steps["fine-tuned"] == steps["from scratch"],
        "the fine-tuned network took as many steps as the one from scratch",
    ),
    claim(
        table.difference("as it is").mean < -0.03,
        "as it is, the teacher is no use for half pictures: 50 labels from scratch do better",
    ),
    claim(
        tuned.low > 0.06, "fine-tuned, it beats the start from scratch by six points and more"
    ),
    claim(
        longer.high < tuned.low,
        "three times as many steps from scratch do not make up for it",
    ),
    claim(
        table.difference("fine-tuned", "as it is").low > 0.15,
        "50 labels lift the teacher itself by fifteen points and more",
    ),
)

# %% [markdown]
# Much of what the teacher has learned, such as edges and the cloth's texture, is the same in
# half a picture. What must change is what follows from it, and for that 50 labels go a long
# way. How much there is to win depends on how much the old task has to do with the new one.
# And a network that is fine-tuned forgets: notebook 06 measures it.
#
# ### Three: a test set that has been used
#
# Somebody writes: *"We trained for 24 epochs, and report the best test accuracy."* Nothing was
# trained on test pictures. Is it wrong?
#
# We can look it up, as we have 4,000 test pictures. We draw a small test set from them, choose
# the epoch that is best on it, and compare what would be reported with the accuracy of the
# same network on *all the other* test pictures. If the report is honest, the difference is 0
# on the average. For each of the five networks we take the mean over 200 draws. For
# comparison, the epoch is chosen on our 500 validation pictures; reported is, again, the
# accuracy on the small test set.


# %%
def flattery(seed, size, choose_on_test, draws=200):
    """Reported accuracy less that of the same network on all the other test pictures."""
    _, on_validation, on_test = watched[seed]
    hits = (on_test.argmax(2) == y_test).T.astype(np.float32)  # (pictures, epochs)
    random = np.random.default_rng(seed)
    best = int(np.argmax([metrics.accuracy(z, y_validation) for z in on_validation]))
    gaps = []
    for _ in range(draws):
        drawn = random.choice(len(hits), size, replace=False)
        reported = hits[drawn].mean(0)
        others = (hits.sum(0) - hits[drawn].sum(0)) / (len(hits) - size)
        epoch = int(reported.argmax()) if choose_on_test else best
        gaps.append(reported[epoch] - others[epoch])
    return float(np.mean(gaps))


def over_seeds(size, choose_on_test):
    gaps = [flattery(seed, size, choose_on_test) for seed in SEEDS]
    paired = Table({"it": gaps, "0": [0.0] * len(gaps)}, {}, {}, {}, list(SEEDS), "0", "")
    return paired.difference("it")


sizes = (100, 500, 2000)
flattered = {size: over_seeds(size, choose_on_test=True) for size in sizes}
honest = {size: over_seeds(size, choose_on_test=False) for size in sizes}
rows = [(f"chosen on {size:,} test pictures", *flattered[size]) for size in sizes]
rows += [(f"on validation, tested on {size:,}", *honest[size]) for size in sizes]
still(
    figures.differences(
        rows,
        against="the same networks on all other test pictures",
        roles={row[0]: "student" if k < 3 else "teacher" for k, row in enumerate(rows)},
        height=3.0,
    ),
    "How much a reported accuracy flatters, by where the epoch was chosen. Chosen on a hundred "
    "test pictures it flatters by several points, on five hundred by one or two, on two "
    "thousand by less than one. Chosen on validation pictures, it does not flatter.",
)

# %%
claims(
    claim(
        flattered[100].low > 0.015,
        "an epoch chosen on 100 test pictures flatters by a point and a half and more",
    ),
    claim(
        flattered[100].mean > flattered[500].mean > flattered[2000].mean,
        "the larger the test set, the less it flatters",
    ),
    claim(
        0 < flattered[2000].mean < 0.012,
        "on 2,000 test pictures it is small, about a point or less, but not 0",
    ),
    claim(
        max(abs(h.mean) for h in honest.values()) < 0.006,
        "an epoch chosen on validation pictures does not flatter, on no size of test set",
    ),
)

# %% [markdown]
# So the mistake can be small. With 2,000 test pictures and 24 epochs to choose from, it is less
# than a change of the seed makes. But it grows with every choice: 24 epochs, times five
# learning rates, times three architectures. And it favours whoever tries most. Where two
# methods differ by half a point, it decides who wins.
#
# Where does it come from? Among 24 networks that are nearly equally good, some have luck with
# these test pictures. The best *on them* is good **and** lucky. On other pictures the luck is
# gone.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
confused.reveal(
    "T-shirt and Shirt, far before all others. Sneaker and Ankle boot look alike to us, too, "
    "but a boot's shaft gives it away, and bags are nearly always right. At 28 × 28 pixels, "
    "what tells a shirt from a T-shirt, its buttons and its collar, is a pixel wide.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# Write the expected calibration error. `probabilities` has the shape (pictures, classes),
# `labels` the shape (pictures,). The bins are equally wide, from 0 to 1; a probability of
# exactly 1 belongs to the last one. Return one number, between 0 and 1.


# %%
def expected_calibration_error(probabilities, labels, bins):
    raise NotImplementedError("how sure, how often right, bin by bin")


check("expected_calibration_error", expected_calibration_error)

# %%
hint("expected_calibration_error")

# %% [markdown]
# **A bug to spot.** Three ways to report an accuracy. `validation` and `test` hold the logits
# of each epoch, with the labels `y_v` and `y_t`. Which of them flatter? All three can be found
# in papers. Answer with letters.
#
# | letter | what is wrong |
# |---|---|
# | a | the epoch is chosen on the test set |
# | b | the temperature is fitted on the test set |
# | c | a validation accuracy is reported that was itself the reason for the choice |
# | d | all is well |


# %%
def report_1(validation, y_v, test, y_t):
    scores = [metrics.accuracy(z, y_v) for z in validation]
    return f"held-out accuracy {max(scores):.1%}"


def report_2(validation, y_v, test, y_t):
    best = max(range(len(test)), key=lambda e: metrics.accuracy(validation[e], y_v))
    T = fit_temperature(validation[best], y_v)
    return f"accuracy {metrics.accuracy(test[best] / T, y_t):.1%}"


def report_3(validation, y_v, test, y_t):
    best = max(range(len(test)), key=lambda e: metrics.accuracy(test[e], y_t))
    T = fit_temperature(validation[best], y_v)
    return f"accuracy {metrics.accuracy(test[best] / T, y_t):.1%}"


# Experiments go here, such as report_1(on_validation, y_validation, on_test, y_test).

flattering = {"report_1": "?", "report_2": "?", "report_3": "?"}
check("who_flatters", flattering)

# %%
hint("who_flatters")

# %% [markdown]
# ## Think
#
# A hospital trains a network on 2,000 X-rays of 200 patients, ten of each. The pictures are
# shuffled, and one tenth becomes the test set. The network is right on 97 %. Nobody chose
# anything on the test set. Why may this number flatter all the same, and what would you do?
#
# <details><summary>An answer</summary>
#
# Nearly every patient in the test set is also in the training set. The network can recognise
# the *patient*, the machine, or a mark on the plate. New patients will come without that. So
# split by patient, better still by hospital, so that the test asks what will be asked later.
# Notebook 18 comes back to such leaks.
#
# And if it is to say how sure it is, fit T on pictures of the place where it will work:
# calibration does not travel well. You can see it here: what is the ECE of the teacher on
# half pictures? `metrics.ece(logits_of(teacher, test), y_half)`.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Training pictures fit weights, validation pictures make choices, test pictures measure
#    once.
# 2. A network that trains on and on stays about as right, and becomes surer than it may be.
# 3. ECE is the mean gap between how sure and how often right, over bins. One T, fitted on
#    validation pictures, closes most of it and leaves accuracy as it is.
# 4. From a trained network's weights a few labels go much further than from random ones, where
#    both tasks have much in common.
# 5. Whoever chooses on the test set reports luck as skill: by points on a small test set, by
#    little on a large one.
#
# ## Sources
#
# - Guo, Pleiss, Sun, Weinberger 2017, *On calibration of modern neural networks*,
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599): reliability diagrams, ECE and
#   temperature scaling; short and clear.
# - Yosinski, Clune, Bengio, Lipson 2014, *How transferable are features in deep neural
#   networks?*, [arXiv:1411.1792](https://arxiv.org/abs/1411.1792): which layers can be taken
#   over, and how that depends on the distance of the tasks.
# - Cawley, Talbot 2010, *On over-fitting in model selection and subsequent selection bias in
#   performance evaluation*, Journal of Machine Learning Research 11: how choices flatter.
# - Xiao, Rasul, Vollgraf 2017, [arXiv:1708.07747](https://arxiv.org/abs/1708.07747):
#   Fashion-MNIST, the pictures of this series.
#
# NAVIGATION
