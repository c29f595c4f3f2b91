"""The shapes of sentences that the rest of the product makes, each with the message that says it in another language.

A shape is a regular expression that takes the whole sentence; its named groups are the placeholders of the message.
"""

from __future__ import annotations

from beside.console.language import N_

NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"
TOLD = (
    rf"(?P<metric>\w+) of (?P<check>\S+) is (?P<value>{NUMBER}) \((?P<low>{NUMBER}) to (?P<high>{NUMBER}), n = (?P<n>\d+)\); "
    rf"the policy asks for at "
)

SENTENCES: tuple[tuple[str, str], ...] = (
    # core/gate.py
    (
        r"(?P<metric>\w+) of (?P<check>\S+) was not measured, and the policy limits it\.",
        N_("%(metric)s (%(check)s) was not measured, and the policy limits it."),
    ),
    (
        TOLD + rf"least (?P<limit>{NUMBER})\.",
        N_("%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); the policy asks for at least %(limit)s."),
    ),
    (
        TOLD + rf"most (?P<limit>{NUMBER})\.",
        N_("%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); the policy asks for at most %(limit)s."),
    ),
    (
        TOLD + rf"(?:least|most) (?P<limit>{NUMBER}), which this data cannot decide \(fewer than (?P<few>\d+) rows\)\.",
        N_("%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); fewer than %(few)s rows decide nothing about the limit %(limit)s."),
    ),
    (
        TOLD + rf"(?:least|most) (?P<limit>{NUMBER}), which this data cannot decide \(the interval holds the limit\)\.",
        N_("%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); the interval holds the limit %(limit)s, so this data cannot decide."),
    ),
    (r"(?P<who>.+?) rejected it: (?P<reason>.*)", N_("%(who)s rejected it: %(reason)s")),
    (
        r"(?P<given>\d+) of (?P<needed>\d+) needed approvals by a (?P<roles>.+) over this bundle\.",
        N_("%(given)s of %(needed)s needed approvals by a %(roles)s over this bundle."),
    ),
    (
        r"The approval expired on (?P<day>\S+), (?P<days>\d+) days after it was given\.",
        N_("The approval expired on %(day)s, %(days)s days after it was given."),
    ),
    # checks
    (r"None of the (?P<n>\d+) test rows has a label to compare with\.", N_("None of the %(n)s test rows has a label to compare with.")),
    (
        r"None of the (?P<n>\d+) test rows holds a word that can be mistyped\.",
        N_("None of the %(n)s test rows holds a word that can be mistyped."),
    ),
    (r"(?P<metric>\w+) cannot be computed from these rows\.", N_("%(metric)s cannot be computed from these rows.")),
    # errors that a person may meet on a page
    (r"There is no (?P<kind>[\w ]+) '(?P<name>.*)'\.", N_("There is no %(kind)s called “%(name)s”.")),
    (r"There are: none yet\.", N_("There are none yet.")),
    (r"There are: (?P<names>.+)\. Did you mean '(?P<close>.+)'\?", N_("There are: %(names)s. Did you mean “%(close)s”?")),
    (r"There are: (?P<names>.+)\.", N_("There are: %(names)s.")),
)

# sentences without placeholders
PLAIN: tuple[str, ...] = (
    N_("The corpus has no test rows."),
    N_("No training row has a label, so there is no floor to compare with."),
)
