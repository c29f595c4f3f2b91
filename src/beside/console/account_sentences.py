"""The shapes of sentences about accounts, each with the message that says it in another language; as in sentences.py."""

from __future__ import annotations

from beside.console.language import N_

ACCOUNTS: tuple[tuple[str, str], ...] = (
    (r"Too many attempts\. Try again in (?P<n>\d+) seconds\.", N_("Too many attempts. Try again in %(n)s seconds.")),
    (
        r"A password has (?P<low>\d+) to (?P<high>\d+) characters; this one has (?P<n>\d+)\.",
        N_("A password has %(low)s to %(high)s characters; this one has %(n)s."),
    ),
    (r"'(?P<name>.*)' cannot be a name\.", N_("“%(name)s” cannot be a name.")),
    (
        r"Write 1 to (?P<n>\d+) printable characters without spaces at the ends\.",
        N_("Write 1 to %(n)s printable characters without spaces at the ends."),
    ),
    (r"'(?P<name>.*)' needs a role\.", N_("“%(name)s” needs a role.")),
    (r"Roles: (?P<roles>[\w, ]+)\.", N_("Roles: %(roles)s.")),
    (r"The role (?P<roles>\w+) is not held\.", N_("The role %(roles)s is not held.")),
    (
        r"Say what it is for, in 1 to (?P<n>\d+) printable characters\.",
        N_("Say what it is for, in 1 to %(n)s printable characters."),
    ),
    (r"A token cannot last (?P<n>-?\d+) days\.", N_("A token cannot last %(n)s days.")),
    (r"Give 1 to (?P<n>\d+) days, or leave it out\.", N_("Give 1 to %(n)s days, or leave it out.")),
    (r"'(?P<given>.*)' is no number of days\.", N_("“%(given)s” is no number of days.")),
    (r"'(?P<name>.+)' has (?P<n>\d+) tokens already\.", N_("“%(name)s” has %(n)s tokens already.")),
    (r"The account of '(?P<name>.+)' is disabled\.", N_("The account of “%(name)s” is disabled.")),
    (
        r"The identity provider gives '(?P<name>.+)' no role here\.",
        N_("The identity provider gives “%(name)s” no role here."),
    ),
    (r"The name '(?P<name>.+)' belongs to another account\.", N_("The name “%(name)s” belongs to another account.")),
    (
        r"The identity provider's answer cannot be trusted: (?P<why>.+)\.",
        N_("The identity provider's answer cannot be trusted (%(why)s)."),
    ),
    (r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not add a person\.", N_("%(who)s (%(held)s) may not add a person.")),
    (r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not change an account\.", N_("%(who)s (%(held)s) may not change an account.")),
    (
        r"'(?P<who>.+)' \(roles: (?P<held>.+)\) may not see who has an account\.",
        N_("%(who)s (%(held)s) may not see who has an account."),
    ),
)

# sentences without placeholders, said in another language as they are
PLAIN: tuple[str, ...] = (
    N_("The name or the password is wrong."),
    N_("If you forgot your password, ask an admin for a new code."),
    N_("The current password is wrong."),
    N_("This code is not good, or no longer."),
    N_("It works once, within a day. Ask an admin for a new one."),
    N_("This link is not good, or no longer."),
    N_("It works once, within 12 hours. Start `beside serve` again for a new one."),
    N_("This session holds fewer roles than you do."),
    N_("Ask an admin for a code to choose a password with."),
    N_("The two passwords are not the same."),
    N_("Type the new password twice."),
    N_("A few words that do not belong together are easy to remember and hard to guess."),
    N_("A token needs a name."),
    N_("A token needs a role."),
    N_("A token can have no role that its person does not hold."),
    N_("Write a whole number, or leave it empty."),
    N_("Revoke one that is no longer used."),
    N_("Enable it first."),
    N_("Ask an admin."),
    N_("Another admin can."),
    N_("You cannot disable yourself."),
    N_("You cannot take the role admin from yourself."),
    N_("Beside itself goes by it; choose another."),
    N_("Nobody is signed in."),
    N_("Sign in with a name and a password, or with a key."),
    N_("The identity provider did not sign you in."),
    N_("The identity provider does not answer."),
    N_("This sign-in was not begun in this browser, or more than ten minutes ago."),
    N_("Sign in again; if it goes on, ask an admin."),
    N_("Ask an admin to map one of your groups."),
    N_("Ask an admin to remove that account first."),
    N_("This server has no identity provider."),
)
