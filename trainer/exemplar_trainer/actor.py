"""The plan actor's network: one encoder of plans and texts, and a decoder for each of its policies."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import torch
import torch.nn.functional as F
from torch import nn

from .vocabulary import BOS, EOS, FIRST_REFERENCE, FIRST_WORD, OPEN, PAD, SEP

ROLES = ("prior", "draft", "posterior")
"""Forward policies: of final plans, of earlier versions, and of plans given the explanation too."""
EDITS = ("label", "expand", "split")
STOP = 0
"""Choice 0: row 0 is the start state, at which no edit is possible; choice 3 r + k is the edit EDITS[k] at row r."""
PADDING, START, BARE, LABELLED, STATE = range(5)
"""Kinds of a plan's rows."""
SPAN = 12
"""Rows further apart than this share a bias."""
RELATIONS = 3 * (2 * SPAN + 1)
DEEPEST = 8
RECOMPILE_LIMIT = 64
"""Beyond which torch.compile would run new shapes uncompiled."""
WAVES, STEPS, STEP = 16, 48, 0.025
NUMBER_SCALE = 3.0
"""How loud a number's size is beside its token, whose embedding has entries of about 1."""
NEVER_SAID = (PAD, BOS, SEP, OPEN)
IMPOSSIBLE = -1e9
"""Logit of what cannot come: no text is empty, and none holds the marks of a condition."""
SMALLEST = 1e-30
"""Probability of copying what is nowhere."""

KeysValues = tuple[torch.Tensor, torch.Tensor]
"""Of attention: [B, heads, M, width a head] each."""


@dataclass(frozen=True)
class Size:
    """width must be a multiple of 2 heads."""

    width: int = 128
    heads: int = 4
    text_layers: int = 2
    plan_layers: int = 3
    decoder_layers: int = 2


SIZES = {
    "tiny": Size(64, 2, 1, 2, 1),
    "small": Size(),
    "base": Size(384, 6, 3, 4, 2),
    "large": Size(768, 12, 4, 4, 2),
}
"""0.6, 3, 30 and 123 million weights, with a vocabulary of 2,000."""


@dataclass(frozen=True)
class Memory:
    """
    What plans are read beside: C contexts of M text tokens. hidden: [C, M, width]; tokens: int64 [C, M], PAD where a place holds none that could be copied;
    present: bool [C, M]; values: float [C, K], of references. Each layer makes its keys and values of it once, however many plans, edits and policies ask.
    """

    hidden: torch.Tensor
    tokens: torch.Tensor
    present: torch.Tensor
    values: torch.Tensor
    _made: dict[tuple[int, bool], KeysValues] = field(default_factory=dict, compare=False, repr=False)
    _one_hot: list[torch.Tensor] = field(default_factory=list, compare=False, repr=False)

    def keys_values(self, layer: "Attention") -> KeysValues:
        # what was made without gradients has none to give
        key = (id(layer), torch.is_grad_enabled())
        if key not in self._made:
            self._made[key] = layer.keys_values(self.hidden)
        return self._made[key]

    def one_hot(self, vocabulary: int) -> torch.Tensor:
        """float32 [C, M, vocabulary]."""
        if not self._one_hot:
            made = torch.zeros(*self.tokens.shape, vocabulary, device=self.tokens.device)
            self._one_hot.append(made.scatter_(2, self.tokens.unsqueeze(2), 1.0))
        return self._one_hot[0]

    def joined(self, other: "Memory") -> "Memory":
        pairs = ((self.hidden, other.hidden), (self.tokens, other.tokens), (self.present, other.present))
        return Memory(*(torch.cat(pair, 1) for pair in pairs), self.values)

    def first(self, contexts: int) -> "Memory":
        return self._of(slice(contexts))

    def rows(self, contexts: torch.Tensor) -> "Memory":
        return self._of(contexts)

    def _of(self, contexts: slice | torch.Tensor) -> "Memory":
        return Memory(self.hidden[contexts], self.tokens[contexts], self.present[contexts], self.values[contexts])


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

    def to(self, device: torch.device) -> "PlanRows":
        return PlanRows(*(getattr(self, each.name).to(device) for each in fields(self)))


class Attention(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm = nn.LayerNorm(size.width)
        self.query = nn.Linear(size.width, size.width)
        self.key_value = nn.Linear(size.width, 2 * size.width)
        self.out = nn.Linear(size.width, size.width)

    def forward(self, hidden: torch.Tensor, source: KeysValues | None = None, mask: torch.Tensor | None = None, causal: bool = False, rotate: bool = False) -> torch.Tensor:  # fmt: skip
        """hidden: [B, T, width]; source: of B memories, `hidden` itself where None. mask: bool, or float to add, broadcast to [B, heads, T, M]."""
        normed = self.norm(hidden)
        query = self._split(self.query(normed))
        key, value = self.keys_values(normed) if source is None else source
        if rotate:
            query, key = rotated(query), rotated(key)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return hidden + self.out(mixed.transpose(1, 2).flatten(2))

    def keys_values(self, source: torch.Tensor) -> KeysValues:
        key, value = (self._split(half) for half in self.key_value(source).chunk(2, -1))
        return key, value

    def _split(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size.width)
        self.inner = nn.Linear(size.width, 4 * size.width)
        self.out = nn.Linear(4 * size.width, size.width)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden + self.out(F.gelu(self.inner(self.norm(hidden))))


class TextLayer(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.attention = Attention(size)
        self.feed_forward = FeedForward(size)

    def forward(self, hidden: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        return self.feed_forward(self.attention(hidden, mask=present[:, None, None], rotate=True))


class PlanLayer(nn.Module):
    """Rows of a plan attend to each other, by learned biases of where they stand to each other, and to the memory of their context."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.bias = nn.Embedding(RELATIONS, size.heads)
        self.attention = Attention(size)
        self.reading = Attention(size)
        self.feed_forward = FeedForward(size)
        nn.init.zeros_(self.bias.weight)

    def forward(self, hidden: torch.Tensor, relation: torch.Tensor, present: torch.Tensor, source: KeysValues, there: torch.Tensor) -> torch.Tensor:
        """hidden: [C, S, R, width]; relation: [C S, R, R]; present: bool [C, S, R]; source, there: of the memory that `reading` asks."""
        contexts, plans, rows, _ = hidden.shape
        mask = self.bias(relation).permute(0, 3, 1, 2).masked_fill(~present.flatten(0, 1)[:, None, None], float("-inf"))
        hidden = self.attention(hidden.flatten(0, 1), mask=mask.to(hidden.dtype))
        # the rows of all plans of a context ask its memory at once
        hidden = self.reading(hidden.unflatten(0, (contexts, plans)).flatten(1, 2), source, there[:, None, None])
        return self.feed_forward(hidden).unflatten(1, (plans, rows))


class DecoderLayer(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.attention = Attention(size)
        self.reading = Attention(size)
        self.feed_forward = FeedForward(size)

    def forward(self, hidden: torch.Tensor, source: KeysValues, there: torch.Tensor) -> torch.Tensor:
        """hidden: [C, S, L, width]: S texts in each of C contexts; source, there: of the memory that `reading` asks."""
        contexts, texts, length, _ = hidden.shape
        hidden = self.attention(hidden.flatten(0, 1), causal=True, rotate=True)
        hidden = self.reading(hidden.unflatten(0, (contexts, texts)).flatten(1, 2), source, there[:, None, None])
        return self.feed_forward(hidden).unflatten(1, (texts, length))


class NextToken(nn.Module):
    """
    log p of the next token: a mixture of the vocabulary and of copies from the memory's tokens, since plans mostly name what their condition names.
    Source: See, Liu, Manning 2017, arXiv 1704.04368, equations 8 and 9.
    """

    def __init__(self, size: Size, vocabulary: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size.width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.query = nn.Linear(size.width, size.width)
        self.key = nn.Linear(size.width, size.width)
        self.copies = nn.Linear(size.width, 1)

    def forward(self, hidden: torch.Tensor, memory: Memory, token: torch.Tensor, not_first: Sequence[int] = ()) -> torch.Tensor:
        """hidden: [C, S, L, width]; token: the embedding [V, width]; not_first: what cannot come at place 0. float32 [C, S, L, V]."""
        logits, weight, copies = self._parts(hidden, memory, token, not_first)
        with torch.autocast(hidden.device.type, enabled=False):
            copied = (weight @ memory.one_hot(len(token))).view(logits.shape)
        return _mixed(logits.log_softmax(-1), copied, copies)

    def log_p(self, wanted: torch.Tensor, hidden: torch.Tensor, memory: Memory, token: torch.Tensor, not_first: Sequence[int] = ()) -> torch.Tensor:
        """Of each wanted token, 0 of PAD: float32 [C, S, L]. What `forward` has there, without the rest of the vocabulary."""
        logits, weight, copies = self._parts(hidden, memory, token, not_first)
        said = -F.cross_entropy(logits.flatten(0, -2), wanted.flatten(), reduction="none").view(wanted.shape)
        same = memory.tokens.unsqueeze(1) == wanted.flatten(1, 2).unsqueeze(2)
        copied = (weight * same).sum(-1).view(wanted.shape)
        return torch.where(wanted != PAD, _mixed(said, copied, copies.squeeze(-1)), 0.0)

    def _parts(
        self, hidden: torch.Tensor, memory: Memory, token: torch.Tensor, not_first: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of the vocabulary [C, S, L, V], shares of the memory's places in a copy [C, S L, M], and the logit of copying [C, S, L, 1]."""
        hidden = self.norm(hidden)
        logits = F.linear(hidden, token, self.bias).float()
        logits[..., list(NEVER_SAID)] = IMPOSSIBLE
        logits[:, :, 0, list(not_first)] = IMPOSSIBLE
        never = torch.isin(memory.tokens, torch.tensor(NEVER_SAID, device=memory.tokens.device))
        fit = (self.query(hidden).flatten(1, 2) @ self.key(memory.hidden).mT).float() / hidden.shape[-1] ** 0.5
        return logits, fit.masked_fill(never.unsqueeze(1), IMPOSSIBLE).softmax(-1), self.copies(hidden).float()


def _mixed(log_said: torch.Tensor, copied: torch.Tensor, copies: torch.Tensor) -> torch.Tensor:
    return torch.logaddexp(F.logsigmoid(-copies) + log_said, F.logsigmoid(copies) + copied.clamp(min=SMALLEST).log())


class PlanActor(nn.Module):
    """
    vocabulary: tokens. figures: bins of each figure of an action.

    Three forward policies share the encoder and have heads of their own. P_F of an edit is p(row, kind) p(text | row, kind), and of a label with
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
        self.symbol_layers = nn.ModuleList(DecoderLayer(size) for _ in range(size.decoder_layers))
        self.symbol_out = NextToken(size, vocabulary)
        self.figure_text = nn.Linear(width, width)
        self.figure_layers = nn.ModuleList(nn.ModuleList([Attention(size), FeedForward(size)]) for _ in range(size.decoder_layers))
        self.figure_norm = nn.LayerNorm(width)
        self.figure_out = nn.ModuleList(nn.Linear(width, bins) for bins in figures)

        self.telling_layers = nn.ModuleList(DecoderLayer(size) for _ in range(size.decoder_layers))
        self.telling_out = NextToken(size, vocabulary)
        self.untold = nn.Parameter(torch.randn(width))
        self.fixed_shapes = False

    def fuse(self) -> None:
        """Has the layers compiled as they are first called. What is scored has the lengths of `bucket` from now on; texts grow by a token as they are drawn."""
        self.fixed_shapes = True
        # a layer is compiled for scoring and for drawing, in either precision, and for each size that is 1
        torch._dynamo.config.recompile_limit = max(RECOMPILE_LIMIT, torch._dynamo.config.recompile_limit)
        for layer in (*self.text_layers, *self.plan_layers, *self.symbol_layers, *self.telling_layers):
            layer.compile(dynamic=True)

    def length(self, longest: int) -> int:
        """How long tensors are made that hold so many places."""
        return bucket(longest) if self.fixed_shapes else longest

    # -- texts

    def embed(self, tokens: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """tokens: int64 [C, ...]; values: float [C, K], what the context's references amount to. A reference to a number carries its size."""
        flat = tokens.flatten(1)
        place = ((flat - FIRST_REFERENCE) // 2).clamp(0, values.shape[1] - 1)
        refers = (flat >= FIRST_REFERENCE) & (flat < FIRST_WORD)
        value = torch.where(refers, values.gather(1, place), 0.0).view(tokens.shape)
        return self.token(tokens) * self.size.width**0.5 + NUMBER_SCALE * self.number(magnitude(value))

    def read(self, tokens: torch.Tensor, values: torch.Tensor, segment: int) -> Memory:
        """The memory of a text of each context. tokens: int64 [C, M]. segment 0: condition, 1: explanation."""
        present = tokens != PAD
        hidden = self.embed(tokens, values) + self.segment.weight[segment]
        for layer in self.text_layers:
            hidden = layer(hidden, present)
        return Memory(self.text_out(hidden), tokens, present, values)

    # -- plans

    def encode(self, rows: PlanRows, memory: Memory, role: str) -> torch.Tensor:
        """[C, S, R, width]"""
        texts = self._node_texts(rows.texts, memory.values)
        contexts, plans, length = rows.kind.shape
        text = texts.gather(1, rows.text.flatten(1).unsqueeze(-1).expand(-1, -1, texts.shape[-1])).view(contexts, plans, length, -1)
        figures = sum(table(rows.figures[..., place]) for place, table in enumerate(self.figure_in))
        hidden = text + figures + self.kind(rows.kind) + self.depth(rows.depth.clamp(max=DEEPEST)) + self.role.weight[ROLES.index(role)]
        relation = relations(rows.depth.flatten(0, 1))
        present = rows.kind != PADDING
        for layer in self.plan_layers:
            hidden = layer(hidden, relation, present, memory.keys_values(layer.reading), memory.present)
        return self.plan_out(hidden)

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

    def next_symbol(self, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        """log p of the token after a slot and its tokens so far: [C, S, V]. tokens: int64 [C, S, L]."""
        hidden = self._symbols(slots, tokens, memory)[:, :, -1:]
        return self.symbol_out(hidden, memory, self.token.weight, () if tokens.shape[2] else (EOS,)).squeeze(2)

    def symbol_log_p(self, wanted: torch.Tensor, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        """log p of the wanted tokens (int64 [C, S, 1 + L], 0 of PAD) after the slot and after each of `tokens` (int64 [C, S, L])."""
        return self.symbol_out.log_p(wanted, self._symbols(slots, tokens, memory), memory, self.token.weight, (EOS,))

    def _symbols(self, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        hidden = torch.cat([slots.unsqueeze(2), self.embed(tokens, memory.values)], 2)
        for layer in self.symbol_layers:
            hidden = layer(hidden, memory.keys_values(layer.reading), memory.present)
        return hidden

    def figure_logits(self, slots: torch.Tensor, tokens: torch.Tensor, memory: Memory) -> list[torch.Tensor]:
        """Logits of the bins of each figure of labels with these texts: [C, S, bins] each. tokens: int64 [C, S, L]."""
        hidden = slots + self.figure_text(self._node_texts(tokens, memory.values))
        for reading, feed_forward in self.figure_layers:
            hidden = feed_forward(reading(hidden, memory.keys_values(reading), memory.present[:, None, None]))
        hidden = self.figure_norm(hidden)
        return [head(hidden) for head in self.figure_out]

    def beside_plan(self, condition: Memory, hidden: torch.Tensor | None, present: torch.Tensor | None) -> Memory:
        """What explanations are told from. hidden: [C, R, width], the rows of a plan of each context, and present: bool [C, R]; None: no plan, as of p(x | c)."""
        if hidden is None:
            contexts = len(condition.tokens)
            hidden = self.untold.expand(contexts, 1, -1)
            present = torch.ones(contexts, 1, dtype=torch.bool, device=condition.tokens.device)
        return condition.joined(Memory(hidden, torch.full(present.shape, PAD, device=condition.tokens.device), present, condition.values))

    def next_told(self, tokens: torch.Tensor, memory: Memory) -> torch.Tensor:
        """log p of the token after those of an explanation so far (int64 [C, L], from BOS): [C, 1, V]. memory: of `beside_plan`."""
        return self.telling_out(self._told(tokens, memory)[:, :, -1:], memory, self.token.weight).squeeze(1)

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


def rotated(hidden: torch.Tensor) -> torch.Tensor:
    """
    Rotary places on [B, heads, T, width a head]. Source: Su et al. 2021, arXiv 2104.09864, section 3.2.
    """
    half = hidden.shape[-1] // 2
    rate = 10_000 ** (-torch.arange(half, device=hidden.device, dtype=torch.float32) / half)
    angle = torch.arange(hidden.shape[-2], device=hidden.device).unsqueeze(1) * rate
    sin, cos = angle.sin().to(hidden.dtype), angle.cos().to(hidden.dtype)
    left, right = hidden.chunk(2, -1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], -1)


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


def relations(depth: torch.Tensor) -> torch.Tensor:
    """What row j is to row i: how far ahead, and whether higher, level or lower. depth: int64 [B, R]. Returns int64 [B, R, R] below RELATIONS."""
    rows = torch.arange(depth.shape[1], device=depth.device)
    ahead = (rows - rows.unsqueeze(1)).clamp(-SPAN, SPAN) + SPAN
    lower = (depth.unsqueeze(1) - depth.unsqueeze(2)).sign() + 1
    return ahead * 3 + lower
