"""The scheme panel: the links of the phase on show, or of the one that the knobs ask for, as a diagram."""

from __future__ import annotations

from kdlab import prepare, schemes, tuning
from kdlab.ui import diagram
from kdlab.ui.panels.scheme import Scheme
from kdlab.ui.scene import Scene
from kdlab.ui.shown import Shown

MOST = 4  # phases that are listed


def paint(view: Scheme, scene: Scene, shown: Shown) -> None:
    """Show who teaches whom now; called in the training thread."""
    knobs = shown.knobs
    asked = None if knobs is None else (knobs.scheme, knobs.scheme_variant)
    live = bool(shown.phases) and asked in (None, shown.scheme)
    if live:
        now = shown.phases[-1]
        links, method, pairs = now.links, now.method, now.pairs
    elif knobs is not None:
        links, *_ = _planned(scene, shown)
        method, pairs = knobs.build_method().name, {}
    else:
        return
    note = "" if live else "from the next step on" if shown.phases else "once the run begins"
    scheme, variant = shown.scheme if live else asked
    names = {} if knobs is None else _names(shown)
    alpha = 0.5 if knobs is None else shown.now.get("alpha", knobs.alpha)
    found = diagram.nodes(links, names)
    view.show(
        found,
        diagram.arrows(links, alpha),
        title=f"{scheme} · {variant}",
        meaning=schemes.get(scheme, variant).meaning,
        method=method,
        pairs=pairs,
        phases=_phases(scene, shown, live),
        note=note,
    )


def _planned(scene: Scene, shown: Shown) -> list[diagram.Links]:
    """Links of all phases that the knobs ask for."""
    knobs = shown.knobs
    variant = schemes.get(knobs.scheme, knobs.scheme_variant)
    exits = prepare.exit_layers(shown.student, scene.data) if variant.needs_exits else ()
    peers = ["peer", *(f"peer-{k}" for k in range(2, knobs.peers + 1))] if variant.needs_peer else ()
    phases = variant.phases(exits, peers, knobs.generations)
    if variant.needs_teacher and scene.teacher is None:
        phases = [(schemes.Link("student", None),)]  # labels alone
    tuned = [tuning.phase(phases)] if knobs.fine_tune else []
    return [[list(link) for link in p] for p in [*phases, *tuned]]


def _names(shown: Shown) -> dict[str, str]:
    """Networks' names by node; somebody's own have none."""
    knobs = shown.knobs
    student, teacher = knobs.student or shown.student_name, shown.teacher
    peers = {f"peer{k}": knobs.peer or student for k in ("", *(f"-{i}" for i in range(2, knobs.peers + 1)))}
    return {"student": student, "teacher": teacher, "co-teacher": teacher, **peers}


def _phases(scene: Scene, shown: Shown, live: bool) -> list[dict[str, str]]:
    """What has been, is, and is to come, as ``{"text", "state": "past" | "now" | "next"}``."""
    past = [{"text": f"{brief(p.links)}, {p.method}, from step {p.step}", "state": "past"} for p in shown.phases]
    if live:
        past[-1]["state"] = "now"
        coming = shown.upcoming
    else:
        coming = _planned(scene, shown)
    found = [*past, *({"text": brief(links), "state": "next"} for links in coming)]
    here = next((i for i, p in enumerate(found) if p["state"] == "now"), len(past))
    first = max(0, min(here - 1, len(found) - MOST))
    return found[first : first + MOST]


def brief(links: diagram.Links) -> str:
    """Links in a few words: ``"teacher → student"``."""
    said = [f"{t or 'labels'} → {s}" for s, t in links]
    return ", ".join(said[:2]) + (f" and {len(said) - 2} more" if len(said) > 2 else "")
