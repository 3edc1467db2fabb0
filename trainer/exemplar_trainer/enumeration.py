"""Every plan of a small plan space, its edges and an energy with known sums: ground truth for samplers."""

from dataclasses import dataclass

import torch

from .domain import PLACEHOLDER, ROOT, Edit, Plan, PlanSpace, apply, size
from .graph import StateGraph

BARE_PLACEHOLDER = 0.5
LABEL = 0.25
EXPANSION = 0.25


@dataclass(frozen=True)
class PlanGraph(StateGraph):
    """
    All plans of `space`, each an insertion tree. log_reward is -E of `line_energy`.

    plans: by size, index = state. edits: the edit of each edge, in the order of `source`.
    """

    space: PlanSpace
    plans: tuple[Plan, ...]
    edits: tuple[Edit, ...]

    @property
    def parallel_pairs(self) -> int:
        """Pairs of states joined by more than one edge."""
        pairs = torch.stack([self.source, self.target])
        return int((pairs.unique(dim=1, return_counts=True)[1] > 1).sum())


def enumerate_plans(space: PlanSpace) -> PlanGraph:
    """Breadth first from the root, so that plans are ordered by size. 169,212 plans take half a minute."""
    index: dict[Plan, int] = {ROOT: 0}
    plans: list[Plan] = [ROOT]
    source, target, edits = [], [], []
    for state, plan in enumerate(plans):
        for edit in space.edits(plan):
            child = apply(plan, edit)
            found = index.setdefault(child, len(plans))
            if found == len(plans):
                plans.append(child)
            source.append(state)
            target.append(found)
            edits.append(edit)
    return PlanGraph(
        source=torch.tensor(source, dtype=torch.int64),
        target=torch.tensor(target, dtype=torch.int64),
        depth=torch.tensor([size(plan) for plan in plans]),
        log_reward=-torch.tensor([line_energy(plan, space) for plan in plans], dtype=torch.float64),
        space=space,
        plans=tuple(plans),
        edits=tuple(edits),
    )


def line_energy(plan: Plan, space: PlanSpace) -> float:
    """
    E(z) in nats. States lie on a line: the start at 0, code z at z + 1, the target at states + 1; steps of length 1 between neighbours in
    pre-order are free, others cost ||dz| - 1|. A bare placeholder without children costs 0.5, a label 0.25, an expansion 0.25.
    """
    at = [0, *(node.symbol + 1 for node in plan if node.is_state), space.states + 1]
    energy = float(sum(abs(abs(after - before) - 1) for before, after in zip(at, at[1:], strict=False)))
    for row, node in enumerate(plan):
        if node.is_state:
            continue
        is_leaf = row + 1 == len(plan) or plan[row + 1].depth <= node.depth
        if is_leaf and node.symbol == PLACEHOLDER:
            energy += BARE_PLACEHOLDER
        if node.symbol != PLACEHOLDER:
            energy += LABEL
        if not is_leaf:
            energy += EXPANSION
    return energy
