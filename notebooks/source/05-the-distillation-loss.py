# %% [markdown]
# NAVIGATION
#
# # 05 · The distillation loss
#
# **One line of code carries a teacher's knowledge into a student. This notebook takes that
# line apart, finds out what each symbol is for, and distils for the first time.**
#
# About 45 minutes. You should know softened probabilities (notebook 03) and have seen a
# gradient before.

# %% [markdown]
# ## You will be able to
#
# - **derive** the gradient of the distillation loss in the student's logits;
# - **explain** the factor T², and predict what happens where somebody forgets it;
# - **choose** alpha, and translate other people's alpha into yours;
# - **spot** two bugs that real code has shipped.

# %% [markdown]
# ## Set-up
#
# The teacher ships with kdlab. The student is a small network, `mlp-64`: one hidden layer of
# 64 units. There are only 500 labelled pictures to learn from. With so few, a teacher can
# make a difference.
#
# The test set is made large on purpose. Of the shipped training pictures, 9,500 are used here
# by nobody: no student and no teacher has seen them. We add them to the 2,000 test pictures,
# since 2,000 alone would blur a difference of one point.

# %%
import copy

import torch
import torch.nn.functional as F

import kdlab
from kdlab.ui.lesson import (
    Guess,
    LossLedger,
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
recipe = kdlab.Recipe(temperature=2.0, alpha=0.9, epochs=60, learning_rate=5e-3, seed=0)
print(data.note)

# %% jupyter={"source_hidden": true}
here("loss", on=("response", "offline", "standard"))

# %% [markdown]
# ## The loss
#
# A student that learns from labels and from a teacher minimises a weighted sum:
#
# $$L = (1 - \alpha)\,\underbrace{\mathrm{CE}(y, z^s)}_{\text{labels}} \;+\;
# \alpha\,\underbrace{T^2\,\mathrm{KL}\!\left(p^t_T \,\|\, p^s_T\right)}_{\text{teacher}}$$
#
# | symbol | meaning | in code |
# |---|---|---|
# | $z^s, z^t$ | logits of student and teacher | `student`, `teacher` |
# | $y$ | the labels | `labels` |
# | $\mathrm{CE}$ | $-\log$ of what the student gives the label, T = 1 | `F.cross_entropy` |
# | $p_T$ | softened probabilities, softmax of $z / T$ | `log_softmax(z / temperature)` |
# | $\mathrm{KL}(p \Vert q)$ | $\sum_c p_c \log (p_c / q_c)$ | `(p * (log_p - log_q)).sum()` |
# | $T$ | temperature, above 0 | `temperature` |
# | $\alpha$ | weight of the teacher's term, from 0 to 1 | `alpha` |
#
# CE is the *cross-entropy*. KL is the *Kullback–Leibler divergence*: how far $q$ is from $p$.
# It is 0 if both distributions are equal, and above 0 otherwise. Both terms are averaged over
# the pictures of a batch.

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
forgotten = Guess(
    "05-forgotten",
    "T = 10 and alpha = 0.5: labels and teacher have the same weight. But somebody forgot the "
    "factor T². "
    "Who moves the student now?",
    [
        "Labels and teacher about equally, since alpha is 0.5",
        "The teacher nearly alone",
        "The labels nearly alone",
        "Nobody: the two cancel",
    ],
)
forgotten

# %% [markdown]
# Two quick questions on notebook 03:

# %% jupyter={"source_hidden": true}
Guess(
    "05-recall-order",
    "T goes from 1 to 4. Which two classes of a soft target can change places?",
    ["The second and the third", "Any two that are close", "None"],
    answer=(
        "Dividing all logits by the same number keeps their order. T changes distances only."
    ),
    right=2,
)

# %% jupyter={"source_hidden": true}
Guess(
    "05-recall-entropy",
    "What is the entropy of a soft target over ten classes when T is very large?",
    ["About 0", "About log 10, which is 2.3 nats", "It grows without end"],
    answer=(
        "All ten classes tend to 1/10. That is the most spread out they can be, and its entropy"
        " is log 10."
    ),
    right=1,
)

# %% [markdown]
# ## Play: the loss ledger
#
# A term that is large need not be strong. What moves the student is the term's **gradient**:
# the direction in which its weights should go, and how urgently. The ledger below shows, for
# one batch of 500 pictures, each term's value, its weight, and its **pull**: the length of
# its weighted gradient. It also shows the direction, as arrows. The *cosine* between two
# arrows is 1 if they point the same way, 0 at a right angle, and −1 if they point against
# each other.
#
# To have something to look at, we train one student for a while and keep copies of it.

# %%
training = kdlab.train("mlp-64", data, teacher=teacher, recipe=recipe, measure_every=0)
moments = {"untrained": copy.deepcopy(training.students["student"])}
steps = []
for event in training:
    if isinstance(event, kdlab.events.Step):
        steps.append(event)
        if event.step in (20, 240):
            moments[f"step {event.step}"] = copy.deepcopy(training.students["student"])

# %% tags=["nbval-ignore-output"]
view = LossLedger(moments, data, teacher=teacher, temperature=2.0, alpha=0.9, moment=1)
view

# %% [markdown]
# In words: at T = 2 and alpha = 0.9 the teacher has about nine tenths of the pull. With T²
# its share stays high at every T; without T² it sinks as T grows, until the labels are nearly
# alone.
#
# **Try this.** Set alpha to 0.5 and T to 10. Then take the tick from *multiply KL by T²*.
# What happens to the teacher's share? How far down must T go until the tick makes no
# difference?

# %%
after_20 = {
    (T, squared): view.at(T, alpha=0.5, squared=squared, moment=1)["soft targets"]
    for T in (1.0, 10.0)
    for squared in (True, False)
}
shares = {key: term["share"] for key, term in after_20.items()}
directions = {T: after_20[T, True]["cosine"] for T in (1.0, 10.0)}
claims(
    claim(
        abs(shares[1.0, True] - shares[1.0, False]) < 1e-6,
        "at T = 1 the factor T² changes nothing",
    ),
    claim(
        abs(shares[1.0, True] - 0.5) < 0.15,
        "at T = 1 and alpha = 0.5 labels and teacher pull about equally",
    ),
    claim(
        shares[10.0, True] > 0.5,
        "at T = 10 with T² the teacher still has more than half of the pull",
    ),
    claim(
        shares[10.0, False] < 0.2,
        "at T = 10 without T² it has less than a fifth, though alpha is 0.5",
    ),
    claim(
        directions[1.0] > 0.8,
        "at T = 1 the teacher pulls in nearly the same direction as the labels",
    ),
    claim(directions[10.0] < 0.6, "at T = 10 it pulls elsewhere: it has something else to say"),
)

# %% [markdown]
# The last two lines are worth a pause. At T = 1 the teacher mostly repeats the labels, which
# it knows well. At a higher T the small probabilities count for more, and they say something
# that no label says.

# %% [markdown]
# ## Look inside
#
# This is the distillation term as the package computes it:

# %%
source(kdlab.losses.soft_targets)

# %% [markdown]
# **By hand.** Two classes. The student has the logits 0 and 0: it has no idea. The teacher
# has log 9 and 0.
#
# At T = 1 the teacher says 9/10 and 1/10, the student 1/2 and 1/2. At T = 2 the teacher's
# odds of 9 to 1 become 3 to 1, so it says 3/4 and 1/4. The student says 1/2 and 1/2 at every
# T. So at T = 2:
#
# $$T^2\,\mathrm{KL}
# = 4 \left( \tfrac34 \log \tfrac{3/4}{1/2} + \tfrac14 \log \tfrac{1/4}{1/2} \right)
# = 4\,(0.304 - 0.173) = 0.523$$

# %%
student_logits = torch.tensor([[0.0, 0.0]], dtype=torch.float64, requires_grad=True)
teacher_logits = torch.tensor([[9.0, 1.0]], dtype=torch.float64).log()
value = kdlab.losses.soft_targets(student_logits, teacher_logits, temperature=2.0)
print(f"T² KL = {value.item():.3f}")

# %% [markdown]
# **The gradient.** The logarithm of a softmax is easy to differentiate. For class $k$,
#
# $$\frac{\partial\,\mathrm{KL}}{\partial z^s_k}
# = \frac{1}{T}\left(p^s_{T,k} - p^t_{T,k}\right) .$$
#
# In words: what the student gives to a class, less what the teacher gives to it, divided by
# T. There is the first 1/T. The second one hides in the bracket. As T grows, both
# probabilities go to $1/C$, and their difference shrinks:
#
# $$p^s_{T,k} - p^t_{T,k} \;\approx\; \frac{(z^s_k - \bar z^s) - (z^t_k - \bar z^t)}{C\,T} ,$$
#
# where $C$ is the number of classes and $\bar z$ the mean of the logits. Together the
# gradient falls like $1/T^2$. **That is what the factor T² is for**: it undoes the fall, so
# that T can be turned without turning the teacher down. With it, the limit for large T is the
# difference of the logits themselves, divided by $C$.

# %%
print("   T   teacher says   gradient of KL   gradient of T² KL")
gradients = {}
for T in (1.0, 2.0, 4.0, 10.0, 100.0):
    loss = kdlab.losses.soft_targets(student_logits, teacher_logits, temperature=T)
    (gradients[T],) = torch.autograd.grad(loss, student_logits)
    p = kdlab.metrics.soften(teacher_logits, T)[0]
    here = gradients[T][0, 0]
    print(f"{T:4g}   {p[0]:.3f} {p[1]:.3f} {here / T**2:14.4f} {here:16.4f}")

# %%
limit = (student_logits - student_logits.mean() - teacher_logits + teacher_logits.mean()) / 2
first = steps[0]
by_hand = 0.1 * first.terms["student/labels"] + 0.9 * first.terms["student/soft targets"]
claims(
    claim(
        abs(value.item() - 0.523) < 0.001, "the package's loss is the value worked out by hand"
    ),
    claim(
        abs(gradients[2.0][0, 0].item() + 4 * 0.25 / 2) < 1e-9,
        "autograd agrees with T² (p − q) / T at T = 2",
    ),
    claim(
        torch.allclose(gradients[100.0], limit, rtol=1e-3),
        "at T = 100 only the difference of the logits is left",
    ),
    claim(
        abs(first.loss - by_hand) < 1e-6,
        "what the trainer minimised at its first step is (1 − alpha) CE + alpha T² KL",
    ),
)

# %% [markdown]
# ## Other people's alpha
#
# There is no law about what is called alpha. Before you copy a number, look where it stands:
#
# | whose code | weight of the labels | weight of the teacher | T²? | averaged over |
# |---|---|---|---|---|
# | kdlab | 1 − alpha | alpha | yes | pictures |
# | RepDistiller | gamma | alpha | yes | pictures |
# | PyTorch's tutorial | 0.75 | 0.25 | yes | pictures |
# | Keras's example of 2020 | **alpha** = 0.1 | **1 − alpha** | **no**, at T = 10 | pictures |
# | DeiT | 1 − alpha | alpha | yes | pictures **and classes** |
#
# "alpha = 0.1" means *mostly labels* with us and *mostly teacher* in the Keras example. And
# an alpha of 0.9 on the last line, with 1,000 classes, is an alpha of about 0.009 on the first.

# %% [markdown]
# ## Experiment
#
# Now we distil. All students are the same network with the same starting weights, see the
# same 500 pictures in the same order, and take the same number of steps. Only the targets
# differ. Five seeds, so five starts and five orders; what is compared is always the same seed
# with the same seed. The settings were fixed beforehand. Nothing was chosen by looking at the
# test pictures.
#
# - **labels only**: alpha = 0, the teacher is not asked.
# - **label smoothing**: the same, but the label gets 91 % and each other class 1 %. Soft
#   targets without a teacher: if softness alone helped, this would.
# - **the teacher's hard answers**: its top answer as a label, alpha = 0.9. It is wrong for
#   one picture in ten; and it may be *right* where a label is wrong. If it helped only by
#   labelling, this would be all.
# - **soft targets**: T = 2, alpha = 0.9.
# - **T = 10, alpha = 0.5**, with the factor T² and without: your guess, for real.

# %% tags=["nbval-ignore-output"]
arms = {
    "labels only": recipe.replace(alpha=0.0),
    "label smoothing": recipe.replace(alpha=0.0, label_smoothing=0.1),
    "hard answers": recipe.replace(method="hard-targets"),
    "soft targets": recipe,
    "T = 10, with T²": recipe.replace(temperature=10.0, alpha=0.5),
    "T = 10, without": recipe.replace(
        temperature=10.0, alpha=0.5, method_knobs={"weight": 1 / 10**2}
    ),
}
table = kdlab.compare(arms, data, teacher=teacher, student="mlp-64", seeds=range(5))
table

# %%
others = [arm for arm in arms if arm != "labels only"]
roles = {
    "label smoothing": "labels",
    "hard answers": "hard",
    "soft targets": "teacher",
    "T = 10, with T²": "teacher",
}
still(
    figures.differences(
        [(arm, *table.difference(arm)) for arm in others], against="labels only", roles=roles
    ),
    "Difference in test accuracy to labels only, with 95 % intervals over five seeds. Soft "
    "targets gain the most, hard "
    "answers less, label smoothing nothing. At T = 10 there is a clear gain with T², and little"
    " without.",
)

# %%
soft, smooth, hard, without = (
    table.difference(arm)
    for arm in ("soft targets", "label smoothing", "hard answers", "T = 10, without")
)
dark = table.difference("soft targets", "hard answers")
factor = table.difference("T = 10, with T²", "T = 10, without")
claims(
    claim(len(set(table.steps.values())) == 1, "all arms took equally many steps"),
    claim(soft.low > 0.02, "soft targets gain more than two points over labels alone"),
    claim(hard.low > 0.005, "the hard answers gain too: a part of the effect is better labels"),
    claim(dark.low > 0.005, "soft targets beat them by more than half a point: dark knowledge"),
    claim(
        min(hard.mean, dark.mean) > soft.mean / 3,
        "better labels and dark knowledge each bring more than a third of the gain",
    ),
    claim(
        smooth.high < 0.01, "label smoothing gains nothing: softness alone does not explain it"
    ),
    claim(
        factor.low > 0.01, "at T = 10 and alpha = 0.5, forgetting T² costs more than a point"
    ),
    claim(without.high < 0.01, "and leaves next to nothing of the gain"),
)

# %% [markdown]
# What we may say, then: for *this* teacher, *these* 500 pictures and this student, soft
# targets help, by some three points. About half of that any labeller as good as the teacher
# would bring, by its top answers alone. The other half is dark knowledge. With more labels
# the gain shrinks: a student that has seen everything needs less telling.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
forgotten.reveal(
    "Without T² the teacher's gradient falls like 1/T²: at T = 10, to about one hundredth, "
    "and alpha cannot make up for it. The loss looks like half and half, but the labels do "
    "nearly all the pulling, and next to nothing is left of the gain.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write the whole loss. `student` and `teacher` are logits of shape (batch, classes),
# `labels` are whole numbers of shape (batch,). Return one number as a tensor. Mind that the
# teacher must not learn from its student.


# %%
def kd_loss(student, teacher, labels, temperature, alpha):
    raise NotImplementedError("two terms, two weights")


check("kd_loss", kd_loss)

# %%
hint("kd_loss")

# %% [markdown]
# **2. Spot the bug.** Each of these two functions should be the distillation term, and each
# has a bug that real code has shipped. Do not trust your eyes: call them with logits for
# which you know the right value, vary T, the number of classes, the order of the arguments,
# and see.
#
# | letter | bug |
# |---|---|
# | a | the factor T² is missing |
# | b | the mean runs over the classes too |
# | c | student and teacher are swapped |
# | d | probabilities stand where log-probabilities belong |
# | e | a gradient flows into the teacher |


# %%
def library_1(student, teacher, temperature):
    log_s = F.log_softmax(student / temperature, dim=1)
    soft = F.softmax(teacher.detach() / temperature, dim=1)
    return F.kl_div(log_s, soft, reduction="mean") * temperature**2


def library_2(student, teacher, temperature):
    log_t = F.log_softmax(teacher.detach() / temperature, dim=1)
    log_s = F.log_softmax(student / temperature, dim=1)
    return temperature**2 * F.kl_div(log_t, log_s, reduction="batchmean", log_target=True)


# Experiments go here. The right value, to compare with, is
# kdlab.losses.soft_targets(student, teacher, temperature=T).

spotted = {"library_1": "?", "library_2": "?"}
check("spot_the_bug", spotted)

# %%
hint("spot_the_bug")

# %% [markdown]
# **3. Mend one.** Correct either function above, and check it:


# %%
def mended(student, teacher, temperature):
    raise NotImplementedError("copy library_1 or library_2, and mend it")


check("mend", mended)

# %%
hint("mend")

# %% [markdown]
# ## Think
#
# With alpha = 1 the labels are not used at all. Can a student then become better than its
# teacher on the test pictures? And does it ever pay to keep the labels, that is, to choose an
# alpha below 1?
#
# <details><summary>An answer</summary>
#
# Nothing forbids it, but here it does not happen: the student is much smaller and has seen
# 500 pictures, the teacher 48,000. A student of the same size as its teacher sometimes does
# pass it (notebook 11 tries this).
#
# Labels help where the teacher is wrong and they are right; they hurt where it is the other
# way round. If the labels are noisy and the teacher is good, alpha near 1 is best. If the
# teacher is poor, or poor on just these pictures, the labels are its correction. Note also
# what the ledger shows: at T = 1 and 2 both pull in nearly the same direction, so the exact
# alpha between 0.5 and 1 hardly matters here. You can test that: put two more arms into the
# experiment.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. The loss is (1 − alpha) · CE(labels, student) + alpha · T² · KL(teacher ‖ student),
#    averaged over the pictures.
# 2. Its gradient in the student's logits is T (p^s − p^t): towards what the teacher says.
# 3. Softening shrinks gradients by about T². The factor T² undoes this, so that alpha keeps
#    its meaning at every T.
# 4. What counts is not the value of a term but its pull. Look at gradients before you believe
#    in weights.
# 5. Soft targets beat labels, smoothed labels and the teacher's hard answers here. About half
#    of the gain is dark knowledge.
#
# ## Sources
#
# - Hinton, Vinyals, Dean 2015, [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): section
#   2 has the T² in one sentence, section 2.1 the limit of large T in half a page.
# - Kim et al. 2021, *Comparing Kullback–Leibler divergence and mean squared error loss in
#   knowledge distillation*, [arXiv:2105.08919](https://arxiv.org/abs/2105.08919): what lies
#   between T = 0 and T → ∞.
# - Müller, Kornblith, Hinton 2019, [arXiv:1906.02629](https://arxiv.org/abs/1906.02629):
#   label smoothing, the rival that needs no teacher.
# - Code to read with this notebook beside it: RepDistiller (`distiller_zoo/KD.py`), DeiT
#   (`losses.py`, which divides by `numel()`), the PyTorch tutorial on distillation, and
#   Keras's example `knowledge_distillation.py`, whose first version also stored the student
#   under the teacher's name and the teacher under the student's.
#
# NAVIGATION
