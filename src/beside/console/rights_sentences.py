"""Sentences about the rights of a person, by their shapes (console/sentences.py says how)."""

from __future__ import annotations

from beside.console.language import N_

RIGHTS: tuple[tuple[str, str], ...] = (
    # rights.py
    (r"the file '(?P<file>.*)' in the workspace's folder", N_("the file “%(file)s” in the workspace’s folder")),
    (
        r"the export of (?P<release>\S+) to '(?P<file>.*)' on (?P<date>\S+) by (?P<who>.*)",
        N_("the copy of %(release)s that %(who)s wrote to “%(file)s” on %(date)s"),
    ),
    (r"the backup '(?P<told>.*)'", N_("the backup “%(told)s”")),
    (
        r"The base (?P<name>.*) \((?P<id>\S+)\) was pre-trained on texts that are not kept\.",
        N_("The base %(name)s (%(id)s) was pre-trained on texts that are not kept."),
    ),
    (
        r"An erasure of another person was begun on (?P<date>\S+ \S+) UTC and is not done\.",
        N_("An erasure of another person was begun on %(date)s UTC and is not done."),
    ),
    (r"'(?P<words>.*)' is too short to name one person\.", N_("“%(words)s” is too short to name one person.")),
    (r"Give (?P<n>\d+) characters or more\.", N_("Give %(n)s characters or more.")),
)
PLAIN: tuple[str, ...] = (
    N_("a child corpus without these rows"),
    N_("retired, its weights deleted"),
    N_("retired, its bundle deleted"),
    N_("the person's words are struck out"),
    N_("deleted"),
    N_("deleted, or the person's words are struck out"),
    N_("the person's rows are taken out"),
    N_("its detail is erased, its hash stays in the chain"),
    N_("deleted, where it stands for nobody else"),
    N_("deleted, or written anew without the person"),
    N_("Nobody is named."),
    N_("Give the person's pseudonym or name, or words that name them: --text WORDS."),
    N_("Nobody said that they are sure."),
    N_("Tick the box above the button: there is no way back."),
    N_("Nothing is kept of this person."),
    N_("Check the pseudonym, or name them by words."),
    N_("Check the pseudonym, or name them by words: --text WORDS."),
)
HOLDERS = {  # what may hold a person
    "corpus": N_("corpus"),
    "run": N_("run"),
    "release": N_("release"),
    "prediction": N_("questions and answers of models"),
    "answer": N_("what people said of answers"),
    "attacked row": N_("attacked rows"),
    "judgement": N_("judgements of attacked rows"),
    "comparison": N_("comparisons of models"),
    "comment": N_("comments"),
    "incident": N_("incidents"),
    "halt": N_("reasons of stops"),
    "resolution": N_("reasons of what was resolved"),
    "statement": N_("statements"),
    "skipped check": N_("skipped checks"),
    "vault value": N_("values in the vault"),
    "review of spans": N_("reviews of personal data in a row"),
    "ledger entry": N_("details of ledger entries"),
    "file": N_("files"),
}
KEPT = {  # what has a period of its own
    "predictions": N_("questions and answers of models"),
    "answers": N_("what people said of answers"),
    "corpora": N_("rows of corpora"),
    "vault": N_("values in the vault"),
    "logs": N_("log files"),
}
