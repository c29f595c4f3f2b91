"""Base models of one's own: pre-trained here on unlabelled text, named, and found again when a training starts from one."""

from __future__ import annotations

from collections.abc import Callable

from beside.core.pretraining import BUILT_IN, Base, Pretraining, must_be_free
from beside.core.reading import read_texts
from beside.core.recipe import Recipe
from beside.engine import loading
from beside.part import Part
from beside.store.permission import MAKERS, demand_role

RUN = "run-"  # the ids of runs begin so


class Bases(Part):
    """Part of `Loop`: makes bases, and finds them, and runs to go on from, for those who train."""

    must_be_there: Callable[[str], None]

    def pretrain(
        self, source: str, name: str, recipe: Pretraining | None = None, column: str | None = None, resume: bool = False
    ) -> Base:
        """A file of unlabelled text becomes a base; the same texts and recipe again give the base that is there.

        Args:
            column: with the text; None = guessed, or one text a line where the file is `.txt`.
            resume: go on where this very pre-training was killed.
        """
        from beside.stages import pretrain  # imports torch

        name, recipe = must_be_free(name), recipe or Pretraining()
        demand_role(self.actor, MAKERS, "pre-train")  # before the work, not after it
        with self.workspace.lock("pretrain"):
            read = read_texts(source, column, self.progress)
            for line in read.in_words():
                self.progress.say(line)
            recipe = recipe.model_copy(update={"base": self.known_as(recipe.base)})
            start, checkpoints = self.start_of(recipe.base), self.workspace.checkpoints
            content = start or loading.content_of(Recipe(base=recipe.base))
            id = pretrain.base_id(name, read.texts, recipe, content)
            if there := [base for base in self.records.bases(self.actor) if base.id == id]:
                self.progress.say(f"Already pre-trained on these very texts: {id}. Change a knob (--set seed=1) to train another.")
                pretrain.forget(checkpoints, id)  # a kill may have come between the last two lines of this block
                return there[0]
            self.progress.say(pretrain.MEMORY)
            made = pretrain.pretrain(
                id,
                name,
                read.texts,
                recipe,
                start=start,
                artifacts=self.artifacts,
                checkpoints=checkpoints,
                resume=resume,
                progress=self.progress,
                now=self.clock(),
            )
            self.records.add_base(self.actor, made)
            pretrain.forget(checkpoints, id)
        return made

    def known_as(self, base: str) -> str:
        """The id of a base or run that is kept here, asked for by id or, of a base, by name; any other name as it is."""
        if base.startswith(RUN):
            return self.records.run(self.actor, base).id
        found = [one for one in self.records.bases(self.actor) if base in (one.id, one.name)] if base not in BUILT_IN else []
        if not found:
            return base
        if base != found[0].id:
            self.progress.say(f"The base '{base}' is {found[0].id}, pre-trained here {found[0].made_at.date()}.")
        return found[0].id

    def settled(self, recipe: Recipe) -> Recipe:
        """The recipe with the id of a base that is kept here in place of its name, for a name may be given anew."""
        return recipe.model_copy(update={"base": self.known_as(recipe.base)})

    def start_of(self, base: str) -> str | None:
        """The folder of a base or run that is kept here, every file checked; None for any other.

        Raises:
            Erased: it is there no longer.
        """
        if base.startswith(RUN):
            run = self.records.run(self.actor, base)
            self.must_be_there(run.id)
            return str(self.artifacts.folder(run.model))
        model = next((one.model for one in self.records.bases(self.actor) if one.id == base), None)
        return str(self.artifacts.folder(model)) if model else None
