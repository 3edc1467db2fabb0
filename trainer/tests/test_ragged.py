import torch

from exemplar_trainer.ragged import MOST_PARTS, by_length


def test_rows_computed_by_length_are_those_computed_at_once_each_in_its_place():
    """A running sum along each row, and one place more, for rows of 0 to 9 numbers."""
    lengths = torch.randint(0, 10, (3, 80), generator=torch.Generator().manual_seed(0))
    numbers = torch.rand(3, 80, 12, 2, generator=torch.Generator().manual_seed(1)).requires_grad_()
    seen = []

    def summed(longest, some, own):
        seen.append((longest, int(own.max()), int(own.min()), own.shape[1]))
        there = torch.arange(longest)[:, None] < own[:, :, None, None]
        return torch.nn.functional.pad((some[:, :, :longest] * there).cumsum(2), (0, 0, 1, 0))

    found = by_length(lengths, 12, summed, numbers, lengths)
    there = torch.arange(12)[:, None] < lengths[:, :, None, None]
    expected = torch.nn.functional.pad((numbers * there).cumsum(2), (0, 0, 1, 0))
    assert found.shape == (3, 80, 1 + 12, 2)
    for context, row in torch.cartesian_prod(torch.arange(3), torch.arange(80)).tolist():
        length = int(lengths[context, row])
        assert torch.equal(found[context, row, : 1 + length], expected[context, row, : 1 + length])
        assert not found[context, row, 1 + max(each for each, *_ in seen if each >= length) :].any()
    assert len(seen) == MOST_PARTS and all(longest == most for longest, most, _, _ in seen)
    assert sum(longest * rows for longest, _, _, rows in seen) < 0.7 * 80 * int(lengths.max())
    (gradient,) = torch.autograd.grad(found.sum(), numbers)
    assert torch.equal(gradient != 0, there.expand_as(gradient))


def test_few_rows_are_computed_at_once():
    lengths = torch.tensor([[2, 5, 1]])
    parts = []
    found = by_length(lengths, 5, lambda longest, own: parts.append(longest) or own[:, :, None].expand(-1, -1, longest), lengths)
    assert parts == [5] and found[0, :, 0].tolist() == [2, 5, 1]
