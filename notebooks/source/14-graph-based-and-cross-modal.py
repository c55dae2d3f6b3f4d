# %% [markdown]
# NAVIGATION
#
# # 14 · Graph-based and cross-modal
#
# **A teacher may see what its student will never see: the neighbours of a word, or the
# definition where the student has only the letters. This notebook passes on knowledge across
# both gaps, and finds out where it really came from.**
#
# About 40 minutes. You should know the distillation loss (notebook 05).

# %% [markdown]
# ## You will be able to
#
# - **compute** by hand what a graph network passes along an edge, and the edges of a batch;
# - **distil** a graph network into a plain one, and a reader of definitions into a reader of
#   spellings;
# - **explain** what a pair of two views of one thing is worth without a label;
# - **spot** where an easy success is hidden in the data.

# %% [markdown]
# ## Set-up
#
# The data are 8,000 nouns of WordNet in ten classes. Each word can be seen in several
# [views](glossary.md#view): its *gloss* (definition) as a bag of words, the gloss as a large
# transformer reads it (*embedding*), its *spelling* in groups of two and three letters, and as
# a *node* of a graph, whose edges join related words. Only 200 of the 6,000 training words are
# labelled.

# %%
from dataclasses import replace

import torch

import kdlab
from kdlab.graphs import neighbourhood
from kdlab.texts import gloss_words, letter_groups
from kdlab.ui.lesson import (
    Guess,
    WordGraph,
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

data = kdlab.load("wordnet-topics", labelled=200)
graph_teacher = kdlab.pretrained("wordnet-gcn")  # sees nodes
reader = kdlab.pretrained("wordnet-minilm")  # sees embeddings of glosses
print(data.note)

# %% jupyter={"source_hidden": true}
here(
    "teacher", "transfer", on=("response", "relation", "offline", "graph-based", "cross-modal")
)

# %% [markdown]
# Two views of one word, and what the two teachers think of it:

# %%
row = 1824  # of the word
word, _, gloss = data.lines[row].partition(": ")
print("spelling:", word, "as", " ".join(letter_groups(word)[:9]), "…")
print("gloss:   ", gloss)
print("in words:", " ".join(gloss_words(gloss)[:9]), "…")

# %% [markdown]
# ## Guess first

# %% jupyter={"source_hidden": true}
pairs = Guess(
    "14-pairs",
    "A student sees the spelling of a word and nothing else, and is to say its class. From "
    "200 labels it learns about 20 % (chance is 10 %). Now it gets no label at all. It gets "
    "6,000 pairs: a spelling, and what a teacher who reads the definition says of it. How far "
    "does it come?",
    [
        "To 10 %: without a label there is nothing to learn",
        "To about 20 %, as with the labels",
        "To nearly twice that",
        "To about 80 %, as far as its teacher",
    ],
)
pairs

# %% [markdown]
# Two quick questions on earlier notebooks:

# %% jupyter={"source_hidden": true}
Guess(
    "14-recall-hard",
    "On unlabelled inputs, what do a teacher's hard answers give a student? (05)",
    ["Nothing", "Labels, some of them wrong", "Dark knowledge"],
    answer="The top answer is used as if it were a label. What stands beside it is lost.",
    right=1,
)

# %% jupyter={"source_hidden": true}
Guess(
    "14-recall-scheme",
    "A trained, frozen teacher and a student who learns from it: which scheme is that? (00)",
    ["Offline", "Online", "Self-distillation"],
    answer="Offline: nothing flows back into the teacher.",
    right=0,
)

# %% [markdown]
# ## Play: a word and its neighbours
#
# A bag of words knows a word by its gloss alone. With 200 labels it is wrong on about every
# second word. But related words are often of the same class. So let the words talk: in each
# step, every word takes the mean of what its neighbours say and what it says itself. That is
# *[message passing](glossary.md#message-passing)*, the heart of a graph network.
#
# First the networks: one bag of words from labels alone, one taught by the graph network.

# %%
basic = kdlab.Recipe(
    epochs=4, learning_rate=1e-2, temperature=2.0, alpha=1.0, teacher_view="node", seed=0
)
labels_only = basic.replace(alpha=0.0)
from_graph = basic.replace(algorithm="graph-based")


def learn(net, data, recipe, teacher):
    training = kdlab.train(net, data, teacher=teacher, recipe=recipe, measure_every=0)
    for _ in training:
        pass
    return training.students["student"]


plain = learn("bag-of-words", data, labels_only, graph_teacher)
student = learn("bag-of-words", data, from_graph, graph_teacher)

# %% tags=["nbval-ignore-output"]
view = WordGraph(
    data, plain=plain, teacher=graph_teacher, student=student, start=row, count=28, seed=3
)
view

# %% [markdown]
# In words: at the start, each node shows the class that the plain network gives to this word
# alone; a dashed outline means that it is wrong. Most are. The teacher, who sees the edges, is
# right on nearly all, and the student, who sees none of them, on nearly as many.
#
# **Try this.** Press *Pass messages* a few times and watch the colours spread. Pick a word that
# changes (by mouse, or with the arrow keys) and compare its grey bars with the teacher's. Then
# press twenty times: what happens to *rumen*, which stands between animals and their bodies?
#
# This neighbourhood was chosen because it shows the effect well. On all 1,000 test words:

# %%
steps = (0, 1, 2, 4)
links = neighbourhood(data.edges, 8000).coalesce()
degree = torch.zeros(8000).index_add_(0, links.indices()[0], torch.ones(links.values().shape))
mean = torch.sparse_coo_tensor(
    links.indices(), 1 / degree[links.indices()[0]], links.shape, check_invariants=False
)
says, reached = ask(plain, data.everything()).logits.softmax(1), {}
for step in range(max(steps) + 1):
    reached[step] = (says[-1000:].argmax(1) == data.test.y).float().mean().item()
    says = torch.sparse.mm(mean, says)
alone, passed = view.right(view.messages(0)), view.right(view.messages(3))
taught = min(view.right(view.said(who)) for who in ("teacher", "student"))
claims(
    claim(
        alone < len(view.lines) / 2 and taught > 0.8 * len(view.lines),
        "here, most words are wrong alone; teacher and student are right on four in five",
    ),
    claim(
        0.35 < reached[0] < 0.65,
        "on all test words the bag of words is wrong on about every second",
    ),
    claim(passed > alone + 5, "here, three steps of messages correct more than five words"),
    claim(
        reached[1] > reached[0] + 0.05,
        "on all test words one step of messages gains more than five points",
    ),
    claim(reached[2] > reached[1], "the second step gains again: friends of friends are heard"),
    claim(
        reached[4] - reached[2] < reached[2] - reached[0],
        "two more steps gain less than the first two",
    ),
)

# %% [markdown]
# ## Look inside: along an edge
#
# The package's graph network does the same with its features, twice, and learns weights in
# between. What is passed along an edge stands in a matrix:

# %%
source(neighbourhood)

# %% [markdown]
# **By hand.** Three words in a row, a – b – c. With themselves, they have 2, 3 and 2
# neighbours. An entry is $1/\sqrt{d_i d_j}$: from a to itself 1/2, between a and b
# $1/\sqrt 6$ = 0.408, from b to itself 1/3, and between a and c 0. So what a knows reaches c
# only with the second step.

# %%
path = neighbourhood(torch.tensor([[0, 1], [1, 2]]), 3)
message = torch.tensor([[1.0], [0.0], [0.0]])
once = torch.sparse.mm(path, message)
twice = torch.sparse.mm(path, once)
print(path.to_dense().numpy().round(3))
print(
    "after one step",
    once.flatten().numpy().round(3),
    "after two",
    twice.flatten().numpy().round(3),
)

# %% [markdown]
# **A graph where there are no edges.** One can also make a graph of any batch: samples are
# nodes, and an edge is how far two of them lie apart, over the largest such distance. It is
# the *[instance relation graph](glossary.md#instance-relation-graph)* of Liu et al.:
#
# $$E_{ij} = \frac{\lVert f_i - f_j \rVert^2}{\max_{kl} \lVert f_k - f_l \rVert^2} , \qquad
# L = \frac{1}{B^2} \sum_{ij} \left(E^s_{ij} - E^t_{ij}\right)^2$$
#
# with $f$ the features of a sample and $B$ the batch size. Student and teacher may have
# features of different widths. **By hand:** the teacher puts three samples at 0, 1 and 2 on a
# line. Its squared distances are 1, 1 and 4, its edges 1/4, 1/4 and 1. The student has them at
# 0, 0 and 2: edges 0, 1 and 1. The differences are −1/4, 3/4 and 0, each twice among nine
# entries, so L = 2 · (1/16 + 9/16) / 9 = 0.139.

# %%
on_line = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[0.0], [0.0], [2.0]])
nothing = torch.zeros(3, 2)
value = kdlab.losses.instance_graph(
    (nothing, on_line[1]),
    (nothing, on_line[0]),
    logit_weight=0.0,
    edge_weight=1.0,
    change_weight=0.0,
).item()
claims(
    claim(abs(path.to_dense()[0, 1].item() - 0.408) < 0.001, "1/√6 is passed from a to b"),
    claim(
        once[2].item() == 0 and twice[2].item() > 0,
        "what a says reaches c with the second step, not the first",
    ),
    claim(abs(value - 0.139) < 0.001, "the loss of the two graphs is 0.139, as by hand"),
)

# %% [markdown]
# ## Experiment 1: from a graph network to a plain one
#
# The student `bag-of-words` sees a gloss and nothing of the graph, when it learns and later.
# Five seeds, equal steps, the same 6,000 words for all; 200 of them have labels.
#
# - **labels only**: no teacher.
# - **label smoothing**: the same with softened labels.
# - **hard answers** and **soft targets** of the graph network, on all 6,000 words (alpha = 1).
# - **the batch's graph**: the method `instance-graph` (logits and edges) beside the labels.

# %% tags=["nbval-ignore-output"]
graph_arms = {
    "labels only": labels_only,
    "label smoothing": labels_only.replace(label_smoothing=0.1),
    "hard answers": from_graph.replace(method="hard-targets"),
    "soft targets": from_graph,
    "the batch's graph": from_graph.replace(
        type="relation", method="instance-graph", alpha=0.5
    ),
}
graph_table = kdlab.compare(
    graph_arms, data, teacher=graph_teacher, student="bag-of-words", seeds=range(5)
)
graph_table

# %%
still(
    figures.differences(
        [(arm, *graph_table.difference(arm)) for arm in graph_arms if arm != "labels only"],
        against="labels only",
        roles={
            "hard answers": "hard",
            "soft targets": "teacher",
            "the batch's graph": "teacher",
        },
    ),
    "Difference in test accuracy to labels only, with 95 % intervals over five seeds. Hard "
    "answers and soft targets of the graph network gain equally much, the batch's graph less, "
    "label smoothing nothing.",
)

# %% [markdown]
# More than twenty points: the largest effect in this series. That should make you suspicious.
# Three questions: Is it dark knowledge? Would the same 200 words do? And what does the graph
# itself know?

# %% tags=["nbval-ignore-output"]
few = kdlab.load("wordnet-topics", labelled=200, pool=0)
few_table = kdlab.compare(
    {
        "labels only": labels_only.replace(epochs=94),
        "hard answers": from_graph.replace(method="hard-targets", epochs=94),
        "soft targets": from_graph.replace(epochs=94),
    },
    few,
    teacher=graph_teacher,
    student="bag-of-words",
    seeds=range(3),
)
few_table

# %% [markdown]
# And the graph alone, without a single gloss: put the 200 labels on their nodes and let them
# spread along the edges, twenty steps of messages.

# %%
everyone = torch.cat([data.train.y, data.validation.y, data.test.y])
same = (everyone[data.edges[:, 0]] == everyone[data.edges[:, 1]]).float().mean().item()
known = data.train.labelled.nonzero().flatten()
spread = torch.zeros(8000, 10)
start = spread.index_put((known, data.train.y[known]), torch.tensor(1.0))
spread = start
for _ in range(20):
    spread = torch.sparse.mm(mean, spread)
    spread[known] = start[known]
by_edges = (spread[-1000:].argmax(1) == data.test.y).float().mean().item()
by_teacher = (
    (ask(graph_teacher, data.test.seen("node")).logits.argmax(1) == data.test.y)
    .float()
    .mean()
    .item()
)
named = torch.tensor(
    [
        data.classes[label] in line.partition(": ")[2].lower()
        for label, line in zip(everyone.tolist(), data.lines, strict=True)
    ]
)
right = ask(student, data.test.x).logits.argmax(1) == data.test.y
print("a gloss that names its class:", data.lines[int(named.nonzero()[1])])

# %%
hard, soft = (graph_table.difference(arm) for arm in ("hard answers", "soft targets"))
dark = graph_table.difference("soft targets", "hard answers")
claims(
    claim(len(set(graph_table.steps.values())) == 1, "all arms took equally many steps"),
    claim(
        min(hard.low, soft.low) > 0.2, "the graph network brings its student over twenty points"
    ),
    claim(
        abs(dark.mean) < 0.03,
        "hard answers do as well as soft targets: this is labelling 5,800 words",
    ),
    claim(
        0.01 < few_table.difference("soft targets").mean < 0.1,
        "on the 200 labelled words alone soft targets gain something, but under ten points",
    ),
    claim(
        abs(few_table.difference("hard answers").mean) < 0.01,
        "and its hard answers there nothing: they are the labels",
    ),
    claim(
        graph_table.difference("label smoothing").high < 0.02, "label smoothing gains nothing"
    ),
    claim(
        graph_table.difference("the batch's graph").low > 0.05,
        "the batch's graph helps too, but its logits are soft targets by another name",
    ),
    claim(
        same > 0.9, "more than nine in ten edges join two words of one class: a leak by design"
    ),
    claim(
        by_edges > by_teacher - 0.15,
        "200 labels that spread along the edges come within fifteen points of the teacher, "
        "with no network and no gloss",
    ),
    claim(
        named.float().mean().item() > 0.1, "more than a tenth of the glosses name their class"
    ),
    claim(
        right[named[-1000:]].float().mean() > right[~named[-1000:]].float().mean() + 0.05,
        "and on these the student does better than on the others",
    ),
)

# %% [markdown]
# So the effect is real and its explanation is plain. WordNet's edges nearly encode the class,
# since the same people made both. The graph network reads them; its answers on the 5,800
# unlabelled words are good labels; and a student with 6,000 good labels is better than one with
# 200. Nothing here says how much a graph would help where edges and classes were made
# independently. (The teacher has also seen the test words as nodes, though never their labels.
# The student has not.)

# %% [markdown]
# ## Experiment 2: from definitions to spellings
#
# The teacher reads the gloss with a transformer. The student, `spelling-mlp`, sees the letters
# of the word alone. All that joins them is that they speak of the same word.
#
# - **labels only**: 200 labels.
# - **hard answers**, **soft targets**: 6,000 pairs, no labels (alpha = 1).
# - **all 6,000 labels**: what a perfect teacher's hard answers would be.
# - **shuffled pairs**: the teacher reads the gloss of *another* word. A control: if it
#   still worked, the pairing would not be what teaches.

# %% tags=["nbval-ignore-output"]
spelled = kdlab.load("wordnet-topics", labelled=200, view="spelling")
across = basic.replace(
    algorithm="cross-modal", teacher_view="embedding", epochs=5, learning_rate=5e-3
)
no_teacher = across.replace(algorithm="standard", alpha=0.0)
cross_table = kdlab.compare(
    {
        "labels only": no_teacher,
        "hard answers": across.replace(method="hard-targets"),
        "soft targets": across,
    },
    spelled,
    teacher=reader,
    student="spelling-mlp",
    seeds=range(5),
)
cross_table

# %%
order = torch.randperm(6000, generator=torch.Generator().manual_seed(0))
mixed = dict(spelled.train.views) | {"embedding": spelled.train.views["embedding"][order]}
shuffled = replace(spelled, train=replace(spelled.train, views=mixed), whole=None)
full = kdlab.load("wordnet-topics", view="spelling")
extra = {"shuffled pairs": (shuffled, across), "all 6,000 labels": (full, no_teacher)}
accuracy, steps_taken = dict(cross_table.accuracy), dict(cross_table.steps)
for arm, (what, recipe) in extra.items():
    accuracy[arm], steps_taken[arm] = [], recipe.total_steps(len(what.train))
    for seed in cross_table.seeds:
        net = learn("spelling-mlp", what, recipe.replace(seed=seed), reader)
        answers = ask(net, spelled.test.x).logits.argmax(1)
        accuracy[arm].append((answers == spelled.test.y).float().mean().item())
both = replace(cross_table, accuracy=accuracy, agreement={}, steps=steps_taken)
arms = [arm for arm in accuracy if arm != "labels only"]
still(
    figures.differences(
        [(arm, *both.difference(arm)) for arm in arms],
        against="labels only",
        roles={
            "hard answers": "hard",
            "soft targets": "teacher",
            "shuffled pairs": "teacher",
            "all 6,000 labels": "labels",
        },
    ),
    "Spelling alone, 95 % intervals over five seeds: hard answers and soft targets of the "
    "reader of definitions gain far more than ten points over 200 labels, nearly as much as "
    "all labels do. With shuffled pairs the student is worse than with the labels.",
)

# %%
hard, soft, lost, ceiling = (
    both.difference(arm) for arm in ("hard answers", "soft targets", *extra)
)
chance = max(accuracy["shuffled pairs"])
claims(
    claim(len(set(steps_taken.values())) == 1, "all arms took equally many steps"),
    claim(
        min(hard.low, soft.low) > 0.08,
        "6,000 pairs without a label are worth over eight points more than 200 labels",
    ),
    claim(
        both.difference("soft targets", "hard answers").high < 0.06,
        "soft targets and hard answers differ by a few points at most",
    ),
    claim(
        abs(ceiling.mean - soft.mean) < 0.06,
        "the teacher's answers are nearly as good as 6,000 true labels",
    ),
    claim(
        chance < 0.15, "with shuffled pairs nothing is learned: it is the pairing that teaches"
    ),
    claim(
        max(accuracy["soft targets"]) < 0.6,
        "the student stays far below its teacher: letters do not say what a word means",
    ),
)

# %% [markdown]
# ### Back to your guess

# %% jupyter={"source_hidden": true}
pairs.reveal(
    "Unlabelled pairs are enough: the student comes to nearly twice what 200 labels give it, "
    "because each pair carries a label by a good labeller. It does not come near its teacher, "
    "since most of what a definition says is not in the letters. And if the pairs are "
    "shuffled, all is lost.",
    right=2,
)

# %% [markdown]
# ## Your turn
#
# **1.** Write the loss of the edges of a batch. `student` and `teacher` are features of the
# same samples, of shapes (batch, width) with widths that may differ.


# %%
def graph_loss(student, teacher):
    raise NotImplementedError("edges of both, then compare")


check("graph_loss", graph_loss)

# %%
hint("graph_loss")

# %% [markdown]
# **2.** Write one step across views. `student` and `teacher` are networks, to be called with a
# batch; `spelling` and `gloss` are two views of the same words, row by row. Return the loss.


# %%
def cross_view_step(student, teacher, spelling, gloss, temperature):
    raise NotImplementedError("who sees what?")


check("cross_view_step", cross_view_step)

# %%
hint("cross_view_step")

# %% [markdown]
# ## Think
#
# A hospital has 10,000 pairs of an X-ray and a radiologist's report, and a good network that
# reads reports. It wants a network that reads X-rays. Which of this notebook's controls would
# you run before you trust the result, and what would each tell you?
#
# <details><summary>An answer</summary>
#
# Shuffled pairs: if the student still learns, it has learned how common each diagnosis is,
# and no more. Labels alone with equal steps: what the pairs add. The teacher's hard answers:
# whether softness matters, or any labeller would do. A look for leaks: reports that name the
# diagnosis (as glosses name their class) make the teacher look better than it will be; images
# that show which machine they come from make the student look better. And a test set of
# patients, not pictures, that neither network has seen: several pictures of one patient are
# joined like two words by an edge.
#
# </details>

# %% [markdown]
# ## Summary
#
# 1. A graph network lets each node hear its neighbours: a weighted mean along the edges, in
#    every layer.
# 2. Distilled into a plain network, its knowledge can be used where there is no graph. Here
#    that gains more than twenty points, by labelling: hard answers do as well.
# 3. The edges nearly encode the class, and a part of the glosses name it. A large effect is a
#    reason to look for that.
# 4. Across views, all that is needed is pairs. Without a label they are worth more than 200
#    labels; shuffled, nothing.
# 5. A student cannot use what its view does not show: spellings stay far below definitions.
#
# ## Sources
#
# - Kipf, Welling 2017, [arXiv:1609.02907](https://arxiv.org/abs/1609.02907): the graph network
#   used here, in two pages.
# - Yang, Liu, Shi 2021, *Extract the knowledge of graph neural networks and go beyond it*,
#   [arXiv:2103.02885](https://arxiv.org/abs/2103.02885): graph networks as teachers, with label
#   spreading as a part of the student.
# - Liu et al. 2019, *Knowledge distillation via instance relationship graph*, CVPR: the graph
#   of a batch.
# - Gupta, Hoffman, Malik 2016, *Cross modal distillation for supervision transfer*,
#   [arXiv:1507.00448](https://arxiv.org/abs/1507.00448): from pictures to depth, by unlabelled
#   pairs.
#
# NAVIGATION
