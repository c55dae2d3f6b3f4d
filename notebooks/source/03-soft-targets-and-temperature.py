# %% [markdown]
# NAVIGATION
#
# # 03 · Soft targets and temperature
#
# **A trained network knows more than its answer. This notebook shows where that knowledge
# sits, and how one number, the temperature, brings it to light.**
#
# About 35 minutes. You should know what a classifier does: it takes a picture and gives one
# number for each class.

# %% [markdown]
# ## You will be able to
#
# - **compute** softened probabilities for three classes by hand, at any temperature;
# - **predict** what a change of temperature does to the order of the classes, to the top
#   class, and to the entropy;
# - **explain** what is meant by *dark knowledge*, and show it in a table;
# - **find** the temperature at which the top class has exactly one half.

# %% [markdown]
# ## Set-up
#
# One line for the tools of this course, one for arrays. The teacher was trained before and
# ships with kdlab, as do the pictures: Fashion-MNIST, 28 × 28 pixels, ten kinds of clothes.
# The teacher has never seen the pictures used here.

# %%
import numpy as np

import kdlab
from kdlab.ui.lesson import (
    Guess,
    SoftTargets,
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

data = kdlab.load("fashion-mnist")
teacher = kdlab.pretrained("fashion-mnist-cnn")
random = np.random.default_rng(0)  # seed 0, for the shuffles below

logits = ask(teacher, data.test.x).logits.numpy()  # what the teacher says of every test picture
labels = data.test.y.numpy()
right = np.mean(logits.argmax(1) == labels)
print(logits.shape, f"– the teacher's top answer is right for {right:.0%} of them")

# %% jupyter={"source_hidden": true}
here("soft targets", on=("response", "offline"))

# %% [markdown]
# The numbers that the network gives are called **logits**. There are ten for each picture.
# They can be of any size and sign, and the largest one is the answer. All else in this
# notebook is made from these 2,000 × 10 numbers.

# %% [markdown]
# ## Guess first
#
# To turn logits into probabilities one uses *softmax*. To make them softer, one divides the
# logits by a number T first: the **temperature**. Before you try it, write down what you
# expect. Your guess is kept, and you will meet it again.

# %% jupyter={"source_hidden": true}
limit = Guess(
    "03-limit",
    "A teacher says of a picture: shirt 90 %, T-shirt 7 %, coat 2 %, and a little of all the "
    "rest. "
    "T is raised further and further. What becomes of its answer?",
    [
        "The shirt takes everything",
        "All ten classes tend to 10 %, and their order stays as it was",
        "All ten classes tend to 10 %, and on the way some change places",
        "It settles at the shares that the classes had in training",
    ],
)
limit

# %% [markdown]
# Two quick questions on what came before:

# %% jupyter={"source_hidden": true}
Guess(
    "03-recall-agreement",
    "Student and teacher have an agreement of 90 %. What does that say?",
    [
        "The student is right for 90 % of the pictures",
        "For 90 % of the pictures, both give the same top answer",
        "The student has 90 % of the teacher's accuracy",
    ],
    answer=(
        "Agreement compares two networks with each other, not with the labels. Both may be "
        "wrong together."
    ),
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "03-recall-logits",
    "Which of these changes nothing about the probabilities that softmax makes of ten logits?",
    ["Adding 5 to all of them", "Multiplying all of them by 5", "Adding 5 to the largest"],
    answer=(
        "Softmax sees only the differences between logits. Adding 5 to all leaves every "
        "difference as it was."
    ),
    right=0,
)

# %% [markdown]
# ## Play
#
# Below are the teacher's **soft targets**: the probabilities it gives to all ten classes at
# temperature T. They are called targets because a student will later be trained to hit them.
# The slider moves T; the browser does the arithmetic.
#
# **Try this.** Start with the first picture. Move T slowly from 1 up to 8 and watch the
# second and the third bar. Then watch the coloured table: each row is a class, and its
# colours show what the teacher also sees in pictures of it.

# %%
view = SoftTargets(slider=True, temperature=2.0, pick="teacher unsure")
pictures = (255 * data.test.x[:, 0]).round().byte().numpy()
view.show(logits, labels=labels, classes=data.classes, images=pictures)
view

# %% [markdown]
# In words: at a low T one bar stands for nearly everything. As T grows the bars come closer
# to each other, but none ever overtakes another. In the table the warm cells lie in blocks:
# shirts, T-shirts, pullovers, coats and dresses among themselves, sandals, sneakers and boots
# among themselves.

# %% [markdown]
# ## Look inside
#
# Let $z_c$ be the logit of class $c$, and let there be $C$ classes. The softened probability
# of class $c$ is
#
# $$p_c(T) = \frac{\exp(z_c / T)}{\sum_{k=1}^{C} \exp(z_k / T)} .$$
#
# In code: `z` is `logits`, T is `temperature`, and the sum runs over `axis=1`, the classes.
# The package computes the logarithm first, because a logarithm of a tiny probability is an
# ordinary number, where the probability itself would become 0.

# %%
source(kdlab.metrics.log_soften)

# %%
source(kdlab.metrics.soften)

# %% [markdown]
# Now by hand. Take three classes with the logits log 16, log 4 and log 1. Then $\exp(z / T)$
# is easy: it is the T-th root of 16, 4 and 1.
#
# | T | roots of 16, 4, 1 | their sum | probabilities |
# |---|---|---|---|
# | ½ | 256, 16, 1 (squares) | 273 | .938, .059, .004 |
# | 1 | 16, 4, 1 | 21 | .762, .190, .048 |
# | 2 | 4, 2, 1 | 7 | .571, .286, .143 |
# | 4 | 2, 1.414, 1 | 4.414 | .453, .320, .227 |

# %%
z = np.log([[16.0, 4.0, 1.0]])
for T in (0.5, 1, 2, 4, 100):
    print(f"T = {T:<5g}", kdlab.metrics.soften(z, T).round(3)[0])

# %% [markdown]
# Two things can be read off the formula.
#
# **The odds.** For two classes $a$ and $b$ the sum cancels: $p_a / p_b = \exp\left((z_a -
# z_b) / T\right)$. If
# $z_a$ is larger, this ratio is above 1 at every T. So the order never changes; only the
# distance does.
#
# **The entropy.** It measures how spread out a distribution is: $H = -\sum_c p_c \log p_c$,
# in *nats*. It is 0 when one class has everything, and $\log C$ when all have the same.

# %%
source(kdlab.metrics.entropy)

# %%
soft = kdlab.metrics.soften(z, 2)
claims(
    claim(
        np.allclose(soft, [[4 / 7, 2 / 7, 1 / 7]]),
        "at T = 2 the three classes have 4/7, 2/7 and 1/7",
    ),
    claim(
        np.isclose(soft[0, 0] / soft[0, 1], (16 / 4) ** 0.5),
        "at T = 2 odds of 4 to 1 become odds of 2 to 1",
    ),
    claim(
        np.allclose(kdlab.metrics.soften(z, 1e6), 1 / 3, atol=1e-5),
        "as T grows without end, each class tends to 1/3",
    ),
    claim(
        kdlab.metrics.soften(z, 0.01)[0, 0] > 0.999999,
        "as T falls to 0, the top class takes everything",
    ),
)

# %% [markdown]
# And now one real picture: the first test picture of a shirt that the teacher gets right, but
# with some doubt.

# %%
sure = kdlab.metrics.soften(logits).max(1)
shirt = data.classes.index("Shirt")
picture = np.flatnonzero((labels == shirt) & (logits.argmax(1) == shirt) & (sure < 0.8))[0]
temperatures = np.geomspace(0.25, 50, 120)
still(
    figures.melting(logits[picture], data.classes, temperatures),
    "Left: the probabilities of ten classes for one shirt, over T on a log scale. At small T "
    "the shirt has nearly all; "
    "as T grows all lines run together to 1/10 without crossing. Right: the entropy climbs from"
    " near 0 to log 10.",
)

# %% [markdown]
# ## Experiment
#
# **First: what does T change, over all 2,000 pictures?**

# %%
tops, entropies = [], []
print("   T   mean top class   mean entropy   pictures with a top class above 90 %")
for T in (0.5, 1, 2, 4, 8, 20):
    p = kdlab.metrics.soften(logits, T)
    tops.append(p.argmax(1))
    entropies.append(kdlab.metrics.entropy(logits, T).mean())
    print(
        f"{T:4g} {p.max(1).mean():12.0%} {entropies[-1]:17.2f} {np.mean(p.max(1) > 0.9):15.0%}"
    )

# %%
claims(
    claim(
        all((top == tops[0]).all() for top in tops),
        "the top answer of every picture is the same at every T",
    ),
    claim((np.diff(entropies) > 0.05).all(), "the mean entropy grows with every step of T"),
    claim(
        entropies[-1] > 0.95 * np.log(10),
        "at T = 20 the mean entropy is within 5 % of its limit, log 10",
    ),
    claim(
        np.mean(sure > 0.9) > 0.6,
        "at T = 1 the teacher gives more than 90 % to one class for most pictures",
    ),
)

# %% [markdown]
# The last line is the reason for all this. At T = 1 most soft targets are nearly as hard as
# labels: what the teacher thinks of the other nine classes is there, but in digits too small
# to teach anybody. A higher T makes it large enough. Accuracy, by the way, cannot change: it
# only looks at the top answer.
#
# **Second: do the small numbers mean anything?** They could be noise. The teacher was trained
# on plain labels. Nobody ever told it that a shirt is more like a coat than like a boot. If
# the small numbers know this all the same, then it has been learned. This is what is called
# **dark knowledge**.
#
# So we need a judge that has nothing to do with the teacher. We take the mean picture of each
# class and compare the mean pictures pixel by pixel: 45 pairs of classes, one likeness each.
# Then we ask whether pairs that look alike also get more of each other's probability. The
# number for this is the *rank correlation* (Spearman): 1 if both sort the pairs in the same
# order, 0 if the orders have nothing to do with each other.

# %%
from scipy.stats import spearmanr

means = np.stack([data.train.x[data.train.y == c].mean(0).flatten() for c in range(10)])
looks = np.corrcoef(means)  # (10, 10): how alike two classes' mean pictures are
pairs = np.triu_indices(10, 1)  # each pair once


def rank_correlation(table):
    """Between the likeness of two classes and what a table gives one for the other."""
    return spearmanr(((table + table.T) / 2)[pairs], looks[pairs]).statistic


table = kdlab.metrics.class_matrix(
    logits, labels, 4
)  # row: label, column: answer, mean soft target at T = 4
still(
    figures.likeness(looks, table, data.classes),
    "One point for each of 45 pairs of classes. Pairs whose mean pictures are alike have larger"
    " mean soft targets; the "
    "largest belong to shirts, T-shirts, pullovers and coats, and to sneakers and boots.",
)

# %% [markdown]
# A high number alone proves little. What else could give one? We ask four others the same
# question:
#
# - **untrained networks** of the teacher's architecture, five seeds: is it the architecture,
#   not the training?
# - **shuffled names**, 1,000 times: the teacher's own table with its classes renamed at
#   random. Is it chance?
# - **the teacher's hard answers**: the table of its top answers alone, with all the small
#   numbers thrown away.
# - **smoothed labels**: the same small share for every wrong class. A recipe that is
#   sometimes said to do the same.

# %% tags=["nbval-ignore-output"]
untrained = []
for seed in range(5):
    network = kdlab.build("cnn", seed=seed)
    untrained.append(
        rank_correlation(
            kdlab.metrics.class_matrix(ask(network, data.test.x).logits.numpy(), labels, 4)
        )
    )
shuffled = []
for _ in range(1000):
    order = random.permutation(10)
    shuffled.append(rank_correlation(table[order][:, order]))
answers = np.eye(10)[logits.argmax(1)]
hard = np.stack([answers[labels == c].mean(0) for c in range(10)])
smoothed = 0.9 * np.eye(10) + 0.1 / 10

trained = rank_correlation(table)
print(f"the teacher's soft targets      {trained:.2f}")
print("untrained networks, five seeds ", " ".join(f"{r:.2f}" for r in untrained))
print(f"shuffled names, 1,000 times     99 % below {np.quantile(shuffled, 0.99):.2f}")
print(f"the teacher's hard answers      {rank_correlation(hard):.2f}")
print(
    f"smoothed labels                 {len(set(smoothed[pairs]))} value for 45 pairs: no order"
)

# %%
top_three = {
    c: {data.classes[k] for k in np.argsort(-table[data.classes.index(c)])[1:4]}
    for c in ("Shirt", "Sneaker")
}
claims(
    claim(
        trained > 0.7,
        "pairs that look alike get more of each other's probability: correlation above 0.7",
    ),
    claim(
        max(map(abs, untrained)) < 0.5,
        "no untrained network comes near: it is learned, not built in",
    ),
    claim(
        trained > np.quantile(shuffled, 0.99),
        "chance gives this in fewer than one of 100 shuffles",
    ),
    claim(len(set(smoothed[pairs])) == 1, "smoothed labels hold no order of the wrong classes"),
    claim(
        top_three["Shirt"] <= {"T-shirt", "Pullover", "Coat", "Dress"},
        "after the shirt itself, the teacher sees three other garments in shirts",
    ),
    claim(
        {"Sandal", "Ankle boot"} <= top_three["Sneaker"],
        "in sneakers it sees the two other kinds of shoes",
    ),
)

# %% [markdown]
# The teacher's *hard* answers hold some of this order too, since its mistakes are not random
# either. But they hold it only as counts over many pictures. A soft target has it for every
# single picture. Whether this helps a student is another question, and the subject of
# notebook 05, with these same alternatives as rivals.
#
# **Third: what is left at very high T?** Expand the formula for large T: $\;C \, T \, (p_c -
# 1/C) \to z_c - \bar z$, where $\bar z$ is the mean logit of the picture. So the soft targets
# do not become empty. They become a faint, but exact, copy of the logits themselves. Nothing
# is lost but loudness, and the loss of notebook 05 turns it up again.

# %%
centred = logits - logits.mean(1, keepdims=True)
faint = {T: 10 * T * (kdlab.metrics.soften(logits, T) - 0.1) for T in (4, 20, 100)}
off = {T: np.abs(faint[T] - centred).mean() / np.abs(centred).mean() for T in faint}
claims(
    claim(off[100] < 0.06, "at T = 100 the copy is right to within 6 % on average"),
    claim(off[4] > off[20] > off[100], "the higher T, the better the copy"),
)

# %% [markdown]
# ### Back to your guess

# %% jupyter={"source_hidden": true}
limit.reveal(
    "Dividing all logits by the same T never changes which of two is larger. The odds go to 1 "
    "to 1, so all ten classes "
    "go to one tenth; but at every finite T the shirt is still first, and the T-shirt second.",
    right=1,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write `soften` yourself. `logits` is a tensor of shape (batch, classes); the answer
# has the same shape. The check runs it on fresh random inputs and tells you what is wrong,
# not what is right. The cell after it holds a hint; run it again for the next one, three
# times.


# %%
def soften(logits, temperature):
    raise NotImplementedError("write your own line here")


check("soften", soften)

# %%
hint("soften")

# %% [markdown]
# **2.** Find the temperature at which the top class falls to exactly one half. `logits` holds
# the logits of *one* picture, a tensor of shape (classes,); return T. Some pictures start
# above one half at T = 1, and some below.


# %%
def temperature_for_half(logits):
    raise NotImplementedError("halve an interval, perhaps?")


check("temperature_for_half", temperature_for_half)

# %%
hint("temperature_for_half")

# %% [markdown]
# ## Think
#
# A teacher is so sure of itself that it gives 99.99 % to one class for every picture. A
# friend says: "No harm done. I set T = 10 and the soft targets are soft." What has your
# friend gained, and what may still be missing?
#
# <details><summary>An answer</summary>
#
# The soft targets are soft now, and the order of the classes is as good as it was. If the
# logits of the wrong classes still differ in a sensible way, a high T shows it. But a teacher
# that was driven to 99.99 % may have pushed all wrong logits down to about the same depth.
# Then there is no order left to show: T makes small differences visible, it makes none. This
# happens to teachers that were trained with smoothed labels, which push the wrong classes
# together on purpose (Müller et al. 2019 found that such teachers teach worse).
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Softened probabilities are softmax of the logits divided by T.
# 2. T never changes the order of the classes. It changes the distances: small T hardens,
#    large T levels.
# 3. The entropy grows with T, from 0 to log C.
# 4. The small probabilities of a trained teacher say which classes are alike. Nobody told it.
#    That is dark knowledge.
# 5. At T = 1 most of it is too faint to see. A higher T brings it out, and makes none that
#    was not there.
#
# ## Sources
#
# - Hinton, Vinyals, Dean 2015, *Distilling the knowledge in a neural network*,
#   [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): where temperature and soft targets
#   come from; sections 1 and 2 are four easy pages.
# - Guo et al. 2017, *On calibration of modern neural networks*,
#   [arXiv:1706.04599](https://arxiv.org/abs/1706.04599): the same T, used for another
#   purpose: to make a network's confidence honest.
# - Müller, Kornblith, Hinton 2019, *When does label smoothing help?*,
#   [arXiv:1906.02629](https://arxiv.org/abs/1906.02629): why smoothed labels make good
#   classifiers and poor teachers.
# - Xiao, Rasul, Vollgraf 2017, *Fashion-MNIST*,
#   [arXiv:1708.07747](https://arxiv.org/abs/1708.07747): the pictures.
#
# NAVIGATION
