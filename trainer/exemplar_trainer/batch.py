"""Groups and plans as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch

from .loader import Drawn, Group
from .tokens import NO_TEXT, PlanTokens, TextTable


@dataclass(frozen=True)
class PlanBatch:
    """
    P plans of at most N nodes with their conditions; U distinct texts.

    words: int64 [W], bags: int64 [U]: features of text u are words[bags[u] : bags[u + 1]].
    structure: int64 [P, N, 5], numbers: float32 [P, N, 4], texts: int64 [P, N], present: bool [P, N]: as PlanTokens, padded.
    condition: int64 [P, 3]: rows of the initial state's, target's and agent's text; the target's is -1 where open-ended.
    stance, task: int64 [P].
    """

    words: torch.Tensor
    bags: torch.Tensor
    structure: torch.Tensor
    numbers: torch.Tensor
    texts: torch.Tensor
    present: torch.Tensor
    condition: torch.Tensor
    stance: torch.Tensor
    task: torch.Tensor

    def to(self, device: torch.device) -> "PlanBatch":
        return PlanBatch(*(getattr(self, field.name).to(device) for field in fields(self)))


def collate(plans: Sequence[tuple[Group, PlanTokens]], table: TextTable) -> PlanBatch:
    """A batch of plans, each with the group whose condition it stands under. Every text is embedded once, however often it occurs."""
    count, longest = len(plans), max(len(plan) for _, plan in plans)
    structure = np.zeros((count, longest, 5), dtype=np.int64)
    numbers = np.zeros((count, longest, 4), dtype=np.float32)
    texts = np.full((count, longest), NO_TEXT, dtype=np.int64)
    for row, (_, plan) in enumerate(plans):
        structure[row, : len(plan)] = plan.structure
        numbers[row, : len(plan)] = plan.numbers
        texts[row, : len(plan)] = plan.texts
    condition = np.array([[group.initial, group.target, group.agent] for group, _ in plans], dtype=np.int64)

    used = np.unique(np.concatenate([texts.ravel(), condition.ravel()]))
    used = used[used != NO_TEXT]
    features = [table.features(index) for index in used]
    bags = np.concatenate([[0], np.cumsum([len(feature) for feature in features])[:-1]])
    return PlanBatch(
        words=torch.from_numpy(np.concatenate(features).astype(np.int64)),
        bags=torch.from_numpy(bags.astype(np.int64)),
        structure=torch.from_numpy(structure),
        numbers=torch.from_numpy(numbers),
        texts=torch.from_numpy(_rows(texts, used, absent=0)),
        present=torch.from_numpy(texts != NO_TEXT),
        condition=torch.from_numpy(_rows(condition, used, absent=-1)),
        stance=torch.tensor([plan.stance for _, plan in plans]),
        task=torch.tensor([group.task for group, _ in plans]),
    )


def collate_groups(drawn: Sequence[Drawn], table: TextTable) -> tuple[PlanBatch, torch.Tensor]:
    """
    The plans of G groups, and slots: int64 [G, 1 + M], the row of each group's positive (column 0) and negatives, -1 where it has fewer.
    """
    widest = max(len(one.plans) for one in drawn)
    slots = torch.full((len(drawn), widest), -1, dtype=torch.int64)
    plans: list[tuple[Group, PlanTokens]] = []
    for row, one in enumerate(drawn):
        slots[row, : len(one.plans)] = torch.arange(len(plans), len(plans) + len(one.plans))
        plans += [(one.group, plan) for plan in one.plans]
    return collate(plans, table), slots


def _rows(indexes: np.ndarray, used: np.ndarray, absent: int) -> np.ndarray:
    return np.where(indexes == NO_TEXT, absent, np.searchsorted(used, indexes))
