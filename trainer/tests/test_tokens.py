import zlib

import numpy as np
import pytest

from exemplar_trainer.tokens import BUCKETS, MAX_NODES, Nodes, TextTable, encode_plan, word_features


def nodes(parents: list[str], ids: list[str] | None = None) -> Nodes:
    count = len(parents)
    ids = ids or [f"n{row}" for row in range(count)]
    zeros = np.zeros(count)
    return Nodes(ids, parents, zeros, zeros, np.arange(count), zeros + 60, zeros + 0.5, zeros.copy(), np.arange(count))


def test_features_are_the_crc32_of_words_and_neighbouring_pairs():
    expected = [zlib.crc32(token) % BUCKETS for token in (b"carry", b"2", b"lamps", b"!", b"carry 2", b"2 lamps", b"lamps !")]
    assert word_features("Carry 2  lamps!") == expected
    assert word_features("") == []


def test_word_order_changes_the_features():
    assert sorted(word_features("attic to cellar")) != sorted(word_features("cellar to attic"))


def test_a_text_is_stored_once_and_read_back():
    table = TextTable()
    assert [table.add(text) for text in ("a b", "", "a b", "c")] == [0, 1, 0, 2]
    assert table.features(0).tolist() == word_features("a b")
    assert table.features(1).tolist() == []
    assert table.features(2).tolist() == word_features("c")


def test_depth_and_parent_rows_follow_the_tree_even_where_children_come_first():
    plan = encode_plan(0, nodes(["b", "", "b", "a"], ["a", "b", "c", "d"]))
    assert plan.structure[:, 2].tolist() == [1, 0, 1, 2]
    assert plan.structure[:, 3].tolist() == [1, -1, 1, 0]


def test_numbers_are_zero_for_states_and_scaled_for_actions():
    mixed = nodes(["", ""])
    mixed.successes[0] = mixed.durations[0] = mixed.moral_costs[0] = np.nan
    plan = encode_plan(0, mixed)
    assert plan.numbers[0].tolist() == [0, 0, 0, 0]
    assert plan.numbers[1].tolist() == pytest.approx([np.log(61) / 10, 0.5, 0, 1])


def test_a_long_plan_keeps_its_coarser_nodes_and_every_kept_parent():
    parents = [""] * 20 + [f"n{row % 20}" for row in range(70)] + ["n20"] * 30
    order = np.random.default_rng(0).permutation(len(parents))
    shuffled = nodes([parents[row] for row in order], [f"n{row}" for row in order])
    plan = encode_plan(0, shuffled)
    assert len(plan) == MAX_NODES
    assert np.bincount(plan.structure[:, 2]).tolist() == [20, 70, 6]
    for row, (depth, parent) in enumerate(plan.structure[:, 2:4]):
        assert parent == -1 if depth == 0 else plan.structure[parent, 2] == depth - 1, row


@pytest.mark.parametrize(
    ("parents", "ids", "message"),
    [
        (["b", "a"], ["a", "b"], "their own ancestors"),
        (["a"], ["a"], "their own ancestors"),
        (["x"], ["a"], "unknown parent x"),
        (["", ""], ["a", "a"], "ids repeat"),
        ([], [], "no nodes"),
    ],
)
def test_a_broken_tree_is_refused(parents, ids, message):
    with pytest.raises(ValueError, match=message):
        encode_plan(0, nodes(parents, ids))


def test_an_infinite_duration_is_refused():
    broken = nodes([""])
    broken.durations[0] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        encode_plan(0, broken)
