# %% [markdown]
# NAVIGATION
#
# # 09 · Relation-based
#
# **A teacher also knows which pictures are near each other. This notebook builds the tables
# that say so by hand, finds out what each of them cannot see, and tests whether they teach.**
#
# About 40 minutes. You should know the distillation loss (notebook 05) and what a layer's
# features are.

# %% [markdown]
# ## You will be able to
#
# - **build** tables of distances, of angles and of inner products from a batch of features;
# - **say** what each ignores: a shift, a scale, a rotation, another width;
# - **write** the distance loss of relational distillation, and mind its slope at zero;
# - **test** the sentence that relation-based distillation is the most robust.

# %% [markdown]
# ## Set-up
#
# Teacher and data ship with kdlab. The student is `mlp-32`: its last hidden layer has 32
# units, the teacher's has 128. There are 500 labelled pictures and a pool of 2,000 more
# without labels. 5,000 training pictures that nobody else uses are added to the 2,000 test
# pictures.

# %%
import torch
import torch.nn.functional as F

import kdlab
from kdlab.ui.lesson import (
    Guess,
    Related,
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
data = kdlab.Dataset.from_tensors(
    x[:2500],
    y[:2500],
    labelled=500,
    validation=(shipped.validation.x, shipped.validation.y),
    test=(torch.cat([shipped.test.x, x[5000:]]), torch.cat([shipped.test.y, y[5000:]])),
    classes=shipped.classes,
)
teacher = kdlab.pretrained("fashion-mnist-cnn")
print(data.note)

# %% jupyter={"source_hidden": true}
here("transfer", on=("relation", "offline"))

# %% [markdown]
# ## What is a relation?
#
# Response-based distillation compares answers, feature-based distillation compares features,
# each picture for itself. [Relation-based](glossary.md#relation-based) distillation compares
# what the pictures of a batch are **to each other**. For that, teacher and student need not
# have layers of the same width: a table of 60 × 60 distances is the same size for 128 units
# as for 32.
#
# | table | entry for pictures $i, j$ (and $k$) | method |
# |---|---|---|
# | distances | $d_{ij} = \lVert f_i - f_j \rVert$, over the mean of all pairs | `rkd` |
# | angles | cosine of the angle at $j$ between the ways to $i$ and to $k$ | `rkd` |
# | inner products | $G_{ij} = f_i \cdot f_j$, rows of length 1 | `similarity-preserving` |
#
# Here $f_i$ is the vector of features of picture $i$ (in code: a row of `f`). The table of
# all inner products is called a [Gram matrix](glossary.md#gram-matrix).

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
doubled = Guess(
    "09-doubled",
    "All features of the student are doubled, its weights in that layer being twice as large. "
    "What happens to the distance loss of rkd?",
    ["It doubles", "It becomes four times as large", "It stays the same", "It becomes 0"],
)
doubled

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "09-recall-shift",
    "All logits of a picture are raised by 3. What happens to its soft targets?",
    ["They are the same", "They become softer", "The top class gains"],
    answer="A softmax sees differences of logits only (notebook 03).",
    right=0,
)

# %% jupyter={"source_hidden": true}
Guess(
    "09-recall-pull",
    "Two terms of a loss have the values 2.0 and 0.1. Which one moves the student more?",
    ["The first, 20 times as much", "That cannot be told from the values"],
    answer="The length of the gradient decides, not the value (notebook 05).",
    right=1,
)

# %% [markdown]
# ## Play: three tables
#
# We train three students: from labels alone, from labels and relations (`rkd`), and from soft
# targets. Then we lay their tables beside the teacher's. 60 pictures, six of each class,
# sorted by class.

# %%
relation = kdlab.Recipe(
    type="relation",
    method="rkd",
    method_knobs={"distance_weight": 10.0, "angle_weight": 10.0},
    alpha=0.5,
    epochs=8,
    batch_size=64,
    schedule={"learning_rate": [[0.0, 5e-3], [1.0, 5e-4]]},
)
soft = relation.replace(
    type="response", method="soft-targets", method_knobs={}, temperature=2.0, alpha=0.9
)
labels = relation.replace(alpha=0.0)


def student_of(recipe):
    training = kdlab.train("mlp-32", data, teacher=teacher, recipe=recipe, measure_every=0)
    for _ in training:
        pass
    return training.students["student"]


students = {
    "labels only": student_of(labels),
    "rkd": student_of(relation),
    "soft targets": student_of(soft),
}

# %% tags=["nbval-ignore-output"]
view = Related(students, data, teacher=teacher)
view

# %% [markdown]
# In words: dark squares along the diagonal are classes whose pictures lie close together. In
# the third table blue means that the two pictures are further apart for the teacher, orange
# for the student.
#
# **Try this.** Point at an entry to see its two pictures. Change from *labels only* to *rkd*
# and watch the third table fade. Then choose *angle* and move from sample to sample: the
# table is what that one picture sees of all others.

# %%
apart = {name: view.apart(name) for name in students}
claims(
    claim(
        apart["rkd"] < 0.9 * apart["labels only"],
        "the student of relations has distances more like the teacher's than that of labels",
    ),
    claim(
        apart["rkd"] < apart["soft targets"],
        "and more like them than the student of soft targets",
    ),
)

# %% [markdown]
# ## Look inside
#
# The distance loss as the package computes it:

# %%
source(kdlab.losses.rkd_distance)

# %% [markdown]
# **By hand.** Three pictures, two features each: $f_1 = (0, 0)$, $f_2 = (3, 0)$ and
# $f_3 = (0, 4)$. Their distances are 3, 4 and 5 (Pythagoras), the mean of the pairs is 4. So
# the table in units of its mean holds 0.75, 1 and 1.25. The angle at $f_1$ is a right one, so
# its cosine is 0. The inner products of $f_1$ with everything are 0.

# %%
f = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)


def distances(f):
    d = torch.cdist(f, f)
    return d / (d.sum() / (len(d) * (len(d) - 1)))


def angles(f):
    """Cosine of the angle at j between the ways to i and to k, (i, j, k)."""
    ways = F.normalize(f[:, None] - f[None], dim=2)
    return torch.einsum("ijd,kjd->ijk", ways, ways)


def gram(f):
    return F.normalize(f @ f.T, dim=1)


print(distances(f))
print("cosine of the angle at the first picture:", angles(f)[1, 0, 2].item())

# %% [markdown]
# **What does each table ignore?** We make up twelve pictures with six features each, change
# them in six ways and see which tables change. The rotation is drawn at random. The last row
# drops one of the six units. No table ignores that, but all can still be compared: they have
# the same size.

# %%
generator = torch.Generator().manual_seed(0)
many = torch.randn(12, 6, generator=generator, dtype=torch.float64)
turn, _ = torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))
lengths = 1 + torch.rand(12, 1, generator=generator, dtype=torch.float64)
changes = {
    "all moved by 1": many + 1,
    "all doubled": 2 * many,
    "all rotated": many @ turn,
    "units permuted": many[:, torch.randperm(6, generator=generator)],
    "each picture by a length of its own": lengths * many,
    "one unit dropped": many[:, 1:],
}
tables = {"distances": distances, "angles": angles, "inner products": gram}
same = {
    (change, name): torch.allclose(table(many), table(changed), atol=1e-9)
    for change, changed in changes.items()
    for name, table in tables.items()
}
print(f"{'':36}" + "".join(f"{name:>16}" for name in tables))
for change in changes:
    marks = ("ignored" if same[change, name] else "seen" for name in tables)
    print(f"{change:36}" + "".join(f"{mark:>16}" for mark in marks))

# %% [markdown]
# Nobody sees a rotation, and a permutation of units is one: unit 5 of the student need not
# mean what unit 5 of the teacher means. That is the point of relations, and their price. What
# they cannot see they cannot teach. Above all they never say *which class* it is: the
# classifier on top has to be learned from labels.

# %%
package = kdlab.losses.rkd_distance
claims(
    claim(
        torch.allclose(distances(f)[0], torch.tensor([0, 0.75, 1.0], dtype=torch.float64)),
        "the table of distances is the one worked out by hand",
    ),
    claim(
        all(same["all rotated", name] and same["units permuted", name] for name in tables),
        "no table sees a rotation, or units that have changed places",
    ),
    claim(
        same["all moved by 1", "distances"]
        and same["all moved by 1", "angles"]
        and not same["all moved by 1", "inner products"],
        "a shift is seen by inner products alone",
    ),
    claim(
        not any(same["each picture by a length of its own", name] for name in tables),
        "a length of its own for each picture is seen by all three",
    ),
    claim(
        abs(package(2 * many, many[:, :3]) - package(many, many[:, :3])) < 1e-9,
        "the package's loss is the same for doubled features, and compares widths 6 and 3",
    ),
)

# %% [markdown]
# ## Experiment
#
# Does it help? All arms start from the same weights, see the same pictures in the same order
# and take the same steps, over three seeds (there are eight arms, and the notebook is to be
# quick). Relations stand beside the labels, without any soft targets:
#
# - **labels only**: the teacher is not asked.
# - **rkd**: distances and angles of the embeddings, weight 10 each, alpha = 0.5.
# - **similarity**: inner products, weight 300, alpha = 0.5.
# - **soft targets**: T = 2, alpha = 0.9, on the same pictures.
# - **both**: soft targets with rkd on top.
# - **rkd, too much**, **similarity, too much**, **soft, too much**: the distillation loss
#   counts a hundred, twenty and a hundred times as much, against the labels, as above.

# %% tags=["nbval-ignore-output"]
similarity = relation.replace(method="similarity-preserving", method_knobs={"weight": 300.0})
arms = {
    "labels only": labels,
    "rkd": relation,
    "similarity": similarity,
    "soft targets": soft,
    "both": soft.replace(type="relation", method={"soft-targets": 1.0, "rkd": 0.1}),
    "rkd, too much": relation.replace(alpha=100 / 101),
    "similarity, too much": similarity.replace(method_knobs={"weight": 6000.0}),
    "soft, too much": soft.replace(alpha=900 / 901),
}
table = kdlab.compare(arms, data, teacher=teacher, student="mlp-32", seeds=range(3))
table

# %%
others = [arm for arm in arms if arm != "labels only"]
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others],
        against="labels only",
        roles={"soft targets": "teacher", "soft, too much": "teacher"},
        height=3.0,
    ),
    "Difference in test accuracy to labels only, with 95 % intervals over three seeds. "
    "Relations gain little, if anything; soft targets much more, both together no more. "
    "With too much weight soft targets lose little, relations fall below labels only.",
)

# %%
rkd, like, answers = (table.difference(a) for a in ("rkd", "similarity", "soft targets"))
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(rkd.mean > 0, "in the mean rkd gains a little over labels alone"),
    claim(answers.mean > 0.02, "soft targets gain more than two points"),
    claim(
        max(rkd.mean, like.mean) < 0.6 * answers.mean,
        "neither of the two relations gains as much as six tenths of that",
    ),
    claim(
        abs(table.difference("both", "soft targets").mean) < 0.01,
        "relations on top of soft targets change less than a point",
    ),
    claim(
        max(
            table.difference("rkd, too much").mean,
            table.difference("similarity, too much").mean,
        )
        < 0,
        "with too much weight both relations end below labels alone",
    ),
    claim(
        table.difference("soft, too much", "soft targets").mean > -0.015,
        "soft targets hardly mind the same change",
    ),
)

# %% [markdown]
# So relations may carry some knowledge, of use where no answers can be had, only features. In
# the mean the students of `rkd` are a little better, but three seeds are few, and the interval
# reaches below zero: no more than a hint. (Write `seeds=range(10)` above, if you have the
# time.) It is a fraction of what soft targets give on the same pictures, and nothing
# on top.
#
# **"Relation-based distillation is the most robust."** So one reads. As to the weight, the
# opposite holds here. Soft targets with a hundredfold weight still say which class it is. A
# table of relations does not, and a student that minds little else has no use for its labels.
# (It *is* robust against another width and rotation, by its making. Whoever writes "robust"
# should say: against what?)
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
doubled.reveal(
    "Each side's distances are divided by their own mean. Doubling doubles the distances and "
    "their mean, and the quotient stays. The loss sees the shape of the cloud, not its size.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# Write the distance loss. `student` and `teacher` are features of shape (batch, units), of
# different widths. Each side's table of Euclidean distances is divided by its own mean over
# the pairs of two different pictures. Then `F.smooth_l1_loss` compares the tables, over all
# batch² entries. Mind two things: the teacher must not learn, and the root has an infinite
# slope at 0, which is where every picture lies from itself.


# %%
def rkd_distance(student, teacher):
    raise NotImplementedError("two tables of distances, each in units of its own mean")


check("rkd_distance", rkd_distance)

# %%
hint("rkd_distance")

# %% [markdown]
# Then distil with it: `F.smooth_l1_loss` of the angles is the other half of `rkd`. Is one of
# the halves enough? Set `angle_weight` or `distance_weight` to 0 in the recipe `relation`
# above, write down beforehand which of the two you expect to lose more, and compare.

# %% [markdown]
# ## Think
#
# The distance loss of a batch of 64 looks at 2,016 pairs, a batch of 128 at 8,128. Does a
# larger batch make the term stronger? And which pairs matter most in it?
#
# <details><summary>An answer</summary>
#
# It is a mean over the entries, so its value hardly depends on the batch. (The inner products
# of `similarity-preserving` are another matter: their rows have length 1, so entries shrink
# as rows grow, and the loss falls with the batch. Its weight must be found anew for each
# batch size.) Most pairs are pictures of different classes, far apart. The few pairs within
# a class, where fine distinctions live, are a tenth of all, and their differences are small.
# So the loss is mostly about how far whole classes are from each other.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. Relation-based distillation compares tables: what the pictures of a batch are to each
# other.
# 2. Distances and angles ignore a shift, a common scale and a rotation; inner products see a
#    shift.
# 3. Layers of any width can be compared. But no table says which class it is.
# 4. Here relations gain little over labels, if anything, soft targets much more, and relations
#    on top of them nothing.
# 5. Too much weight ruins it. "The most robust" does not hold for the weight.
#
# ## Sources
#
# - Park et al. 2019, *Relational knowledge distillation*,
#   [arXiv:1904.05068](https://arxiv.org/abs/1904.05068): distances and angles; section 3.2.
# - Tung & Mori 2019, *Similarity-preserving knowledge distillation*,
#   [arXiv:1907.09682](https://arxiv.org/abs/1907.09682): inner products, with good pictures.
# - Liu et al. 2019, *Knowledge distillation via instance relationship graph*, CVPR 2019: how
#   relations change from layer to layer; `instance-graph` in kdlab.
# - Gou et al. 2021, *Knowledge distillation: a survey*,
#   [arXiv:2006.05525](https://arxiv.org/abs/2006.05525): section 2.3 lists relation-based
#   methods.
#
# NAVIGATION
