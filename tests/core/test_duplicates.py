from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.cleaning import near_key
from beside.core.duplicates import SIMILAR, find_near, find_repeats, joined
from beside.core.fingerprints import fingerprint, pack, similarity

ROW = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 1))


def quiet(done: int, of: int) -> None:
    pass


@given(st.lists(ROW, min_size=1, max_size=30))
def test_repeats_and_contradictions_are_what_a_slow_count_finds(rows: list[tuple[int, int, int]]) -> None:
    texts, labels, scopes = (np.array(column) for column in zip(*rows, strict=True))
    found = find_repeats(texts.astype(np.uint64), labels, scopes)
    for place, (text, label, scope) in enumerate(rows):
        same = [row for row in rows if row[0] == text and row[2] == scope]
        ours = sum(row[1] == label for row in same)
        contradicted = ours != len(same) and 2 * ours <= len(same)
        first = rows.index((text, label, scope)) == place
        assert found.contradicted[place] == contradicted
        assert found.keep[place] == (first and not contradicted)
        assert found.repeated[place] == (not first and not contradicted)


def noisy(rng: np.random.Generator, count: int) -> list[str]:
    words = ["".join(chr(letter) for letter in rng.integers(97, 123, rng.integers(2, 9))) for _ in range(300)]
    texts: list[str] = []
    for place in range(count):
        if place % 4 == 3:  # an earlier text with one word more or less
            row = texts[int(rng.integers(len(texts)))].split()
            texts.append(" ".join(row[:-1] if place % 8 == 3 else [*row, str(rng.choice(words))]))
        else:
            texts.append(" ".join(rng.choice(words, rng.integers(6, 20))))
    return texts


def test_near_duplicates_are_those_that_comparing_all_with_all_finds() -> None:
    keys = [near_key(text) for text in noisy(np.random.default_rng(1), 240)]
    near = find_near(fingerprint(pack(keys)), keys.__getitem__, quiet)
    true = [pair for pair in combinations(range(len(keys)), 2) if similarity(keys[pair[0]], keys[pair[1]]) >= SIMILAR]
    met = sum(near.group[one] == near.group[other] for one, other in true)
    assert len(true) > 20
    assert met >= 0.98 * len(true)
    assert all(similarity(keys[one], keys[other]) == shared >= SIMILAR for one, other, shared in near.pairs)


def test_a_thousand_rows_that_are_all_alike_are_one_group_and_cost_no_thousand_squared_comparisons() -> None:
    keys = [
        near_key(f"dear customer your parcel has been delivered to the neighbour next door at the green house {place}")
        for place in range(1000)
    ]
    asked: list[int] = []

    def key(place: int) -> str:
        asked.append(place)
        return keys[place]

    near = find_near(fingerprint(pack(keys)), key, quiet)
    assert len(set(near.group)) == 1
    assert len(asked) < 40 * len(keys)


def test_look_alikes_below_the_limit_stay_apart_and_cost_little() -> None:
    rng = np.random.default_rng(2)
    keys = [
        near_key(f"order {rng.integers(10**9, 10**10)} from {rng.integers(10**9, 10**10)} has not arrived yet") for _ in range(1000)
    ]
    asked: list[int] = []
    near = find_near(fingerprint(pack(keys)), lambda place: (asked.append(place), keys[place])[1], quiet)
    assert len(set(near.group)) > 900
    assert len(asked) < 40 * len(keys)


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=1, max_size=25))
@settings(max_examples=50)
def test_joined_groups_keep_every_group_whole_and_join_nothing_else(rows: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    groups = joined(first, second)
    reach = [{place} for place in range(len(rows))]
    for one, other in combinations(range(len(rows)), 2):
        if rows[one][0] == rows[other][0] >= 0 or rows[one][1] == rows[other][1] >= 0:
            whole = reach[one] | reach[other]
            for place in whole:
                reach[place] = whole
    assert all((groups[one] == groups[other]) == (other in reach[one]) for one, other in combinations(range(len(rows)), 2))
