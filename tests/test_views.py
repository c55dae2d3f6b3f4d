"""Views by their traits alone: what they store beside the live drawing, and what they refuse."""

import base64
import io
import re

import numpy as np
import pytest
import traitlets
from matplotlib import pyplot
from PIL import Image
from scipy.special import log_softmax, softmax

from kdlab.ui.panels.controls import Controls
from kdlab.ui.panels.soft_targets import PICKS, SoftTargets
from kdlab.ui.panels.strip import Strip
from kdlab.ui.panels.tabs import Tabs
from kdlab.ui.panels.transport import Transport
from kdlab.ui.view import View, with_still

CLASSES = ["cat", "dog", "owl", "bee"]
N = 60


def logits(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3, (N, len(CLASSES))).astype(np.float32)


LABELS = np.random.default_rng(2).integers(0, 4, N)


def soft(**traits) -> SoftTargets:
    view = SoftTargets(**traits)
    images = np.random.default_rng(3).integers(0, 256, (N, 6, 5), dtype=np.uint8)
    view.show(logits(0), logits(1), LABELS, classes=CLASSES, images=images, baseline=logits(4))
    return view


def bundle(view: View) -> dict:
    found = view._repr_mimebundle_()
    return found[0] if isinstance(found, tuple) else found


def test_soft_targets_store_a_picture_and_a_sentence_with_the_right_numbers():
    view = soft(sample=7, temperature=3.0)
    data = bundle(view)
    t, s = logits(0)[7].astype(float) / 3, logits(1)[7].astype(float) / 3
    kl = (softmax(t) * (log_softmax(t) - log_softmax(s))).sum()
    entropy = -(softmax(t) * log_softmax(t)).sum()
    same = (logits(0).argmax(1) == logits(1).argmax(1)).mean()
    overlap = np.minimum(softmax(logits(0) / 3.0, 1), softmax(logits(1) / 3.0, 1)).sum(1).mean()
    said = data["text/plain"]
    assert f"Sample 7 ({CLASSES[LABELS[7]]}) at T = 3" in said
    assert f"{CLASSES[t.argmax()]} with {100 * softmax(t).max():.1f} %" in said
    assert f"entropy {entropy:.2f} nats" in said
    assert f"KL(teacher ‖ student) {kl:.3f}" in said
    assert f"agreement {100 * same:.1f} %, soft agreement {100 * overlap:.1f} %" in said
    png = base64.b64decode(data["image/png"])
    assert Image.open(io.BytesIO(png)).size == (780, 340)
    assert len(png) <= 40_000
    assert "application/vnd.jupyter.widget-view+json" in data
    assert not pyplot.get_fignums()  # drawn apart from pyplot's global state


def test_the_picture_follows_temperature_and_sample():
    still = soft(sample=7, temperature=1.0).picture()
    assert soft(sample=7, temperature=1.0).picture() == still
    assert soft(sample=7, temperature=8.0).picture() != still
    assert soft(sample=8, temperature=1.0).picture() != still


def test_a_hard_picture_still_fits_forty_kilobytes():
    noise = np.random.default_rng(0).integers(0, 256, (N, 64, 64), dtype=np.uint8)
    view = soft(sample=0)
    view.show(images=noise)
    assert len(view.picture()) <= 40_000


def test_without_a_student_the_teacher_is_shown_alone():
    view = SoftTargets(sample=0)
    view.show(logits(0), None, LABELS, classes=CLASSES)
    assert "student" not in view.sentence()
    assert "entropy" in view.sentence()
    assert view.picture().startswith(b"\x89PNG")


def test_without_anything_there_is_still_a_sentence_and_a_picture():
    assert bundle(SoftTargets())["text/plain"] == "No soft targets yet."
    assert SoftTargets().picture().startswith(b"\x89PNG")


@pytest.mark.parametrize("pick", PICKS)
def test_sample_minus_one_is_the_first_of_the_pick(pick):
    view = soft(pick=pick, temperature=2.0)
    p, q = softmax(logits(0) / 2.0, 1), softmax(logits(1) / 2.0, 1)
    mean = np.array([p[c == LABELS].mean(0) for c in range(4)])
    np.fill_diagonal(mean, 0)
    a, b = np.unravel_index(mean.argmax(), (4, 4))
    taken = np.select([a == LABELS, b == LABELS], [p[:, b], p[:, a]], -1)
    keys = {
        "most disagreeing": (p * np.log(p / q)).sum(1),
        "most confused pair": taken,
        "teacher unsure": -(p * np.log(p)).sum(1),
        "in order": -np.arange(N),
    }
    assert view.order()[:8].tolist() == np.argsort(-keys[pick], kind="stable")[:8].tolist()
    assert f"Sample {keys[pick].argmax()} " in view.sentence()


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused_by_name(value):
    view = soft(temperature=2.0)
    with pytest.raises(traitlets.TraitError, match="temperature must be a finite number above 0"):
        view.temperature = value
    assert view.temperature == 2.0


def test_arrays_that_do_not_go_together_are_refused_and_nothing_is_shown():
    view = SoftTargets()
    with pytest.raises(ValueError, match=r"student must have shape .* = \(60, 4\), got \(60, 3\)"):
        view.show(logits(0), logits(1)[:, :3], LABELS, classes=CLASSES)
    broken = logits(0)
    broken[3, 2] = np.nan
    with pytest.raises(ValueError, match="teacher must hold finite logits, got 1 that are not"):
        view.show(broken, None, LABELS, classes=CLASSES)
    with pytest.raises(ValueError, match="labels must be below 4"):
        view.show(logits(0), None, LABELS + 1, classes=CLASSES)
    assert view.teacher == b""
    assert view.labels == b""


VIEWS = [
    (
        Controls(temperature=4.0, alpha=0.5, formula={"total": 0.7642, "terms": []}),
        r"Temperature 4, alpha 0\.50.*0\.764",
    ),
    (Transport(title="mlp-64 ← cnn", step=3, total=9), r"mlp-64 ← cnn: step 3 of 9"),
    (Strip(teacher={"accuracy": 0.872, "parameters": 206922}), r"87\.2 %, 206,922 parameters\. Student: –"),
    (Tabs(names=["Soft targets", "Curves"], selected=1), r"Curves, one of 2"),
    (soft(), r"Sample \d+"),
]


@pytest.mark.parametrize(("view", "said"), VIEWS, ids=[type(v).__name__ for v, _ in VIEWS])
def test_every_view_stores_a_fixed_sentence(view, said):
    text = bundle(view)["text/plain"]
    assert re.search(said, text)
    assert "0x" not in text
    assert "\n" not in text


@pytest.mark.parametrize("view", [v for v, _ in VIEWS], ids=[type(v).__name__ for v, _ in VIEWS])
def test_a_views_module_is_whole_and_needs_no_network(view):
    assert view._esm.count("export default") == 1
    assert "import " not in re.sub(r"//.*|/\*.*?\*/|\"[^\"]*\"", "", view._esm, flags=re.S)
    assert not re.search(r"https?://(?!www\.w3\.org)", view._esm + view._css)
    assert view.name not in ("", View.name.default_value)  # an accessible name of its own


def test_only_known_commands_reach_the_callback():
    bar, heard = Transport(), []
    bar.on_command(heard.append)
    for content in ({"command": "train"}, {"command": "rm"}, {}, "train", {"command": "pause"}):
        bar._handle_custom_msg(content, [])
    assert heard == ["train", "pause"]


def test_pace_and_pick_take_only_what_there_is():
    with pytest.raises(traitlets.TraitError):
        Transport(pace="1000")
    with pytest.raises(traitlets.TraitError):
        SoftTargets(pick="random")


@pytest.mark.parametrize(
    "widget_bundle", [{"text/plain": "<Box at 0x7f>"}, ({"text/plain": "<Box at 0x7f>"}, {"a": 1}), None]
)
def test_a_still_is_put_beside_whatever_the_widget_answers(widget_bundle):
    data, metadata = with_still(widget_bundle, b"picture", "Said.")
    assert data == {"text/plain": "Said.", "image/png": base64.b64encode(b"picture").decode()}
    own = {"a": 1} if isinstance(widget_bundle, tuple) else {}
    assert metadata == {**own, "image/png": {"alt": "Said."}}
    assert "image/png" not in with_still(widget_bundle, b"", "Said.")[0]
