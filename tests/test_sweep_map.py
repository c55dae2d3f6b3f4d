"""A sweep in a notebook: it trains in the background, may be stopped, goes on, and shows what is finished."""

import io
import threading

import pytest
from helpers import net, sure, toy
from PIL import Image

import kdlab
from kdlab import Recipe, Sweep
from kdlab.sweeps import trial
from kdlab.sweeps.running import Running

BASE = Recipe(epochs=1, batch_size=16)
PLAN = Sweep(BASE, {"temperature": [1.0, 4.0, 8.0], "alpha": [0.2, 0.8]}, seeds=2)


def made(plan=PLAN, out=None, **axes):
    return kdlab.SweepMap(plan.run(toy(), teacher=sure(), student=net, out=out), **axes)


def test_before_it_starts_the_map_is_planned_and_empty():
    view = made()
    assert (view.knobs, view.columns, view.rows) == (["temperature", "alpha"], ["1", "4", "8"], ["0.2", "0.8"])
    assert view.cells == [None] * 6
    assert (view.done, view.total, view.running, view.left) == (0, 12, False, None)
    assert view.sentence() == "0 of 12 trials are finished."


def test_it_finds_what_a_sweep_finds():
    view = made()
    view.start()
    assert view.settled()
    whole = kdlab.sweep(PLAN, toy(), teacher=sure(), student=net, progress=False)
    for k, cell in enumerate(view.cells):
        temperature, alpha = [1.0, 4.0, 8.0][k % 3], [0.2, 0.8][k // 3]
        [row] = [r for r in whole.rows() if (r["temperature"], r["alpha"]) == (temperature, alpha)]
        assert cell == {key: row[key] for key in ("validation", "validation_sd", "test", "seeds", "failed")}
    assert view.done == view.total == 12
    best = whole.rows()[0]
    assert f"The best: temperature {best['temperature']:g}, alpha {best['alpha']:g}" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"


def one_by_one(monkeypatch):
    """Trials that wait to be let through, each by itself."""
    gate, through = threading.Semaphore(0), Running.__iter__

    def slowly(self):
        for result in through(self):
            gate.acquire(timeout=20)
            yield result

    monkeypatch.setattr(Running, "__iter__", slowly)
    return gate


def test_it_is_stopped_and_goes_on_where_it_was(tmp_path, monkeypatch):
    gate = one_by_one(monkeypatch)
    view = made(out=tmp_path / "sweep")
    view.start()
    view.start()  # nothing more begins
    view.stop()
    assert view.stopping
    gate.release()
    assert view.settled()
    assert (view.running, view.stopping) == (False, False)
    assert 0 < view.done < 12
    assert (tmp_path / "sweep" / "sweep.csv").exists()
    for _ in range(20):
        gate.release()
    later = made(out=tmp_path / "sweep")
    assert later.done == len(later.results) >= view.done
    later.start()
    assert later.settled()
    assert later.done == 12
    assert later.left is None
    assert (tmp_path / "sweep" / "best.toml").exists()


def test_where_trials_cannot_be_stacked_stop_waits_for_one(tmp_path, monkeypatch):
    plan, train = Sweep(BASE.replace(scheme="self", scheme_variant="born-again"), PLAN.grid, seeds=1), trial._one
    view = kdlab.SweepMap(plan.run(toy(), student=net, out=tmp_path / "sweep"))
    trained = []

    def stops(*given):
        view.stop()
        trained.append(1)
        return train(*given)

    monkeypatch.setattr(trial, "_one", stops)
    view.start()
    assert view.settled()
    assert (view.done, len(trained), view.running) == (1, 1, False)


def test_buttons_of_the_page_start_and_stop():
    view = made()
    for callback in view._msg_callbacks.callbacks:
        callback(view, {"command": "go"}, [])
    assert view.settled()
    assert view.done == 12
    view.stop()
    assert not view.stopping  # nothing is going on


def test_what_breaks_is_said_and_leaves_it_ready(monkeypatch):
    def broken(self):
        raise OSError("no space left")
        yield

    monkeypatch.setattr(Running, "__iter__", broken)
    view = made()
    view.start()
    assert view.settled()
    assert view.said == "OSError: no space left"
    assert not view.running
    monkeypatch.undo()
    view.start()
    assert view.settled()
    assert (view.done, "OSError" in view.said) == (12, False)


def test_one_knob_makes_a_row_and_draws_make_a_column():
    line = made(Sweep(BASE, {"alpha": [0.1, 0.5, 0.9]}, seeds=1))
    assert (line.knobs, line.columns, line.rows) == (["alpha", ""], ["0.1", "0.5", "0.9"], [""])
    drawn = Sweep(BASE, random={"temperature": {"low": 1.0, "high": 9.0}, "alpha": {"low": 0.1, "high": 0.9}}, draws=5)
    column = made(drawn)
    assert (column.columns, len(column.rows)) == ([""], 5)
    assert column.rows[0].startswith("temperature ")
    alone = made(Sweep(BASE, seeds=2))
    alone.start()
    assert alone.settled()
    assert [cell["seeds"] for cell in alone.cells] == [2]
    assert alone.picture() == b""


def test_of_several_recipes_at_one_place_the_best_is_shown():
    plan = Sweep(BASE, {"temperature": [1.0, 4.0], "alpha": [0.2, 0.8], "learning_rate": [1e-4, 1e-2]}, seeds=1)
    view = made(plan)
    view.start()
    assert view.settled()
    assert len(view.cells) == 4
    for k, cell in enumerate(view.cells):
        here = [
            r for r in view.results.rows() if (r["temperature"], r["alpha"]) == ([1.0, 4.0][k % 2], [0.2, 0.8][k // 2])
        ]
        assert cell["validation"] == max(row["validation"] for row in here)


def test_a_knob_that_is_not_swept_is_refused_before_anything_is_trained():
    with pytest.raises(ValueError, match=r"^x must be one of 'temperature', 'alpha', got 'seed'"):
        made(x="seed")
