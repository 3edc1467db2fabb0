"""Layers of the plan actor, and the memory that they ask."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from .vocabulary import BOS, OPEN, PAD, SEP

SPAN = 12
"""Rows further apart than this share a bias."""
RELATIONS = 3 * (2 * SPAN + 1)
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


@dataclass(frozen=True)
class Memory:
    """
    What plans are read beside: C contexts of M text tokens. hidden: [C, M, width]; tokens: int64 [C, M], PAD where a place holds none that could be copied;
    present: bool [C, M]; values: float [C, K], of references; gist: [C, width], what every row of a plan is told of it, or None. Each layer makes
    its keys and values of it once, however many plans, edits and policies ask.
    """

    hidden: torch.Tensor
    tokens: torch.Tensor
    present: torch.Tensor
    values: torch.Tensor
    gist: torch.Tensor | None = None
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

    def joined(self, other: "Memory", gist: torch.Tensor | None = None) -> "Memory":
        pairs = ((self.hidden, other.hidden), (self.tokens, other.tokens), (self.present, other.present))
        return Memory(*(torch.cat(pair, 1) for pair in pairs), self.values, gist)

    def first(self, contexts: int) -> "Memory":
        return self._of(slice(contexts))

    def rows(self, contexts: Sequence[int]) -> "Memory":
        return self._of(torch.tensor(contexts, device=self.hidden.device))

    def _of(self, contexts: slice | torch.Tensor) -> "Memory":
        gist = None if self.gist is None else self.gist[contexts]
        return Memory(self.hidden[contexts], self.tokens[contexts], self.present[contexts], self.values[contexts], gist)


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

    def next(self, hidden: torch.Tensor, past: KeysValues | None) -> tuple[torch.Tensor, KeysValues]:
        """`forward`, causal and rotated, of one more place: hidden [B, 1, width]. past: keys, rotated, and values of the places before; returned with its own."""
        normed = self.norm(hidden)
        key, value = self.keys_values(normed)
        at = 0 if past is None else past[0].shape[2]
        query, key = rotated(self._split(self.query(normed)), at), rotated(key, at)
        if past is not None:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return hidden + self.out(mixed.transpose(1, 2).flatten(2)), (key, value)

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
        contexts, texts = hidden.shape[:2]
        hidden = self.attention(hidden.flatten(0, 1), causal=True, rotate=True)
        return self._read(hidden.unflatten(0, (contexts, texts)), source, there)

    def next(self, hidden: torch.Tensor, source: KeysValues, there: torch.Tensor, past: KeysValues | None) -> tuple[torch.Tensor, KeysValues]:
        """`forward` of one more token of each text: hidden [C, S, 1, width]. past: of this layer's attention to the tokens before."""
        contexts, texts = hidden.shape[:2]
        hidden, past = self.attention.next(hidden.flatten(0, 1), past)
        return self._read(hidden.unflatten(0, (contexts, texts)), source, there), past

    def _read(self, hidden: torch.Tensor, source: KeysValues, there: torch.Tensor) -> torch.Tensor:
        read = self.reading(hidden.flatten(1, 2), source, there[:, None, None])
        return self.feed_forward(read).view_as(hidden)


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


def rotated(hidden: torch.Tensor, first: int = 0) -> torch.Tensor:
    """
    Rotary places, from `first` on, on [B, heads, T, width a head]. Source: Su et al. 2021, arXiv 2104.09864, section 3.2.
    """
    half = hidden.shape[-1] // 2
    rate = 10_000 ** (-torch.arange(half, device=hidden.device, dtype=torch.float32) / half)
    angle = torch.arange(first, first + hidden.shape[-2], device=hidden.device).unsqueeze(1) * rate
    sin, cos = angle.sin().to(hidden.dtype), angle.cos().to(hidden.dtype)
    left, right = hidden.chunk(2, -1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], -1)


def relations(depth: torch.Tensor) -> torch.Tensor:
    """What row j is to row i: how far ahead, and whether higher, level or lower. depth: int64 [B, R]. Returns int64 [B, R, R] below RELATIONS."""
    rows = torch.arange(depth.shape[1], device=depth.device)
    ahead = (rows - rows.unsqueeze(1)).clamp(-SPAN, SPAN) + SPAN
    lower = (depth.unsqueeze(1) - depth.unsqueeze(2)).sign() + 1
    return ahead * 3 + lower
