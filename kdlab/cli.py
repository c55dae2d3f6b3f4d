"""The command ``kdlab``: lab, run, list, data, replay, study, sweep."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0, or 1 where the command could not do what was asked; the reason goes to stderr in one line.
    """
    parser = _parser()
    # what follows `lab` belongs to JupyterLab
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest, options.given = rest, sys.argv[1:] if arguments is None else arguments
    from kdlab.runs import DivergedError

    try:
        return options.act(options)
    except (ValueError, TypeError, OSError, ImportError, DivergedError) as error:
        print(f"kdlab: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kdlab: stopped", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kdlab", description="Learn knowledge distillation by doing it.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, meaning: str, act) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=meaning, description=meaning)
        made.set_defaults(act=act)
        return made

    command("lab", "open the notebooks in JupyterLab; further options go to it, as --no-browser --port 8899", _lab)
    run = command("run", "run a recipe and print its result", _run)
    run.add_argument("recipe", type=Path, help="a recipe in TOML; it names data, student and, if needed, teacher")
    run.add_argument(
        "--save",
        type=Path,
        metavar="FOLDER",
        help="write the run here as it goes; the same command goes on after a kill",
    )
    listed = command("list", "list what can be named in a recipe", _list)
    listed.add_argument("what", nargs="?", choices=["methods", "schemes", "algorithms", "models", "data"])
    listed.add_argument("--matrix", action="store_true", help="which types, schemes and algorithms go together")
    data = command("data", "look after the data that ship", _data)
    data.add_argument("action", choices=["verify"], help="compare every file with its registered sha256")
    replay = command("replay", "tell a saved run again, step by step", _replay)
    replay.add_argument("run", type=Path, help="the folder of a saved run")
    replay.add_argument("--pace", type=float, default=0.0, metavar="SECONDS", help="between two lines (default 0)")
    study = command("study", "compare all methods with labels alone and with the teacher's hard answers", _study)
    study.add_argument("--seeds", type=int, metavar="N", help="seeds 0 to N - 1, at least 2 (default 5)")
    study.add_argument("--methods", metavar="A,B", help="these alone, beside the controls (default all)")
    study.add_argument("--out", type=Path, metavar="FOLDER", help="where it is written, and goes on (runs/study)")
    study.add_argument("--quick", action="store_true", help="2 seeds, a tenth of the epochs: to see what it does")
    sweep = command("sweep", "train the recipes of a sweep with every seed; started again, it goes on", _sweep)
    sweep.add_argument("sweep", type=Path, help="a sweep in TOML: [base], [grid], [random], draws, seeds")
    sweep.add_argument("--out", type=Path, metavar="FOLDER", help="where it is written, and goes on (runs/NAME)")
    sweep.add_argument("--workers", type=int, metavar="N", help="processes, 0 for this one alone (default all cores)")
    sweep.add_argument("--dask", nargs="?", const="local", metavar="ADDRESS", help="on a Dask cluster (default: here)")
    return parser


def _lab(options: argparse.Namespace) -> int:
    from kdlab.workspace import lab

    return lab(options.rest) or 0


def _run(options: argparse.Namespace) -> int:
    from kdlab import distill
    from kdlab.recipe import Recipe
    from kdlab.recorder import draft_of
    from kdlab.runs import DivergedError

    recipe = Recipe.from_toml(options.recipe.read_text(encoding="utf-8"))
    started = time.perf_counter()
    try:
        run = distill(recipe=recipe, save=options.save)
    except DivergedError:
        if options.save is not None:
            print(f"the run until then is in {options.save}")
        raise
    except KeyboardInterrupt:
        if options.save is not None and draft_of(options.save).exists():
            print(f"the run until now is in {draft_of(options.save)}; the same command goes on")
        raise
    took = time.perf_counter() - started
    card = run.card
    print(f"{card['student']} <- {card['teacher']}, {recipe.scheme}, {run.recipe.resolved().method}: {took:.1f} s")
    print(
        f"{card['steps']} steps, {card['training_labels']} training labels among {card['transfer_set']} inputs, "
        f"{card['validation_labels']} validation labels"
    )
    for name, value in run.metrics().items():
        shown = f"{value:.4f} nats" if name in ("cross_entropy", "kl") else f"{value:.1%}"
        print(f"{name.replace('_', ' '):<18}{shown:>14}")
    if options.save is not None:
        print(f"saved in {options.save}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from kdlab import algorithms, methods, models, schemes
    from kdlab import data as datasets

    if options.matrix:
        return _matrix()

    def first(text: str | None) -> str:
        return (text or "").strip().partition("\n")[0]

    tables = {
        "methods": [(n, methods.kind(n).type, first(methods.kind(n).__doc__)) for n in methods.names()],
        "schemes": [(s, v, schemes.get(s, v).meaning) for s in schemes.names() for v in schemes.variants(s)],
        "algorithms": [(n, "", first(algorithms.kind(n).__doc__)) for n in algorithms.names()],
        "models": [(n, "trained", "") for n in models.pretrained_names()] + [(n, "", "") for n in models.names()],
        "data": [(n, "", "") for n in datasets.names()],
    }
    for title, rows in tables.items():
        if options.what in (None, title):
            print(title)
            wide, kinds = (2 + max(len(row[i]) for row in rows) for i in (0, 1))
            for name, kind, meaning in rows:
                print(f"  {name:<{wide}}{kind:<{kinds}}{meaning}".rstrip())
    return 0


def _matrix() -> int:
    from kdlab import algorithms, explain, methods, schemes

    head = ("type", "scheme", "algorithm")
    rows = [
        (t, s, v, a, explain(type=t, scheme=s, scheme_variant=v, algorithm=a))
        for t in methods.TYPES
        for s in schemes.names()
        for v in schemes.variants(s)
        for a in algorithms.names()
    ]
    own = {a: algorithms.kind(a).needs for a in algorithms.names()}

    def goes(scheme: str, variant: str, algorithm: str) -> str:
        needs = schemes.get(scheme, variant).needs
        return f"yes{needs}{' and ' if needs else ', with '}{own[algorithm]}" if own[algorithm] else f"yes{needs}"

    cells = [(t, f"{s} {v}", a, reason or goes(s, v, a)) for t, s, v, a, reason in rows]
    wide = [2 + max(len(row[i]) for row in (head, *cells)) for i in range(3)]
    for row in ((*head, "does it go"), *cells):
        print("".join(f"{cell:<{width}}" for cell, width in zip(row, wide, strict=False)) + row[-1])
    return 0


def _data(options: argparse.Namespace) -> int:
    from kdlab.data import verify

    found = verify()
    wide = 2 + max((len(name) for name, _ in found), default=0)
    for name, state in found:
        print(f"{name:<{wide}}{state}")
    return 0 if all(state == "ok" for _, state in found) else 1


def _replay(options: argparse.Namespace) -> int:
    from kdlab import events

    path = options.run / "events.jsonl"
    if not path.is_file():
        raise ValueError(f"run must be the folder of a saved run, got {str(options.run)!r}, which has no events.jsonl")
    if options.pace < 0:
        raise ValueError(f"--pace must be at least 0 seconds, got {options.pace}")
    for line in events.replay(events.read(path)):
        print(line, flush=True)
        time.sleep(options.pace)
    return 0


def _study(options: argparse.Namespace) -> int:
    import torch

    from kdlab.study import SET_UPS, shorter, study

    torch.set_num_threads(1)  # quicker for nets this small, and the seconds are those of one core
    out = options.out or Path("runs") / ("study-quick" if options.quick else "study")
    count = options.seeds if options.seeds is not None else 2 if options.quick else 5
    made = study(
        None if options.methods is None else options.methods.split(","),
        [shorter(s) for s in SET_UPS] if options.quick else SET_UPS,
        range(count),
        out=out,
        command=shlex.join(["kdlab", *map(str, options.given)]),
    )
    print(made.markdown())
    print(f"written to {out}")
    return 0


def _sweep(options: argparse.Namespace) -> int:
    import torch

    from kdlab import sweep
    from kdlab.sweeps.executors import cores
    from kdlab.sweeps.files import PIP

    torch.set_num_threads(1)  # quicker for nets this small, and the same bits wherever a trial runs
    out = options.out or Path("runs") / options.sweep.stem
    workers = options.workers
    if workers is None:
        workers = 0 if options.dask else cores()
    try:
        made = sweep(options.sweep, executor=options.dask, workers=workers, out=out)
    except KeyboardInterrupt:
        print(f"kdlab: what is finished is in {out}; the same command goes on from there", file=sys.stderr)
        raise
    print(made)
    print(f"written to {out}" + ("" if (out / "sweep.parquet").exists() else f" without Parquet, which needs {PIP}"))
    return 0 if made.rows() and made.rows()[0]["validation"] is not None else 1


if __name__ == "__main__":
    raise SystemExit(main())
