"""The shapes of sentences about a committee, each with the message that says it in another language; as in sentences.py."""

from __future__ import annotations

from beside.console.language import N_

NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"
COMMITTEE: tuple[tuple[str, str], ...] = (
    # core/gate.py
    (r"(?P<who>.+?) stopped it on (?P<time>[\d: -]+ UTC): (?P<reason>.*)", N_("%(who)s stopped it on %(time)s: %(reason)s")),
    (
        r"(?P<who>.+?) retired it for good on (?P<time>[\d: -]+ UTC) \((?P<cause>[\w-]+)\): (?P<reason>.*)",
        N_("%(who)s retired it for good on %(time)s (%(cause)s): %(reason)s"),
    ),
    (
        r"It was suspended by (?P<who>.+?) on (?P<time>[\d: -]+ UTC) after (?P<cause>[\w .-]+): (?P<reason>.*)",
        N_("It was suspended by %(who)s on %(time)s after %(cause)s: %(reason)s"),
    ),
    (
        r"It was suspended by (?P<who>.+?) on (?P<time>[\d: -]+ UTC): (?P<reason>.*)",
        N_("It was suspended by %(who)s on %(time)s: %(reason)s"),
    ),
    (r"The condition of (?P<who>.+?) is not met yet: (?P<text>.*)", N_("The condition of %(who)s is not met yet: %(text)s")),
    (
        r"The signature of (?P<who>.+) is over another seal, (?P<seal>\w+): what was signed has changed since\.",
        N_("The signature of %(who)s is over another seal, %(seal)s: what was signed has changed since."),
    ),
    (
        r"The signature of (?P<who>.+) was given for '(?P<name>\S+)', not for this release\.",
        N_("The signature of %(who)s was given for “%(name)s”, not for this release."),
    ),
    (
        r"(?P<who>.+) trained or released it, so their approval does not count \(separation of duties\)\.",
        N_("%(who)s trained or released it, so their approval does not count (separation of duties)."),
    ),
    (
        r"(?P<who>.+) left questions of the checklist unanswered: (?P<names>[\w, -]+)\.",
        N_("%(who)s left questions of the checklist unanswered: %(names)s."),
    ),
    (
        r"(?P<metric>\w+) of (?P<check>\S+) has no interval, so it is no finding\.",
        N_("%(metric)s (%(check)s) has no interval, so it is no finding."),
    ),
    (
        rf"(?P<metric>\w+) of (?P<check>\S+) was measured again on (?P<day>\S+) and is now (?P<value>{NUMBER}) "
        rf"\((?P<low>{NUMBER}) to (?P<high>{NUMBER}), n = (?P<n>\d+)\); "
        rf"people signed over (?P<before>{NUMBER})\. Release the run again\.",
        N_(
            "%(metric)s (%(check)s) was measured again on %(day)s and is now %(value)s (%(low)s to %(high)s, n = %(n)s); "
            "people signed over %(before)s. Release the run again."
        ),
    ),
    (
        r"The statement '(?P<key>\w+)' was changed by (?P<who>.+) on (?P<day>\S+), after people signed\. Release the run again\.",
        N_("The statement “%(key)s” was changed by %(who)s on %(day)s, after people signed. Release the run again."),
    ),
    # stages/review.py and stages/committee.py
    (
        r"'(?P<who>.+)' trained or released this, and the policy '(?P<policy>.+)' keeps these duties apart\.",
        N_("“%(who)s” trained or released this, and the policy “%(policy)s” keeps these duties apart."),
    ),
    (r"The checklist is not answered: (?P<names>[\w, -]+)\.", N_("The checklist is not answered: %(names)s.")),
    (
        r"The answer '(?P<answer>.+)' to '(?P<name>.+)' needs a note\.",
        N_("Any answer but yes needs a note that says why: %(name)s."),
    ),
    (r"The (?P<what>comment|incident|reason) is empty\.", N_("Nothing is written.")),
    (r"Write at least (?P<n>\d+) characters\.", N_("Write at least %(n)s characters.")),
    (r"'(?P<who>.+)' set this condition\.", N_("“%(who)s” set this condition.")),
    (r"'(?P<who>.+)' may not edit what '(?P<other>.+)' said\.", N_("“%(who)s” may not edit what “%(other)s” said.")),
    (r"'(?P<who>.+)' has said so of '(?P<name>.+)' already\.", N_("“%(who)s” has said so already.")),
)
PLAIN: tuple[str, ...] = (
    N_("Ask somebody else to sign."),
    N_("Another person who may sign has to call it met."),
    N_("Write a comment of your own."),
    N_("Once is enough; others who may sign can say it, too."),
)
