"""Near words of the training text for checks; a defence of training asks for them, too, so they are made in the core."""

from beside.core.near_words import APART as APART
from beside.core.near_words import MOST_WORDS as MOST_WORDS
from beside.core.near_words import labels_of as labels_of
from beside.core.near_words import near_words as near_words
from beside.core.near_words import vocabulary as vocabulary
