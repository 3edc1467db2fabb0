"""The policies on real plans: what they make of edits that were done, and plans drawn from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from .actor import BARE, EDITS, LABELLED, START, STATE, STOP, Encoded, Past, PlanActor, PlanRows
from .domain import PLACEHOLDER, ROOT, Edit, Plan, PlanSpace, apply
from .layers import Memory
from .plan_tree import MOST_STATES
from .situations import MOST_EXPLANATION, MOST_TEXT, Reading, Step
from .vocabulary import BOS, EOS, PAD

MOST_EDITS = 256


@dataclass(frozen=True)
class Scored:
    """
    log P_F of each step, in its parts: float32 [C, S], 0 where there is none. choice: of row and kind, or STOP. text, figures: of what a
    label or a state brings. log_stop: float32 [C, S], log P_F(STOP) at each state. present: bool [C, S]. tokens: how many the texts have, with
    their ends. rows, hidden: the states, and their encoding [C, S, R, width].
    """

    choice: torch.Tensor
    text: torch.Tensor
    figures: torch.Tensor
    log_stop: torch.Tensor
    present: torch.Tensor
    tokens: int
    rows: PlanRows
    hidden: torch.Tensor

    @property
    def log_pf(self) -> torch.Tensor:
        return self.choice + self.text + self.figures

    def plan(self, place: int) -> Encoded:
        """The state at this place of each context."""
        return Encoded(self.hidden[:, place], self.rows.kind[:, place], self.rows.tokens[:, place])

    def plans(self) -> Encoded:
        """All states of all contexts, one after the other, as of C S contexts."""
        return Encoded(*(each.flatten(0, 1) for each in (self.hidden, self.rows.kind, self.rows.tokens)))


def memory_of(actor: PlanActor, readings: Sequence[Reading]) -> Memory:
    """The memory of conditions."""
    device = actor.token.weight.device
    values = padded([reading.references.values for reading in readings], actor.length, np.float32)
    return actor.read(padded([reading.tokens for reading in readings], actor.length).to(device), values.to(device), segment=0)


def with_explanations(actor: PlanActor, memory: Memory, explanations: Sequence[Sequence[int]]) -> Memory:
    """The memory of conditions with an explanation each, as the posterior reads it."""
    tokens = padded(explanations, actor.length).to(memory.hidden.device)
    told = actor.read(tokens, memory.values, segment=1)
    return memory.joined(told, actor.gist(told))


def score(actor: PlanActor, memory: Memory, role: str, readings: Sequence[Reading], steps: Sequence[Sequence[Step]]) -> Scored:
    """log P_F of steps, some of each context's. A context may have fewer than others."""
    device = memory.hidden.device
    width = max(map(len, steps))
    rows = plan_rows(actor, readings, [[step.plan for step in some] for some in steps])
    hidden = actor.encode(rows, memory, role)
    present = torch.tensor([[place < len(some) for place in range(width)] for some in steps], device=device)
    choice = np.zeros((len(steps), width), dtype=np.int64)
    texts: list[list[list[int]]] = [[[] for _ in range(width)] for _ in steps]
    figures = np.zeros((len(steps), width, len(actor.figure_in)), dtype=np.int64)
    for c, some in enumerate(steps):
        for s, step in enumerate(some):
            if step.edit is None:
                continue
            choice[c, s] = 3 * (step.edit.row + 1) + EDITS.index(step.edit.kind)
            texts[c][s] = readings[c].edit(step.edit)
            if step.edit.characteristics:
                figures[c, s] = step.edit.characteristics
    chosen = torch.from_numpy(choice).to(device)
    log_choices = actor.choices(hidden, rows.allowed, role)
    log_choice = log_choices.gather(2, chosen.unsqueeze(2)).squeeze(2)
    slots = actor.slots(hidden, chosen, role)
    tokens = padded_texts(texts, actor.length).to(device)
    stopping = chosen == STOP
    wanted = F.pad(tokens, (0, 1)).scatter(2, (tokens != PAD).sum(2, keepdim=True), EOS)
    log_token = actor.symbol_log_p(wanted, slots, tokens, memory, role)
    log_text = log_token.sum(2).masked_fill(stopping, 0.0)
    bins = torch.from_numpy(figures).to(device)
    log_figures = torch.stack(
        [
            bin_log_probs(logits, bins[..., place])
            for place, logits in enumerate(actor.figure_logits(slots, tokens, memory))
        ]
    ).sum(0)
    zero = log_choice.new_zeros(())
    return Scored(
        torch.where(present, log_choice, zero),
        torch.where(present, log_text, zero),
        torch.where(present & (bins[..., 0] > 0), log_figures, zero),
        log_choices[:, :, STOP],
        present,
        int(((wanted != PAD).sum(2) * (present & ~stopping)).sum()),
        rows,
        hidden,
    )


def tell(actor: PlanActor, condition: Memory, plan: Encoded | None, explanations: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """log p(x | z, c) of an explanation for each context, or p(x | c) where plan is None: ([C], number of tokens with the end [C])."""
    tokens = padded([[BOS, *explanation] for explanation in explanations], actor.length).to(condition.hidden.device)
    wanted = F.pad(tokens[:, 1:], (0, 1)).scatter(1, (tokens[:, 1:] != PAD).sum(1, keepdim=True), EOS)
    log_token = actor.telling_log_p(wanted, tokens, actor.beside_plan(condition, plan))
    return log_token.sum(1), (wanted != PAD).sum(1)


def bin_log_probs(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """log p of each wanted bin, 0 where it is 0 (unknown). logits: [..., V]; wanted: int64 [...]. float32."""
    found = -F.cross_entropy(logits.float().flatten(0, -2), wanted.flatten(), reduction="none").view(wanted.shape)
    return torch.where(wanted > 0, found, 0.0)


# -- tensors


def padded(rows: Sequence[Sequence[float]], length: Callable[[int], int], dtype: type = np.int64) -> torch.Tensor:
    """[B, length of the longest], 0 behind each row."""
    out = np.zeros((len(rows), length(max(1, *map(len, rows)))), dtype=dtype)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    return torch.from_numpy(out)


def padded_texts(texts: Sequence[Sequence[Sequence[int]]], length: Callable[[int], int], count: int | None = None) -> torch.Tensor:
    """int64 [C, S, length of the longest]; S: count, or the most of a context."""
    longest = max(1, max(len(text) for some in texts for text in some))
    out = np.zeros((len(texts), count or max(map(len, texts)), length(longest)), dtype=np.int64)
    for c, some in enumerate(texts):
        for s, text in enumerate(some):
            out[c, s, : len(text)] = text
    return torch.from_numpy(out)


def plan_rows(actor: PlanActor, readings: Sequence[Reading], plans: Sequence[Sequence[Plan]]) -> PlanRows:
    """Plans in each context as tensors. Contexts that have fewer are filled with START alone."""
    contexts, count = len(plans), max(map(len, plans))
    length = actor.length(1 + max(len(plan) for some in plans for plan in some))
    kind = np.zeros((contexts, count, length), dtype=np.int64)
    kind[:, :, 0] = START
    depth, text = np.zeros_like(kind), np.zeros_like(kind)
    bins = np.zeros((*kind.shape, len(actor.figure_in)), dtype=np.int64)
    allowed = np.zeros((contexts, count, 3 * length), dtype=bool)
    allowed[:, :, STOP] = True
    texts: list[list[list[int]]] = []
    for c, (reading, some) in enumerate(zip(readings, plans, strict=True)):
        space = PlanSpace(labels=1, states=1, max_states=MOST_STATES, max_depth=reading.condition.max_depth)
        places: dict[tuple[bool, int], int] = {}
        own: list[list[int]] = [[]]
        for s, plan in enumerate(some):
            for row, node in enumerate(plan, start=1):
                kind[c, s, row] = STATE if node.is_state else BARE if node.symbol == PLACEHOLDER else LABELLED
                depth[c, s, row] = node.depth
                if kind[c, s, row] != BARE:
                    key = (node.is_state, node.symbol)
                    if key not in places:
                        places[key] = len(own)
                        own.append(reading.node(node))
                    text[c, s, row] = places[key]
                if node.characteristics:
                    bins[c, s, row] = node.characteristics
            for edit, row in space.slots(plan):
                allowed[c, s, 3 * (row + 1) + EDITS.index(edit)] = True
        texts.append(own)
    most = actor.length(max(map(len, texts)))
    rows = PlanRows(padded_texts(texts, actor.length, most), *(torch.from_numpy(array) for array in (kind, depth, text, bins, allowed)))
    return rows.to(actor.token.weight.device)


# -- drawing


@dataclass
class Drawn:
    """A plan that a policy drew. log_pf: nats, of the path that it was drawn along, with STOP. path: its steps, the last without an edit."""

    plan: Plan
    log_pf: float = 0.0
    path: list[Step] = field(default_factory=list)
    stopped: bool = False


@torch.no_grad()
def draw(
    actor: PlanActor, memory: Memory, role: str, readings: Sequence[Reading], count: int, generator: torch.Generator, temperature: float = 1.0,
    starts: Sequence[Plan] | None = None,
) -> list[list[Drawn]]:  # fmt: skip
    """
    `count` plans in each context, from its start (the root). temperature: of choices, texts and figures; 0 takes the likeliest at each step. A plan
    that does not stop within MOST_EDITS is taken as it then stands.
    """
    drawn = [[Drawn(start) for _ in range(count)] for start in (starts or [ROOT] * len(readings))]
    contexts, part = list(range(len(readings))), memory
    for _ in range(MOST_EDITS):
        going = [c for c in contexts if not all(each.stopped for each in drawn[c])]
        if not going:
            break
        if len(going) < len(contexts):
            contexts, part = going, memory.rows(going)
        live = [[each for each in drawn[c] if not each.stopped] for c in contexts]
        some = [readings[c] for c in contexts]
        rows = plan_rows(actor, some, [[each.plan for each in each_live] for each_live in live])
        hidden = actor.encode(rows, part, role)
        log_choice = actor.choices(hidden, rows.allowed, role)
        chosen = _pick(log_choice, temperature, generator)
        log_p = log_choice.gather(2, chosen.unsqueeze(2)).squeeze(2)
        slots = actor.slots(hidden, chosen, role)
        tokens, log_text = _write(actor, slots, part, role, chosen == STOP, generator, temperature)
        logits = actor.figure_logits(slots, tokens, part)
        bins = torch.stack([_pick(each[..., 1:].float().log_softmax(-1), temperature, generator) + 1 for each in logits], -1)
        log_figures = sum(bin_log_probs(each, bins[..., place]) for place, each in enumerate(logits))
        choices, written, figures = chosen.tolist(), tokens.tolist(), bins.tolist()
        log_p, log_text, log_figures = log_p.tolist(), log_text.tolist(), log_figures.tolist()
        for c, reading in enumerate(some):
            for s, each in enumerate(live[c]):
                each.log_pf += log_p[c][s]
                if choices[c][s] == STOP:
                    each.stopped = True
                    each.path.append(Step(each.plan, None, 0.0))
                    continue
                row, kind = divmod(choices[c][s], 3)
                number = reading.texts.number(reading.vocabulary.decode(written[c][s], reading.references).strip() or "...")
                edit = Edit(EDITS[kind], row - 1, number)
                each.log_pf += log_text[c][s]
                if kind == EDITS.index("label"):
                    known = row > 1
                    edit = Edit(EDITS[kind], row - 1, number + 1, tuple(figures[c][s]) if known else ())
                    each.log_pf += log_figures[c][s] * known
                each.path.append(Step(each.plan, edit, 0.0))
                each.plan = apply(each.plan, edit)
    return drawn


def _write(
    actor: PlanActor, slots: torch.Tensor, memory: Memory, role: str, done: torch.Tensor, generator: torch.Generator, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts from slots, until EOS or MOST_TEXT tokens: int64 [C, S, L] and their log p with that of EOS. done: bool [C, S], the slots that get none."""
    written: list[torch.Tensor] = []
    past: Past = {}
    log_p = torch.zeros(done.shape, device=slots.device)
    for length in range(MOST_TEXT + 1):
        log_next = actor.next_symbol(slots, written[-1] if written else None, past, memory, role)
        picked = _pick(log_next, temperature, generator) if length < MOST_TEXT else torch.full_like(done, EOS, dtype=torch.int64)
        picked = picked.masked_fill(done, PAD)
        log_p = log_p + log_next.gather(2, picked.unsqueeze(2)).squeeze(2).masked_fill(done, 0.0)
        done = done | (picked == EOS)
        written.append(picked.masked_fill(picked == EOS, PAD))
        if bool(done.all()):
            break
    return torch.stack(written[:MOST_TEXT], 2), log_p


def _pick(log_p: torch.Tensor, temperature: float, generator: torch.Generator) -> torch.Tensor:
    """A place for each row of [C, S, N]."""
    if temperature == 0:
        return log_p.argmax(-1)
    # on the CPU, so that one seed draws alike on every device
    law = (log_p.float().cpu() / temperature).softmax(-1)
    return torch.multinomial(law.flatten(0, 1), 1, generator=generator).view(law.shape[:2]).to(log_p.device)


@torch.no_grad()
def explain(
    actor: PlanActor, memory: Memory, readings: Sequence[Reading], plans: Sequence[Plan], generator: torch.Generator, temperature: float = 1.0
) -> list[list[int]]:
    """An explanation in tokens, drawn from p(x | z, c), for the plan of each context."""
    seen = score(actor, memory, "prior", readings, [[Step(plan, None, 0.0)] for plan in plans])
    beside = actor.beside_plan(memory, seen.plan(0))
    written = [torch.full((len(plans), 1), BOS, device=beside.hidden.device)]
    past: Past = {}
    done = torch.zeros(len(plans), 1, dtype=torch.bool, device=beside.hidden.device)
    for _ in range(MOST_EXPLANATION):
        log_next = actor.next_told(written[-1], past, beside)
        picked = _pick(log_next, temperature, generator).masked_fill(done, PAD)
        done = done | (picked == EOS)
        written.append(picked.masked_fill(picked == EOS, PAD))
        if bool(done.all()):
            break
    return [[token for token in row if token != PAD] for row in torch.cat(written[1:], 1).tolist()]
