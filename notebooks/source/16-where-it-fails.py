# %% [markdown]
# NAVIGATION
#
# # 16 · Where it fails
#
# **Distillation has limits, and each can be measured: the teacher's ceiling, what a target
# cannot say, tasks that pull in different directions, and effort that does not pay. This
# notebook makes each of them happen.**
#
# About 45 minutes. You should know soft targets (notebook 03), the distillation loss (05) and
# why a comparison needs a baseline of equal effort (07).

# %% [markdown]
# ## You will be able to
#
# - **predict** when a student stays below its teacher, and when it passes it;
# - **compute** how many bits a target says, and what is lost if only the top classes are told;
# - **measure** whether two tasks fight over the layers that they share;
# - **judge** whether a more complicated method was worth its effort.

# %% [markdown]
# ## Set-up
#
# Pictures first: Fashion-MNIST and the shipped teacher. Words come later. Students see pictures
# that their teachers have not learned from, and all comparisons are over several seeds.

# %%
import torch
from torch import nn
from torch.nn import functional as F

import kdlab
from kdlab.comparison import Table
from kdlab.handover import bits, handed_over, room
from kdlab.ui.lesson import (
    Guess,
    Handover,
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

shipped = kdlab.load("fashion-mnist")
classes = shipped.classes
teacher = kdlab.pretrained("fashion-mnist-cnn")
SEEDS = range(4)
print(shipped.note)

# %% jupyter={"source_hidden": true}
here("teacher", "soft targets", "transfer", on=("response", "feature", "relation", "offline"))


# %%
x, y = shipped.train.x[:5000], shipped.train.y[:5000]
unseen = (
    torch.cat([shipped.test.x, shipped.train.x[-3000:]]),
    torch.cat([shipped.test.y, shipped.train.y[-3000:]]),
)


def pictures(rows, labels=None):
    """A data set of these training pictures, with the same 5,000 for testing."""
    return kdlab.Dataset.from_tensors(
        x[rows],
        y[rows] if labels is None else labels,
        validation=(shipped.validation.x[:200], shipped.validation.y[:200]),
        test=unseen,
        classes=classes,
    )


def learn(net, data, recipe, teacher=None):
    training = kdlab.train(net, data, teacher=teacher, recipe=recipe, measure_every=0)
    for _ in training:
        pass
    return training.students["student"]


def answers(net):
    return ask(net, unseen[0]).logits.argmax(1)


def right(said):
    return (said == unseen[1]).float().mean().item()


# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
bigger = Guess(
    "16-bigger",
    "Two teachers learn from the same 2,000 labels. One has eight times as many weights, and "
    "is a little more accurate. Each teaches the same small student. Whose student is better?",
    [
        "The large teacher's, by two points and more",
        "The small teacher's, by more than four points",
        "The large teacher's is no better, perhaps a little worse",
    ],
)
bigger

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "16-recall-entropy",
    "What is the entropy of a target that gives everything to one class? (03)",
    ["0", "1", "The logarithm of the number of classes"],
    answer="0: there is no doubt in it. The logarithm of the number of classes is the most.",
    right=0,
)

# %% jupyter={"source_hidden": true}
Guess(
    "16-recall-pooled",
    "Five weak teachers have 200 labels each. What beats their best common student? (13)",
    ["A sixth teacher", "One network with all 1,000 labels", "Nothing"],
    answer="Pooled labels, if they may be pooled. Always ask what the plain way would give.",
    right=1,
)

# %% [markdown]
# ## Play: what a target can say
#
# A label names one class. A [soft target](glossary.md#soft-targets) tells how the teacher
# doubts. That doubt can be measured in [bits](glossary.md#bit): it is the
# [entropy](glossary.md#entropy), with logarithms to the base 2. A target that is sure has 0
# bits of it. One that hesitates between two classes, fifty-fifty, has 1.
#
# Often not all of a soft target arrives. A service tells its top few classes. A file keeps two
# decimals. Below, choose what is told, and see what is lost.

# %% tags=["nbval-ignore-output"]
view = Handover(teacher, shipped.test.x[:500], shipped.test.y[:500], classes, keep=2)
view

# %% [markdown]
# In words: at T = 2 a soft target has about one bit of doubt on the average. If only the top
# two classes are told, and the rest is dropped, half of that is gone.
#
# **Try this.** Set *Classes told* to 1: that is a hard label, and no doubt is left. Raise it to
# 3. Now let the others be *spread evenly*: the target has more doubt than the teacher. Where
#    does it come from? Then tell all classes, with numbers in *percents* and in *tenths*.


# %%
def settings(**traits):
    for name, value in traits.items():
        setattr(view, name, value)
    return view.numbers()


full = settings(keep=10)
hard_label = settings(keep=1)
two = settings(keep=2)
spread = settings(keep=2, rest="even")
percents = settings(keep=10, digits="percents", rest="dropped")
tenths = settings(keep=10, digits="tenths")
cold, hot = (settings(digits="exact", temperature=t)["full"] for t in (1.0, 4.0))
view.keep, view.temperature = 2, 2.0
claims(
    claim(hard_label["told"] < 1e-6, "a hard label has no doubt at all"),
    claim(0.8 < full["full"] < 1.4, "a full soft target at T = 2 has about one bit of it"),
    claim(cold < full["full"] < hot, "the higher T, the more bits of doubt"),
    claim(
        0.3 < two["told"] / full["full"] < 0.7,
        "the top two classes, the rest dropped, keep about half",
    ),
    claim(
        spread["told"] > full["full"] and spread["misplaced"] < two["misplaced"] - 0.02,
        "the rest spread evenly is more doubt than the teacher has, and yet closer to it",
    ),
    claim(
        percents["misplaced"] < 0.02 < tenths["misplaced"],
        "whole percents lose next to nothing, tenths lose more than 2 %",
    ),
)

# %% [markdown]
# ## Look inside
#
# Three short functions. The first makes what is handed over:

# %%
source(handed_over)

# %%
source(bits)

# %% [markdown]
# **By hand.** Four classes, $p = (\tfrac12, \tfrac14, \tfrac18, \tfrac18)$. The entropy is
#
# $$H(p) = -\sum_c p_c \log_2 p_c = \tfrac12 \cdot 1 + \tfrac14 \cdot 2 + \tfrac18 \cdot 3 +
# \tfrac18 \cdot 3 = 1.75 \text{ bits}$$
#
# where $p_c$ is the probability of class $c$, and 0 log 0 counts as 0. Tell only the top two,
# and make them add up to 1: $(\tfrac23, \tfrac13, 0, 0)$ has 0.918 bits. Tell the top two as
# they are, and spread the rest: here that is $p$ itself, as the last two were alike.
#
# **Doubt is not size.** How many bits does it take to *write* a target? One of C classes is
# named in $\log_2 C$ bits: 3.3 for ten classes. A hard label cannot say more than that. Each
# probability in whole percents takes another $\log_2 101$ = 6.7, a full-precision number 32.
# That is what `room` counts. Doubt says what there is to tell, room what the message could
# hold.

# %%
p = torch.tensor([[0.5, 0.25, 0.125, 0.125]])
print("told                     target                          doubt    room")
by_hand = {}
for name, told in {
    "all": {},
    "top 2, rest dropped": {"keep": 2},
    "top 2, rest even": {"keep": 2, "rest": "even"},
    "hard label": {"keep": 1},
}.items():
    q = handed_over(p, **told)
    by_hand[name] = bits(q).item()
    shown = "  ".join(f"{v:.3f}" for v in q[0].tolist())
    print(f"{name:21}    {shown}    {by_hand[name]:.3f}    {room(4, **told):5.1f}")

# %%
claims(
    claim(abs(by_hand["all"] - 1.75) < 1e-6, "the doubt of (½, ¼, ⅛, ⅛) is 1.75 bits"),
    claim(
        abs(by_hand["top 2, rest dropped"] - 0.918) < 1e-3,
        "of the top two alone it is 0.918 bits",
    ),
    claim(abs(by_hand["top 2, rest even"] - 1.75) < 1e-6, "spread evenly, here all is kept"),
    claim(
        room(10, keep=1) < 3.33 and room(10, digits=2) > 50,
        "of ten classes a label has room for 3.3 bits, whole percents for more than 50",
    ),
)

# %% [markdown]
# ## Experiment 1: a shelf of teachers
#
# Can a student be better than its teacher? Five teachers, from bad to good:
#
# - **100 labels**: `mlp-64`, honest but ignorant;
# - **small** and **large**: `mlp-32` and `mlp-256`, both on the same 2,000 labels, in equal
#   steps;
# - **half wrong**: `mlp-128` on 600 labels, of which every second was replaced by a random
#   class;
# - **shipped**: the `cnn` that has seen 48,000 labels.
#
# The student is always `mlp-32`. It sees 1,000 other pictures, and only what the teacher says
# of them (T = 1, alpha = 1). Two more students see true labels: **labels only** has no teacher;
# **half wrong + labels** has the bad one and the labels, alpha = 0.5. Four draws: other
# pictures, other weights, and other teachers but for the shipped one.


# %% tags=["nbval-ignore-output"]
def shelf(seed):
    order = torch.from_numpy(kdlab.data.stratified_order(y.numpy(), seed))
    random = torch.Generator().manual_seed(seed)
    wrong = y[order[:600]].clone()
    spoiled = torch.rand(600, generator=random) < 0.5
    wrong[spoiled] = torch.randint(10, (int(spoiled.sum()),), generator=random)

    def taught(net, rows, epochs, labels=None):
        recipe = kdlab.Recipe(
            alpha=0.0, batch_size=100, epochs=epochs, learning_rate=5e-3, seed=seed
        )
        return learn(net, pictures(order[:rows], labels), recipe)

    return {
        "100 labels": taught("mlp-64", 100, 40),
        "small": taught("mlp-32", 2000, 9),
        "large": taught("mlp-256", 2000, 9),
        "half wrong": taught("mlp-128", 600, 25, wrong),
        "shipped": teacher,
    }, pictures(order[2000:3000])


recipe = kdlab.Recipe(temperature=1.0, alpha=1.0, batch_size=100, epochs=10, learning_rate=6e-3)
accuracy, agreement, sureness = {}, {}, {}
for seed in SEEDS:
    teachers, data = shelf(seed)
    lessons = {name: (net, 1.0) for name, net in teachers.items()}
    lessons |= {
        "labels only": (None, 0.0),
        "half wrong + labels": (teachers["half wrong"], 0.5),
    }
    for name, (net, alpha) in lessons.items():
        student = learn("mlp-32", data, recipe.replace(seed=seed, alpha=alpha), net)
        said = answers(student)
        accuracy.setdefault(name, []).append(right(said))
        if name in teachers:
            its = answers(net)
            accuracy.setdefault(f"teacher: {name}", []).append(right(its))
            agreement.setdefault(name, []).append((said == its).float().mean().item())
            sure = ask(net, data.train.x).logits.softmax(1).amax(1).mean().item()
            sureness.setdefault(name, []).append(sure)
table = Table(accuracy, {}, {}, {}, list(SEEDS), "labels only", "")


def mean(values):
    return 100 * sum(values) / len(values)


print("                      teacher                student")
print("                      right    sure    right   agrees   less its teacher")
for name in agreement:
    print(
        f"{name:20} {mean(accuracy[f'teacher: {name}']):5.1f} % {mean(sureness[name]):5.0f} %"
        f"  {mean(accuracy[name]):5.1f} % {mean(agreement[name]):5.0f} %    "
        f"{table.difference(name, f'teacher: {name}')}"
    )
for name in ("labels only", "half wrong + labels"):
    print(f"{name:35}  {mean(accuracy[name]):5.1f} %")

# %%
still(
    figures.shelf(
        [
            (
                name,
                sum(accuracy[f"teacher: {name}"]) / len(SEEDS),
                accuracy[name],
            )
            for name in agreement
        ],
        sum(accuracy["labels only"]) / len(SEEDS),
    ),
    "Accuracy of the student over that of its teacher, with the range over four draws. "
    "That of the ignorant teacher lies on the diagonal, those of good ones below it, furthest "
    "for the shipped one. Only the student of the teacher with wrong labels lies above it.",
)


# %%
def gap(name):
    return table.difference(name, f"teacher: {name}")


near = [mean(accuracy[name]) for name in ("small", "large", "shipped", "labels only")]
size = table.difference("large", "small")
good = table.difference("shipped", "small")
better = table.difference("teacher: shipped", "teacher: small")
claims(
    claim(
        abs(gap("100 labels").mean) < 0.02,
        "the student of an ignorant teacher is as good as that teacher, within two points",
    ),
    claim(
        gap("half wrong").mean > 0.02,
        "the student of the teacher with wrong labels beats it by more than two points",
    ),
    claim(
        table.difference("half wrong + labels", "teacher: half wrong").low > 0.05,
        "with true labels beside it, by more than five",
    ),
    claim(
        gap("shipped").high < -0.04,
        "the best teacher is not reached: its student stays four points and more below it",
    ),
    claim(
        better.mean > 0.05 and good.mean < better.mean / 2,
        "less than half of what the shipped teacher has over the small one arrives",
    ),
    claim(
        mean(agreement["100 labels"]) > 85 and mean(agreement["half wrong"]) < 80,
        "it repeats the ignorant one's answers, errors and all, more than the spoiled one's",
    ),
    claim(
        max(near) - min(near) < 5,
        "small, large, shipped or true labels: all end within five points of each other",
    ),
    claim(
        size.mean < 0.015,
        "of two teachers with the same labels, the larger is not the better one by 1.5 points",
    ),
)

# %% [markdown]
# So there are two ceilings. One is the **teacher's**: whoever knows little cannot pass on more.
# The other is the **student's**: with 1,000 pictures and 32 hidden units it ends near 80 %,
# whoever teaches, and be it the labels themselves. Between two teachers that are both near
# that, the size of the teacher decides nothing. (This is often called the [capacity
# gap](glossary.md#capacity-gap): the part of a large teacher's answers that a small student
# cannot follow.)
#
# **And when is a teacher beaten?** Most likely where its mistakes have no system. The network
# with half the labels wrong has learned many of them by heart. On new pictures these errors
# point anywhere. A student that sees a thousand of its answers averages them, and what is left
# is what they have in common: the truth. An *ignorant* teacher errs with system, always on the
# same kind of shirt. That cannot be averaged away: its student repeats it, as the column
# *agrees* says. True labels can correct it, and that is the other way to pass a teacher.

# %% [markdown]
# ## Experiment 2: what does a lost bit cost?
#
# Now the targets themselves: 500 pictures, the shipped teacher, `mlp-64`. All students see the
# same pictures in the same order, and learn only from what is handed over. A teacher that tells
# less is a teacher with other logits:


# %%
class Terse(nn.Module):
    """A teacher that hands over only part of its probabilities at T."""

    def __init__(self, net, temperature, **told):
        super().__init__()
        self.net, self.temperature, self.told = net, temperature, told

    def forward(self, x):
        p = handed_over((self.net(x) / self.temperature).softmax(1), **self.told)
        return self.temperature * p.clamp(min=1e-12).log()


# %% tags=["nbval-ignore-output"]
parts = {
    "hard label": {"keep": 1},
    "top 2, rest dropped": {"keep": 2},
    "top 2, rest even": {"keep": 2, "rest": "even"},
    "all, in percents": {"digits": 2},
    "all": {},
}
first = torch.from_numpy(kdlab.data.stratified_order(y.numpy(), 0))
data = pictures(first[:500])
handing = kdlab.Recipe(temperature=2.0, alpha=1.0, epochs=25, learning_rate=6e-3)
p = (ask(teacher, data.train.x).logits / 2).softmax(1)
accuracy, steps = {}, {}
for part, told in {"true labels": None, **parts}.items():
    one = None if told is None else Terse(teacher, 2.0, **told)
    for seed in SEEDS:
        net = learn(
            "mlp-64", data, handing.replace(seed=seed, alpha=float(one is not None)), one
        )
        accuracy.setdefault(part, []).append(right(answers(net)))
    steps[part] = handing.total_steps(len(data.train))
told_table = Table(
    accuracy,
    {},
    {},
    steps,
    list(SEEDS),
    "all",
    f"{len(SEEDS)} seeds; {len(data.train)} pictures, {len(unseen[1]):,} test labels; T = 2",
)
doubt = {part: bits(handed_over(p, **told)).mean().item() for part, told in parts.items()}
print("told                      doubt (bits)   room (bits)")
for part, told in parts.items():
    print(f"{part:25} {doubt[part]:9.2f} {room(10, **told):13.1f}")
told_table

# %%
still(
    figures.differences(
        [(part, *told_table.difference(part)) for part in accuracy if part != "all"],
        against="all",
        roles=dict.fromkeys(parts, "teacher") | {"hard label": "hard", "true labels": "labels"},
        height=2.9,
    ),
    "Difference in test accuracy to students of full soft targets, with 95 % intervals over "
    "four seeds. True labels and hard answers lose most, the top two classes less; in percents "
    "next to nothing is lost.",
)

# %%
lost = {part: told_table.difference(part) for part in accuracy}
claims(
    claim(len(set(steps.values())) == 1, "all arms took equally many steps"),
    claim(
        lost["hard label"].mean < 0,
        "hard answers lose accuracy against full soft targets",
    ),
    claim(
        lost["true labels"].mean < -0.01,
        "true labels, on as many pictures, lose more than a point",
    ),
    claim(
        abs(lost["all, in percents"].mean) < 0.008,
        "whole percents cost less than 0.8 points, with a fifth of the room",
    ),
    claim(
        lost["top 2, rest even"].mean > lost["hard label"].mean
        and lost["top 2, rest even"].mean > -0.02,
        "two names and two numbers are better than one name, and within two points of all",
    ),
    claim(
        max(one.mean for one in lost.values()) < 0.008,
        "nothing beats handing over everything, by as much as 0.8 points",
    ),
)

# %% [markdown]
# The second name, and how sure the teacher is of it, bring a good part of what one name lacks.
# Look at the two arms with the top two. They differ in what is said of the *rest*. Dropped, it
# means "impossible", which is false. Spread evenly, it means "I do not say". In accuracy these
# four seeds do not tell them apart, but the view above does: spread evenly, less is in the
# wrong place.
#
# And the true labels? They lose although none of them is wrong. They say up to 3.3 bits each,
# and what they do not say is which other class would have been nearly right.
#
# ### What no soft target carries
#
# **What the teacher has never seen.** Here one is trained without any bag. Its student sees all
# kinds of pictures, 1,000 of them, bags included, with full soft targets.

# %% tags=["nbval-ignore-output"]
BAG = classes.index("Bag")
rows = first[:2000]
plain = kdlab.Recipe(alpha=0.0, batch_size=100, epochs=12, learning_rate=4e-3)
blind = learn("mlp-64", pictures(rows[y[rows] != BAG]), plain)
its_student = learn("mlp-64", pictures(first[2000:3000]), recipe, blind)
said = answers(its_student)
bag = unseen[1] == BAG
bags = (said[bag] == BAG).float().mean().item()
others = (said == unseen[1])[~bag].float().mean().item()
print(
    f"its student is right on {100 * bags:.0f} % of the bags, {100 * others:.0f} % of the rest"
)

# %% [markdown]
# **How it knows.** Below, the teacher's hidden layer is put in another order, every unit with
# another scale, and its last layer put right again. Inside it is another network. What does a
# student of soft targets notice, and what one of [features](glossary.md#feature-based)?

# %%
twin = kdlab.pretrained("fashion-mnist-cnn")
units = torch.randperm(128, generator=torch.Generator().manual_seed(0))
scale = torch.linspace(0.5, 2.0, 128)
layer, head = twin.embedding[1], twin.head
with torch.no_grad():
    layer.weight.copy_(scale[:, None] * layer.weight[units])
    layer.bias.copy_(scale * layer.bias[units])
    head.weight.copy_(head.weight[:, units] / scale)
before, after = (ask(net, x[:256], {"embedding"}) for net in (teacher, twin))
answers_moved = (before.logits.softmax(1) - after.logits.softmax(1)).abs().max().item()
hidden_moved = F.mse_loss(after.features["embedding"], before.features["embedding"])
hidden_moved = (hidden_moved / before.features["embedding"].var()).item()
print(f"largest change of a probability {answers_moved:.5f}")
print(f"change of the hidden layer, of its variance {hidden_moved:.1f}")

# %%
claims(
    claim(bags < 0.05, "what the teacher has never seen, its student never says"),
    claim(others > 0.65, "though it has learned the other nine classes"),
    claim(answers_moved < 1e-3, "the rebuilt teacher says the same: no soft target can tell"),
    claim(hidden_moved > 0.5, "its features are others: a hint would ask for something else"),
)

# %% [markdown]
# ## Experiment 3: three tasks for one small student
#
# English words, letter by letter, and three questions: how many **syllables**, on which of them
# is the **stress**, which sound comes **last**? There are three teachers, one for each. Is it
# wise to train *one* small network for all three? That is [multi-task
# learning](glossary.md#multi-task-learning): a shared trunk, and a head for each task.

# %%
TASKS = ["syllables", "stress", "last-phoneme"]
words = [kdlab.load("cmudict-tasks", task=task, view="endings") for task in TASKS]
spelt, others_spelt = (getattr(words[0], part).x.flatten(1) for part in ("train", "test"))
labels = [w.train.y for w in words]
truth = [w.test.y for w in words]
sizes = [len(w.classes) for w in words]
print(words[0].note)


# %%
class Together(nn.Module):
    """One trunk that all tasks share."""

    def __init__(self, width):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(390, width), nn.ReLU())
        self.heads = nn.ModuleList(nn.Linear(width, n) for n in sizes)

    def forward(self, x):
        seen = self.trunk(x)
        return [head(seen) for head in self.heads]


class Apart(nn.Module):
    """A network of its own for each task."""

    def __init__(self, width):
        super().__init__()
        self.nets = nn.ModuleList(
            nn.Sequential(nn.Linear(390, width), nn.ReLU(), nn.Linear(width, n)) for n in sizes
        )

    def forward(self, x):
        return [net(x) for net in self.nets]


def loss_of(task, logits, rows, from_teacher):
    if not from_teacher:
        return F.cross_entropy(logits, labels[task][rows])
    T = 2.0
    told = (advice[task][rows] / T).softmax(1)
    return T**2 * F.kl_div((logits / T).log_softmax(1), told, reduction="batchmean")


def fit(net, rows, steps, from_teacher, *, seed, tasks=range(3), batch=128, watch=None):
    """The whole of multi-task learning: the tasks' losses are added up."""
    random = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3, fused=True)
    for step in range(steps):
        if watch and step in watch:
            watch[step].append(gradients(net))
        chosen = rows[torch.randint(len(rows), (batch,), generator=random)]
        logits = net(spelt[chosen])
        loss = sum(loss_of(k, logits[k], chosen, from_teacher) for k in tasks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net


def new(kind, width, seed):
    torch.manual_seed(seed)
    return kind(width)


def correct(net):
    with torch.no_grad():
        return [
            (z.argmax(1) == y).float().mean().item()
            for z, y in zip(net(others_spelt), truth, strict=True)
        ]


# %% [markdown]
# The teachers have 64 units each, and learn from 30,000 words. The student gets 1,000 others.
# What each teacher says of them is asked once, and kept. While one network learns three tasks,
# we ask from time to time: which way does each task want the shared trunk to move? The cosine
# of two such gradients is 1 if they want the same, −1 if the opposite, 0 if they do not mind
# each other.

# %% tags=["nbval-ignore-output"]
few, many = torch.arange(1000), torch.arange(4390, len(spelt))
masters = fit(new(Apart, 64, 0), many, 300, False, seed=0, batch=256)
with torch.no_grad():
    advice = [z.detach() for z in masters(spelt[:4390])]
PAIRS = [(0, 1), (0, 2), (1, 2)]


def gradients(net):
    """Cosines of the tasks' gradients on the trunk, for 512 of the words."""
    rows = few[:512]
    logits = net(spelt[rows])
    flat = []
    for k in range(3):
        found = torch.autograd.grad(
            loss_of(k, logits[k], rows, True), list(net.trunk.parameters()), retain_graph=True
        )
        flat.append(torch.cat([g.flatten() for g in found]))
    return [F.cosine_similarity(flat[a], flat[b], dim=0).item() for a, b in PAIRS]


STEPS = 160
watch = {step: [] for step in (0, 10, 40, 80, 159)}
arms = {  # network, units, words, whether the teachers speak
    "one network, labels": (Together, 24, few, False),
    "one network": (Together, 24, few, True),
    "three small ones": (Apart, 8, few, True),
    "three large ones": (Apart, 24, few, True),
    "one network, 30,000 labels": (Together, 24, many, False),
}
found = {arm: [] for arm in arms}
parameters = {}
for seed in SEEDS[:3]:
    for arm, (kind, width, rows, taught) in arms.items():
        net = new(kind, width, seed)
        parameters[arm] = sum(w.numel() for w in net.parameters())
        fit(net, rows, STEPS, taught, seed=seed, watch=watch if arm == "one network" else None)
        found[arm].append(correct(net))
together = {arm: [sum(one) / 3 for one in all_seeds] for arm, all_seeds in found.items()}
tasks_table = Table(
    together
    | {
        f"{arm}: {t}": [s[k] for s in f]
        for arm, f in found.items()
        for k, t in enumerate(TASKS)
    },
    {},
    {},
    {},
    list(SEEDS[:3]),
    "one network",
    "",
)
print("teachers:                      " + "".join(f"{100 * a:10.1f}" for a in correct(masters)))
print(
    "right, in %       parameters    " + "".join(f"{t[:9]:>10}" for t in TASKS) + "      mean"
)
for arm, rows in found.items():
    each = "".join(f"{mean([one[k] for one in rows]):10.1f}" for k in range(3))
    print(f"{arm:27} {parameters[arm]:6,}{each}{mean(together[arm]):10.1f}")
cosines = {step: torch.tensor(seen).mean(0).tolist() for step, seen in watch.items()}
print("\ncosine at step        " + "".join(f"{step:7}" for step in watch))
for place, (a, b) in enumerate(PAIRS):
    name = f"{TASKS[a]}, {TASKS[b]}"
    print(f"{name:24}" + "".join(f"{cosines[step][place]:+7.2f}" for step in watch))

# %%
equal = tasks_table.difference("three small ones")
triple = tasks_table.difference("three large ones")
last = tasks_table.difference("one network: last-phoneme", "three small ones: last-phoneme")
first_two = [
    tasks_table.difference(f"one network: {t}", f"three small ones: {t}").mean
    for t in TASKS[:2]
]
gain = tasks_table.difference("one network, labels")
wide = tasks_table.difference("one network, 30,000 labels")
claims(
    claim(
        1.0 > parameters["three small ones"] / parameters["one network"] > 0.9,
        "one network and three small ones are nearly of equal size",
    ),
    claim(
        gain.mean < -0.01,
        "from three teachers the one network learns more than from these words' labels",
    ),
    claim(
        equal.mean < -0.005 and last.mean > 0.02,
        "at equal size, one network beats three, by what it gains in the last sound",
    ),
    claim(
        max(abs(one) for one in first_two) < 0.03,
        "in the two other tasks they are within three points of each other",
    ),
    claim(
        triple.mean > 0.01,
        "three networks of its own width, so three times the size, are better",
    ),
    claim(
        min(cosines[10]) > 0.15,
        "after ten steps all three tasks still pull the same way",
    ),
    claim(
        max(cosines[159]) < 0.15 and min(c for step in watch for c in cosines[step]) > -0.5,
        "in the end none does, but no two ever pull in opposite directions (below −0.5)",
    ),
    claim(
        wide.mean > 0.01,
        "the 30,000 labels themselves, in equal steps, beat the teachers by more than a point",
    ),
)

# %% [markdown]
# **Who fights?** Look at the cosines. In the first steps all three tasks want much the same:
# away from an untrained trunk there is one way out. Then they hardly mind each other, and in
# the end they pull slightly apart. That is no open fight. But sharing has a price all the same.
# Three networks of the shared one's width are some points better, since twenty-four units are
# few for three tasks. The tasks do not pull in opposite directions. It fits these numbers that
# they compete for room; to be sure, one would vary the width.
#
# **Is sharing wise, then?** At the same total size it is: the last sound needs a wide layer,
# and the shared one is three times as wide as each of the small ones. It would be another
# matter for tasks that have nothing in common.
#
# **And the teachers?** They bring some two points on 1,000 words. Be honest, though: they have
# learned from 30,000 labels. Where these may be used, the same student learns more from them,
# in as many steps: the last row. As in notebook 13, a teacher is for labels that you cannot
# have.

# %% [markdown]
# ## Experiment 4: does more machinery pay?
#
# A mixture of three methods surely beats a single one? It has more knobs, so whoever tries it
# tries more settings, and reports the best. Here everybody gets the **same number of tries**:
#
# - **labels only**, with label smoothing as its knob;
# - **soft targets**, with T and alpha;
# - **mix**: soft targets, a [hint](glossary.md#hint) and similarities (notebook 09), with T,
#   alpha and two weights;
# - **untuned**: soft targets at T = 2, alpha = 0.9, as everywhere in this series. No tries.
#
# A search is three settings drawn at random, of which 200 validation labels choose one. That is
# luck in part. So it is not enough to train what one search has found over several seeds: **the
# search itself is repeated**, four times, and each finding is trained anew and tested once.

# %% tags=["nbval-ignore-output"]
SEARCHES, TRIES = 4, 3
blend = {
    "temperature": {"low": 1.0, "high": 8.0, "log": True},
    "alpha": {"low": 0.3, "high": 1.0},
}
added = ("hint", "similarity-preserving")
weights = {f"method.{name}": {"low": 0.03, "high": 3.0, "log": True} for name in added}
base = kdlab.Recipe(epochs=25, learning_rate=6e-3)
mixed = base.replace(method={"soft-targets": 1.0} | dict.fromkeys(added, 1.0))
smoothing = {"label_smoothing": {"low": 0.0, "high": 0.3}}
families = {
    "labels only": (base.replace(alpha=0.0), smoothing),
    "soft targets": (base, blend),
    "mix": (mixed, blend | weights),
}
chosen = {"untuned": [base] * SEARCHES}
for family, (start, knobs) in families.items():
    plan = kdlab.Sweep(start, random=knobs, draws=SEARCHES * TRIES, seeds=1)
    tried = kdlab.sweep(plan, data, teacher=teacher, student="mlp-64", progress=False)
    judged = {row["place"]: row["validation"] for row in tried.rows()}
    chosen[family] = [
        plan.recipes[max(range(k * TRIES, (k + 1) * TRIES), key=judged.get)]
        for k in range(SEARCHES)
    ]
accuracy = {
    family: [
        right(answers(learn("mlp-64", data, one.replace(seed=100 + k), teacher)))
        for k, one in enumerate(recipes)
    ]
    for family, recipes in chosen.items()
}
steps = dict.fromkeys(accuracy, base.total_steps(len(data.train)))
effort = Table(
    accuracy,
    {},
    {},
    steps,
    list(range(SEARCHES)),
    "untuned",
    f"{SEARCHES} searches of {TRIES} tries; {len(data.train)} training labels, "
    f"{len(data.validation)} validation labels, {len(unseen[1]):,} test labels",
)
print("                knobs   test accuracy of what each search has found")
for family, values in accuracy.items():
    knobs = len(families[family][1]) if family in families else 0
    print(f"{family:15} {knobs:5}   " + "".join(f"{100 * v:7.1f}" for v in values))
effort

# %%
claims(
    claim(
        effort.difference("labels only").mean < 0,
        "tuned labels lose accuracy against untuned soft targets",
    ),
    claim(
        effort.difference("mix").mean < 0.015,
        "the tuned mix does not beat untuned soft targets by as much as 1.5 points",
    ),
    claim(
        effort.difference("soft targets").mean < 0.015,
        "nor do tuned soft targets",
    ),
)

# %% [markdown]
# The step from labels to soft targets is worth a teacher. Two further methods, with two more
# knobs, gained nothing over soft targets as they come. They have to be written, searched and
# explained all the same.
#
# And the mix against *tuned* soft targets? Here we make no claim. Draw the searches anew, with
# another `draw_seed`, and the order of the two may turn round. Three tries, judged by 200
# labels, are half a lottery, and a bad draw can cost more than a method gains. With a single
# search and several seeds you would not notice: the seeds' interval does not contain the luck
# of the search.
#
# Be fair to the tuned ones, too: *untuned* is not free. Somebody has found T = 2 and alpha =
# 0.9, on this very data set, before you came. **Count tries and knobs beside every result**,
# your own included, and repeat the search, not only the training.
#
# **A fifth limit: teachers that cannot be opened.** A paid service may tell only its top
# answer, at a price, under terms that forbid copying it. What can still be learned, and what
# may be, is the subject of notebook 17.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
bigger.reveal(
    "It is no better, as far as four draws can tell. The larger teacher is a little more "
    "accurate, but what more it knows does not get through to 32 hidden units and a thousand "
    "pictures; it is surer, too, and tells less of its doubts. A much better teacher does "
    "help, yet less than half of its lead arrives.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# **One.** How many bits of doubt are handed over, on the average, if the `k` most probable
# classes are told and made to add up to 1? `probabilities` has the shape (samples, classes),
# and some are exactly 0. Return one number.


# %%
def bits_per_target(probabilities, k):
    raise NotImplementedError("the top k, made to add up to 1; entropy in bits; the mean")


check("bits_per_target", bits_per_target)

# %%
hint("bits_per_target")

# %% [markdown]
# **Two.** Do two tasks fight? `first` and `second` are lists of gradients, one tensor for each
# shared parameter, in the same order. Return the cosine between the two, over all parameters
# together. Where one gradient is all zeros, there is no conflict: return 0.


# %%
def gradient_conflict(first, second):
    raise NotImplementedError("all parameters together; dot product over both lengths")


check("gradient_conflict", gradient_conflict)

# %%
hint("gradient_conflict")

# %% [markdown]
# ## Think
#
# A colleague reports: "Our student beats its teacher by two points. So the ceiling is a myth."
# The student had the teacher's soft targets and 5,000 true labels, the teacher had been trained
# on 2,000. What would you ask?
#
# <details><summary>An answer</summary>
#
# What do the 5,000 labels give without any teacher? Very likely more than that teacher. Then
# the student has passed it by its labels, and what distillation adds is the difference to
# *labels only*, which may be nothing, or negative: a bad teacher can hold a student back. To
# pass a teacher *by distillation alone* there must be errors without system that average out
# (experiment 1), a student whose form suits the task better than the teacher's, or other
# pictures than the teacher had. Each is an arm that can be run.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. An ignorant teacher is a ceiling: its student ends where it ends. Errors without system, as
#    from wrong labels, average out, and then the student is better.
# 2. A good teacher is not reached: the student's own size and pictures are a ceiling too. With
#    the same labels, a larger teacher did not teach better.
# 3. A hard label has 0 bits of doubt and room for 3.3. Whole percents lose next to nothing; the
#    second name brings a good part; to drop the rest means "impossible".
# 4. Soft targets carry neither a class that the teacher has never seen, nor how it knows.
# 5. One network for three tasks beats three of the same total size here. More methods and more
#    knobs gained nothing over soft targets as they come.
#
# ## Sources
#
# - Cho, Hariharan 2019, *On the efficacy of knowledge distillation*,
#   [arXiv:1910.01348](https://arxiv.org/abs/1910.01348): larger teachers often do not teach
#   better; an early-stopped one may.
# - Mirzadeh et al. 2020, *Improved knowledge distillation via teacher assistant*,
#   [arXiv:1902.03393](https://arxiv.org/abs/1902.03393): the capacity gap, and a network
#   between.
# - Stanton et al. 2021, *Does knowledge distillation really work?*,
#   [arXiv:2106.05945](https://arxiv.org/abs/2106.05945): students that could agree with their
#   teacher and do not.
# - Yu et al. 2020, *Gradient surgery for multi-task learning*,
#   [arXiv:2001.06782](https://arxiv.org/abs/2001.06782): cosines between tasks' gradients, and
#   what to do where they are negative.
# - Oliver et al. 2018, *Realistic evaluation of deep semi-supervised learning algorithms*,
#   [arXiv:1804.09170](https://arxiv.org/abs/1804.09170): equal tuning for the baseline, and
#   validation sets that are small enough to be honest.
#
# NAVIGATION
