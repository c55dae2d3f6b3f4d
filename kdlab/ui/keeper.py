"""Runs that are kept: entered into the table, saved, opened again, and made to teach."""

from __future__ import annotations

from kdlab.runs import Run
from kdlab.ui.lanes import Lanes
from kdlab.ui.runner import Runner
from kdlab.ui.shelf import Entry, Shelf
from kdlab.ui.state import LabState


class Keeper:
    """Moves runs between the runner, the shelf and the state; called in the training thread.

    Args:
        state: readings of what is kept, and the knobs that an opened run sets.
        shelf: the table.
        runner: has the run that is being trained.

    Attributes:
        opened: the recorded run on show, or None.
    """

    def __init__(self, state: LabState, shelf: Shelf, runner: Runner):
        self.state, self.shelf, self.runner = state, shelf, runner
        self.opened: Run | None = None
        self._shelved: tuple[Lanes, Entry] | None = None  # the lanes that stand in the table already
        self.tell()

    def tell(self) -> None:
        """The table has changed."""
        self.state.kept = self.shelf.kept()
        self.state.shelved += 1

    def forget(self) -> None:
        """No recorded run is on show any more."""
        self.opened, self.state.opened = None, ""

    def shelve(self, lanes: Lanes | None) -> Entry | None:
        """Enter a run into the table, once; anew if it was saved and has gone on since."""
        if lanes is None or not lanes.main.training.step:
            return None
        old = self._shelved[1] if self._shelved and self._shelved[0] is lanes else None
        if old is not None and old.steps == lanes.main.training.step:
            return old
        run = Run.of(lanes.main.training, lanes.main.events)
        run.beside = {lane.name: lane.events for lane in (*lanes.seeds[1:], *lanes.baselines.values())}
        if old is None or old.folder is not None:
            old = self.shelf.add(run, [lane.trace for lane in lanes.seeds])
        old.take(run)
        self._shelved = lanes, old
        self.tell()
        return old

    def on_show(self) -> Entry | None:
        """The entry of the run on show; None where nothing has been trained."""
        if self.opened is not None:
            return next(e for e in self.shelf.entries if e.run is self.opened)
        return self.shelve(self.runner.lanes)

    def save(self) -> None:
        """Write the run on show, or else the last one, into a new folder."""
        self.runner.running = False
        made = [e for e in self.shelf.entries if e.run is not None]
        entry = self.on_show() or (made[-1] if made else None)
        if entry is None:
            raise ValueError("there is no run to save yet: train one first")
        self._write(entry)
        self.state.saved = entry.name
        self.state.status = f"saved in {entry.folder.parent.name}/{entry.folder.name}"
        self.runner.push()

    def _write(self, entry: Entry) -> None:
        if entry.folder is None:
            self.shelf.save(entry)
            self.tell()

    def open(self, place: int) -> None:
        """Show a run of the table, and set the knobs as it has them."""
        run = self.shelf.open(place)
        self.runner.running = False
        self.shelve(self.runner.lanes)
        self.runner.lanes = None
        self.forget()
        self.state.opening = True
        try:
            self.state.take(run.recipe)
            if run.card["teacher"] == "none":
                self.state.teacher = ""
        finally:
            self.state.opening = False
        self.opened, self.state.opened = run, self.shelf.entries[place].name
        self.state.error = self.state.notice = ""
        self.state.status = f"{self.state.opened}, as recorded"
        self.runner.push()

    def teach(self, place: int | None) -> None:
        """Make a student the teacher of the next run.

        Args:
            place: of its run in the table; None: the run on show. It is saved first, so that it can be named.
        """
        entry = self.on_show() if place is None else self.shelf.entries[place]
        if entry is None:
            raise ValueError("there is no student that could teach: train one first")
        if entry.recipe.student is None:
            raise ValueError("the student is a module of your own: give it as teacher to Workbench in Python")
        self.runner.running = False
        self._write(entry)
        self.state.error = ""
        self.state.notice = f"the teacher is now {entry.label}: the next run learns from it"
        self.state.teacher = str(entry.folder)
