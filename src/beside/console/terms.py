"""The product's own names, each with the word that a person reads: metrics, verdicts, states, roles, kinds of trouble."""

from __future__ import annotations

from beside.console.language import N_

SCORES = {"precision": N_("precision"), "recall": N_("recall"), "f1": N_("F1")}
UNITS = {"share": N_("share, 0 to 1"), "score": N_("score, 0 to 1"), "probability": N_("probability, 0 to 1")}
ASPECTS = {
    "utility": N_("Utility"),
    "calibration": N_("Calibration"),
    "robustness": N_("Robustness"),
    "privacy": N_("Privacy"),
    "fairness": N_("Fairness"),
    "explanation": N_("Explanation"),
    "memory": N_("Memory"),
    "selective": N_("Selective answers"),
    "scope": N_("Scope"),
    "behaviour": N_("Behaviour"),
    "data": N_("Data"),
}
VERDICTS = {
    "pass": N_("pass"),
    "fail": N_("fail"),
    "inconclusive": N_("cannot tell"),
    "no limit": N_("no limit"),
    "waits": N_("waits"),
    "missing": N_("not measured"),
}
SIGNS = {"pass": "✓", "fail": "✕", "inconclusive": "?", "no limit": "–", "waits": "○", "missing": "✕"}
WINNERS = {"challenger": N_("challenger"), "champion": N_("champion"), "cannot tell": N_("cannot tell")}
SIDES = {"challenger": "pass", "champion": "waits", "cannot tell": "inconclusive"}
STANDS = {"done": N_("done"), "now": N_("now"), "later": N_("later"), "stopped": N_("stopped")}
STATES = {"draft": N_("waits for signatures"), "approved": N_("approved"), "rejected": N_("rejected")}
DECISIONS = {"approve": N_("approved"), "reject": N_("rejected")}
ROLES = {
    "admin": N_("admin"),
    "builder": N_("builder"),
    "annotator": N_("annotator"),
    "reviewer": N_("reviewer"),
    "privacy_officer": N_("privacy officer"),
    "user": N_("user"),
}
ERRORS = {
    "bad_input": N_("This cannot be taken"),
    "unknown_address": N_("This page is not here"),
    "method_not_allowed": N_("This page does not take that"),
    "too_large": N_("This is too much at once"),
    "unexpected": N_("Something went wrong"),
    "bad_option": N_("There is no such option"),
    "unknown_name": N_("This is not here"),
    "unreadable_text": N_("The model cannot read this text"),
    "not_enough_data": N_("There is not enough data"),
    "busy": N_("Somebody is at work"),
    "overloaded": N_("Too many are asking at once"),
    "storage_failed": N_("The disk does not take it"),
    "altered": N_("Something was altered"),
    "not_permitted": N_("You may not do this"),
    "not_signed_in": N_("Nobody is signed in"),
    "gate_closed": N_("The gate says no"),
}
STAGES = {
    "read": N_("Reading the text"),
    "compare": N_("Looking for rows that repeat"),
    "write": N_("Writing the rows"),
    "head": N_("Fitting the head"),
    "train": N_("Training"),
    "audit": N_("Auditing"),
}
KINDS = {
    "release": N_("release"),
    "run": N_("run"),
    "corpus": N_("corpus"),
    "prediction": N_("prediction"),
    "picture": N_("picture"),
    "card": N_("card"),
}
COLUMNS = {
    "text": N_("text"),
    "edited": N_("edited text"),
    "target": N_("right answer"),
    "before": N_("answer before"),
    "after": N_("answer after"),
}
EXHIBITS = {
    "confusion": N_("Which answer was given for which"),
    "report": N_("Label by label, the weakest first"),
    "bars": N_("Against something simple"),
    "reliability": N_("Do the probabilities mean what they say"),
    "learning": N_("How it learned"),
    "examples": N_("Answers that flipped"),
}
BARS = (N_("this model"), N_("most frequent label"), N_("TF-IDF + logistic regression"))  # names that a check gives its bars
