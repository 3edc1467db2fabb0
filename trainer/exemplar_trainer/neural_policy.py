"""Policies of a transformer over a plan's tokens, on an enumerated graph."""

import torch
from torch import nn

from .domain import undo_of
from .enumeration import PlanGraph
from .serialization import TokenKind, to_tokens

EDITS = ("label", "expand", "split")
WIDTH = 96
HEADS = 4
RELATIONS = ("unrelated", "self", "parent", "child", "previous", "next", "earlier", "later")


class PlanPolicy(nn.Module):
    """
    P_F and P_B of `policy.GraphPolicy`. Shared blocks over the tokens [B, P] of a plan, whose places enter through relations alone.

    Forwards, each transition has a logit for each kind of edit and the start state's token one for STOP: one softmax over those that are
    allowed, then one over the symbols of the kind chosen at that row: log P_F = log p(row, kind) + log p(symbol | row, kind). Backwards, each token that may
    go has a logit. At first both are uniform.
    """

    def __init__(self, graph: PlanGraph, layers: int = 2) -> None:
        super().__init__()
        self.graph = graph
        space = graph.space
        self.kind = nn.Embedding(len(TokenKind), WIDTH)
        self.symbol = nn.Embedding(max(space.labels + 1, space.states + 2), WIDTH)
        self.level = nn.Embedding(space.max_depth + 1, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.exit = nn.LayerNorm(WIDTH)
        self.stop = nn.Linear(WIDTH, 1)
        self.edit_kind = nn.Linear(WIDTH, len(EDITS))
        self.edit_symbol = nn.Linear(WIDTH, len(EDITS) * max(space.labels, space.states))
        self.undo = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
        for head in (self.stop, self.edit_kind, self.edit_symbol, self.undo[-1]):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        for name, table in _tables(graph).items():
            self.register_buffer(name, table, persistent=False)

    def forward_logits(self, states: torch.Tensor) -> torch.Tensor:
        """Normalised already: the choice of (row, kind) and of the symbol each sum to 1."""
        hidden = self._encode(states)
        kinds = self.edit_kind(hidden).flatten(1)
        stop = self.stop(hidden[:, 0])
        allowed = nn.functional.pad(self.slots[states, : kinds.shape[1]], (0, 1), value=True)
        log_slot = torch.cat([kinds, stop], 1).masked_fill(~allowed, float("-inf")).log_softmax(1)
        symbols = self.edit_symbol(hidden).reshape(len(states), -1, self.symbols.shape[1])
        log_symbol = symbols.masked_fill(~self.symbols.repeat(hidden.shape[1], 1), float("-inf")).log_softmax(2)
        slot, symbol = self.edge_slot[states], self.edge_symbol[states]
        rows = torch.arange(len(states)).unsqueeze(1)
        log_pf = log_slot[rows, slot] + log_symbol[rows, slot, symbol]
        return torch.cat([log_pf.masked_fill(self.graph.out_edges[states] < 0, float("-inf")), log_slot[:, -1:]], 1)

    def backward_logits(self, states: torch.Tensor) -> torch.Tensor:
        logits = self.undo(self._encode(states)).squeeze(2)
        return logits.gather(1, self.undo_token[states]).masked_fill(self.graph.in_edges[states] < 0, float("-inf"))

    def _encode(self, states: torch.Tensor) -> torch.Tensor:
        """float32 [B, P, WIDTH], P the longest of the batch."""
        longest = int(self.lengths[states].max())
        kind, symbol, level, parent, sibling = self.tokens[states, :longest].unbind(-1)
        present = torch.arange(longest) < self.lengths[states].unsqueeze(1)
        hidden = self.kind(kind) + self.symbol(symbol) + self.level(level)
        relation = tree_relations(parent, sibling)
        for block in self.blocks:
            hidden = block(hidden, relation, present)
        return self.exit(hidden)


class Block(nn.Module):
    """Pre-norm transformer block. hidden: float32 [B, P, WIDTH]; relation: int64 [B, P, P]; present: bool [B, P]."""

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


def tree_relations(parent: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """
    What token j is to token i, an index into RELATIONS: int64 [B, P, P].
    parent: int64 [B, P], the parent's row or -1; order: int64 [B, P], place among the siblings.
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


def _tables(graph: PlanGraph) -> dict[str, torch.Tensor]:
    """
    tokens: int64 [S, P, 5] with `lengths` int64 [S]. slots: bool [S, 3 P], the (row, kind) allowed; edge_slot, edge_symbol: int64 [S, A], of `out_edges`.
    undo_token: int64 [S, A'], of `in_edges`. symbols: bool [3, V], those that a kind takes.
    """
    space = graph.space
    written = [to_tokens(plan, 0, space.states + 1) for plan in graph.plans]
    lengths = torch.tensor([len(tokens) for tokens in written])
    longest = int(lengths.max())
    tokens = torch.zeros(graph.states, longest, 5, dtype=torch.int64)
    tokens[..., 3] = -1
    for state, one in enumerate(written):
        columns = (one.kind, one.symbol, one.level, one.parent, one.sibling)
        tokens[state, : len(one)] = torch.stack([torch.from_numpy(column.astype("int64")) for column in columns], 1)
    slots = torch.zeros(graph.states, longest * len(EDITS), dtype=torch.bool)
    edge_slot = torch.zeros_like(graph.out_edges)
    edge_symbol = torch.zeros_like(graph.out_edges)
    undo_token = torch.zeros_like(graph.in_edges)
    for edge, edit in enumerate(graph.edits):
        source, target = int(graph.source[edge]), int(graph.target[edge])
        slot = (1 + edit.row) * len(EDITS) + EDITS.index(edit.kind)
        slots[source, slot] = True
        edge_slot[source, graph.out_place[edge]] = slot
        edge_symbol[source, graph.out_place[edge]] = edit.symbol - 1 if edit.kind == "label" else edit.symbol
        undo_token[target, graph.in_place[edge]] = 1 + undo_of(edit).row
    symbols = torch.zeros(len(EDITS), max(space.labels, space.states), dtype=torch.bool)
    symbols[0, : max(1, space.labels)] = True
    symbols[1:, : space.states] = True
    return {
        "tokens": tokens, "lengths": lengths, "slots": slots, "edge_slot": edge_slot, "edge_symbol": edge_symbol,
        "undo_token": undo_token, "symbols": symbols,
    }  # fmt: skip
