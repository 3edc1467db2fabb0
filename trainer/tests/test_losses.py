"""Losses of the policies: against the same sums written out, and who receives their gradients."""

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
import torch
from actors import actor_of, parsed_of, say_nothing_of_plans, situations_of

from exemplar_trainer import losses, policies
from exemplar_trainer import step as stepping
from exemplar_trainer.actor import ROLES
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.domain import ROOT, undo_of, undos
from exemplar_trainer.losses import Pair, balance, contrast, imitation, link, log_p, opposed, readings_of, telling
from exemplar_trainer.policies import memory_of, score, tell, with_explanations
from exemplar_trainer.situations import Reading, Step, path_to

PRIOR, DRAFT, POSTERIOR = range(len(ROLES))
WINDOW = 3


@pytest.fixture(scope="module")
def read(moving):
    parsed = parsed_of(moving)
    return parsed, situations_of(moving, parsed)


@pytest.fixture
def actor(read):
    parsed, _ = read
    return actor_of(parsed.vocabulary, parsed.figures)


def pairs_of(read, count=3, version=0):
    """Each with a generator of random numbers of its own, anew at each call."""
    _, some = read
    return [
        Pair(reading, one.versions[version].tree, reading.explanation(one.versions[version].explanation), random.Random(place))
        for place, (one, reading) in enumerate(some[:count])
    ]


def drawn_paths(read, count=3, version=0):
    """The paths that a loss draws first of such pairs."""
    return [path_to(pair.tree, pair.rng) for pair in pairs_of(read, count, version)]


# -- values


@torch.no_grad()
def test_imitation_is_the_mean_over_situations_of_the_mean_over_the_steps_of_a_path(read, actor):
    pairs = pairs_of(read)
    memory = memory_of(actor, readings_of(pairs))
    found, _ = imitation(actor, memory, "prior", pairs, 1000)
    expected = []
    for pair, path in zip(pairs, drawn_paths(read), strict=True):
        each = [score(actor, memory_of(actor, [pair.reading]), "prior", [pair.reading], [[step]]).log_pf.item() for step in path]
        expected.append(-sum(each) / len(each))
    assert len({len(path) for path in drawn_paths(read)}) > 1
    assert found.item() == pytest.approx(sum(expected) / 3, rel=1e-4)


@torch.no_grad()
def test_imitation_of_some_steps_has_the_mean_of_all(read, actor):
    """The mean over 300 draws of 2 steps, within four standard errors."""
    pairs = pairs_of(read, 1)
    memory = memory_of(actor, readings_of(pairs))
    source = random.Random(5)
    fixed = path_to(pairs[0].tree, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses, "path_to", lambda tree, rng: fixed)
        whole = imitation(actor, memory, "prior", pairs, 1000)[0].item()
        few = torch.tensor([imitation(actor, memory, "prior", pairs, 2)[0].item() for _ in range(300)])
    assert abs(few.mean().item() - whole) < 4 * few.std().item() / math.sqrt(300)
    assert few.std() > 0.1


@torch.no_grad()
def test_telling_is_per_token_with_the_end(read, actor):
    pairs = pairs_of(read)
    told, untold = telling(actor, memory_of(actor, readings_of(pairs)), pairs)
    for place, pair in enumerate(pairs):
        memory = memory_of(actor, [pair.reading])
        seen = score(actor, memory, "prior", [pair.reading], [[Step(pair.tree, None, 0.0)]])
        log_text, _ = tell(actor, memory, seen.plan(0), [pair.explanation])
        assert told[place].item() == pytest.approx(-log_text.item() / (len(pair.explanation) + 1), rel=1e-4)
        alone, _ = tell(actor, memory, None, [pair.explanation])
        assert untold[place].item() == pytest.approx(-alone.item() / (len(pair.explanation) + 1), rel=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["corrected", "plain", "dpo"])
def test_contrast_by_hand(read, actor, kind):
    """Groups of one, two and no more than three negatives; paths drawn of the positive first, then of its negatives."""
    _, some = read
    pairs = pairs_of(read)
    negatives = [[version.tree for version in one.negatives[: place + 1]] for place, (one, _) in enumerate(some[:3])]
    found = contrast(actor, memory_of(actor, readings_of(pairs)), pairs, negatives, kind, 0.3).item()
    terms = []
    for pair, mine in zip(pairs_of(read), negatives, strict=True):
        paths = [[path_to(tree, pair.rng) for tree in (pair.tree, *mine)]]
        final, draft = (log_p(actor, memory_of(actor, [pair.reading]), role, [pair.reading], paths).double() for role in ("prior", "draft"))
        if kind == "dpo":
            margins = 0.3 * ((final[0] - draft[0]) - (final[1:] - draft[1:]))
            terms += (1 + (-margins).exp()).log().tolist()
        else:
            values = final - draft if kind == "corrected" else final
            terms.append((values.exp().sum() / values[0].exp()).log().item() if values.abs().max() < 300 else (values.logsumexp(0) - values[0]).item())
    assert found == pytest.approx(sum(terms) / len(terms), rel=1e-3, abs=1e-3)


@torch.no_grad()
def test_plans_of_the_root_alone_have_no_step_to_balance(read, actor):
    pairs = [replace(pair, tree=ROOT) for pair in pairs_of(read)]
    assert balance(actor, memory_of(actor, readings_of(pairs)), pairs, WINDOW) == 0


@torch.no_grad()
def test_balance_against_its_sums_written_out(read, actor):
    """Sub-trajectories of each window, one state at a time, in Python's own numbers."""
    squares, weights = 0.0, 0.0
    for pair in pairs_of(read):
        path = path_to(pair.tree, pair.rng)
        first = pair.rng.randint(0, len(path) - 1 - WINDOW)
        window = path[first : first + WINDOW + 1]
        assert len(window) == WINDOW + 1
        memory = memory_of(actor, [pair.reading])
        told = with_explanations(actor, memory, [pair.explanation])

        def of(role, at, step, pair=pair):
            seen = score(actor, at, role, [pair.reading], [[step]])
            return seen.log_pf.item(), seen.log_stop.item(), seen

        log_reward, potential = [0.0], []
        for place, step in enumerate(window):
            forward, stop, seen = of("prior", memory, step)
            if place < WINDOW:
                _, stop_after, _ = of("prior", memory, window[place + 1])
                log_reward.append(log_reward[place] + forward - step.log_pb + stop_after - stop)
            log_text, _ = tell(actor, memory, seen.plan(0), [pair.explanation])
            log_untold, _ = tell(actor, memory, None, [pair.explanation])
            potential.append(math.log(0.9 * math.exp(log_text - log_untold) + 0.1) + log_untold.item())
        deltas = []
        for place in range(WINDOW):
            forward, stop, _ = of("posterior", told, window[place])
            _, stop_after, seen = of("posterior", told, window[place + 1])
            law = undo_law(actor, seen.hidden[0, 0], window[place + 1].plan)
            here, after = (log_reward[at] + potential[at] for at in (place, place + 1))
            deltas.append(here + forward + stop_after - after - math.log(law[undo_of(window[place].edit)]) - stop)
        for i in range(WINDOW):
            for j in range(i + 1, WINDOW + 1):
                squares += 0.9 ** (j - i - 1) * sum(deltas[i:j]) ** 2
                weights += 0.9 ** (j - i - 1)
    pairs = pairs_of(read)
    found = balance(actor, memory_of(actor, readings_of(pairs)), pairs, WINDOW)
    assert found.item() == pytest.approx(squares / weights, rel=1e-3)


def undo_law(actor, hidden, plan):
    """P_B: the law that paths are drawn by, tilted by a logit a row."""
    possible = list(undos(plan))
    logits = actor.undo_logits(hidden).tolist()
    mass = [
        math.exp(logits[undo.row + 1]) * (0.1 / len(possible) + (0.9 if place == len(possible) - 1 else 0.0)) for place, undo in enumerate(possible)
    ]
    return {undo: each / sum(mass) for undo, each in zip(possible, mass, strict=True)}


def as_the_prior(actor, patch) -> None:
    """Makes the posterior the prior, its P_B that of the paths, and explanations say nothing of plans: then everything is in balance."""
    with torch.no_grad():
        actor.role.weight[POSTERIOR] = actor.role.weight[PRIOR]
        for rows in (actor.edit.weight, actor.edit.bias, actor.slot_kind.weight):
            rows[3 * POSTERIOR : 3 * POSTERIOR + 3] = rows[3 * PRIOR : 3 * PRIOR + 3]
        actor.symbol_layers[POSTERIOR].load_state_dict(actor.symbol_layers[PRIOR].state_dict())
        for parameter in actor.undo[-1].parameters():
            parameter.zero_()
    say_nothing_of_plans(actor)
    patch.setattr(losses, "with_explanations", lambda actor, memory, explanations: memory)


def test_a_posterior_that_is_the_prior_is_in_balance_where_explanations_say_nothing(read, actor, monkeypatch):
    as_the_prior(actor, monkeypatch)
    _, some = read
    pairs = pairs_of(read, len(some)) + pairs_of(read, len(some), version=1)
    memory = memory_of(actor, readings_of(pairs))

    def found():
        with torch.no_grad():
            return balance(actor, memory, [*pairs_of(read, len(some)), *pairs_of(read, len(some), version=1)], WINDOW).item()

    assert found() < 1e-6
    for disturbed in (
        actor.edit.bias[3 * POSTERIOR : 3 * POSTERIOR + 1],
        actor.slot_kind.weight[3 * POSTERIOR],
        actor.undo[-1].weight,
        actor.telling_layers[0].reading.out.weight,
    ):
        kept = disturbed.detach().clone()
        with torch.no_grad():
            disturbed.add_(0.1 * torch.randn(disturbed.shape, generator=torch.Generator().manual_seed(1)) + 0.2)
            assert found() > 1e-5
            disturbed.copy_(kept)
    assert found() < 1e-6


def test_a_step_down_the_balance_loss_brings_the_posterior_back(read, actor, monkeypatch):
    as_the_prior(actor, monkeypatch)
    with torch.no_grad():
        actor.edit.bias[3 * POSTERIOR : 3 * POSTERIOR + 3] += torch.tensor([0.5, -0.5, 0.3])
    apart = actor.edit.bias.detach().clone()
    optimizer = torch.optim.Adam([actor.edit.bias], lr=0.05)
    values = []
    for turn in range(24):
        pairs = [Pair(pair.reading, pair.tree, pair.explanation, random.Random(f"{turn}/{place}")) for place, pair in enumerate(pairs_of(read, 4))]
        loss = balance(actor, memory_of(actor, readings_of(pairs)), pairs, WINDOW)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert sum(values[-8:]) < 0.2 * sum(values[:8])
    assert torch.equal(actor.edit.bias[: 3 * POSTERIOR], apart[: 3 * POSTERIOR])


# -- who receives gradients


def owners(actor) -> set[str]:
    """Which heads have a gradient: rows of a role's own, the undo head, the teller."""
    found = set()
    for role, name in enumerate(ROLES):
        rows = [(actor.role.weight.grad, [role]), *((each.grad, range(3 * role, 3 * role + 3)) for each in (actor.edit.weight, actor.edit.bias, actor.slot_kind.weight))]
        marks = [grad is not None and bool(grad[list(places)].any()) for grad, places in rows]
        found |= {f"{name} role"} if marks[0] else set()
        found |= {f"{name} edits"} if any(marks[1:3]) else set()
        found |= {f"{name} texts"} if marks[3] else set()
    symbols = ((f"{name} symbols", layers) for name, layers in zip(ROLES, actor.symbol_layers, strict=True))
    for name, module in (("undo", actor.undo), ("telling", actor.telling_layers), *symbols, ("figures", actor.figure_out)):
        if any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in module.parameters()):
            found.add(name)
    return found


def own(role):
    return {f"{role} role", f"{role} edits", f"{role} texts", f"{role} symbols", "figures"}


def backward(actor, loss) -> set[str]:
    actor.zero_grad()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in actor.parameters() if parameter.grad is not None)
    return owners(actor)


@pytest.mark.parametrize("role", ROLES)
def test_imitation_teaches_its_own_policy_alone(read, actor, role):
    pairs = pairs_of(read)
    assert backward(actor, imitation(actor, memory_of(actor, readings_of(pairs)), role, pairs, 100)[0]) == own(role)


@pytest.mark.parametrize("kind", ["corrected", "plain", "dpo"])
def test_contrast_teaches_the_policy_of_final_plans_alone(read, actor, kind):
    _, some = read
    pairs = pairs_of(read)
    negatives = [[one.negatives[0].tree] for one, _ in some[:3]]
    assert backward(actor, contrast(actor, memory_of(actor, readings_of(pairs)), pairs, negatives, kind, 0.1)) == own("prior")


def test_balance_teaches_the_posterior_and_its_way_back_alone(read, actor):
    pairs = pairs_of(read, 14)
    assert backward(actor, balance(actor, memory_of(actor, readings_of(pairs)), pairs, WINDOW)) == {*own("posterior"), "undo"}


def versions_of(read, place=0):
    _, some = read
    one, reading = some[place]
    return [Pair(reading, version.tree, reading.explanation(version.explanation), random.Random(i)) for i, version in enumerate(one.versions[:3])]


def test_link_teaches_the_posterior_alone(read, actor):
    versions = versions_of(read)
    assert backward(actor, link(actor, memory_of(actor, [versions[0].reading]), versions)) == own("posterior")


@torch.no_grad()
def test_link_is_the_softmax_of_each_plan_over_the_explanations_of_its_situation_each_scored_alone(read, actor):
    versions = versions_of(read)
    assert len({tuple(one.explanation) for one in versions}) == 3
    memory = memory_of(actor, [versions[0].reading])
    terms = []
    for i, plan in enumerate(versions_of(read)):
        path = path_to(plan.tree, plan.rng)
        alone = [log_p(actor, with_explanations(actor, memory, [other.explanation]), "posterior", [plan.reading], [[path]]) for other in versions]
        terms.append(torch.cat(alone).log_softmax(0)[i])
    assert link(actor, memory, versions).item() == pytest.approx(-torch.stack(terms).mean().item(), abs=1e-4)


def test_steps_down_the_link_have_the_posterior_tell_plans_by_their_explanations(read, actor):
    optimizer = torch.optim.Adam(actor.parameters(), lr=3e-3)
    losses = []
    for turn in range(30):
        versions = [replace(one, rng=random.Random(f"{turn}/{i}")) for i, one in enumerate(versions_of(read))]
        loss = link(actor, memory_of(actor, [versions[0].reading]), versions)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-6:]) / 6 < 0.5 * math.log(3) < sum(losses[:3]) / 3


def test_telling_teaches_the_teller_and_what_it_reads(read, actor):
    pairs = pairs_of(read)
    memory = memory_of(actor, readings_of(pairs))
    with_plan, _ = telling(actor, memory, pairs)
    assert backward(actor, with_plan.mean()) == {"telling", "prior role"}
    assert actor.untold.grad is None or not actor.untold.grad.any()
    assert backward(actor, telling(actor, memory_of(actor, readings_of(pairs)), pairs)[1].mean()) == {"telling"}
    assert actor.untold.grad.any()


def config(**changes):
    return TrainConfig(name="run-1", campaign="moving", uri="/data", checkpoints="/run", **changes)


@pytest.fixture
def short(monkeypatch):
    for limit, value in (("MOST_EDITS", 8), ("MOST_TEXT", 6), ("MOST_EXPLANATION", 12)):
        monkeypatch.setattr(policies, limit, value)


def test_m_steps_teach_the_prior_and_the_teller_and_sleep_steps_the_posterior(read, actor, short):
    pairs = pairs_of(read)
    maximize = stepping.m_step(actor, memory_of(actor, readings_of(pairs)), pairs, config(stepsAPlan=100), torch.Generator().manual_seed(0))
    assert backward(actor, maximize) - {"figures"} == {*own("prior"), "telling"} - {"figures"}  # drawn plans may have none
    sleep = stepping.sleep_step(actor, memory_of(actor, readings_of(pairs)), pairs_of(read), 100, torch.Generator().manual_seed(0))
    assert backward(actor, sleep) - {"figures"} == own("posterior") - {"figures"}


def test_the_posterior_draws_a_plan_for_each_explanation_as_it_reads_it(read, actor, short):
    pairs = pairs_of(read)
    memory = memory_of(actor, readings_of(pairs))
    drawn = stepping.latent(actor, memory, pairs, torch.Generator().manual_seed(0), 0.5)
    told = with_explanations(actor, memory, [pair.explanation for pair in pairs])
    again = policies.draw(actor, told, "posterior", readings_of(pairs), 1, torch.Generator().manual_seed(0), 0.5)
    assert [pair.tree for pair in drawn] == [one.plan for (one,) in again]
    assert [pair.explanation for pair in drawn] == [pair.explanation for pair in pairs]


# -- what contrastive steps compare


@pytest.mark.parametrize("negatives", ["own", "random", "shuffled"])
def test_finals_are_opposed_to_earlier_versions_or_finals_of_others_or_of_either_kind_at_random(read, negatives):
    _, some = read
    swapped, drawn = 0, set()
    for step in range(40):
        finals = [Pair(reading, one.positive.tree, [], random.Random(f"{step}/{place}")) for place, (one, reading) in enumerate(some[:3])]
        earlier = [[version.tree for version in stepping.some_of(one.negatives, 0, step, one.id)] for one, _ in some[:3]]
        pairs, others = opposed(finals, earlier, negatives, 2)
        assert len(pairs) == len(others) == 2
        drawn.add(others[0][0])
        assert all(len(some) > 1 for some in earlier)
        for place, (pair, opposing) in enumerate(zip(pairs, others, strict=True)):
            final = some[place][0].positive.tree
            if negatives == "random":
                assert pair.tree == final and len(opposing) == 2
                for negative, back in zip(opposing, (1, 2), strict=False):
                    other, other_reading = some[(place - back) % 3]
                    assert [pair.reading.texts.of(node) for node in negative] == [other_reading.texts.of(node) for node in other.positive.tree]
            elif pair.tree == final:
                assert opposing == earlier[place]
            else:
                assert negatives == "shuffled" and Counter([pair.tree, *opposing]) == Counter([final, *earlier[place]])
                swapped += 1 / (1 - 1 / (1 + len(opposing)))
    assert len(drawn) > 1 or negatives == "random"
    assert (60 <= swapped <= 100) if negatives == "shuffled" else swapped == 0


@torch.no_grad()
@pytest.mark.parametrize("kind", ["corrected", "plain", "dpo"])
def test_a_plan_of_another_situation_is_opposed_only_where_its_levels_fit(read, actor, kind):
    """A path to a deeper plan has edits that cannot be: its log p would be that of nothing."""
    _, some = read
    flat = tuple(node for node in some[0][0].positive.tree if node.depth <= 1)
    shallow = Reading(some[0][1].vocabulary, some[0][1].texts, replace(some[0][1].condition, horizon=("hours",)))
    finals = [Pair(shallow, flat, [], random.Random(0)), *(Pair(reading, one.positive.tree, [], random.Random(0)) for one, reading in some[1:3])]
    pairs, others = opposed(finals, [[flat[:-2]], *([pair.tree] for pair in finals[1:])], "random", 3)
    assert others[0] == [flat[:-2]] and all(max(node.depth for node in negative) > 1 for (negative,) in others[2:])
    assert contrast(actor, memory_of(actor, readings_of(pairs)), pairs, others, kind, 0.1).isfinite()
