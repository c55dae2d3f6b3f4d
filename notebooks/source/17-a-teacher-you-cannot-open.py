# %% [markdown]
# NAVIGATION
#
# # 17 · A teacher you cannot open
#
# **Some teachers only sell answers. You have 500 credits: this notebook measures what a label,
# the two top classes and rounded probabilities are worth to a student, which pictures to ask
# about, and what no money buys.**
#
# About 40 minutes. You should know soft targets and T (notebook 03), the distillation loss (05)
# and the teacher's hard answers (07).

# %% [markdown]
# ## You will be able to
#
# - **choose** between many labels and few soft answers for one price, and say what the choice
#   hangs on;
# - **compute** targets from what a service answers: a label, top classes, rounded numbers;
# - **pick** inputs to ask about under a budget, and predict which of them teach nothing;
# - **spot** what a closed teacher rules out: by its technique, and by its terms of use.

# %% [markdown]
# ## Set-up
#
# Many of the best networks of today cannot be downloaded. One sends an input over the network,
# an answer comes back, and a bill. Such a teacher is a [black box](glossary.md#black-box): its
# weights, its features and its gradients stay with its owner. Each input that is sent is a
# [query](glossary.md#query).
#
# `kdlab.service` has such a service in small. It needs no internet and no money, but it behaves
# like one: it has a price list, counts queries, refuses whatever the budget does not cover, and
# has [terms of use](glossary.md#terms-of-use). Behind its counter sits the teacher that ships
# with this package. From here on we do not look at it.

# %%
import torch

import kdlab
from kdlab import crowd
from kdlab.comparison import Table
from kdlab.service import FORMS, Answers, Archive, Recorded, RefusedError, Service, soften
from kdlab.ui.lesson import (
    Guess,
    Purchase,
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
owner = kdlab.models.pretrained("fashion-mnist-cnn")
by_content = {"label": 1, "top-k": 2, "probabilities": 5}
by_the_call = {"label": 2, "top-k": 2, "probabilities": 2}

service = Service(owner, by_content, budget=500, top_k=2, digits=2, forbids=("rival",))
print(service.terms)

# %% jupyter={"source_hidden": true}
here("soft targets", "transfer", on=("response", "offline"))

# %% [markdown]
# Three [forms](glossary.md#query) are sold: the **label** alone, a [top-k
# answer](glossary.md#top-k-answer) (here the two most probable classes with their
# probabilities), and the **probabilities** of all ten classes. This price list is *by content*:
# who says more, costs more. We shall also look at one that is *by the call*, 2 credits for a
# query whatever it answers.
#
# The terms forbid one purpose. They must be accepted before the first query, with a word on
# what the answers are for:


# %%
def attempt(what):
    """Do it, or print why it is refused."""
    try:
        return what()
    except RefusedError as reason:
        print("refused:", reason)


pool = shipped.train.x[:3000]
attempt(lambda: service.ask(pool[:1], "label"))
attempt(lambda: service.accept("rival"))
service.accept("own use")
claims(
    claim(service.purpose == "own use", "the terms are accepted, for a model of our own"),
    claim(service.spent == 0, "what was refused has cost nothing"),
)

# %% [markdown]
# The service cannot see what you do with its answers. It takes your word, and a contract holds
# you to it. More of that under *Think*.
#
# ### What was measured before you play
#
# For the game below we have bought in advance, and trained a student on every purchase. The
# owner gave us a free hour for that: all prices are 0. You need not read the next cell now. It
# does this:
#
# - 3,000 unlabelled pictures are there. **No true label is used for training**, only what the
#   service says. True labels measure: 2,000 test pictures.
# - Purchases of 50, 100, 250 or 500 pictures. Each of one form, or of two forms by halves: six
#   mixes.
# - Three ways to pick pictures. The first 50 are always drawn at random. The rest is drawn **at
#   random**, or a first student of the 50 looks at three times as many pictures as can be
#   bought, and takes those of which it is **least sure**, or **surest**.
# - Each five times, with other pictures and other first weights. Every student (`mlp-32`) takes
#   150 steps on batches of 32, however much was bought.

# %%
SEEDS, LEVELS, TEST = range(5), (50, 100, 250, 500), shipped.test
T = {"label": 1.0, "top-k": 2.0, "probabilities": 2.0}
free = Service(owner, dict.fromkeys(FORMS, 0), budget=0)
free.accept("research")
said = {form: free.ask(pool, form).targets() for form in FORMS}
draws = {
    s: torch.randperm(len(pool), generator=torch.Generator().manual_seed(s)) for s in SEEDS
}
MIXES = [("label",), ("top-k",), ("probabilities",)]
MIXES += [("label", "top-k"), ("label", "probabilities"), ("top-k", "probabilities")]


def lesson(rows, mix, seed):
    """Rows of the pool with the answers to them; two forms take turns."""
    targets, temperature = torch.empty(len(rows), 10), torch.empty(len(rows))
    for k, form in enumerate(mix):
        turn = slice(k, None, len(mix))
        targets[turn], temperature[turn] = said[form][rows[turn]], T[form]
    return crowd.Lesson(rows, targets, temperature, seed)


def teach(lessons, x=pool):
    """A student for each lesson; their test accuracy, (lessons / seeds, seeds)."""
    nets = [kdlab.models.build("mlp-32", seed=one.seed) for one in lessons]
    students = crowd.learn(nets, x, lessons, steps=150)
    right = students(TEST.x).argmax(-1) == TEST.y
    return students, right.float().mean(1).reshape(-1, len(SEEDS))


grid = torch.zeros(3, len(MIXES), len(LEVELS), len(SEEDS))
firsts, grid[:, :, 0] = teach([lesson(draws[s][:50], mix, s) for mix in MIXES for s in SEEDS])
top = firsts(pool).topk(2, dim=-1).values
margin = (top[..., 0] - top[..., 1]).reshape(len(MIXES), len(SEEDS), -1)


def pick(way, mix, seed, count):
    """Rows to buy: 50 at random, and the others in this way."""
    first, rest = draws[seed][:50], draws[seed][50:]
    if way == "at random":
        return draws[seed][:count]
    seen = rest[: 3 * (count - 50)]
    order = margin[mix, SEEDS.index(seed)][seen].argsort(descending=way == "surest")
    return torch.cat([first, seen[order[: count - 50]]])


WAYS = ("at random", "least sure", "surest")
for place, way in enumerate(WAYS):
    lessons = [
        lesson(pick(way, m, seed, count), mix, seed)
        for m, mix in enumerate(MIXES)
        for count in LEVELS[1:]
        for seed in SEEDS
    ]
    grid[place, :, 1:] = teach(lessons)[1].reshape(len(MIXES), -1, len(SEEDS))
print(f"{grid.numel()} accuracies: ways, mixes, sizes and draws {tuple(grid.shape)}")

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
price = Guess(
    "17-labels-or-soft",
    "A label costs 1 credit, the probabilities of all classes cost 5. You have 500 credits and "
    "thousands of unlabelled pictures. Which purchase makes the better student?",
    [
        "500 labels, clearly",
        "Both are about the same",
        "100 soft answers, clearly: dark knowledge",
    ],
)
price

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "17-recall-soften",
    "A teacher says 0.9 and 0.1. You do not know its logits. What is the ratio of the two at "
    "T = 2? (03)",
    ["9, as before: T needs logits", "4.5, half of it", "3, the square root of 9"],
    answer="The logarithms of the probabilities do as logits: they differ from them by a "
    "constant, which softmax does not see. Divided by 2, a ratio of 9 becomes its square root.",
    right=2,
)

# %% jupyter={"source_hidden": true}
Guess(
    "17-recall-pool",
    "A teacher labels a large pool of unlabelled pictures. What brings most of the student's "
    "gain? (07)",
    ["That somebody labels the pool at all", "The dark knowledge in soft targets", "A high T"],
    answer="Hard answers brought most of it: what counts is that somebody labels the pool.",
    right=0,
)

# %% [markdown]
# ## Play: the query-budget game
#
# Turn the three sliders: how many answers of each form do you buy? The bill follows at once,
# and the line is your budget. Below stands what a student of such a purchase was right on when
# we measured it, as mean and range over five draws. *Best so far* remembers your best purchase
# for these prices and this budget.


# %% tags=["nbval-ignore-output"]
def new_game():
    return Purchase(
        grid,
        LEVELS,
        WAYS,
        {"by content": by_content, "by the call": by_the_call},
        budget=500,
        note="Measured: pure and half-and-half purchases of 50, 100, 250 and 500 pictures, 5 "
        "draws each; what lies between is interpolated.",
    )


game = new_game()
game

# %% [markdown]
# In words: the game opens with all 500 credits spent on 100 soft answers, and the bar below
# says how often a student of these was right, on average and in the worst and the best of five
# draws.
#
# **Try this.** With prices *by content*, find a better purchase for 500 credits. Then switch to
# *by the call* and find the best one again. Then let the student buy the pictures of which it
# is *surest*, and watch the number. Is there a difference that is smaller than the range?


# %%
counter = new_game()  # another one, so that yours stays as you left it


def worth(prices, *counts):
    """Mean accuracy of so many labels, top-2 and soft answers; None beyond the budget."""
    counter.price_list, counter.counts = prices, list(counts)
    band = counter.band()
    return None if band is None else band.mean


def best(prices):
    """The best purchase in steps of 50 answers: what it is worth, and what it holds."""
    steps = range(0, 501, 50)
    found = [((a, b, c), worth(prices, a, b, c)) for a in steps for b in steps for c in steps]
    return max((value, counts) for counts, value in found if value is not None)


top_value, top_counts = best("by content")
claims(
    claim(
        top_value > worth("by content", 0, 0, 100) + 0.01,
        "by content, 100 soft answers are not the best purchase, by more than a point",
    ),
    claim(
        top_counts[2] < 75,
        "the best one holds fewer than 75 of them",
    ),
    claim(
        best("by the call")[0] > worth("by the call", 250, 0, 0) + 0.004,
        "by the call, 250 labels are not the best purchase",
    ),
)

# %% [markdown]
# ## Look inside
#
# ### What a query costs
#
# The same input asked twice is paid twice. Whoever keeps answers pays once. `Archive` does
# that: it sends only what is new.

# %%
ten = pool[:10]
service.ask(ten, "label")
service.ask(ten, "label")  # paid again
archive = Archive(service)
archive.ask(ten, "top-k")
archive.ask(pool[:15], "top-k")  # ten of these are there already
attempt(lambda: service.ask(pool[:100], "probabilities"))
print(service.receipt)

# %% [markdown]
# The last query is refused as a whole: nothing is answered, nothing charged. A real service may
# be less kind. It may answer the first ninety and stop, or let the bill grow. Read its terms.
#
# ### What cannot be bought

# %%
attempt(lambda: service.ask(ten, "features"))
attempt(lambda: service.ask(ten.clone().requires_grad_(), "label"))

# %% [markdown]
# So of the three types of distillation only the *response-based* one is left (07): features
# (08) and relations between them (09) stay inside. Also what needs a gradient *through* the
# teacher is out, such as a generator that invents inputs to please it.
#
# What was bought can be used with the package's own recipes. `Recorded` makes a teacher of it,
# which knows the answers that were paid, and has no layers:

# %%
bought = service.ask(pool[:50], "probabilities")
data = kdlab.Dataset.from_tensors(
    bought.x,
    bought.listed[:, 0],
    validation=(shipped.validation.x[:200], shipped.validation.y[:200]),
    test=(TEST.x, TEST.y),
    classes=shipped.classes,
)
teacher = Recorded(bought.x, bought.targets())
recipe = kdlab.Recipe(alpha=1.0, temperature=2.0, epochs=50, batch_size=32, learning_rate=5e-3)
training = kdlab.train("mlp-32", data, teacher=teacher, recipe=recipe, measure_every=0)
for _ in training:
    pass


def why_not(kind):
    """Why a type of distillation is refused with this teacher."""
    return kdlab.explain(
        type=kind, data=data, teacher=teacher, student=kdlab.models.build("mlp-32")
    )


print("response:", why_not("response") or "goes")
print("feature: ", why_not("feature"))
print("relation:", why_not("relation"))

# %%
student = training.students["student"]
own = (student(TEST.x).argmax(1) == TEST.y).float().mean().item()
claims(
    claim(service.queries["label"] == 20, "ten inputs asked twice are twenty queries"),
    claim(
        service.queries["top-k"] == 15,
        "of fifteen inputs, ten of which are kept, five are paid",
    ),
    claim(service.spent == 300, "300 of 500 credits are spent: 20 + 30 + 250"),
    claim(why_not("response") is None, "soft targets work with answers that were bought"),
    claim(
        "the teacher has none" in why_not("feature")
        and "the teacher has none" in why_not("relation"),
        "feature- and relation-based methods are refused: there are no layers to compare",
    ),
    claim(own > 0.5, "50 soft answers make a student that is right on more than half"),
)

# %% [markdown]
# ### From an answer to a target
#
# A student needs a number for every class. What do we write where the service says nothing?
#
# - A **label** is a [one-hot](glossary.md#one-hot) target: 1 for its class.
# - Of a **top-k answer**, the named classes keep their numbers. What is missing to 1, the
#   *rest*, is **spread** evenly over the others. Or it is given to the *listed* ones, by their
#   shares. Then the teacher sounds surer than it was.
# - **Rounded** numbers need not add up to 1. So each row is divided by its sum.

# %%
source(Answers.targets)

# %% [markdown]
# **By hand.** Four classes; the teacher thinks 0.56, 0.26, 0.12, 0.06.
#
# | bought | target |
# |---|---|
# | label | 1, 0, 0, 0 |
# | top-2, rest spread | 0.56, 0.26, then (1 − 0.82) / 2 = 0.09 twice |
# | top-2, rest to the listed | 0.56 / 0.82 = 0.683, 0.26 / 0.82 = 0.317, 0, 0 |
# | one decimal | 0.6, 0.3, 0.1, 0.1 add up to 1.1: so 0.545, 0.273, 0.091, 0.091 |
#
# Then it is softened. There are no logits, but none are needed:
#
# $$q_c = \frac{p_c^{1/T}}{\sum_j p_j^{1/T}}$$
#
# where $p_c$ is the target's probability of class $c$, the sum runs over all classes $j$, $T$
# is the temperature and $q_c$ the softened target. It is softmax(log p / T), as the first
# recall question says. A probability of 0 stays 0 at every T, so the package takes at least
# 0.000001.

# %%
thought = torch.tensor([[0.56, 0.26, 0.12, 0.06]])
listed = torch.tensor([[0, 1, 2, 3]])
one_row = torch.zeros(1)  # stands for the picture


def answer(form, k, shares):
    return Answers(one_row, form, listed[:, :k], shares, classes=4)


hand = {
    "label": answer("label", 1, None).targets(),
    "top-2, spread": answer("top-k", 2, thought[:, :2]).targets(),
    "top-2, listed": answer("top-k", 2, thought[:, :2]).targets("listed"),
    "one decimal": answer("probabilities", 4, thought.round(decimals=1)).targets(),
}
for name, row in hand.items():
    at_2 = "  ".join(f"{q:.3f}" for q in soften(row, 2.0)[0].tolist())
    print(f"{name:14}", "  ".join(f"{p:.3f}" for p in row[0].tolist()), "   at T = 2:", at_2)


def is_near(name, *wanted):
    return (hand[name][0] - torch.tensor(wanted)).abs().max() < 0.001


claims(
    claim(is_near("top-2, spread", 0.56, 0.26, 0.09, 0.09), "the rest is spread"),
    claim(is_near("top-2, listed", 0.683, 0.317, 0.0, 0.0), "the rest goes to the listed"),
    claim(is_near("one decimal", 0.545, 0.273, 0.091, 0.091), "rounded rows are divided"),
    claim(
        all(abs(row.sum().item() - 1) < 1e-6 for row in hand.values()), "every row adds up to 1"
    ),
)

# %% [markdown]
# ### Many students at once
#
# The students of this notebook are small, and there are hundreds. So they are trained side by
# side, in one tensor for each layer. The loss is the known one: T² times the cross-entropy of
# softened answers. Labels have T = 1, soft answers T = 2.

# %%
source(crowd.learn)

# %% [markdown]
# ## Experiment
#
# ### 1. For one price
#
# The arms spend 500 credits each, at one price list or the other. All pictures are drawn at
# random. Every student takes 150 steps.

# %% tags=["nbval-ignore-output"]
at_random = grid[0]
LABEL, TOP, SOFT = range(3)


def table(arms, against, note):
    """A table of arms, each with its accuracy for every draw."""
    accuracy = {name: values.tolist() for name, values in arms.items()}
    return Table(accuracy, {}, {}, dict.fromkeys(arms, 150), list(SEEDS), against, note)


money = table(
    {
        "by content: 500 labels": at_random[LABEL, 3],
        "by content: 250 top-2": at_random[TOP, 2],
        "by content: 100 soft": at_random[SOFT, 1],
        "by the call: 250 labels": at_random[LABEL, 2],
        "by the call: 250 top-2": at_random[TOP, 2],
        "by the call: 250 soft": at_random[SOFT, 2],
    },
    "by content: 500 labels",
    "500 credits for each arm; 5 draws, 2,000 test labels",
)
money

# %%
names = ("label", "top-2", "probabilities")
still(
    figures.worth(LEVELS, {name: at_random[k].numpy() for k, name in enumerate(names)}),
    "Test accuracy over the number of pictures bought, 50 to 500 on a log scale, a line for "
    "each form with its range over five draws. All three rise, from above 60 % to below "
    "80 %. Probabilities lie above labels at each size, top-2 answers close to probabilities; "
    "about twice as many labels are as good.",
)

# %%
for_one_price = money.difference("by content: 500 labels", "by content: 100 soft")
for_one_call = money.difference("by the call: 250 soft", "by the call: 250 labels")
twice = money.difference("by the call: 250 soft", "by content: 500 labels")
gain = (at_random[SOFT] - at_random[LABEL]).mean(1)
gain_of_two = (at_random[TOP] - at_random[LABEL]).mean(1)
claims(
    claim(
        for_one_price.mean > 0.005,
        "at 1 and 5 credits, 500 labels beat 100 soft answers",
    ),
    claim(
        for_one_call.mean > 0.004,
        "at one price for each call, 250 soft answers beat 250 labels",
    ),
    claim(
        abs(twice.mean) < 0.025,
        "250 soft answers and 500 labels are within 2.5 points: one is worth about two",
    ),
    claim(
        gain.min() > 0, "on the same pictures soft answers are ahead at each of the four sizes"
    ),
    claim(gain.mean() > 0.012, "by more than 1.2 points on average"),
    claim(
        gain_of_two.mean() > 0.008 and (gain - gain_of_two).mean() < 0.02,
        "top-2 answers bring most of that: they miss less than two points of it",
    ),
    claim(
        at_random[:3].mean(-1).min() > 0.58 and at_random[:3].mean(-1).max() < 0.82,
        "from 50 to 500 pictures all these means lie between 58 and 82 %",
    ),
)

# %% [markdown]
# So there is no answer without a price list. Here a soft answer is worth about two labels.
# Where it costs five, buy labels. Where it costs the same, buy soft answers. In between look at
# what is scarce: with only 100 pictures to ask about, nobody can buy 500 labels, and soft
# answers are ahead on the same pictures.
#
# ### 2. What rounding and cutting lose
#
# Now always 250 pictures, always the same ones. What the service leaves out differs:
#
# - **1 decimal**, **2 decimals** and **soft** (4 decimals): all ten probabilities, rounded;
# - **top-2, spread** and **top-2, listed**: the rest of the probability as in *Look inside*;
# - **smoothed labels**: 0.9 for the label, the rest over all classes. This needs nobody's dark
#   knowledge: it is the arm that could explain the others away (05).

# %% tags=["nbval-ignore-output"]
lessons, names = [], []


def add(name, make):
    """An arm: ``make(seed)`` gives rows, targets and T."""
    names.append(name)
    for seed in SEEDS:
        rows, targets, t = make(seed)
        lessons.append(crowd.Lesson(rows, targets, torch.full((len(rows),), t), seed))


def rounded(digits):
    coarse = Service(owner, {"probabilities": 0}, budget=0, digits=digits)
    coarse.accept("research")
    return lambda s: (
        draws[s][:250],
        coarse.ask(pool[draws[s][:250]], "probabilities").targets(),
        2.0,
    )


add("1 decimal", rounded(1))
add("2 decimals", rounded(2))
two = free.ask(pool, "top-k").targets("listed")
add("top-2, listed", lambda s: (draws[s][:250], two[draws[s][:250]], 2.0))
add(
    "smoothed labels",
    lambda s: (draws[s][:250], 0.9 * said["label"][draws[s][:250]] + 0.01, 1.0),
)
measured = dict(zip(names, teach(lessons)[1], strict=True))
form = table(
    {
        "labels": at_random[LABEL, 2],
        "smoothed labels": measured["smoothed labels"],
        "top-2, listed": measured["top-2, listed"],
        "top-2, spread": at_random[TOP, 2],
        "1 decimal": measured["1 decimal"],
        "2 decimals": measured["2 decimals"],
        "soft": at_random[SOFT, 2],
    },
    "labels",
    "250 pictures for each arm, the same; 5 draws, 2,000 test labels",
)
form

# %%
spread = form.difference("top-2, spread", "top-2, listed")
hundredths = form.difference("2 decimals")
claims(
    claim(
        abs(form.difference("2 decimals", "soft").mean) < 0.015,
        "two decimals lose less than 1.5 points against four",
    ),
    claim(hundredths.mean > 0.002, "and are still ahead of labels"),
    claim(
        form.difference("1 decimal", "soft").mean < 0.004
        and form.difference("1 decimal").mean > -0.008,
        "one decimal is not clearly better than four, nor clearly worse than labels",
    ),
    claim(spread.mean > 0, "a rest that is spread beats one that goes to the listed classes"),
    claim(
        form.difference("soft", "smoothed labels").mean > 0.002,
        "label smoothing does not explain it: soft answers are ahead of it",
    ),
)

# %% [markdown]
# ### 3. Which pictures
#
# First the three ways of the game, as means over all six mixes and over 100, 250 and 500
# pictures. To ask where the student is unsure is called [active
# learning](glossary.md#active-learning); its measure here is the [margin](glossary.md#margin),
# the largest probability less the second largest.
#
# Then inputs that are no fair sample, 250 soft answers each:
#
# - **noise**: grey values drawn at random;
# - **shoes only**: pictures that the teacher calls sandal, sneaker or boot;
# - **50 and moved copies**: 50 pictures, and four copies of each, moved by up to 3 pixels and
#   half of them mirrored. Every copy is paid. Beside it stands what the **50 alone** give.

# %% tags=["nbval-ignore-output"]
ways = table(
    {way: grid[k, :, 1:].mean((0, 1)) for k, way in enumerate(WAYS)},
    "at random",
    "means over 6 mixes and 3 sizes; 5 draws, 2,000 test labels",
)


def moved(x, seed):
    """Four copies of each picture, moved by up to 3 pixels and half of them mirrored."""
    random = torch.Generator().manual_seed(seed)
    copies = x.repeat(4, 1, 1, 1)
    by = torch.randint(-3, 4, (len(copies), 2), generator=random).tolist()
    mirrored = torch.rand(len(copies), generator=random) < 0.5
    shifted = [one.roll(b, (1, 2)) for one, b in zip(copies, by, strict=True)]
    return torch.stack([s.flip(2) if m else s for s, m in zip(shifted, mirrored, strict=True)])


def inputs(kind, seed):
    if kind == "noise":
        return torch.rand(250, 1, 28, 28, generator=torch.Generator().manual_seed(seed))
    rows = draws[seed]
    if kind == "shoes only":
        called = said["label"][rows].argmax(1)
        return pool[rows[torch.isin(called, torch.tensor([5, 7, 9]))][:250]]
    return torch.cat([pool[rows[:50]], moved(pool[rows[:50]], seed)])


strange, lessons, start = [], [], 0
kinds = ("noise", "shoes only", "50 and moved copies")
for kind in kinds:
    for seed in SEEDS:
        x = inputs(kind, seed)
        targets = free.ask(x, "probabilities").targets()
        rows = torch.arange(start, start + len(x))
        lessons.append(crowd.Lesson(rows, targets, torch.full((len(x),), 2.0), seed))
        strange.append(x)
        start += len(x)
measured = dict(zip(kinds, teach(lessons, torch.cat(strange))[1], strict=True))
sample = table(
    {"250 at random": at_random[SOFT, 2], "50 alone": at_random[SOFT, 0], **measured},
    "250 at random",
    "soft answers; 5 draws, 2,000 test labels",
)
print(ways, sample, sep="\n\n")

# %%
claims(
    claim(
        ways.difference("surest").mean < -0.02,
        "pictures of which the student is surest cost it more than two points",
    ),
    claim(
        -0.035 < ways.difference("least sure").mean < 0.015,
        "those of which it is least sure bring no gain to speak of over chance",
    ),
    claim(
        max(sample.accuracy["noise"]) < 0.2,
        "noise teaches nothing: a student of it guesses, whatever was paid",
    ),
    claim(
        free.ask(strange[0], "probabilities").shares[:, 0].mean() > 0.7,
        "and yet the service sounds sure of noise: it gives one class more than 0.7 on average",
    ),
    claim(
        max(sample.accuracy["shoes only"]) < 0.4,
        "of shoes alone one learns shoes: less than 40 % of the test pictures are right",
    ),
    claim(
        sample.difference("50 and moved copies").mean < -0.03,
        "200 moved copies are more than three points short of 200 other pictures",
    ),
    claim(
        sample.difference("50 and moved copies", "50 alone").mean > -0.02,
        "and do no great harm beside the 50 alone",
    ),
)

# %% [markdown]
# Two of these are worth a stop. To be *least sure* sounds like the right thing to ask about,
# and there are many reports in which it is (see Settles in the sources). Here it gains nothing.
# Perhaps a student of 50 pictures does not know well what it does not know; we have not tested
# why. To buy the *surest* is a safe way to lose, though: the student learns what it knows
# already.
#
# And **noise**: the service answers, and charges, as for any picture. It even sounds sure. The
# input has to look like what the student will meet. But it need not be the data that the
# teacher was trained on: no student of this notebook has seen those.
#
# ### 4. A service that lies a little
#
# Some services protect themselves: now and then an answer is spoiled on purpose. Here one
# answer in five has its top class in another's place. A label costs 1 credit. Is it better to
# ask about 500 pictures, or five times about 100, and take the majority?
#
# It hangs on how the noise is made. **Fresh**: it is drawn anew for each query. **Fixed**: it
# is computed from the input, so that the same input always has the same answer.

# %% tags=["nbval-ignore-output"]
names, lessons = [], []


def majority(count, times, fresh):
    """Labels of ``count`` pictures by the majority of ``times`` queries each."""

    def make(seed):
        rows = draws[seed][:count]
        noisy = Service(owner, {"label": 1}, budget=500, noise=0.2, fresh=fresh, seed=seed)
        noisy.accept("research")
        votes = sum(noisy.ask(pool[rows], "label").targets() for _ in range(times))
        return rows, torch.eye(10)[votes.argmax(1)], 1.0

    return make


add("500 pictures once", majority(500, 1, fresh=True))
add("100 five times, fresh", majority(100, 5, fresh=True))
add("100 five times, fixed", majority(100, 5, fresh=False))
measured = dict(zip(names, teach(lessons)[1], strict=True))
noise = table(
    {
        **measured,
        "500 honest labels": at_random[LABEL, 3],
        "100 honest labels": at_random[LABEL, 1],
    },
    "500 pictures once",
    "500 credits for each noisy arm; 5 draws, 2,000 test labels",
)
noise

# %%
again = noise.difference("100 five times, fresh", "100 five times, fixed")
claims(
    claim(
        noise.difference("500 honest labels").mean > 0.01,
        "one spoiled label in five costs more than a point, with 500 pictures",
    ),
    claim(
        again.mean > 0.03, "asking again helps by more than three points if the noise is fresh"
    ),
    claim(
        noise.difference("100 five times, fresh", "100 honest labels").mean > -0.04,
        "five fresh queries come near to an honest label",
    ),
    claim(
        noise.difference("100 five times, fresh").mean < 0,
        "but other pictures are the better buy, as long as there are any",
    ),
)

# %% [markdown]
# So a second opinion is worth its price only if it *is* one. Against fixed noise five queries
# buy the same answer five times. And even with fresh noise, new pictures come first: each
# brings something of its own, and wrong labels that point in all directions partly cancel out.
#
# ### Back to your guess

# %% jupyter={"source_hidden": true}
price.reveal(
    "500 labels win, and clearly. A soft answer does say more than a label, but here it "
    "is worth about two, not five. With one price for each call it is the other way round. "
    "The better teaching is not always the better buy.",
    right=0,
)

# %% [markdown]
# ## Your turn
#
# **One.** Pick what to ask about. `probabilities` are the student's, (rows, classes). `asked`
# holds the numbers of the rows that were bought before, as an int64 tensor, which may be empty.
# A query costs `price`, and `budget` credits are there. Return the row numbers to buy, as a
# list or a tensor: those of the smallest margin, as many as the budget pays for, none twice.


# %%
def choose_queries(probabilities, asked, price, budget):
    raise NotImplementedError("margins, then what is left, then what can be paid")


check("choose_queries", choose_queries)

# %%
hint("choose_queries")

# %% [markdown]
# **Two.** Make targets of a top-k answer. `listed` has the classes that were named, int64,
# (batch, k), `shares` their probabilities, (batch, k), and `classes` is the number of all
# classes. Return probabilities, (batch, classes): the rest is spread over the others.


# %%
def targets_from_top_k(listed, shares, classes):
    raise NotImplementedError("the shares at their places, and the rest")


check("targets_from_top_k", targets_from_top_k)

# %%
hint("targets_from_top_k")

# %% [markdown]
# ## Think
#
# A firm has distilled a student from a service that it pays for, with its customers' pictures
# as queries. The service's terms read like ours: no model that is offered in its place. The
# student works well, and somebody asks whether it might be sold. What would you want to know
# before you answer? And what would you have done differently at the start?
#
# <details><summary>An answer</summary>
#
# Nothing in the code stops anybody: `accept` takes a word for it, as real services do. What
# binds is the contract. So one would want to know: what do the terms say about *training* on
# answers, and not only about reselling them? Is the student "in place of" the service, or does
# it do something else? Which law applies? That is a question for somebody who knows law, and a
# brief one while the receipts are kept: who asked what, when, under which version of the terms.
#
# There is a second contract in this story. The pictures belong to customers, and each query
# sent them to somebody else. Were they asked?
#
# At the start one can choose the teacher by its terms and not only by its accuracy: some owners
# publish weights under a licence that allows to train on answers and to sell the student; some
# sell a separate permission for it; and sometimes 500 labels by people cost less than either.
# It also helps to write down in the student's card who taught it, as notebook 18 does for data.
#
# The owner's side is worth a thought as well: rounding, top-k and noise cost honest customers
# something too. From what you have measured, how well do two decimals protect a model?
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A closed teacher sells answers. Response-based methods work with them; features, relations
#    and gradients are out of reach.
# 2. Labels or soft answers is a question of price: here one soft answer was worth about two
#    labels.
# 3. Top classes and rounded numbers keep most of it. Spread the rest over the other classes,
#    and let every row add up to 1.
# 4. Ask about inputs like those that the student will meet. Noise teaches nothing, what the
#    student knows already teaches little, and picking the least sure gained nothing here.
# 5. Keep answers, for each query is paid. Against noise, ask about other inputs first; ask
#    again only if the noise is fresh. And read the terms before the first query.
#
# ## Sources
#
# - Tramèr, Zhang, Juels, Reiter, Ristenpart 2016, *Stealing machine learning models via
#   prediction APIs*, [arXiv:1609.02943](https://arxiv.org/abs/1609.02943): the same seen by an
#   owner; what rounding and labels alone protect, and how little.
# - Orekondy, Schiele, Fritz 2019, *Knockoff nets: stealing functionality of black-box models*,
#   [arXiv:1812.02766](https://arxiv.org/abs/1812.02766): queries of other data, and which to
#   choose.
# - Sheng, Provost, Ipeirotis 2008, *Get another label? Improving data quality and data mining
#   using multiple, noisy labelers*, KDD: when to ask again and when to ask about something new.
# - Settles 2009, *Active learning literature survey*, University of Wisconsin–Madison: margin,
#   entropy and other ways to choose queries, and where they fail.
# - Hinton, Vinyals, Dean 2015, [arXiv:1503.02531](https://arxiv.org/abs/1503.02531): soft
#   targets, which need only a teacher's answers.
#
# NAVIGATION
