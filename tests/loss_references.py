"""Every loss once more, in plain loops straight from its formula: slow, and independent of the package.

Arguments are float64 arrays; a pair of maps, or logits with layers, is a list of them.
"""

import math

import numpy as np


def softmax(z):
    powers = [math.exp(v - max(z)) for v in z]
    return [p / sum(powers) for p in powers]


def kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def length(v):
    return math.sqrt(sum(float(a) ** 2 for a in v))


def unit(v):
    v = list(v)
    return [a / length(v) for a in v] if length(v) > 0 else [0.0] * len(v)


def inner(a, b):
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def pearson(a, b):
    a, b = [x - mean(a) for x in a], [x - mean(b) for x in b]
    return inner(a, b) / (length(a) * length(b))


def logits_mse(s, t):
    return mean((a - b) ** 2 for a, b in zip(s.flat, t.flat, strict=True))


def soft_targets(s, t, temperature):
    return temperature**2 * mean(
        kl(softmax(b / temperature), softmax(a / temperature)) for a, b in zip(s, t, strict=True)
    )


def logit_standardization(s, t, temperature):
    def standard(z):
        sd = math.sqrt(sum((v - mean(z)) ** 2 for v in z) / (len(z) - 1))
        return [(v - mean(z)) / sd for v in z]

    return soft_targets(np.array([standard(z) for z in s]), np.array([standard(z) for z in t]), temperature)


def generalised_jsd(s, t, beta, temperature):
    total = 0.0
    for a, b in zip(s, t, strict=True):
        p, q = softmax(b / temperature), softmax(a / temperature)
        m = [beta * x + (1 - beta) * y for x, y in zip(p, q, strict=True)]
        total += beta * kl(p, m) + (1 - beta) * kl(q, m)
    return temperature**2 * total / len(s)


def dkd_parts(s, t, labels, temperature):
    """For each sample: TCKD, NCKD and the teacher's probability of the target."""
    rows = []
    for a, b, y in zip(s, t, labels, strict=True):
        p, q = softmax(b / temperature), softmax(a / temperature)
        target = kl([p[y], 1 - p[y]], [q[y], 1 - q[y]])
        p_rest, q_rest = ([v / (1 - d[y]) for c, v in enumerate(d) if c != y] for d in (p, q))
        rows.append((target, kl(p_rest, q_rest), p[y]))
    return rows


def dkd(s, t, labels, target_weight, other_weight, temperature):
    parts = dkd_parts(s, t, labels, temperature)
    return temperature**2 * mean(target_weight * target + other_weight * other for target, other, _ in parts)


def dist(s, t, row_weight, column_weight, temperature):
    q = np.array([softmax(z / temperature) for z in s])
    p = np.array([softmax(z / temperature) for z in t])
    rows = 1 - mean(pearson(q[i], p[i]) for i in range(len(q)))
    columns = 1 - mean(pearson(q[:, c], p[:, c]) for c in range(q.shape[1])) if len(q) > 1 else 0.0
    return temperature**2 * (row_weight * rows + column_weight * columns)


def attention_transfer(s, t):
    def attention(f):
        channels, height, width = f.shape
        return unit([mean(f[c, y, x] ** 2 for c in range(channels)) for y in range(height) for x in range(width)])

    return mean(
        (a - b) ** 2 for f, g in zip(s, t, strict=True) for a, b in zip(attention(f), attention(g), strict=True)
    )


def nst(s, t):
    def kernel(f, g):
        return mean(inner(unit(a.flat), unit(b.flat)) ** 2 for a in f for b in g)

    return mean(kernel(g, g) + kernel(f, f) - 2 * kernel(f, g) for f, g in zip(s, t, strict=True))


def factor_transfer(s, t):
    return mean(abs(a - b) for f, g in zip(s, t, strict=True) for a, b in zip(unit(f.flat), unit(g.flat), strict=True))


def activation_boundary(s, t, margin):
    total = 0.0
    for a, b in zip(s.flat, t.flat, strict=True):
        if b <= 0 and a > -margin:
            total += (a + margin) ** 2
        if b > 0 and a <= margin:
            total += (a - margin) ** 2
    return total / len(s)


def channel_wise(s, t, temperature):
    each = [kl(softmax(g.flatten() / temperature), softmax(f.flatten() / temperature))
            for a, b in zip(s, t, strict=True) for f, g in zip(a, b, strict=True)]  # fmt: skip
    return temperature**2 * sum(each) / (s.shape[0] * s.shape[1])


def vid(s, t, variance):
    v = np.broadcast_to(variance, t.shape[1])
    return mean(
        0.5 * ((s[i] - t[i]) ** 2 / v[i[1]] + math.log(v[i[1]])) for i in np.ndindex(*t.shape)
    )  # fmt: skip


def hierarchical_context(s, t):
    def pooled(f, size):
        """Averages over windows from ⌊i H / n⌋ to ⌈(i + 1) H / n⌉."""
        height, width = f.shape
        edges = [[(i * n // size, -(-(i + 1) * n // size)) for i in range(size)] for n in (height, width)]
        return [f[a:b, c:d].mean() for a, b in edges[0] for c, d in edges[1]]

    total, weights, weight = 0.0, 0.0, 1.0
    for size in (None, 4, 2, 1):
        if size is not None and size >= min(s.shape[2:]):
            continue
        gaps = []
        for b in range(s.shape[0]):
            for c in range(s.shape[1]):
                f, g = ((m[b, c].flat if size is None else pooled(m[b, c], size)) for m in (s, t))
                gaps += [(x - y) ** 2 for x, y in zip(f, g, strict=True)]
        total, weights, weight = total + weight * mean(gaps), weights + weight, weight / 2
    return total / weights


def similarity_preserving(s, t, normalise=unit):
    def gram(f):
        return [normalise([inner(a.flat, b.flat) for b in f]) for a in f]

    g_s, g_t = gram(s), gram(t)
    return sum((g_s[i][j] - g_t[i][j]) ** 2 for i in range(len(s)) for j in range(len(s))) / len(s) ** 2


def correlation_congruence(s, t, gamma, order):
    def kernel(a, b):
        cosine = inner(unit(a.flat), unit(b.flat))
        return math.exp(-2 * gamma) * sum((2 * gamma) ** p / math.factorial(p) * cosine**p for p in range(order + 1))

    return mean((kernel(s[i], s[j]) - kernel(t[i], t[j])) ** 2 for i in range(len(s)) for j in range(len(s)))


def pkt(s, t):
    def neighbours(f):
        rows = [[(inner(unit(a.flat), unit(b.flat)) + 1) / 2 for b in f] for a in f]
        return [[v / sum(row) for v in row] for row in rows]

    q, p = neighbours(s), neighbours(t)
    return mean(p[i][j] * math.log(p[i][j] / q[i][j]) for i in range(len(s)) for j in range(len(s)))


def contrastive(s, t, temperature):
    cosines = [[inner(unit(a.flat), unit(b.flat)) / temperature for b in t] for a in s]
    return mean(-math.log(softmax(row)[i]) for i, row in enumerate(cosines))


def fsp(s, t):
    def pooled(f, size):
        height, width = f.shape
        edges = [
            [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)] for n, m in zip((height, width), size, strict=True)
        ]
        return [f[a:b, c:d].max() for a, b in edges[0] for c, d in edges[1]]

    def flow(lower, higher):
        size = [min(a, b) for a, b in zip(lower.shape[1:], higher.shape[1:], strict=True)]
        lower, higher = ([pooled(c, size) for c in f] for f in (lower, higher))
        return [inner(a, b) / (size[0] * size[1]) for a in lower for b in higher]

    return mean(
        (a - b) ** 2
        for i in range(len(s[0]))
        for a, b in zip(flow(s[0][i], s[1][i]), flow(t[0][i], t[1][i]), strict=True)
    )


def inter_channel(s, t):
    total = 0.0
    for f, g in zip(s, t, strict=True):
        for i in range(len(f)):
            row_s = unit([inner(f[i].flat, other.flat) for other in f])
            row_t = unit([inner(g[i].flat, other.flat) for other in g])
            total += sum((a - b) ** 2 for a, b in zip(row_s, row_t, strict=True))
    return total / (s.shape[1] * s.shape[0] ** 2)


def instance_graph(s, t, logit_weight, edge_weight, change_weight):
    def edges(f):
        table = [[sum((x - y) ** 2 for x, y in zip(a.flat, b.flat, strict=True)) for b in f] for a in f]
        largest = max(max(row) for row in table)
        return [v / largest if largest > 0 else 0.0 for row in table for v in row]

    layers_s, layers_t = [edges(f) for f in s[1:]], [edges(f) for f in t[1:]]
    edge = mean((a - b) ** 2 for e, g in zip(layers_s, layers_t, strict=True) for a, b in zip(e, g, strict=True))
    change = [
        ((layers_s[n + 1][k] - layers_s[n][k]) - (layers_t[n + 1][k] - layers_t[n][k])) ** 2
        for n in range(len(layers_s) - 1)
        for k in range(len(layers_s[0]))
    ]
    return logit_weight * logits_mse(s[0], t[0]) + edge_weight * edge + (change_weight * mean(change) if change else 0)


def rkd(s, t, distance_weight=25, angle_weight=50):
    def smooth(gap):
        return mean(0.5 * g * g if abs(g) < 1 else abs(g) - 0.5 for g in gap)

    def distances(f):
        d = [length(a - b) for a in f for b in f]
        apart = [v for v in d if v > 0]
        return [v / mean(apart) if apart else 0.0 for v in d]

    def angles(f):
        u = [[unit(a - b) for a in f] for b in f]
        return [inner(u[j][i], u[j][k]) for j in range(len(f)) for i in range(len(f)) for k in range(len(f))]

    def gaps(table):
        return smooth(a - b for a, b in zip(table(s), table(t), strict=True))

    return distance_weight * gaps(distances) + angle_weight * gaps(angles)
