"""The plan actor's network: encoders of texts and of plans, a decoder of edits' texts for each policy, one of explanations, and heads."""

from dataclasses import dataclass, fields
from itertools import chain

import torch
import torch.nn.functional as F
from torch import nn

from .layers import Attention, DecoderLayer, FeedForward, KeysValues, Memory, NextToken, PlanLayer, Size, TextLayer, relations
from .ragged import by_length
from .vocabulary import EOS, FIRST_REFERENCE, FIRST_WORD, PAD

ROLES = ("prior", "draft", "posterior")
"""Forward policies: of final plans, of earlier versions, and of plans given the explanation too."""
EDITS = ("label", "expand", "split")
STOP = 0
"""Choice 0: row 0 is the start state, at which no edit is possible; choice 3 r + k is the edit EDITS[k] at row r."""
PADDING, START, BARE, LABELLED, STATE = range(5)
"""Kinds of a plan's rows."""
DEEPEST = 8
RECOMPILE_LIMIT = 64
"""Beyond which torch.compile would run new shapes uncompiled."""
WAVES, STEPS, STEP = 16, 48, 0.025
NUMBER_SCALE = 3.0
"""How loud a number's size is beside its token, whose embedding has entries of about 1."""

SIZES = {
    "tiny": Size(64, 2, 1, 2, 1),
    "small": Size(),
    "base": Size(384, 6, 3, 4, 1),
    "large": Size(768, 12, 4, 4, 1),
}
"""0.8, 4, 29 and 121 million weights, with a vocabulary of 2,000."""


Past = dict[DecoderLayer, KeysValues]
"""Of texts that are written token by token: what each layer keeps of the tokens before. It begins empty."""


@dataclass(frozen=True)
class PlanRows:
    """
    S plans in each of C contexts, R rows each: row 0 is the start state, row 1 + r is row r of the plan.

    texts: int64 [C, U, W], the context's distinct node texts; texts[:, 0] is empty. kind, depth, text (its place in `texts`): int64 [C, S, R].
    figures: int64 [C, S, R, N], bins. allowed: bool [C, S, 3 R], the choices.
    """

    texts: torch.Tensor
    kind: torch.Tensor
    depth: torch.Tensor
    text: torch.Tensor
    figures: torch.Tensor
    allowed: torch.Tensor

    @property
    def tokens(self) -> torch.Tensor:
        """int64 [C, S, R, W]: the text of each row."""
        contexts, plans, length = self.text.shape
        width = self.texts.shape[-1]
        return self.texts.gather(1, self.text.flatten(1).unsqueeze(-1).expand(-1, -1, width)).view(contexts, plans, length, width)

    def to(self, device: torch.device) -> "PlanRows":
        return PlanRows(*(getattr(self, each.name).to(device) for each in fields(self)))


@dataclass(frozen=True)
class Encoded:
    """A plan of each of C contexts. hidden: [C, R, width]; kind: int64 [C, R]; tokens: int64 [C, R, W], the text of each row."""

    hidden: torch.Tensor
    kind: torch.Tensor
    tokens: torch.Tensor


class PlanActor(nn.Module):
    """
    vocabulary: tokens. figures: bins of each figure of an action.

    Three forward policies share the encoders, and have decoders and heads of their own. P_F of an edit is p(row, kind) p(text | row, kind), and of a label with
    figures that of each figure's bin besides.
    """

    def __init__(self, size: Size, vocabulary: int, figures: tuple[int, ...]) -> None:
        super().__init__()
        self.size = size
        width = size.width
        self.token = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.token.weight, std=width**-0.5)
        self.number = nn.Linear(2 * WAVES + STEPS, width)
        self.place = nn.Parameter(torch.randn(64, width))
        self.segment = nn.Embedding(2, width)
        self.text_layers = nn.ModuleList(TextLayer(size) for _ in range(size.text_layers))
        self.text_out = nn.LayerNorm(width)

        self.node_text = nn.Linear(2 * width, width)
        self.kind = nn.Embedding(5, width)
        self.depth = nn.Embedding(DEEPEST + 1, width)
        self.role = nn.Embedding(len(ROLES), width)
        self.figure_in = nn.ModuleList(nn.Embedding(bins, width) for bins in figures)
        self.plan_layers = nn.ModuleList(PlanLayer(size) for _ in range(size.plan_layers))
        self.plan_out = nn.LayerNorm(width)

        self.edit = nn.Linear(width, len(ROLES) * 3)
        self.undo = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        nn.init.zeros_(self.undo[-1].weight)
        nn.init.zeros_(self.undo[-1].bias)

        self.slot = nn.Linear(width, width)
        self.slot_kind = nn.Embedding(3 * len(ROLES), width)
        self.symbol_layers = nn.ModuleList(nn.ModuleList(DecoderLayer(size) for _ in range(size.decoder_layers)) for _ in ROLES)
        self.symbol_out = NextToken(size, vocabulary)
        self.figure_text = nn.Linear(width, width)
        self.figure_layers = nn.ModuleList(nn.ModuleList([Attention(size), FeedForward(size)]) for _ in range(size.decoder_layers))
        self.figure_norm = nn.LayerNorm(width)
        self.figure_out = nn.ModuleList(nn.Linear(width, bins) for bins in figures)

        self.said = nn.Linear(2 * width, width)
        self.said_out = nn.LayerNorm(width)
        self.telling_layers = nn.ModuleList(DecoderLayer(size) for _ in range(size.decoder_layers))
        self.telling_out = NextToken(size, vocabulary)
        self.untold = nn.Parameter(torch.randn(width))
        self.gist_in = nn.Linear(2 * width, width)
        self.fixed_shapes = False

    def fuse(self) -> None:
        """Has the layers compiled as they are first called. What is scored has the lengths of `bucket` from now on; texts grow by a token as they are drawn."""
        self.fixed_shapes = True
        # a layer is compiled for scoring and for drawing, in either precision, and for each size that is 1
        torch._dynamo.config.recompile_limit = max(RECOMPILE_LIMIT, torch._dynamo.config.recompile_limit)
        for layer in (*self.text_layers, *self.plan_layers, *chain(*self.symbol_layers), *self.telling_layers):
            layer.compile(dynamic=True)

    @property
    def padded(self) -> bool:
        """Whether rows of unequal lengths are computed at once: a GPU has time to spare for padding, and none for many small calls."""
        return self.fixed_shapes or self.token.weight.is_cuda

    def length(self, longest: int) -> int:
        """How long tensors are made that hold so many places."""
        return bucket(longest) if self.fixed_shapes else longest

    # -- texts

    def embed(self, tokens: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """tokens: int64 [C, ...]; values: float [C, K], what the context's references amount to. A reference to a number carries its size."""
        flat = tokens.flatten(1)
        place = (flat - FIRST_REFERENCE) // 2
        refers = (flat >= FIRST_REFERENCE) & (flat < FIRST_WORD) & (place < values.shape[1])
        value = torch.where(refers, values.gather(1, place.clamp(0, values.shape[1] - 1)), 0.0).view(tokens.shape)
        return self.token(tokens) * self.size.width**0.5 + NUMBER_SCALE * self.number(magnitude(value))

    def read(self, tokens: torch.Tensor, values: torch.Tensor, segment: int) -> Memory:
        """The memory of a text of each context. tokens: int64 [C, M]. segment 0: condition, 1: explanation."""
        present = tokens != PAD
        hidden = self.embed(tokens, values) + self.segment.weight[segment]
        for layer in self.text_layers:
            hidden = layer(hidden, present)
        return Memory(self.text_out(hidden), tokens, present, values)

    def gist(self, told: Memory) -> torch.Tensor:
        """[C, width] of explanations: how they begin, and the mean of their tokens."""
        present = told.present.unsqueeze(2)
        mean = (told.hidden * present).sum(1) / present.sum(1).clamp(min=1)
        return self.gist_in(torch.cat([told.hidden[:, 0] * present[:, 0], mean], 1))

    # -- plans

    def encode(self, rows: PlanRows, memory: Memory, role: str) -> torch.Tensor:
        """[C, S, R, width]"""
        texts = self._node_texts(rows.texts, memory.values)

        def encoded(longest: int, kind: torch.Tensor, depth: torch.Tensor, text: torch.Tensor, figures: torch.Tensor) -> torch.Tensor:
            kind, depth, text, figures = kind[:, :, :longest], depth[:, :, :longest], text[:, :, :longest], figures[:, :, :longest]
            written = texts.gather(1, text.flatten(1).unsqueeze(-1).expand(-1, -1, texts.shape[-1])).view(*text.shape, -1)
            stated = sum(table(figures[..., place]) for place, table in enumerate(self.figure_in))
            hidden = written + stated + self.kind(kind) + self.depth(depth.clamp(max=DEEPEST)) + self.role.weight[ROLES.index(role)]
            if memory.gist is not None:
                hidden = hidden + memory.gist[:, None, None]
            relation = relations(depth.flatten(0, 1))
            for layer in self.plan_layers:
                hidden = layer(hidden, relation, kind != PADDING, memory.keys_values(layer.reading), memory.present)
            return self.plan_out(hidden)

        tensors = (rows.kind, rows.depth, rows.text, rows.figures)
        return by_length((rows.kind != PADDING).sum(2), rows.kind.shape[2], encoded, *tensors, at_once=self.padded)

    def _node_texts(self, texts: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """[C, U, width], 0 of an empty text: the sum of its tokens, and of its tokens times a pattern of their places."""
        present = (texts != PAD).unsqueeze(-1)
        tokens = self.embed(texts, values) * present
        placed = tokens * self.place[: texts.shape[-1]]
        count = present.sum(-2).clamp(min=1) ** 0.5
        return self.node_text(torch.cat([tokens.sum(-2) / count, placed.sum(-2) / count], -1)) * present.any(-2)

    def choices(self, hidden: torch.Tensor, allowed: torch.Tensor, role: str) -> torch.Tensor:
        """log p(choice): [C, S, 3 R], -inf where not allowed; in float32."""
        first = 3 * ROLES.index(role)
        logits = self.edit(hidden)[..., first : first + 3].flatten(2).float()
        return logits.masked_fill(~allowed, float("-inf")).log_softmax(-1)

    def undo_logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """A logit a row: [C, S, R]."""
        return self.undo(hidden).squeeze(-1)

    def slots(self, hidden: torch.Tensor, choice: torch.Tensor, role: str) -> torch.Tensor:
        """What the text of a chosen edit begins from. choice: int64 [C, S]. Returns [C, S, width]."""
        row, kind = choice // 3, choice % 3
        at = hidden.gather(2, row[..., None, None].expand(-1, -1, 1, hidden.shape[-1])).squeeze(2)
        return self.slot(at) + self.slot_kind(kind + 3 * ROLES.index(role))

    def next_symbol(self, slots: torch.Tensor, token: torch.Tensor | None, past: Past, memory: Memory, role: str) -> torch.Tensor:
        """log p of the token after a slot (token None, past empty), and then after each token (int64 [C, S]) in turn: [C, S, V]. past: grows with each."""
        hidden = slots.unsqueeze(2) if token is None else self.embed(token.unsqueeze(2), memory.values)
        hidden = self._next(self.symbol_layers[ROLES.index(role)], hidden, past, memory)
        return self.symbol_out(hidden, memory, self.token.weight, (EOS,) if token is None else ()).squeeze(2)

    def symbol_log_p(self, wanted: torch.Tensor, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory, role: str) -> torch.Tensor:
        """log p of the wanted tokens (int64 [C, S, 1 + L], 0 of PAD) after the slot and after each of `tokens` (int64 [C, S, L])."""

        def scored(longest: int, wanted: torch.Tensor, slots: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
            hidden = self._symbols(slots, tokens[:, :, :longest], memory, role)
            return self.symbol_out.log_p(wanted[:, :, : 1 + longest], hidden, memory, self.token.weight, (EOS,))

        return by_length((tokens != PAD).sum(2), tokens.shape[2], scored, wanted, slots, tokens, at_once=self.padded)

    def _symbols(self, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory, role: str) -> torch.Tensor:
        hidden = torch.cat([slots.unsqueeze(2), self.embed(tokens, memory.values)], 2)
        for layer in self.symbol_layers[ROLES.index(role)]:
            hidden = layer(hidden, memory.keys_values(layer.reading), memory.present)
        return hidden

    def figure_logits(self, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> list[torch.Tensor]:
        """Logits of the bins of each figure of labels with these texts: [C, S, bins] each. tokens: int64 [C, S, L]."""
        hidden = slots + self.figure_text(self._node_texts(tokens, memory.values))
        for reading, feed_forward in self.figure_layers:
            hidden = feed_forward(reading(hidden, memory.keys_values(reading), memory.present[:, None, None]))
        hidden = self.figure_norm(hidden)
        return [head(hidden) for head in self.figure_out]

    def beside_plan(self, condition: Memory, plan: Encoded | None) -> Memory:
        """What explanations are told from, the words of the plan among it, so that they can be copied. plan: None for p(x | c)."""
        if plan is None:
            contexts = len(condition.tokens)
            there = torch.ones(contexts, 1, dtype=torch.bool, device=condition.tokens.device)
            return condition.joined(Memory(self.untold.expand(contexts, 1, -1), torch.full(there.shape, PAD, device=there.device), there, condition.values))
        present = plan.kind != PADDING
        rows = Memory(plan.hidden, torch.full(present.shape, PAD, device=present.device), present, condition.values)
        return condition.joined(rows).joined(self._said(plan, condition.values))

    def _said(self, plan: Encoded, values: torch.Tensor) -> Memory:
        """The memory of a plan's words, each with its row and the word before it."""
        embedded = self.embed(plan.tokens, values)
        before = F.pad(embedded, (0, 0, 1, 0))[:, :, :-1]
        words = self.said_out(plan.hidden.unsqueeze(2) + self.said(torch.cat([embedded, before], -1))).flatten(1, 2)
        flat = plan.tokens.flatten(1)
        # rows differ in length: words first, then nothing
        order = (flat == PAD).to(torch.int8).argsort(dim=1, stable=True)[:, : self.length(max(1, int((flat != PAD).sum(1).max())))]
        flat = flat.gather(1, order)
        return Memory(words.gather(1, order.unsqueeze(2).expand(-1, -1, words.shape[2])), flat, flat != PAD, values)

    def next_told(self, token: torch.Tensor, past: Past, memory: Memory) -> torch.Tensor:
        """log p of the token of an explanation after each (int64 [C, 1], BOS first) in turn: [C, 1, V]. memory: of `beside_plan`; past: grows with each."""
        hidden = self._next(self.telling_layers, self.embed(token, memory.values).unsqueeze(1), past, memory)
        return self.telling_out(hidden, memory, self.token.weight).squeeze(1)

    @staticmethod
    def _next(layers: nn.ModuleList, hidden: torch.Tensor, past: Past, memory: Memory) -> torch.Tensor:
        for layer in layers:
            hidden, past[layer] = layer.next(hidden, memory.keys_values(layer.reading), memory.present, past.get(layer))
        return hidden

    def telling_log_p(self, wanted: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        """log p(x | z, c) of each wanted token (int64 [C, L], 0 of PAD) after `tokens` so far (int64 [C, L], from BOS). memory: of `beside_plan`."""
        return self.telling_out.log_p(wanted.unsqueeze(1), self._told(tokens, memory), memory, self.token.weight).squeeze(1)

    def _told(self, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        told = self.embed(tokens, memory.values).unsqueeze(1)
        for layer in self.telling_layers:
            told = layer(told, memory.keys_values(layer.reading), memory.present)
        return told


def bucket(length: int) -> int:
    """The least of 1 to 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, ... that holds a length: four in an octave, so that at most a fifth is padding."""
    step = 1 << max(0, (length - 1).bit_length() - 3)
    return -(-length // step) * step


def magnitude(value: torch.Tensor) -> torch.Tensor:
    """
    Features of log1p(n) / 10, 0 of 0: sines and cosines at wavelengths from 2 down to 2 / 256, which tell near numbers apart, and steps that one after the other
    turn from -1 to 1, whose differences tell which of two numbers is larger. [..., 2 WAVES + STEPS]
    """
    rate = torch.pi * 2 ** torch.linspace(0, 8, WAVES, device=value.device)
    angle = value.unsqueeze(-1) * rate
    at = torch.arange(STEPS, device=value.device) * STEP
    steps = ((value.unsqueeze(-1) - at) / STEP).tanh()
    return torch.cat([angle.sin(), angle.cos(), steps], -1) * (value > 0).unsqueeze(-1)
