import numpy as np
import pytest
import torch

from exemplar_trainer.batch import collate, collate_groups
from exemplar_trainer.loader import GroupLoader, open_dataset
from exemplar_trainer.model import CONDITION_TOKENS, RELATIONS, PlanEnergy, relations
from exemplar_trainer.objectives import info_nce
from exemplar_trainer.tokens import NO_TEXT, PlanTokens


@pytest.fixture
def model() -> PlanEnergy:
    torch.manual_seed(0)
    model = PlanEnergy()
    torch.nn.init.normal_(model.readout[-1].weight)
    for block in model.blocks:
        torch.nn.init.normal_(block.relation_bias)
    return model


@pytest.fixture
def dataset(moving):
    return open_dataset(str(moving))


@pytest.fixture
def groups(dataset):
    return dataset.groups("train")[0]


def test_an_untrained_model_costs_exactly_chance(dataset, groups):
    batch, slots = collate_groups(GroupLoader(groups, seed=0, batch_groups=6).next_batch(), dataset.texts)
    sizes = (slots >= 0).sum(1)
    assert info_nce(PlanEnergy()(batch), slots).item() == pytest.approx(sizes.log().mean().item(), abs=1e-6)


def test_a_plans_energy_is_the_same_alone_and_padded_among_others(model, dataset, groups):
    plans = [(group, plan) for group in groups[:6] for plan in (group.positive, *group.negatives)]
    assert len({len(plan) for _, plan in plans}) > 1
    together = model(collate(plans, dataset.texts))
    alone = torch.cat([model(collate([plan], dataset.texts)) for plan in plans])
    assert torch.allclose(together, alone, atol=1e-5)
    assert together.std() > 0.01


def test_the_order_in_which_nodes_are_listed_does_not_matter(model, dataset, groups):
    plan = groups[0].positive
    order = np.random.default_rng(1).permutation(len(plan))
    place = np.append(np.argsort(order), -1)
    structure = plan.structure[order].copy()
    structure[:, 3] = place[structure[:, 3]]
    shuffled = PlanTokens(plan.stance, structure, plan.numbers[order], plan.texts[order])
    energies = model(collate([(groups[0], plan), (groups[0], shuffled)], dataset.texts))
    assert torch.allclose(energies[0], energies[1], atol=1e-5)


@pytest.mark.parametrize("column", range(5), ids=["kind", "level", "depth", "parent", "order"])
def test_each_part_of_the_structure_can_change_the_energy(model, dataset, groups, column):
    plan = groups[0].positive
    structure = plan.structure.copy()
    row = int(np.argmax(structure[:, 2]))
    structure[row, column] = 0 if structure[row, column] else 1
    changed = PlanTokens(plan.stance, structure, plan.numbers, plan.texts)
    energies = model(collate([(groups[0], plan), (groups[0], changed)], dataset.texts))
    assert abs(energies[0] - energies[1]) > 1e-4


def test_condition_stance_and_numbers_can_change_the_energy(model, dataset, groups):
    from dataclasses import replace

    group, plan = groups[0], groups[0].positive
    others = [
        (replace(group, initial=groups[1].initial), plan),
        (replace(group, target=NO_TEXT), plan),
        (replace(group, agent=groups[1].initial), plan),
        (replace(group, task=1), plan),
        (group, replace(plan, stance=2)),
        (group, replace(plan, numbers=plan.numbers + np.float32(0.5))),
    ]
    energies = model(collate([(group, plan), *others], dataset.texts))
    assert ((energies[1:] - energies[0]).abs() > 1e-4).all()


def test_relations_are_read_off_a_tree_by_hand():
    """Top list: rows 0, 1, 4 and 5; rows 2 and 3 under row 1."""
    found = relations(torch.tensor([[-1, -1, 1, 1, -1, -1]]), torch.tensor([[0, 1, 0, 1, 2, 3]]))[0]
    names = [[RELATIONS[int(code)] for code in row[CONDITION_TOKENS:]] for row in found[CONDITION_TOKENS:]]
    assert names == [
        ["self", "next", "unrelated", "unrelated", "later", "later"],
        ["previous", "self", "child", "child", "next", "later"],
        ["unrelated", "parent", "self", "next", "unrelated", "unrelated"],
        ["unrelated", "parent", "previous", "self", "unrelated", "unrelated"],
        ["earlier", "previous", "unrelated", "unrelated", "self", "next"],
        ["earlier", "earlier", "unrelated", "unrelated", "previous", "self"],
    ]
    assert {RELATIONS[int(code)] for code in found[CONDITION_TOKENS:, 0]} == {"to condition"}
    assert {RELATIONS[int(code)] for code in found[0]} == {"from condition"}


def test_every_parameter_gets_a_gradient(model, dataset, groups):
    from dataclasses import replace

    plans = [(replace(group, target=NO_TEXT if place % 2 else group.target), group.positive) for place, group in enumerate(groups)]
    model(collate(plans, dataset.texts)).square().sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.any()] == []
