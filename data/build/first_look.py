"""Record the run that the workbench shows before anything is trained: ``python data/build/first_look.py``.

Five seeds of mlp-64 on 500 labelled images, taught by the shipped teacher at T = 2, with the two baselines beside.
"""

import shutil

import torch

import kdlab
from kdlab import registry
from kdlab.data import data_dir
from kdlab.runs import Run
from kdlab.ui.lanes import Lanes


def main() -> None:
    """Train, save into data/runs/first-look, and register its files."""
    torch.set_num_threads(1)
    names = {"data": "fashion-mnist", "labelled": 500, "pool": 0, "teacher": "fashion-mnist-cnn", "student": "mlp-64"}
    recipe = kdlab.Recipe(**names, temperature=2.0, alpha=0.9, learning_rate=5e-3, epochs=60)
    data = kdlab.load("fashion-mnist", labelled=500, pool=0)
    lanes = Lanes(recipe, data, kdlab.pretrained("fashion-mnist-cnn"), "mlp-64", seeds=5)
    while not lanes.over:
        lanes.advance()
    run = Run.of(lanes.main.training, lanes.main.events)
    run.beside = {lane.name: lane.events for lane in (*lanes.seeds[1:], *lanes.baselines.values())}
    folder = data_dir() / "runs" / "first-look"
    shutil.rmtree(folder, ignore_errors=True)
    print(run.save(folder).name, {name: round(value, 3) for name, value in run.metrics().items()})
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        registry.put(path.relative_to(data_dir()).as_posix(), path.read_bytes())
    for lane in lanes.all():
        print(lane.name, round(lane.trace.measured("accuracy")[1][-1], 4))


if __name__ == "__main__":
    main()
