"""Sentences of compression: what was done, why a form was refused, and what is wrong with a chain."""

from __future__ import annotations

from beside.console.language import N_

NUMBER = r"-?[\d.]+(?:e[-+]?\d+)?"

COMPRESSION: tuple[tuple[str, str], ...] = (
    # what compressors did
    (r"(?P<n>\d+) forms? measured on this machine", N_("forms measured on this machine: %(n)s")),
    (
        r"(?P<forms>[\w, ]+) would read training rows of a private model",
        N_("left out, for they would read training rows of a private model: %(forms)s"),
    ),
    (
        r"(?P<now>[\d,]+) of (?P<before>[\d,]+) tokens stay, (?P<texts>[\d,]+) texts read",
        N_("%(now)s of %(before)s tokens stay; texts read: %(texts)s"),
    ),
    (
        r"(?P<value>[\d.]+%) \((?P<low>[\d.]+%) to (?P<high>[\d.]+%)\) of (?P<n>\d+) tune rows have a token that is gone",
        N_("%(value)s (%(low)s to %(high)s) of %(n)s tune rows have a token that is gone"),
    ),
    (r"such words are read in smaller pieces", N_("such words are read in smaller pieces")),
    (
        r"(?P<before>[\d.]+) M parameters -> (?P<now>[\d.]+) M",
        N_("%(before)s million parameters before, %(now)s million now"),
    ),
    (
        r"(?P<before>[\d.]+) M parameters -> (?P<now>[\d.]+) M, without recovery",
        N_("%(before)s million parameters before, %(now)s million now, without recovery"),
    ),
    (r"layers (?P<kept>[\d, ]+) of (?P<all>\d+) are the student", N_("layers %(kept)s of %(all)s are the student")),
    (
        r"epoch (?P<epoch>\d+) of (?P<epochs>\d+) kept, taught by the model before on (?P<rows>\d+) rows",
        N_("epoch %(epoch)s of %(epochs)s kept, taught by the model before on %(rows)s rows"),
    ),
    (
        r"epoch (?P<epoch>\d+) of (?P<epochs>\d+) kept, taught by the model before on (?P<rows>\d+) rows "
        r"and (?P<texts>\d+) texts without an answer",
        N_("epoch %(epoch)s of %(epochs)s kept, taught by the model before on %(rows)s rows and %(texts)s texts without an answer"),
    ),
    # why a form was refused (engine/bench.py)
    (
        rf"it loses (?P<loss>{NUMBER}) of the score \(limit (?P<limit>{NUMBER})\)",
        N_("it loses %(loss)s of the score (limit %(limit)s)"),
    ),
    (
        r"(?P<share>[\d.]+%) of rows are answered otherwise \(limit (?P<limit>[\d.]+%)\)",
        N_("%(share)s of rows are answered otherwise (limit %(limit)s)"),
    ),
    (
        r"(?P<share>[\d.]+%) of answers depend on what else is asked with them \(limit (?P<limit>[\d.]+%)\)",
        N_("%(share)s of answers depend on what else is asked with them (limit %(limit)s)"),
    ),
    (r"No form keeps the limits\. .+", N_("No form keeps the limits.")),
    (
        r"Raise --set quantize\.loss or quantize\.flips, or use another form\.",
        N_("Allow more loss or more rows answered otherwise, or use another form."),
    ),
    # chains and options
    (r"A compressor is named twice in (?P<names>\S+)\.", N_("A compressor is named twice: %(names)s.")),
    (
        r"Nothing can follow (?P<name>\w+): what it leaves is not torch's to change\.",
        N_("Nothing can follow %(name)s: what it leaves cannot be changed any more."),
    ),
    (r"Put (?P<name>\w+) last\.", N_("Put %(name)s last.")),
    (r"Setting (?P<place>\S+) has no effect without (?P<name>\w+)\.", N_("Setting %(place)s has no effect without %(name)s.")),
    (r"Name it: --with (?P<names>\S+)", N_("Choose these steps: %(names)s.")),
    (r"Cannot use (?P<name>\w+): (?P<why>.+)\.", N_("Cannot use %(name)s: %(why)s.")),
    (r"The run '(?P<run>\S+)' was trained, not compressed\.", N_("The run %(run)s was trained, not compressed.")),
    (r"The option (?P<option>\w+) of (?P<name>\w+) cannot be (?P<value>.+)\.", N_("%(name)s.%(option)s cannot be %(value)s.")),
    (
        r"It takes (?P<kind>.+?)\. (?P<option>\w+): unit .+, default (?P<default>[^;]+); .+",
        N_("It is of the kind %(kind)s; by default %(default)s."),
    ),
    (r"The compressor (?P<name>\w+) does not take (?P<what>[^:]+): .+", N_("%(name)s does not take %(what)s.")),
    (r"(?P<option>\w+): unit .+, default (?P<default>[^;]+); .+", N_("By default %(option)s is %(default)s.")),
)

# sentences without placeholders
PLAIN: tuple[str, ...] = (
    N_("No compressor was named."),
    N_("Name each once."),
    N_("Leave it out of --with."),
    N_("Look at its evidence."),
    N_("A model that writes its answers cannot be compressed here."),
    N_("Train a smaller base instead."),
    N_("The model was compressed to a form that is final."),
    N_("Compress the run that it was made of."),
    N_("Compression is compared on the tune split, and there is none."),
    N_("Import with a tune split."),
)
