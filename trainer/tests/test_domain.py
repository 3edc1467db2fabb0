import random
from collections import Counter

import pytest

from exemplar_trainer.domain import ROOT, Edit, Node, PlanSpace, Undo, apply, edit_of, revert, size, undo_of, undos

SPACE = PlanSpace(labels=2, states=2, max_states=3, max_depth=2)


# The grammar written out on nested lists, apart from the code under test: T = [label, children], children = None or [T, z, T, ..., T].


def nested(plan):
    """The plan as a nested list."""
    def read(row):
        node, children, at = plan[row], [], row + 1
        while at < len(plan) and plan[at].depth > node.depth:
            child, after = (plan[at].symbol, at + 1) if plan[at].is_state else read(at)
            children.append(child)
            at = after
        return [node.symbol, children or None], at

    return read(0)[0]


def frozen(tree):
    label, children = tree
    return label, children and tuple(child if isinstance(child, int) else frozen(child) for child in children)


def grown(tree, space, room, depth=0, in_list=False):
    """Every tree that one edit makes of `tree`, one entry an edit; splits are made by the list that holds the transition."""
    label, children = tree
    if label == 0:
        yield from ([symbol, children] for symbol in range(1, space.labels + 1))
    if children is None:
        if room and depth < space.max_depth:
            yield from ([label, [[0, None], state, [0, None]]] for state in range(space.states))
        return
    for place in range(0, len(children), 2):
        before, child, after = children[:place], children[place], children[place + 1 :]
        yield from ([label, [*before, other, *after]] for other in grown(child, space, room, depth + 1))
        if room and child == [0, None]:
            yield from ([label, [*before, child, state, child, *after]] for state in range(space.states))


def shrunk(tree):
    """Every tree that one undo makes of `tree`, one entry an undo."""
    label, children = tree
    if label:
        yield [0, children]
    if children is None:
        return
    if children[0] == children[-1] == [0, None] and len(children) == 3:
        yield [label, None]
    for place in range(0, len(children), 2):
        yield from ([label, [*children[:place], other, *children[place + 1 :]]] for other in shrunk(children[place]))
    for place in range(1, len(children), 2) if len(children) > 3 else ():
        if children[place - 1] == children[place + 1] == [0, None]:
            yield [label, children[:place] + children[place + 2 :]]


def drawn(seed):
    """A random plan of SPACE."""
    rng = random.Random(seed)
    plan = ROOT
    for _ in range(rng.randrange(12)):
        edits = list(SPACE.edits(plan))
        if not edits:
            break
        plan = apply(plan, rng.choice(edits))
    return plan


def test_edits_and_undos_are_those_of_the_grammar_edge_by_edge():
    for plan in map(drawn, range(300)):
        room = sum(node.is_state for node in plan) < SPACE.max_states
        forward = Counter(frozen(nested(apply(plan, edit))) for edit in SPACE.edits(plan))
        assert forward == Counter(map(frozen, grown(nested(plan), SPACE, room)))
        backward = Counter(frozen(nested(revert(plan, undo))) for undo in undos(plan))
        assert backward == Counter(map(frozen, shrunk(nested(plan))))


def test_every_edit_adds_one_element_and_has_its_own_undo_and_the_other_way_round():
    for plan in map(drawn, range(100)):
        for edit in SPACE.edits(plan):
            child, undo = apply(plan, edit), undo_of(edit)
            assert size(child) == size(plan) + 1
            assert undo in list(undos(child))
            assert (revert(child, undo), edit_of(child, undo)) == (plan, edit)
        for undo in undos(plan):
            parent, edit = revert(plan, undo), edit_of(plan, undo)
            assert size(parent) == size(plan) - 1
            assert edit in list(SPACE.edits(parent))
            assert (apply(parent, edit), undo_of(edit)) == (plan, undo)


def test_splitting_either_neighbour_of_an_equal_state_is_two_edges_to_one_plan():
    pair = apply(ROOT, Edit("expand", 0, 1))
    left, right = (apply(pair, Edit("split", row, 1)) for row in (1, 3))
    assert left == right and hash(left) == hash(right)
    assert [undo for undo in undos(left) if undo.kind == "merge"] == [Undo("merge", 2), Undo("merge", 4)]


def test_the_root_is_never_split_and_what_is_labelled_or_expanded_neither():
    assert [kind for kind, _ in SPACE.slots(ROOT)] == ["label", "expand"]
    plan = apply(apply(ROOT, Edit("expand", 0, 0)), Edit("label", 1, 2))
    assert ("split", 1) not in list(SPACE.slots(plan))
    plan = apply(plan, Edit("expand", 3, 1))
    assert ("split", 3) not in list(SPACE.slots(plan))


def test_budgets_of_states_and_depth_bind():
    full = ROOT
    for row in (0, 1, 2):
        full = apply(full, Edit("expand" if row < 2 else "split", row, 0))
    assert sum(node.is_state for node in full) == SPACE.max_states
    assert {kind for kind, _ in SPACE.slots(full)} == {"label"}
    deep = apply(apply(ROOT, Edit("expand", 0, 0)), Edit("expand", 1, 0))
    assert [row for kind, row in SPACE.slots(deep) if kind == "expand"] == [6]
    with pytest.raises(ValueError, match="states must be at least 1, not 0"):
        PlanSpace(labels=1, states=0, max_states=1, max_depth=1)


def test_characteristics_belong_to_the_label_and_go_with_it():
    plan = apply(ROOT, Edit("label", 0, 2, (0.5, 3.0)))
    assert plan == (Node(False, 2, 0, (0.5, 3.0)),) != apply(ROOT, Edit("label", 0, 2))
    undo = Undo("unlabel", 0)
    assert revert(plan, undo) == ROOT
    assert edit_of(plan, undo) == Edit("label", 0, 2, (0.5, 3.0))


@pytest.mark.parametrize(("change", "thing"), [(apply, Edit("grow", 0, 1)), (revert, Undo("shrink", 0))])
def test_an_unknown_kind_is_refused_by_name(change, thing):
    with pytest.raises(ValueError, match="kind must be .*, not '(grow|shrink)'"):
        change(ROOT, thing)
