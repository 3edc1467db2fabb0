"""Policies on plans: laws that sum to 1, contexts that do not mix, what each law can see."""

import random
from copy import deepcopy

import pytest
import torch
from actors import actor_of, parsed_of, situations_of

from exemplar_trainer.domain import PLACEHOLDER, Node, PlanSpace, apply
from exemplar_trainer.layers import NEVER_SAID
from exemplar_trainer.losses import log_p
from exemplar_trainer.plan_tree import Condition, Texts
from exemplar_trainer.policies import memory_of, plan_rows, score, tell, with_explanations
from exemplar_trainer.situations import Reading, Step, path_to
from exemplar_trainer.vocabulary import BOS, EOS, FIRST_REFERENCE, OPEN, SEP, Vocabulary


@pytest.fixture(scope="module")
def read(moving):
    """(actor, situations): plans of two to four moves, conditions of different lengths, the fourth one open-ended."""
    parsed = parsed_of(moving)
    some = situations_of(moving, parsed)
    for place, initial, target in ((3, "All is lost. " * 5, None), (5, "The cat sleeps.", "The cat is awake."), (6, "Rain", "Sun")):
        one, reading = some[place]
        some[place] = one, Reading(parsed.vocabulary, reading.texts, Condition(initial, target, "porter", "plan", one.condition.horizon))
    assert len({len(one.positive.tree) for one, _ in some}) > 1
    return actor_of(parsed.vocabulary, parsed.figures), some


PLAN = (Node(False, 1, 0), Node(False, 0, 1), Node(True, 1, 1), Node(False, 3, 1, (5, 9, 1, 2)))


@pytest.mark.parametrize("role", ["prior", "draft", "posterior"])
@torch.no_grad()
def test_probabilities_of_all_edits_and_stop_sum_to_1_at_each_state(marking, role):
    actor, reading = marking
    actor.edit.weight.mul_(4.0)  # choices that differ
    memory = memory_of(actor, [reading])
    space = PlanSpace(labels=1, states=1, max_states=3, max_depth=2)
    source = random.Random(0)
    for _ in range(20):
        plan = PLAN if source.random() < 0.3 else grown(space, source)
        steps = [Step(plan, edit, 0.0) for edit in space.edits(plan)] + [Step(plan, None, 0.0)]
        seen = score(actor, memory, role, [reading], [steps])
        assert seen.choice.exp().sum().item() == pytest.approx(1, abs=1e-5)
        assert (seen.choice > -30).all() and (len(steps) == 1 or seen.choice.max() - seen.choice.min() > 0.01)
        assert torch.allclose(seen.log_stop[0], seen.choice[0, -1])
        # and all that is not among them is impossible
        rows = plan_rows(actor, [reading], [[plan]])
        laws = actor.choices(actor.encode(rows, memory, role), rows.allowed, role)
        assert laws.isfinite().sum() == len(steps)


def grown(space, source):
    plan = (Node(False, 0, 0),)
    for _ in range(source.randrange(9)):
        edits = list(space.edits(plan))
        plan = apply(plan, source.choice(edits)) if edits else plan
    return plan


@torch.no_grad()
def test_no_text_is_empty_and_none_holds_marks_of_a_condition(read):
    actor, some = read
    one, reading = some[0]
    memory = memory_of(actor, [reading])
    seen = score(actor, memory, "prior", [reading], [path_to(one.positive.tree, random.Random(0))[:4]])
    slots = actor.slots(seen.hidden, torch.tensor([[3, 3, 3, 3]]), "prior")
    texts = torch.tensor([reading.explanation(one.positive.explanation)])
    past = {}
    laws = [
        actor.next_symbol(slots, None, past, memory, "prior"),
        actor.next_symbol(slots, texts[:, :1].expand(1, 4), past, memory, "prior"),
        actor.next_told(texts[:, :1], {}, actor.beside_plan(memory, seen.plan(0))),
    ]
    for law in laws:
        assert torch.allclose(law.exp().sum(-1), torch.ones(law.shape[:-1]), atol=1e-5)
        assert law[..., list(NEVER_SAID)].exp().max() < 1e-29
    assert laws[0][..., EOS].exp().max() < 1e-29 < laws[1][..., EOS].exp().min()


@torch.no_grad()
def test_an_explanation_copies_the_words_of_its_condition_and_of_the_plan_beside_it(read):
    actor, some = read
    actor = deepcopy(actor)
    actor.telling_out.copies.weight.zero_()
    actor.telling_out.copies.bias.fill_(100.0)  # nothing is said but what is copied
    pairs = some[:3]
    readings = [reading for _, reading in pairs]
    memory = memory_of(actor, readings)
    seen = score(actor, memory, "prior", readings, [[Step(one.positive.tree, None, 0.0)] for one, _ in pairs])
    for plan in (seen.plan(0), None):
        law = actor.next_told(torch.full((3, 1), BOS), {}, actor.beside_plan(memory, plan)).squeeze(1)
        for (one, reading), row in zip(pairs, law.exp(), strict=True):
            told = set(reading.tokens) | (set() if plan is None else {token for node in one.positive.tree for token in reading.node(node) if node.symbol != PLACEHOLDER})
            assert set(torch.nonzero(row > 1e-9).flatten().tolist()) == told - set(NEVER_SAID)


@torch.no_grad()
def test_a_reference_that_its_condition_lacks_has_no_size_whoever_is_beside_it(read):
    actor, _ = read
    values = torch.tensor([[7.0, 9.0]])
    tokens = torch.tensor([[FIRST_REFERENCE + 2 * place for place in range(4)]])
    alone, beside = actor.embed(tokens, values), actor.embed(tokens, torch.nn.functional.pad(values, (0, 2)))
    assert torch.equal(alone, beside)
    assert not torch.equal(alone[:, :2], actor.embed(tokens[:, :2], torch.zeros(1, 2)))


@torch.no_grad()
def test_a_text_scores_what_its_tokens_have_one_by_one(read):
    actor, some = read
    _, reading = some[0]
    memory = memory_of(actor, [reading])
    slots, tokens = torch.randn(1, 2, actor.size.width, generator=torch.Generator().manual_seed(1)), torch.tensor([[reading.tokens[1:6], reading.tokens[2:7]]])
    wanted = torch.cat([tokens, torch.full((1, 2, 1), EOS)], 2)
    found = actor.symbol_log_p(wanted, slots, tokens, memory, "prior")
    past = {}
    for place in range(6):
        law = actor.next_symbol(slots, tokens[:, :, place - 1] if place else None, past, memory, "prior")
        assert torch.allclose(law.gather(2, wanted[:, :, place : place + 1]).squeeze(2), found[:, :, place], atol=1e-5)
    assert not actor.symbol_log_p(torch.zeros_like(wanted), slots, tokens, memory, "prior").any()


@torch.no_grad()
def test_an_explanation_scores_what_its_tokens_have_one_by_one(read):
    actor, some = read
    one, reading = some[0]
    memory = memory_of(actor, [reading])
    seen = score(actor, memory, "prior", [reading], [[Step(one.positive.tree, None, 0.0)]])
    told = reading.explanation(one.positive.explanation)[:6]
    for plan in (seen.plan(0), None):
        beside, past = actor.beside_plan(memory, plan), {}
        laws = [actor.next_told(torch.tensor([[token]]), past, beside)[0, 0] for token in [BOS, *told]]
        by_one = sum(law[token].item() for law, token in zip(laws, [*told, EOS], strict=True))
        assert tell(actor, memory, plan, [told])[0].item() == pytest.approx(by_one, abs=1e-4)


@torch.no_grad()
def test_copies_are_of_tokens_that_the_memory_holds(read):
    actor, some = read
    reading = some[0][1]
    memory = memory_of(actor, [reading])
    before = actor.symbol_out.copies.bias.item()
    actor.symbol_out.copies.bias.fill_(1e3)
    law = actor.next_symbol(torch.randn(1, 3, actor.size.width, generator=torch.Generator().manual_seed(1)), None, {}, memory, "prior").exp()
    actor.symbol_out.copies.bias.fill_(before)
    held = sorted(set(reading.tokens) - {SEP, OPEN})
    assert law[..., held].sum(-1).allclose(torch.ones(1, 3), atol=1e-5) and law[..., held].min() > 1e-6


# -- contexts


@torch.no_grad()
def test_a_context_is_scored_alone_as_among_longer_ones(read):
    actor, some = read
    readings = [reading for _, reading in some]
    source = random.Random(1)
    paths = [path_to(one.positive.tree, source)[place % 3 :] for place, (one, _) in enumerate(some)]
    texts = [reading.explanation(one.positive.explanation) for one, reading in some]
    assert len({len(reading.tokens) for reading in readings}) > 2 and len(set(map(len, paths))) > 2

    def law(places):
        those = [readings[place] for place in places]
        memory = memory_of(actor, those)
        told = with_explanations(actor, memory, [texts[place] for place in places])
        seen = [score(actor, at, role, those, [paths[place] for place in places]) for role, at in (("prior", memory), ("draft", memory), ("posterior", told))]
        said = tell(actor, memory, seen[0].plan(0), [texts[place] for place in places]), tell(actor, memory, None, [texts[place] for place in places])
        undone = actor.undo_logits(seen[2].hidden)
        return [
            {
                "numbers": torch.stack([getattr(one, name)[row, : len(paths[place])] for one in seen for name in ("choice", "text", "figures", "log_stop")]),
                "told": torch.stack([log[row] for log, _ in said]),
                "tokens": said[0][1][row].item(),
                "undo": undone[row, 0, : len(paths[place][0].plan) + 1],
            }
            for row, place in enumerate(places)
        ]

    together = law(range(len(some)))
    for place in range(len(some)):
        (alone,) = law([place])
        for name, expected in alone.items():
            found = together[place][name]
            assert found == expected if name == "tokens" else torch.allclose(found, expected, atol=2e-4), (place, name)
        assert alone["tokens"] == len(texts[place]) + 1


@torch.no_grad()
def test_where_a_context_has_fewer_steps_nothing_is_scored(read):
    actor, some = read
    readings = [reading for _, reading in some[:2]]
    paths = [path_to(some[0][0].positive.tree, random.Random(0)), path_to(some[1][0].positive.tree, random.Random(0))[-3:-1]]
    seen = score(actor, memory_of(actor, readings), "prior", readings, paths)
    assert seen.present.sum(1).tolist() == [len(paths[0]), 2]
    assert not seen.log_pf[1, 2:].any() and seen.log_pf[1, :2].all()
    assert seen.tokens == sum(len(readings[c].edit(step.edit)) + 1 for c in range(2) for step in paths[c] if step.edit)


@torch.no_grad()
def test_log_p_is_the_paths_sum_of_log_ratios_with_stop(read):
    actor, some = read
    readings = [reading for _, reading in some[:3]]
    source = random.Random(4)
    paths = [[path_to(version.tree, source) for version in one.versions] for one, _ in some[:3]]
    found = log_p(actor, memory_of(actor, readings), "draft", readings, paths).tolist()
    expected = []
    for reading, mine in zip(readings, paths, strict=True):
        for path in mine:
            seen = score(actor, memory_of(actor, [reading]), "draft", [reading], [path])
            expected.append(seen.log_pf.sum().item() - sum(step.log_pb for step in path))
    assert found == pytest.approx(expected, rel=1e-4)


# -- what depends on what


@torch.no_grad()
def test_what_each_law_can_see(read):
    actor, some = read
    (one, reading), (_, other_reading) = some[:2]
    memory, path = memory_of(actor, [reading]), [path_to(one.positive.tree, random.Random(0))]
    mine, theirs = reading.explanation(one.positive.explanation), reading.explanation("Something else altogether.")

    def log_pf(role, at=memory, steps=path):
        return score(actor, at, role, [reading], steps).log_pf.sum().item()

    posteriors = [log_pf("posterior", with_explanations(actor, memory, [text])) for text in (mine, theirs, mine)]
    assert posteriors[0] == posteriors[2] and abs(posteriors[0] - posteriors[1]) > 1e-3  # the explanation
    assert len({round(log_pf(role), 3) for role in ("prior", "draft", "posterior")}) == 3  # heads of their own
    assert abs(log_pf("prior") - log_pf("prior", memory_of(actor, [other_reading]))) > 1e-3  # the condition

    def told(version, at=memory):
        seen = score(actor, at, "prior", [reading], [[Step(version.tree, None, 0.0)]])
        return tell(actor, at, seen.plan(0), [mine])[0].item()

    assert abs(told(one.positive) - told(one.negatives[0])) > 1e-4  # the plan


@torch.no_grad()
def test_figures_depths_and_texts_of_a_plan_are_read(read):
    actor, some = read
    one, reading = some[0]
    memory, tree = memory_of(actor, [reading]), one.positive.tree
    row = next(row for row, node in enumerate(tree) if node.characteristics)
    others = [
        (*tree[:row], tree[row]._replace(**change), *tree[row + 1 :])
        for change in (
            *({"characteristics": tuple(bin_ + (place == figure) for figure, bin_ in enumerate(tree[row].characteristics))} for place in range(4)),
            {"symbol": tree[0].symbol},
        )
    ]
    others.append(tuple(node._replace(depth=min(node.depth, 1)) for node in tree))
    laws = [score(actor, memory, "prior", [reading], [[Step(plan, None, 0.0)]]).hidden[0, 0, : len(tree)] for plan in (tree, *others)]
    assert all((law - laws[0]).abs().max() > 1e-3 for law in laws[1:])


@torch.no_grad()
def test_the_size_of_a_number_that_is_referred_to_is_read(read):
    actor, _ = read
    vocabulary = Vocabulary([f" w{place}" for place in range(len(actor.token.weight) - len(Vocabulary([])))])
    memories = []
    for number in ("3", "400", "3"):
        reading = Reading(vocabulary, Texts(), Condition(f"Take {number} eggs.", "A cake.", "cook", "plan", ("hours",)))
        memories.append(memory_of(actor, [reading]))
    assert torch.equal(memories[0].hidden, memories[2].hidden)
    assert (memories[0].hidden - memories[1].hidden).abs().max() > 1e-2
