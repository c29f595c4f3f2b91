"""The product's own names, each with the word that a person reads: metrics, verdicts, states, roles, kinds of trouble."""

from __future__ import annotations

from beside.console.language import N_

SCORES = {"precision": N_("precision"), "recall": N_("recall"), "f1": N_("F1")}
UNITS = {
    "share": N_("share, 0 to 1"),
    "score": N_("score, 0 to 1"),
    "bits": N_("bits"),
    "epsilon": N_("epsilon"),
    "probability": N_("probability, 0 to 1"),
    "difference of probability": N_("difference of probability, -1 to 1"),
    "squared distance": N_("squared distance, 0 to 2"),
    "skill": N_("skill, at most 1"),
    "hand-overs per row": N_("hand-overs per row"),
    "correlation": N_("correlation, -1 to 1"),
    "points": N_("in the unit of the targets"),
}
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
STATES = {
    "draft": N_("waits for signatures"),
    "approved": N_("approved"),
    "rejected": N_("rejected"),
    "suspended": N_("suspended"),
    "stopped": N_("stopped"),
    "expired": N_("expired"),
    "retired": N_("retired for good"),
}
SEVERITIES = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}
REPLIES = {"yes": N_("yes"), "no": N_("no"), "not applicable": N_("not applicable")}
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
    "erased": N_("This was erased"),
    "text_refused": N_("A guard refuses this text"),
    "unreadable_text": N_("The model cannot read this text"),
    "not_enough_data": N_("There is not enough data"),
    "busy": N_("Somebody is at work"),
    "overloaded": N_("Too many are asking at once"),
    "queue_full": N_("Too many are asking at once"),
    "not_ready": N_("The server is not ready"),
    "deadline_passed": N_("It took too long"),
    "client_gone": N_("Nobody waits for it any more"),
    "storage_failed": N_("The disk does not take it"),
    "altered": N_("Something was altered"),
    "key_unusable": N_("A signing key cannot be used"),
    "not_permitted": N_("You may not do this"),
    "not_signed_in": N_("Nobody is signed in"),
    "too_many_attempts": N_("Too many attempts"),
    "gate_closed": N_("The gate says no"),
}
STAGES = {
    "read": N_("Reading the text"),
    "compare": N_("Looking for rows that repeat"),
    "write": N_("Writing the rows"),
    "route": N_("Measuring methods"),
    "head": N_("Fitting the head"),
    "train": N_("Training"),
    "search": N_("Searching for a recipe"),
    "look": N_("Looking through every file"),
    "confirm": N_("Confirming the winner"),
    "audit": N_("Auditing"),
    "embed": N_("Reading the training rows"),
    "protect": N_("Taking personal data out"),
    "augment": N_("Editing copies of training rows"),
    "encrypt": N_("Encrypting what is stored"),
    "decrypt": N_("Decrypting what is stored"),
    "count": N_("Counting who shares what"),
    "measure": N_("Asking the smaller models"),
    "time": N_("Timing the models in turns"),
    "importance": N_("Finding what matters least"),
    "compress": N_("Making it smaller and faster"),
    "form": N_("Writing the model in other forms"),
    "attack": N_("Attacking training rows"),
}
KINDS = {
    "release": N_("release"),
    "run": N_("run"),
    "corpus": N_("corpus"),
    "prediction": N_("prediction"),
    "picture": N_("picture"),
    "card": N_("card"),
    "statement": N_("statement"),
    "document": N_("document"),
}
PERSONAL = {
    "address": N_("address"),
    "bank_card": N_("bank card"),
    "birth_date": N_("date of birth"),
    "credit_code": N_("social credit code"),
    "email": N_("e-mail"),
    "iban": N_("bank account"),
    "ip": N_("internet address"),
    "organisation": N_("organisation"),
    "passport": N_("passport"),
    "permit": N_("permit"),
    "person": N_("name"),
    "phone": N_("telephone"),
    "plate": N_("number plate"),
    "resident_id": N_("resident ID"),
    "ssn": N_("US social security number"),
    "url": N_("web address"),
}
ACTIONS = {
    "mask": N_("hidden behind stars"),
    "redact": N_("left out"),
    "replace": N_("replaced by its kind"),
    "name": N_("replaced by its kind, in the language of the text"),
    "hash": N_("hashed with a secret"),
    "surrogate": N_("replaced by something that looks like it"),
    "pseudonym": N_("kept in the vault behind a token"),
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
    "reliability": N_("Do the probabilities mean what they say"),
    "learning": N_("How it learned"),
    "examples": N_("Answers that flipped"),
}
TITLES = {  # title of a picture -> what it answers
    "accuracy": N_("Against something simple"),
    "main score": N_("Against something simple"),
    "share of answers that flip": N_("Which edits flip answers"),
    "failed cases": N_("Cases that failed"),
    "share of cases passed": N_("Capability by capability, the weakest first"),
    "error rate": N_("Error rate, group by group"),
    "mean shift of the probability": N_("Which identity moves the probability"),
    "accuracy by slice": N_("Where it is right, and where less so"),
    "parts of the Brier score": N_("What the Brier score is made of"),
    "risk and coverage": N_("What answering less often saves"),
    "cost per row, in hand-overs": N_("What each rule costs"),
    "ROC curves, with AUROC": N_("Texts within and out of scope, told apart"),
    "let through of texts out of scope": N_("Texts out of scope that slip through"),
}
