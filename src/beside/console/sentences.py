"""The shapes of sentences that the rest of the product makes, each with the message that says it in another language.

A shape is a regular expression that takes the whole sentence; its named groups are the placeholders of the message.
"""

from __future__ import annotations

from beside.console.account_sentences import ACCOUNTS
from beside.console.committee_sentences import COMMITTEE
from beside.console.compress_sentences import COMPRESSION
from beside.console.judging_sentences import JUDGING
from beside.console.language import N_
from beside.console.rights_sentences import RIGHTS

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
        N_(
            "%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); "
            "fewer than %(few)s rows decide nothing about the limit %(limit)s."
        ),
    ),
    (
        TOLD + rf"(?:least|most) (?P<limit>{NUMBER}), which this data cannot decide \(the interval holds the limit\)\.",
        N_(
            "%(metric)s (%(check)s) is %(value)s (%(low)s to %(high)s, n = %(n)s); "
            "the interval holds the limit %(limit)s, so this data cannot decide."
        ),
    ),
    (
        r"(?P<given>\d+) of (?P<needed>\d+) needed approvals by a (?P<roles>.+) over this bundle\.",
        N_("%(given)s of %(needed)s needed approvals by a %(roles)s over this bundle."),
    ),
    (
        r"The approval expired on (?P<day>\S+), (?P<days>\d+) days after it was given\.",
        N_("The approval expired on %(day)s, %(days)s days after it was given."),
    ),
    # checks
    (
        r"None of the (?P<n>\d+) test rows has a label to compare with\.",
        N_("None of the %(n)s test rows has a label to compare with."),
    ),
    (
        r"None of the (?P<n>\d+) test rows holds a word that can be mistyped\.",
        N_("None of the %(n)s test rows holds a word that can be mistyped."),
    ),
    (r"None of the (?P<n>\d+) test rows is Chinese\.", N_("None of the %(n)s test rows is Chinese.")),
    (
        r"None of the (?P<n>\d+) Chinese test rows can be edited\.",
        N_("None of the %(n)s Chinese test rows can be edited."),
    ),
    (r"None of the (?P<n>\d+) test rows holds a letter\.", N_("None of the %(n)s test rows holds a letter.")),
    (
        r"None of the (?P<n>\d+) test rows holds a word with a known synonym\.",
        N_("None of the %(n)s test rows holds a word with a known synonym."),
    ),
    (
        r"None of the (?P<n>\d+) test rows holds a word of identity\.",
        N_("None of the %(n)s test rows holds a word of identity."),
    ),
    (
        r"No group has (?P<n>\d+) test rows with as many besides it\.",
        N_("No group has %(n)s test rows with as many besides it."),
    ),
    (r"(?P<metric>\w+) cannot be computed from these rows\.", N_("%(metric)s cannot be computed from these rows.")),
    (
        r"It answers above a probability of (?P<threshold>[\d.]+) and hands over the rest\.",
        N_("It answers above a probability of %(threshold)s and hands over the rest."),
    ),
    (
        rf"It was chosen on (?P<n>\d+) tune rows, where it costs least if a wrong answer costs (?P<wrong>{NUMBER}) and a hand-over "
        rf"(?P<hand>{NUMBER})\.",
        N_("It was chosen on %(n)s tune rows, where it costs least if a wrong answer costs %(wrong)s and a hand-over %(hand)s."),
    ),
    (
        rf"There are only (?P<n>\d+) labelled tune rows, so it was chosen on the test rows, where it costs least if a wrong answer "
        rf"costs (?P<wrong>{NUMBER}) and a hand-over (?P<hand>{NUMBER}); the figures are of thresholds that each half of them "
        r"chose for the other half\.",
        N_(
            "There are only %(n)s labelled tune rows, so it was chosen on the test rows, where it costs least if a wrong answer "
            "costs %(wrong)s and a hand-over %(hand)s; the figures are of thresholds that each half of them chose for the other "
            "half."
        ),
    ),
    (
        r"No texts out of scope are built in for the language '(?P<language>.+)'; give a file of them by the option texts\.",
        N_("No texts out of scope are built in for the language “%(language)s”; give a file of them by the option texts."),
    ),
    # unknown names, core/registry.py and store/records.py
    (r"There is no (?P<kind>[\w ]+) '(?P<name>.*)'\.", N_("There is no %(kind)s called “%(name)s”.")),
    (r"There are: none yet\.", N_("There are none yet.")),
    (r"There are: (?P<names>.+)\. Did you mean '(?P<close>.+)'\?", N_("There are: %(names)s. Did you mean “%(close)s”?")),
    (r"There are: (?P<names>.+)\.", N_("There are: %(names)s.")),
    # asking and correcting
    (r"The text has (?P<n>[\d,]+) characters\.", N_("The text has %(n)s characters.")),
    (r"A text may have (?P<n>[\d,]+); send a part of it\.", N_("A text may have %(n)s; send a part of it.")),
    (r"The note has (?P<n>\d+) characters\.", N_("The note has %(n)s characters.")),
    (r"A note may have (?P<n>\d+)\.", N_("A note may have %(n)s.")),
    (r"This release knows no label '(?P<label>.*)'\.", N_("This release knows no label “%(label)s”.")),
    (r"Known labels: (?P<labels>.+?)\.(?: Did you mean .+\?)? A new label needs .+", N_("Known labels: %(labels)s.")),
    (r"(?P<n>\d+) requests are waiting already\.", N_("%(n)s requests are waiting already.")),
    (
        r"The release '(?P<name>\S+)' may not be served\. (?P<reasons>.+)",
        N_("The release “%(name)s” may not be served. %(reasons)s"),
    ),
    (r"Its state is '(?P<state>\w+)'\.", N_("Its state: %(state)s.")),
    (r"occlusion", N_("each word left out once (occlusion)")),
    (
        r"occlusion, first (?P<some>\d+) of (?P<all>\d+) words",
        N_("each of the first %(some)s of %(all)s words left out once (occlusion)"),
    ),
    (r"integrated_gradients", N_("what each word added on the way from padding to the text (integrated gradients)")),
    (
        r"integrated_gradients, first (?P<some>\d+) of (?P<all>\d+) words",
        N_("what each of the first %(some)s of %(all)s words added on the way from padding to the text (integrated gradients)"),
    ),
    (r"gradient_x_input", N_("how fast the probability moves with each word (gradient x input)")),
    (
        r"gradient_x_input, first (?P<some>\d+) of (?P<all>\d+) words",
        N_("how fast the probability moves with each of the first %(some)s of %(all)s words (gradient x input)"),
    ),
    (
        r"(?P<n>\d+) of the test rows have two words or more; an explanation ranks words\.",
        N_("%(n)s of the test rows have two words or more; an explanation ranks words."),
    ),
    (r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not see training rows\.", N_("%(who)s (%(held)s) may not see training rows.")),
    (
        r"None of (?P<n>\d+) corrections adds anything to corpus '(?P<name>.+)'\.",
        N_("None of %(n)s corrections adds anything to the corpus “%(name)s”."),
    ),
    # signing
    (r"'(?P<reason>.*)' is no reason\.", N_("“%(reason)s” is no reason.")),
    (r"Say in at least (?P<n>\d+) characters why you approve it\.", N_("Say in at least %(n)s characters why you approve it.")),
    (r"Say in at least (?P<n>\d+) characters why you reject it\.", N_("Say in at least %(n)s characters why you reject it.")),
    (r"There is no decision '(?P<given>.*)'\.", N_("There is no decision “%(given)s”.")),
    (r"'(?P<who>.+)' approved '(?P<name>\S+)' already, on (?P<day>\S+)\.", N_("%(who)s approved “%(name)s” already, on %(day)s.")),
    (r"'(?P<who>.+)' rejected '(?P<name>\S+)' already, on (?P<day>\S+)\.", N_("%(who)s rejected “%(name)s” already, on %(day)s.")),
    (
        r"'(?P<who>.+)' has the role (?P<held>.+); the policy '(?P<policy>.+)' asks for (?P<roles>.+)\.",
        N_("%(who)s has the role %(held)s; the policy “%(policy)s” asks for %(roles)s."),
    ),
    (r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not improve a release\.", N_("%(who)s (%(held)s) may not improve a release.")),
    (r"Sign in as somebody with the role (?P<roles>.+)\.", N_("Sign in as somebody with the role %(roles)s.")),
    # statements
    (r"The statement '(?P<key>\w+)' says nothing\.", N_("The statement “%(key)s” says nothing.")),
    (r"The statement '(?P<key>\w+)' has (?P<n>[\d,]+) characters\.", N_("The statement “%(key)s” has %(n)s characters.")),
    (r"A statement may have (?P<n>[\d,]+)\.", N_("A statement may have %(n)s characters.")),
    (
        r"The statement '(?P<key>\w+)' holds (?P<signs>U\+.+)\.",
        N_("The statement “%(key)s” holds characters that no page shows: %(signs)s."),
    ),
    (
        r"The statement '(?P<key>\w+)' is required by the policy and not written yet\.",
        N_("The policy requires the statement “%(key)s”, which is not written yet."),
    ),
    (r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not write statement\.", N_("%(who)s (%(held)s) may not write statements.")),
    # what was altered
    (r"The file '(?P<file>[^']+)' was altered: .+", N_("The file “%(file)s” was altered: it is not what was stored.")),
    (
        r"The file '(?P<file>[^']+)' of the release '(?P<name>\S+)' was altered: .+",
        N_("The file “%(file)s” was altered: it is not what was stored."),
    ),
    (r"The file '(?P<file>.+)' is not what was sealed\.", N_("The file “%(file)s” is not what was sealed.")),
    (r"The file '(?P<file>.+)' is missing in the bundle '.+'\.", N_("The file “%(file)s” is missing in the bundle.")),
    (r"The file '(?P<file>.+)' was added in the bundle '.+'\.", N_("The file “%(file)s” was added to the bundle.")),
    (r"The bundle '.+' of the release '(?P<name>\S+)' is gone\.", N_("The bundle of the release “%(name)s” is gone.")),
    # store/proof.py, store/keys.py
    (
        r"The file '(?P<file>[^']+)' in the bundle '.+' was altered: .+",
        N_("The file “%(file)s” was altered: it is not what was stored."),
    ),
    (r"The (?:approval|rejection) of '(?P<who>.+)' in '(?P<file>.+)' was altered, .+", N_("The signature of %(who)s was altered.")),
    (r"The bundle is not signed\.", N_("The bundle is not signed with a key.")),
    (r"The bundle is signed by (?P<key>.+)\.", N_("The bundle is signed with a key that is not trusted here: %(key)s.")),
    (
        r"The (?:approval|rejection) of (?P<who>.+?) is (?:not signed|moved here|replayed|signed by|attested by).+",
        N_("The signature of %(who)s is not proved by a key that is trusted here."),
    ),
    (
        r"What was made before there were keys is signed by: beside keys adopt (?P<name>\S+)",
        N_("What was made before there were keys is signed on the command line: beside keys adopt %(name)s"),
    ),
    (r"The private part of .+ is lost: .+", N_("The private part of a signing key is lost. Tell the owner of this server.")),
    (r"The private part of .+ is locked by a passphrase\.", N_("The signing key is locked by a passphrase.")),
    (
        r"The private part of .+ (?:is not kept safely: .+|cannot be read.*)",
        N_("A signing key is not kept safely, or cannot be read. Tell the owner of this server."),
    ),
    # the workspace and the server
    (r"'(?P<field>.+)' is missing\.", N_("“%(field)s” is missing.")),
    (
        r"The workspace '.+' is busy: `beside (?P<verb>.+)` \(process (?P<n>\d+)\) since (?P<time>.+)\.",
        N_("The workspace is busy: `beside %(verb)s` since %(time)s."),
    ),
    (r"The workspace '.+' is busy: another process\.", N_("The workspace is busy.")),
    (
        r"Tell the owner of this server the number (?P<number>\w+); its log has the details\.",
        N_("Tell the owner of this server the number %(number)s; its log has the details."),
    ),
    # core/recipe.py
    (r"Recipe key '(?P<key>\w+)' cannot be (?P<given>.+?): (?P<why>.+)", N_("%(key)s cannot be %(given)s: %(why)s")),
    (
        r"(?P<key>\w+): unit (?P<unit>.+), default (?P<default>.+?); (?P<reason>.+)",
        N_("The reason for %(key)s stands beside its field; default: %(default)s."),
    ),
    *ACCOUNTS,
    *COMPRESSION,
    *RIGHTS,
    *JUDGING,
    *COMMITTEE,
    # last, for a name may hold anything
    (r"(?P<who>.+?) rejected it: (?P<reason>.*)", N_("%(who)s rejected it: %(reason)s")),
)

# what work in progress says of itself; a script knows these shapes as well, so they keep to what JavaScript can read
NOTES: tuple[tuple[str, str], ...] = (
    (r"(?:.*, )?about (?P<n>[\d.]+) s left", N_("about %(n)s s left")),
    (r"(?:.*, )?about (?P<n>[\d.]+) min left", N_("about %(n)s min left")),
    (r"(?:.*, )?about (?P<n>[\d.]+) h left", N_("about %(n)s h left")),
)

# sentences without placeholders, said in another language as they are
PLAIN: tuple[str, ...] = (
    N_("The corpus has no test rows."),
    N_("The corpus has no training rows."),
    N_("This model gives answers only; its gradients cannot be taken."),
    N_("No training row has a label, so there is no floor to compare with."),
    N_("No test row says which group it belongs to."),
    N_("There is no table of cases, and the built-in ones are for other labels."),
    N_("There is no thesaurus, and this base model knows no words before it is trained."),
    N_("The run has no parent run, so there is nothing it could have forgotten."),
    N_("No other release of this corpus is approved, so no answer that people rely on can change."),
    N_("No test row has a label that both runs know."),
    N_("It asks whether one label per text is right, and the answers of this task are of another form."),
    N_("It reads or edits one text, and the rows of this corpus are pairs of texts."),
    N_("A model that is no better than always giving the same answer is of no use."),
    N_("Only an answer that is one label for one text can be explained."),
    N_("The text stands alone, and this release compares two."),
    N_("The text comes with a second one, and this release reads one."),
    N_("Write the right answer as the release writes its own, or leave it out."),
    N_("A membership attack needs at least 2 training rows and 2 other test rows with labels that the model knows."),
    N_("Fewer than 2 labels have 2 training rows or more, so no label can be doubted."),
    N_("No training row has a label, so there are no base rates to compare with."),
    N_("No training row has a label, so nothing says what is within scope."),
    N_("Above the threshold no test row is answered, so none can be wrong."),
    N_("It costs least to hand every row over to a person."),
    N_("It costs least to answer every row."),
    N_("The first score is the one that is kept; other texts than these chose it."),
    N_("The text is empty."),
    N_("Give at least one character other than a space."),
    N_("The text holds the character NUL."),
    N_("Try again in a second; several texts in one call are quicker than several calls."),
    N_("No release is approved, so nothing answers."),
    N_("Review it again, or release a run that meets the policy."),
    N_("Correct some answers on the page Try it, or with POST /v1/feedback."),
    N_("Decisions: approve, reject."),
    N_("Once is enough; the other decision is still open."),
    N_("Ask somebody who has that role, or ask the owner of the workspace for it."),
    N_("Restore it from a backup, or make it again; nothing that was altered is used."),
    N_("No text was answered. Reword it, or ask a person."),
    N_("Restore the bundle from a backup."),
    N_("Restore it from a backup."),
    N_("Restore the bundle from a backup; nobody can sign over something else."),
    N_("Restore it from a backup, or release the run again."),
    N_("Wait for it, or use another --workspace."),
    N_("Something unexpected happened on the server."),
    N_("There is nothing at this address."),
    N_("This address does not take that method."),
    N_("The body is larger than 2 MB."),
    N_("This request was made by another web site."),
    N_("Send it from this server's own pages, or from a program."),
    N_("No one has this key."),
    N_("Copy it whole. The owner prints a new one with `beside user NAME --role ROLE`."),
)
