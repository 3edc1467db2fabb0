"""The energy of a plan: a small transformer over its nodes and its condition."""

import torch
from torch import nn

from .batch import PlanBatch
from exemplar_data.contract import KINDS, LEVELS, STANCES, TASKS

from .tokens import BUCKETS

WIDTH = 96
LAYERS = 3
HEADS = 4
DEEPEST = 7
"""Depths below this share an embedding."""
RELATIONS = ("unrelated", "self", "parent", "child", "previous", "next", "earlier", "later", "to condition", "from condition")
CONDITION_TOKENS = 4
"""Initial state, target, agent with task, stance."""


class PlanEnergy(nn.Module):
    """
    E(z | c) in nats, up to a constant of the condition c: lower is better. Trained by `objectives.info_nce`.

    Position enters through relations between nodes only (parent, child, neighbouring, earlier, later sibling), as learned biases of
    attention: absolute positions would shift with every insertion. A new model gives every plan the energy 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.EmbeddingBag(BUCKETS, WIDTH, mode="mean")
        self.kind = nn.Embedding(len(KINDS), WIDTH)
        self.level = nn.Embedding(len(LEVELS), WIDTH)
        self.depth = nn.Embedding(DEEPEST + 1, WIDTH)
        self.numbers = nn.Linear(4, WIDTH)
        self.role = nn.Embedding(CONDITION_TOKENS, WIDTH)
        self.open_target = nn.Parameter(torch.randn(WIDTH))
        self.task = nn.Embedding(len(TASKS), WIDTH)
        self.stance = nn.Embedding(len(STANCES), WIDTH)
        self.entry = nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.exit = nn.LayerNorm(WIDTH)
        self.readout = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))
        nn.init.zeros_(self.readout[-1].weight)
        nn.init.zeros_(self.readout[-1].bias)

    def forward(self, batch: PlanBatch) -> torch.Tensor:
        """Energies: float32 [P]."""
        texts = self.words(batch.words, batch.bags)
        kind, level, depth, parent, order = batch.structure.unbind(-1)
        nodes = texts[batch.texts] + self.numbers(batch.numbers)
        nodes = nodes + self.kind(kind) + self.level(level) + self.depth(depth.clamp(max=DEEPEST))
        hidden = self.entry(torch.cat([self._condition(batch, texts), nodes], dim=1))
        present = nn.functional.pad(batch.present, (CONDITION_TOKENS, 0), value=True)
        relation = relations(parent, order)
        for block in self.blocks:
            hidden = block(hidden, relation, present)
        weight = present.unsqueeze(-1).to(hidden.dtype)
        pooled = (self.exit(hidden) * weight).sum(1) / weight.sum(1)
        return self.readout(pooled).squeeze(-1)

    def _condition(self, batch: PlanBatch, texts: torch.Tensor) -> torch.Tensor:
        initial, target, agent = batch.condition.unbind(-1)
        open_ended = (target < 0).unsqueeze(-1)
        tokens = [
            texts[initial],
            torch.where(open_ended, self.open_target, texts[target.clamp(min=0)]),
            texts[agent] + self.task(batch.task),
            self.stance(batch.stance),
        ]
        return torch.stack(tokens, dim=1) + self.role.weight


class Block(nn.Module):
    """Pre-norm transformer block. hidden: float32 [P, T, WIDTH]; relation: int64 [P, T, T]; present: bool [P, T]."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(WIDTH)
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH)
        self.relation_bias = nn.Parameter(torch.zeros(len(RELATIONS), HEADS))
        self.attended = nn.Linear(WIDTH, WIDTH)
        self.before_feed_forward = nn.LayerNorm(WIDTH)
        self.feed_forward = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, hidden: torch.Tensor, relation: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        plans, tokens, _ = hidden.shape
        split = self.queries_keys_values(self.before_attention(hidden)).view(plans, tokens, 3, HEADS, WIDTH // HEADS)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        bias = nn.functional.embedding(relation, self.relation_bias).permute(0, 3, 1, 2)
        scores = queries @ keys.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + bias
        scores = scores.masked_fill(~present[:, None, None, :], float("-inf"))
        mixed = (scores.softmax(-1) @ values).transpose(1, 2).reshape(plans, tokens, WIDTH)
        hidden = hidden + self.attended(mixed)
        return hidden + self.feed_forward(self.before_feed_forward(hidden))


def relations(parent: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """`tree_relations` of a plan's nodes behind the tokens of its condition: int64 [P, T, T] with T = CONDITION_TOKENS + N."""
    found = nn.functional.pad(tree_relations(parent, order), (CONDITION_TOKENS, 0), value=RELATIONS.index("to condition"))
    return nn.functional.pad(found, (0, 0, CONDITION_TOKENS, 0), value=RELATIONS.index("from condition"))


def tree_relations(parent: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """
    What node j is to node i, an index into RELATIONS: int64 [P, N, N].
    parent: int64 [P, N], the parent's row or -1; order: int64 [P, N], place among the siblings.
    """
    rows = torch.arange(parent.shape[1], device=parent.device)
    mine, other = parent.unsqueeze(2), parent.unsqueeze(1)
    ahead = order.unsqueeze(1) - order.unsqueeze(2)
    sibling = mine == other
    found = torch.zeros_like(ahead)
    for name, where in (
        ("parent", mine == rows),
        ("child", other == rows.unsqueeze(1)),
        ("earlier", sibling & (ahead < 0)),
        ("later", sibling & (ahead > 0)),
        ("previous", sibling & (ahead == -1)),
        ("next", sibling & (ahead == 1)),
        ("self", (rows == rows.unsqueeze(1)).expand_as(sibling)),
    ):
        found = found.masked_fill(where, RELATIONS.index(name))
    return found
