import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from exemplar_trainer.objectives import info_nce


def slow_info_nce(groups: list[list[float]]) -> float:
    """Groups of energies, the positive first: the definition, a term at a time."""
    losses = []
    for energies in groups:
        weights = [math.exp(-energy) for energy in energies]
        losses.append(-math.log(weights[0] / math.fsum(weights)))
    return math.fsum(losses) / len(losses)


def packed(groups: list[list[float]], dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    slots = torch.full((len(groups), max(map(len, groups))), -1)
    start = 0
    for row, group in enumerate(groups):
        slots[row, : len(group)] = torch.arange(start, start + len(group))
        start += len(group)
    return torch.tensor([energy for group in groups for energy in group], dtype=dtype), slots


@pytest.mark.parametrize("seed", range(5))
def test_ragged_groups_equal_the_definition(seed):
    generator = torch.Generator().manual_seed(seed)
    groups = [(5 * torch.randn(size, generator=generator, dtype=torch.float64)).tolist() for size in (2, 9, 3, 5)]
    assert info_nce(*packed(groups)).item() == pytest.approx(slow_info_nce(groups), abs=1e-12)


def test_with_one_negative_it_is_the_two_way_preference_loss():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randn(50, 2, generator=generator, dtype=torch.float64) * 8
    expected = -logsigmoid(pairs[:, 1] - pairs[:, 0]).mean()
    assert info_nce(*packed(pairs.tolist())).item() == pytest.approx(expected.item(), abs=1e-12)


def test_equal_energies_cost_the_log_of_the_groups_size():
    assert info_nce(*packed([[3.0] * 4, [-1.0] * 9])).item() == pytest.approx((math.log(4) + math.log(9)) / 2)


def test_a_constant_of_the_condition_changes_nothing_even_at_a_size_where_exponentials_overflow():
    base = [[0.0, 1.0, 2.0]]
    shifted = [[energy + 5000 for energy in group] for group in base]
    assert info_nce(*packed(shifted)).item() == pytest.approx(slow_info_nce(base), abs=1e-9)


def test_gradients_are_softmax_minus_target_and_none_reaches_an_absent_slot():
    energy, slots = packed([[0.3, -0.2, 1.0], [0.5, 0.1]])
    energy.requires_grad_()
    info_nce(energy, slots).backward()
    assert torch.autograd.gradcheck(lambda e: info_nce(e, slots), [energy])
    first = torch.softmax(-energy[:3].detach(), 0)
    assert torch.allclose(energy.grad[:3], torch.stack([1 - first[0], -first[1], -first[2]]) / 2)
    assert energy.grad[3:].sum().abs() < 1e-15
