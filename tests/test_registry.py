"""The registry of files that lie in folders, as those of the run that ships."""

import shutil

from kdlab import models, registry


def test_a_flipped_byte_of_a_run_that_ships_is_found(tmp_path, monkeypatch):
    shutil.copytree(registry.data_dir() / "runs", tmp_path / "runs")
    shutil.copy(registry.data_dir() / registry.REGISTRY, tmp_path)
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    states = registry.verify("first-look")
    assert len(states) == 10
    assert {state for _, state in states} == {"ok"}
    file = tmp_path / "runs" / "first-look" / "beside" / "seed 1.jsonl"
    file.write_bytes(file.read_bytes().replace(b"0.1", b"0.2", 1))
    [(name, state)] = [found for found in registry.verify("first-look") if found[1] != "ok"]
    assert name == "runs/first-look/beside/seed 1.jsonl"
    assert "corrupt" in state
    assert "`git checkout -- 'data/runs/first-look/beside/seed 1.jsonl'`" in state
    assert registry.verify(name) == [(name, state)]
    assert models.pretrained_names() == ["fashion-mnist-cnn", "wordnet-gcn", "wordnet-minilm"]  # and no run's student
