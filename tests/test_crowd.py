"""Many small students at once: each learns as it would alone."""

import pytest
import torch
from helpers import images, net

from kdlab.crowd import Lesson, learn
from kdlab.losses import soft_targets
from kdlab.service import soften

X, Y = images(40, seed=1)


def lesson(seed: int, n: int = 12, t: float = 2.0) -> Lesson:
    rows = torch.randperm(40, generator=torch.Generator().manual_seed(seed))[:n]
    targets = torch.randn(n, 3, generator=torch.Generator().manual_seed(50 + seed)).softmax(1)
    return Lesson(rows, targets, torch.full((n,), t), seed)


def test_each_student_learns_as_it_would_alone():
    lessons = [lesson(0), lesson(1, 20), lesson(2, 7, 1.0)]
    together = learn([net(s) for s in range(3)], X, lessons, steps=6, batch_size=5)(X)
    alone = [learn([net(s)], X, [lessons[s]], steps=6, batch_size=5)(X)[0] for s in range(3)]
    assert together.shape == (3, 40, 3)
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_one_step_is_the_one_of_the_package_s_soft_targets():
    one, student = lesson(3), net(3)
    after = learn([student], X, [one], steps=1, batch_size=12, learning_rate=0.01)(X)[0]
    optimizer = torch.optim.Adam(student.parameters(), lr=0.01)
    soft_targets(student(X[one.rows]), one.targets.log(), temperature=2.0).backward()
    optimizer.step()
    assert torch.allclose(after, student(X).softmax(1), atol=1e-5)


def test_the_networks_given_stay_as_they_are_and_a_lesson_is_learned():
    student, before = net(0), net(0).state_dict()
    targets = torch.eye(3)[Y]
    learned = learn([student], X, [Lesson(torch.arange(40), targets, torch.ones(40), 0)], steps=100)
    assert all(torch.equal(before[name], tensor) for name, tensor in student.state_dict().items())
    assert (learned(X)[0].argmax(1) == Y).float().mean() > 0.9
    assert torch.allclose(soften(targets, torch.ones(40, 1)), targets, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0, got 0.0"),
        ({"nets": []}, "nets must be as many as lessons, and at least 1, got 0 and 1"),
    ],
)
def test_bad_settings_are_refused_with_their_value(settings, words):
    with pytest.raises(ValueError, match=words):
        learn(**{"nets": [net(0)], "x": X, "lessons": [lesson(0)]} | settings)
