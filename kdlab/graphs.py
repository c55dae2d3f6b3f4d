"""A network that sees a sample's neighbours: the graph of a data set, and the layer that works on it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Graph(NamedTuple):
    """All samples of a data set as nodes.

    Attributes:
        x: what each node is, (N, D), mostly zeros.
        edges: pairs of related nodes, int64, (E, 2), each once; both directions count.
    """

    x: Tensor
    edges: Tensor


def neighbourhood(edges: Tensor, nodes: int) -> Tensor:
    """The adjacency matrix with self-loops, ``D^-½ (A + I) D^-½``, as a sparse tensor (nodes, nodes).

    Each node then takes the mean of its neighbours and itself, a neighbour with many others counting less
    (Kipf & Welling 2017, arXiv:1609.02907).

    Args:
        edges: int64, (E, 2), each pair once.
        nodes: how many there are.
    """
    loops = torch.arange(nodes).repeat(2, 1)
    index = torch.cat([edges.T, edges.T.flip(0), loops], dim=1)
    degree = torch.zeros(nodes).index_add_(0, index[0], torch.ones(index.shape[1]))
    values = (degree[index[0]] * degree[index[1]]).rsqrt()
    return torch.sparse_coo_tensor(index, values, (nodes, nodes), check_invariants=False).coalesce()


class Neighbourhood(nn.Module):
    """What is known of a node and of those around it, two edges far: ``Â ReLU(Â X W + b)`` at the nodes asked for.

    Followed by a linear layer it is the graph convolutional network of Kipf & Welling (2017, arXiv:1609.02907), since
    ``Â (H W₂) = (Â H) W₂``. It holds the graph of its data set, which is no part of its weights.

    Args:
        graph: nodes and edges.
        width: of what it answers.
        dropout: share of a node's inputs that are dropped while it learns, in [0, 1).
    """

    def __init__(self, graph: Graph, width: int, dropout: float = 0.5):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(graph.x.shape[1], width))
        self.bias = nn.Parameter(torch.empty(width))
        self.dropout = dropout
        adjacency, x = neighbourhood(graph.edges, len(graph.x)), graph.x.to_sparse()
        self.size, self.inputs = adjacency.shape, x.shape
        for name, sparse in (("adjacency", adjacency), ("x", x)):  # as plain tensors, which any tool can copy and hash
            self.register_buffer(f"{name}_index", sparse.indices(), persistent=False)
            self.register_buffer(f"{name}_values", sparse.values(), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, nodes: Tensor) -> Tensor:
        """Of nodes by their numbers, (B, 1): what surrounds them, (B, width)."""
        values = nn.functional.dropout(self.x_values, self.dropout, self.training)
        x = torch.sparse_coo_tensor(self.x_index, values, self.inputs, is_coalesced=True, check_invariants=False)
        adjacency = torch.sparse_coo_tensor(
            self.adjacency_index, self.adjacency_values, self.size, is_coalesced=True, check_invariants=False
        )
        hidden = torch.sparse.mm(adjacency, torch.sparse.mm(x, self.weight)) + self.bias
        around = torch.sparse.mm(adjacency, hidden.relu())
        return around[nodes.squeeze(1).long()]
