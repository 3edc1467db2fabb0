import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from exemplar_trainer.objectives import grouped_nce


def slow_nce(groups: list[list[float]]) -> float:
    """Groups of scores, the positive first: the definition, a term at a time."""
    losses = []
    for scores in groups:
        weights = [math.exp(score) for score in scores]
        losses.append(-math.log(weights[0] / math.fsum(weights)))
    return math.fsum(losses) / len(losses)


def packed(groups: list[list[float]], dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    slots = torch.full((len(groups), max(map(len, groups))), -1)
    start = 0
    for row, group in enumerate(groups):
        slots[row, : len(group)] = torch.arange(start, start + len(group))
        start += len(group)
    return torch.tensor([score for group in groups for score in group], dtype=dtype), slots


@pytest.mark.parametrize("seed", range(5))
def test_ragged_groups_equal_the_definition(seed):
    generator = torch.Generator().manual_seed(seed)
    groups = [(5 * torch.randn(size, generator=generator, dtype=torch.float64)).tolist() for size in (2, 9, 3, 5)]
    assert grouped_nce(*packed(groups)).item() == pytest.approx(slow_nce(groups), abs=1e-12)


def test_with_one_negative_it_is_the_two_way_preference_loss():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randn(50, 2, generator=generator, dtype=torch.float64) * 8
    expected = -logsigmoid(pairs[:, 0] - pairs[:, 1]).mean()
    assert grouped_nce(*packed(pairs.tolist())).item() == pytest.approx(expected.item(), abs=1e-12)


def test_equal_scores_cost_the_log_of_the_groups_size():
    assert grouped_nce(*packed([[3.0] * 4, [-1.0] * 9])).item() == pytest.approx((math.log(4) + math.log(9)) / 2)


def test_a_constant_of_the_condition_changes_nothing_even_at_a_size_where_exponentials_overflow():
    base = [[0.0, 1.0, 2.0]]
    shifted = [[score + 5000 for score in group] for group in base]
    assert grouped_nce(*packed(shifted)).item() == pytest.approx(slow_nce(base), abs=1e-9)


def test_gradients_are_softmax_minus_target_and_none_reaches_an_absent_slot():
    score, slots = packed([[0.3, -0.2, 1.0], [0.5, 0.1]])
    score.requires_grad_()
    grouped_nce(score, slots).backward()
    assert torch.autograd.gradcheck(lambda s: grouped_nce(s, slots), [score])
    first = torch.softmax(score[:3].detach(), 0)
    assert torch.allclose(score.grad[:3], torch.stack([first[0] - 1, first[1], first[2]]) / 2)
    assert score.grad[3:].sum().abs() < 1e-15
