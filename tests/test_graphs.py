"""Graph networks: the neighbourhood by hand, and a network that sees it and teaches one that does not."""

import math

import numpy as np
import pytest
import torch
from helpers import bits, same

import kdlab
from kdlab import Recipe, models
from kdlab.events import Step
from kdlab.graphs import Graph, Neighbourhood, neighbourhood
from kdlab.players import ask, tell
from kdlab.training import Training

EDGES = torch.tensor([[0, 1], [1, 2]])  # a path of three nodes, and a fourth on its own


def test_the_neighbourhood_by_hand():
    found = neighbourhood(EDGES, 4).to_dense().numpy()
    with_loops = np.eye(4)
    for a, b in EDGES.tolist():
        with_loops[a, b] = with_loops[b, a] = 1
    degree = with_loops.sum(1)
    assert np.allclose(found, with_loops / np.sqrt(np.outer(degree, degree)))
    assert np.allclose(found, found.T)
    assert found[3].tolist() == [0, 0, 0, 1]


def test_the_layer_in_plain_numpy():
    x = torch.rand(4, 5, generator=torch.Generator().manual_seed(0)).round()
    layer = Neighbourhood(Graph(x, EDGES), 3).eval()
    with torch.no_grad():
        layer.weight.copy_(torch.rand(5, 3, generator=torch.Generator().manual_seed(1)) - 0.3)
        layer.bias.fill_(0.1)
    a, w, b = neighbourhood(EDGES, 4).to_dense().numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy()
    expected = a @ np.maximum(a @ x.numpy() @ w + b, 0)
    said = layer(torch.tensor([[2.0], [0.0], [2.0]]))
    assert np.allclose(said.detach().numpy(), expected[[2, 0, 2]], atol=1e-6)
    said.sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert set(layer.state_dict()) == {"weight", "bias"}  # the graph is no part of its weights


def test_a_node_alone_is_seen_as_it_is_and_neighbours_count():
    x = torch.eye(4)
    layer = Neighbourhood(Graph(x, EDGES), 8).eval()
    bare = (x[3] @ layer.weight + layer.bias).relu()
    nodes = torch.arange(4.0)[:, None]
    assert torch.allclose(layer(nodes)[3], bare, atol=1e-6)
    cut = Neighbourhood(Graph(x, EDGES[:1]), 8).eval()
    cut.load_state_dict(layer.state_dict())
    assert torch.allclose(layer(nodes)[3], cut(nodes)[3])
    assert not torch.allclose(layer(nodes)[2], cut(nodes)[2])


@pytest.fixture(scope="module")
def wordnet():
    return kdlab.load("wordnet-topics", labelled=100, pool=400)


def test_a_graph_network_learns_and_teaches_a_plain_one(wordnet):
    teacher = models.fitting("gcn", wordnet, seed=0)
    recipe = Recipe(view="node", alpha=0.0, epochs=8, learning_rate=0.01)
    learning = Training(teacher, wordnet, recipe=recipe)
    assert all(math.isfinite(event.loss) for event in learning if isinstance(event, Step))
    teacher = learning.students["student"]
    before = bits(teacher)
    recipe = Recipe(algorithm="graph-based", teacher_view="node", epochs=8, learning_rate=0.01)
    run = kdlab.distill("bag-of-words", wordnet, teacher=teacher, recipe=recipe, progress=False)
    alone = kdlab.distill(
        "bag-of-words", wordnet, recipe=recipe.replace(alpha=0.0, algorithm="standard"), progress=False
    )
    assert run.metrics()["accuracy"] > alone.metrics()["accuracy"] + 0.05  # .65 and .48 when this was written
    assert same(bits(teacher), before)
    rows = wordnet.test.rows
    assert torch.equal(tell(teacher, rows[:, None].float()).logits, ask(teacher, wordnet.test.seen("node")).logits)


def test_the_shipped_teachers_answer_as_their_cards_say_and_name_their_view(wordnet):
    for name, view in (("wordnet-minilm", "embedding"), ("wordnet-gcn", "node")):
        teacher = kdlab.pretrained(name)
        assert teacher.sees == view
        said = tell(teacher, wordnet.test.seen(view)).logits
        right = (said.argmax(1) == wordnet.test.y).double().mean().item()
        assert right == pytest.approx(models.card(name)["test"]["accuracy"], abs=0.003)
    recipe = Recipe(algorithm="graph-based", teacher="wordnet-gcn", epochs=1)
    assert Training("bag-of-words", wordnet, recipe=recipe).setup.teacher_view == "node"


def test_the_cost_of_a_graph_network_counts_the_graph():
    x = torch.eye(4)
    graph = Graph(x, EDGES)
    cost = kdlab.deploy.measure(models.build("gcn", classes=3, graph=graph), torch.zeros(1, 1), repeats=2)
    nodes, links = 4, 2 * len(EDGES) + 4  # entries of x; of the adjacency, both ways and with each node itself
    assert cost.macs == nodes * 32 + 2 * links * 32 + 32 * 3


def test_a_teacher_that_sees_no_graph_is_refused(wordnet):
    plain = models.build("linear", size=(2000,))
    with pytest.raises(ValueError, match="needs a teacher that sees the graph, teacher_view 'node', got None"):
        Training("bag-of-words", wordnet, teacher=plain, recipe=Recipe(algorithm="graph-based"))
    with pytest.raises(ValueError, match="graph must be given for 'gcn', got None: it needs data with edges"):
        models.build("gcn")
    with pytest.raises(ValueError, match="graph must be given for 'gcn'"):
        models.fitting("gcn", kdlab.load("fashion-mnist", labelled=100, pool=0))


def test_the_graph_of_a_batch_needs_no_edges():
    data = kdlab.load("fashion-mnist", labelled=100, pool=0)
    recipe = Recipe(type="relation", method="instance-graph", algorithm="graph-based", epochs=1)
    run = kdlab.distill("mlp-16", data, teacher="fashion-mnist-cnn", recipe=recipe, progress=False)
    terms = next(event.terms for event in run.events if isinstance(event, Step))
    assert {"student/edges", "student/vertices"} <= set(terms), terms
