from dataclasses import replace

import numpy as np
import pytest
from test_domain import drawn, nested

from exemplar_trainer.domain import ROOT, Edit, apply
from exemplar_trainer.serialization import MAX_TOKENS, TokenKind, from_tokens, to_tokens


def test_plans_come_back_from_their_tokens():
    for plan in map(drawn, range(100)):
        for target in (7, None):
            assert from_tokens(to_tokens(plan, 3, target)) == (plan, 3, target)


def test_tokens_of_a_plan_by_hand():
    """S0 [T0: T1 z5 T2[T3 z6 T4]] OPEN, T1 labelled 9."""
    plan = apply(apply(apply(ROOT, Edit("expand", 0, 5)), Edit("expand", 3, 6)), Edit("label", 1, 9, (0.25, -2.0)))
    tokens = to_tokens(plan, 1, None)
    assert [TokenKind(kind).name for kind in tokens.kind] == ["S0", "T", "T", "STATE", "T", "T", "STATE", "T", "OPEN"]
    assert tokens.symbol.tolist() == [1, 0, 9, 5, 0, 0, 6, 0, 0]
    assert tokens.level.tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 0]
    assert tokens.parent.tolist() == [-1, -1, 1, 1, 1, 4, 4, 4, -1]
    assert tokens.sibling.tolist() == [0, 1, 0, 1, 2, 0, 1, 2, 2]
    assert tokens.characteristics[2].tolist() == [0.25, -2.0, 0, 0, 0, 0, 0, 0]
    assert [column.dtype.name for column in (tokens.kind, tokens.symbol, tokens.level, tokens.parent, tokens.sibling)] == [
        "uint8", "int32", "int8", "int16", "int16",
    ]  # fmt: skip
    assert from_tokens(tokens)[0][1].characteristics[:2] == (0.25, -2.0)
    assert nested(plan) == [0, [[9, None], 5, [0, [[0, None], 6, [0, None]]]]]


@pytest.mark.parametrize(
    ("column", "token", "value", "message"),
    [
        ("kind", 0, TokenKind.T, "tokens must begin with S0"),
        ("kind", 2, TokenKind.S0, "token 2: kind must be T or STATE, not 0"),
        ("kind", 3, TokenKind.T, "token 3: transitions and states must alternate"),
        ("level", 2, 3, "token 2: level 3 has no transition above it"),
        ("level", 3, 0, "token 3: only the root has level 0"),
        ("level", 4, 0, "token 4: only the root has level 0"),
        ("parent", 4, 2, "token 4: parent contradicts level"),
        ("sibling", 4, 1, "token 4: sibling contradicts level"),
    ],
)
def test_tokens_that_are_no_plan_are_refused_by_number(column, token, value, message):
    tokens = to_tokens(apply(ROOT, Edit("expand", 0, 5)), 1, 2)
    changed = getattr(tokens, column).copy()
    changed[token] = value
    with pytest.raises(ValueError, match=message):
        from_tokens(replace(tokens, **{column: changed}))


def test_a_list_that_ends_in_a_state_is_refused():
    tokens = to_tokens(apply(ROOT, Edit("expand", 0, 5)), 1, 2)
    cut = replace(tokens, **{name: np.delete(getattr(tokens, name), 4, axis=0) for name in ("kind", "symbol", "level", "parent", "sibling", "characteristics")})
    with pytest.raises(ValueError, match="token 3: a list must end in a transition and hold a state"):
        from_tokens(cut)


def test_a_plan_beyond_the_limit_is_refused():
    plan = apply(ROOT, Edit("expand", 0, 0))
    while len(plan) <= MAX_TOKENS - 2:
        plan = apply(plan, Edit("split", 1, 0))
    with pytest.raises(ValueError, match="a plan may have 254 nodes, this one has 256"):
        to_tokens(plan, 0, None)
