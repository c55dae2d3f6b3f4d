"""Recipes: every knob as a value, TOML both ways, and what is refused."""

import math
import tomllib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdlab import Recipe, methods, schemes
from kdlab.recipe import NUMBERS, STRUCTURE

positive = st.floats(1e-6, 1e6)
share = st.floats(0, 1)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@st.composite
def recipes(draw):
    kind = draw(st.sampled_from(methods.TYPES))
    name = draw(st.sampled_from([None, *methods.names(kind)]))
    knobs = {}
    if draw(st.booleans()):
        others = draw(st.dictionaries(st.sampled_from(methods.names()), st.floats(0, 9), max_size=3))
        name = {methods.names(kind)[0]: 1} | others
    for one in name if isinstance(name, dict) else [name or methods.names(kind)[0]]:
        for knob, (low, high, *_) in methods.kind(one).knobs().items():
            default = getattr(methods.get(one), knob)
            value = draw(st.integers(low, high) if isinstance(default, int) else st.floats(low, high))
            if draw(st.booleans()):
                knobs[f"{one}.{knob}" if isinstance(name, dict) else knob] = value
    scheme = draw(st.sampled_from(schemes.names()))
    epochs = draw(st.integers(2, 10**6))
    rising = st.lists(share, min_size=1, max_size=3, unique=True).map(sorted)
    values = {"temperature": positive, "alpha": st.floats(0, 0.999), "learning_rate": positive}
    schedule = {
        knob: [[x, draw(values[knob])] for x in draw(rising)] for knob in draw(st.sets(st.sampled_from(list(values))))
    }
    return Recipe(
        type=kind,
        method=name,
        scheme=scheme,
        scheme_variant=draw(st.sampled_from([None, *schemes.variants(scheme)])),
        temperature=draw(positive),
        alpha=draw(st.none() | st.floats(0, 0.999)),
        method_knobs=knobs,
        taps=draw(st.dictionaries(words, words, max_size=3)),
        learning_rate=draw(positive),
        batch_size=draw(st.integers(1, 10**6)),
        epochs=epochs,
        seed=draw(st.integers(0, 2**32 - 1)),
        label_smoothing=draw(share),
        data=draw(st.none() | words),
        labelled=draw(st.none() | st.integers(1, 10**6)),
        pool=draw(st.none() | st.integers(0, 10**6)),
        teacher=draw(st.none() | words),
        student=draw(st.none() | words),
        peer=draw(st.none() | words),
        peers=draw(st.integers(1, 9)),
        generations=draw(st.integers(2, 9)),
        decay=draw(share),
        init=draw(st.sampled_from(["random", "teacher"]) | words),
        fine_tune=draw(st.integers(0, 99)),
        patience=draw(st.integers(1, 99)),
        schedule=schedule,
        late=draw(share),
        late_after=draw(st.integers(1, epochs - 1)),
    )


@given(recipes())
def test_toml_both_ways(recipe):
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert Recipe.from_toml(recipe.resolved().to_toml()) == recipe.resolved()


@given(recipes())
def test_resolving_fills_in_defaults_and_nothing_else(recipe):
    full = recipe.resolved()
    assert full == full.resolved()
    assert None not in (full.method, full.scheme_variant, full.alpha)
    assert set(recipe.differences(full)) <= {"method", "scheme_variant", "alpha"}
    assert full.build_method() == recipe.build_method()


def test_defaults():
    assert [Recipe(type=t).resolved().method for t in methods.TYPES] == ["soft-targets", "hint", "rkd"]
    assert [Recipe(type=t).resolved().alpha for t in methods.TYPES] == [0.9, 0.5, 0.5]
    assert [Recipe(scheme=s).resolved().scheme_variant for s in ("offline", "online", "self")] == [
        "frozen",
        "mutual",
        "exits",
    ]
    assert Recipe(alpha=0).resolved().alpha == 0  # 0 is a value, and not "none"
    assert Recipe(type="feature", method={"hint": 1, "soft-targets": 1}).resolved().alpha == 0.9


def test_a_lesson_is_a_short_file():
    text = Recipe(temperature=4.0, method={"soft-targets": 1, "hint": 0.5}, method_knobs={"hint.weight": 2.0}).to_toml()
    values = tomllib.loads(text)
    assert values["method"] == {"soft-targets": 1, "hint": 0.5}
    assert values["method_knobs"] == {"hint.weight": 2.0}
    assert not set(values) & {"alpha", "taps", "data"}  # what is not set is not said


def test_every_knob_is_a_number_or_structure_or_the_runs():
    fixed = {
        "batch_size",
        "seed",
        "order_seed",
        "data",
        "labelled",
        "pool",
        "teacher",
        "student",
        "peer",
        "peers",
        "generations",
    }
    fixed |= {"init", "late", "late_after", "algorithm", "algorithm_knobs", "task", "view", "teacher_view", "shifts"}
    assert {*NUMBERS, *STRUCTURE} | fixed == set(Recipe.__dataclass_fields__)
    assert len(NUMBERS) + len(STRUCTURE) + len(fixed) == len(Recipe.__dataclass_fields__)


def test_a_recipe_does_not_follow_what_it_was_made_from():
    knobs, mix, taps = {"hint.weight": 2.0}, {"hint": 1.0}, {"a": "b"}
    made = Recipe(type="feature", method=mix, method_knobs=knobs, taps=taps)
    knobs["hint.weight"], mix["hint"], taps["a"] = 3.0, 5.0, "c"
    assert (made.method_knobs, made.method, made.taps) == ({"hint.weight": 2.0}, {"hint": 1.0}, {"a": "b"})


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan])
def test_temperature(value):
    with pytest.raises(ValueError, match=rf"^temperature must be a finite number above 0, got {value}$"):
        Recipe(temperature=value)


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf])
def test_alpha(value):
    with pytest.raises(ValueError, match=rf"^alpha must be a number in \[0, 1\], got {value}$"):
        Recipe(alpha=value)


def test_alpha_1_is_refused_online_only():
    with pytest.raises(ValueError, match=r"^alpha must be below 1 online, got 1"):
        Recipe(scheme="online", alpha=1)
    for scheme in ("offline", "self"):
        Recipe(scheme=scheme, alpha=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"type": "responce"}, "type must be one of .*, got 'responce'; did you mean 'response'"),
        ({"scheme": "onlin"}, "scheme must be one of .*; did you mean 'online'"),
        ({"scheme_variant": "mutual"}, "scheme_variant must be one of 'frozen', 'assistant', got 'mutual'"),
        ({"algorithm": "standrd"}, "algorithm must be one of .*; did you mean 'standard'"),
        ({"method": "sof-targets"}, "method must be one of .*; did you mean 'soft-targets'"),
        ({"method": ""}, "method must be one of .*, got ''"),
        ({"method": {}}, "method must name at least one method in a mix, got an empty one"),
        ({"method": "hint"}, "method must be of type 'response', got 'hint' of type feature; allowed: 'soft-targets'"),
        ({"method": {"hint": 1, "rkd": 1}}, "method must be of type 'response', got .* of type feature and relation"),
        ({"method": {"hint": math.inf, "soft-targets": 1}}, "factor of hint must be a number at least 0, got inf"),
        ({"method_knobs": {"wieght": 1}}, "knob of soft-targets must be one of .*; did you mean 'weight'"),
        ({"method_knobs": {"weight": 11.0}}, r"weight must be a number in \[0, 10\], got 11.0"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0, got 0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"epochs": -3}, "epochs must be a whole number of at least 1, got -3"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"seed": 2**32}, r"seed must be a number in \[0, 4294967295\], got 4294967296"),
        ({"label_smoothing": 1.5}, r"label_smoothing must be a number in \[0, 1\], got 1.5"),
        ({"labelled": 0}, "labelled must be a whole number of at least 1, got 0"),
        ({"peers": 0}, "peers must be a whole number of at least 1, got 0"),
        ({"generations": 1}, "generations must be a whole number of at least 2, got 1"),
        ({"decay": 1.5}, r"decay must be a number in \[0, 1\], got 1.5"),
        ({"late": -0.1}, r"late must be a number in \[0, 1\], got -0.1"),
        ({"late_after": 0}, "late_after must be a whole number of at least 1, got 0"),
        ({"late": 0.5, "late_after": 5}, "late_after must be below the 5 epochs, got 5"),
        ({"init": ""}, "init must be 'random', 'teacher' or the folder of a saved run, got ''"),
        ({"pool": -1}, "pool must be a whole number of at least 0, got -1"),
        ({"temprature": 2.0}, "recipe key must be one of .*, got 'temprature'; did you mean 'temperature'"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(ValueError, match=rf"^{message}"):
        Recipe.from_dict(values)
    with pytest.raises(ValueError, match=rf"^{message}"):
        Recipe().replace(**values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('temperature = "two"', "temperature must be a finite number above 0, got 'two'"),
        ("epochs = 5.0", "epochs must be a whole number of at least 1, got 5.0"),
        ("method = 3", "method must be a name, a mix .* or None, got 3"),
        ("method_knobs = 3", "method_knobs must be a table of names and values, got 3"),
        ("taps = ['a']", r"taps must be a table of names and values, got \['a'\]"),
        ("init = 3", "init must be 'random', 'teacher' or the folder of a saved run, got 3"),
        ("alpha = true", "alpha must be a number in .*, got True"),
    ],
)
def test_values_of_another_kind_are_named(text, message):
    with pytest.raises(TypeError, match=rf"^{message}"):
        Recipe.from_toml(text)


def test_text_that_is_no_toml():
    with pytest.raises(ValueError, match=r"^recipe must be TOML, got text that is not: .*line 1"):
        Recipe.from_toml("temperature: 2")
    with pytest.raises(ValueError, match=r"^recipe key must be one of .*, got 'T'"):
        Recipe.from_toml("T = 2")


def test_what_is_seldom_used_is_seldom_written():
    text = Recipe().to_toml()
    seldom = ("peer", "generations", "decay", "init", "fine_tune", "patience", "schedule", "late")
    assert not any(name in text for name in seldom)
    assert "fine_tune = 3" in Recipe(fine_tune=3).to_toml()


def test_steps_of_all_phases():
    for variant, phases in (("exits", 1), ("born-again", 3), ("moving-average", 1)):
        recipe = Recipe(scheme="self", scheme_variant=variant, generations=3, epochs=3, batch_size=16, fine_tune=2)
        assert recipe.total_steps(90) == (phases * 3 + 2) * 6


def test_differences_and_steps():
    a, b = Recipe(temperature=2.0), Recipe(temperature=4.0, alpha=0.5)
    assert a.differences(b) == {"temperature": (2.0, 4.0), "alpha": (None, 0.5)}
    assert a.differences(a) == {}
    assert Recipe(epochs=3, batch_size=16).total_steps(90) == 3 * 6
    assert {Recipe(alpha=x).total_steps(90) for x in (0, 0.5, 1)} == {5}


def test_objects_do_not_belong_into_a_recipe():
    for name in ("data", "view", "student", "peer", "teacher_view"):
        with pytest.raises(TypeError, match=f"^{name} must be a name or None, got 3; an object is given beside"):
            Recipe(**{name: 3})
    with pytest.raises(TypeError, match=r"^student must be a name or None, got a Sequential; an object"):
        Recipe(student=torch.nn.Sequential(*[torch.nn.Linear(2, 2)] * 9))
    for teacher in (3, ["a", 3], {"a": 1}):
        with pytest.raises(TypeError, match=r"^teacher must be a name, a list of names or None, got "):
            Recipe(teacher=teacher)
    assert Recipe(teacher=["fashion-mnist-cnn"]).teacher == ("fashion-mnist-cnn",)
