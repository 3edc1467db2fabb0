#!/usr/bin/env python3
"""
Do earlier versions help as negatives? Six arms on 338 enumerated plans, where everything is exact:
    PYTHONPATH=trainer .venv/bin/python bench/negatives.py [--seeds 6] [--contexts 32 128] > table.json
Progress on stderr, one JSON object on stdout; `node bench/negatives.js` runs it and writes docs/negatives.md.

A simulated exemplary actor walks, by Metropolis-Hastings over single edits, from a vague draft law towards p*(z | c); its last plan is
the positive, `versions` plans on the way are negatives. So positives are as biased as the walk is short. The learner is a log-linear policy
over all plans, exact in its normaliser; each arm adds one term to the same likelihood of positives, with one ridge chosen for all arms.
"""

import argparse
import json
import sys

import torch

from exemplar_trainer.domain import PlanSpace
from exemplar_trainer.enumeration import PlanGraph, enumerate_plans
from exemplar_trainer.graph import kl_divergence, total_variation
from exemplar_trainer.objectives import dpo, grouped_nce

CONTEXT = 4
VERSIONS = 3
TEST_CONTEXTS = 100
RIDGES = (1e-3, 1e-2, 3e-2, 1e-1)
WEIGHT = 1.0
STEPS = 150
ARMS = ("mle", "nce", "corrected", "dpo", "random", "shuffled")
ACTORS = {"patient": 1500, "hasty": 200}
"""Steps of the simulated actor."""


def features_of(graph: PlanGraph) -> torch.Tensor:
    """What is counted in a plan, standardised: float64 [S, F]."""
    rows = []
    for plan, log_reward in zip(graph.plans, graph.log_reward.tolist(), strict=True):
        states = [node.symbol for node in plan if node.is_state]
        labels = [node.depth for node in plan if not node.is_state and node.symbol]
        bare = sum(not node.is_state and not node.symbol for node in plan)
        rows.append([
            len(states), len(labels), bare, max(node.depth for node in plan), states.count(0), states.count(1), labels.count(0),
            labels.count(1), float(bool(states) and states == sorted(states)), log_reward,
        ])  # fmt: skip
    rows = torch.tensor(rows, dtype=torch.float64)
    return (rows - rows.mean(0)) / rows.std(0).clamp(min=1e-9)


class World:
    """p*(z | c), the actor's laws, and what was drawn from them."""

    def __init__(self, graph: PlanGraph, actor_steps: int, contexts: int, seed: int) -> None:
        self.graph, self.features = graph, features_of(graph)
        generator = torch.Generator().manual_seed(seed)
        # the plan's own reward, and tastes of the context that the learner's features hold, and a part that they do not
        taste = 0.4 * torch.randn(CONTEXT, self.features.shape[1], generator=generator, dtype=torch.float64)
        residue = 0.3 * torch.randn(CONTEXT, graph.states, generator=generator, dtype=torch.float64)

        def split(count: int):
            c = torch.randn(count, CONTEXT, generator=generator, dtype=torch.float64)
            log_p = (0.7 * graph.log_reward + c @ taste @ self.features.T + c @ residue).log_softmax(1)
            versions, final = self._actor(log_p, actor_steps)
            return c, log_p.exp(), versions, final

        def draw(law: torch.Tensor, count: int) -> torch.Tensor:
            return torch.multinomial(law, count, replacement=True, generator=generator)

        self.context, _, versions, final = split(contexts)
        self.positive = draw(final, 1).squeeze(1)
        self.negatives = draw(versions, VERSIONS)
        # log of the negatives' exact law, as a draft model of all earlier versions would learn it
        self.log_p_neg = versions.log()
        self.random = draw(torch.ones(contexts, graph.states, dtype=torch.float64), VERSIONS)
        swapped = torch.randint(VERSIONS + 1, (contexts,), generator=generator)
        groups = torch.cat([self.positive.unsqueeze(1), self.negatives], 1)
        rows = torch.arange(contexts)
        self.shuffled_positive = groups[rows, swapped]
        keep = torch.ones_like(groups, dtype=torch.bool)
        keep[rows, swapped] = False
        self.shuffled_negatives = groups[keep].reshape(contexts, VERSIONS)
        self.held_context, _, _, held_final = split(contexts)
        self.held_positive = draw(held_final, 1).squeeze(1)
        self.test_context, self.test_law, _, test_final = split(TEST_CONTEXTS)
        self.bias = total_variation(test_final, self.test_law)

    def _actor(self, log_p: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(mean law of the versions on the way, law of the final one), each [C, S], exact. Versions stand after 1/8, 1/4 and 1/2 of the steps."""
        graph = self.graph
        source, target = torch.cat([graph.source, graph.target]), torch.cat([graph.target, graph.source])
        # each edge is proposed with the same chance from both its ends, so the chain is reversible
        chance = 1 / torch.bincount(source).max() * (log_p[:, target] - log_p[:, source]).clamp(max=0).exp()
        at = torch.zeros_like(log_p)
        at[:, graph.depth <= 2] = 1 / int((graph.depth <= 2).sum())
        versions = torch.zeros_like(at)
        stops = (steps // 8, steps // 4, steps // 2)
        for step in range(1, steps + 1):
            moved = at[:, source] * chance
            at = at.index_add(1, target, moved).index_add(1, source, moved, alpha=-1)
            if step in stops:
                versions += at / len(stops)
        return versions, at.clamp(min=0)


class Learner:
    """log p(z | c) = log softmax_z of features(z) . (b + c W): exact."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.weight = torch.zeros(1 + CONTEXT, world.features.shape[1], dtype=torch.float64, requires_grad=True)

    def log_p(self, context: torch.Tensor) -> torch.Tensor:
        bias = torch.ones(len(context), 1, dtype=torch.float64)
        return (torch.cat([bias, context], 1) @ self.weight @ self.world.features.T).log_softmax(1)

    def fit(self, arm: str, ridge: float) -> "Learner":
        search = torch.optim.LBFGS([self.weight], max_iter=STEPS, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            search.zero_grad()
            loss = self.loss(arm) + ridge * self.weight.square().sum()
            loss.backward()
            return loss

        search.step(closure)
        return self

    def loss(self, arm: str) -> torch.Tensor:
        world = self.world
        log_p = self.log_p(world.context)
        rows = torch.arange(len(log_p)).unsqueeze(1)
        likelihood = -log_p.gather(1, world.positive.unsqueeze(1)).mean()
        if arm == "mle":
            return likelihood
        positive, negatives = world.positive, world.negatives
        if arm == "random":
            negatives = world.random
        if arm == "shuffled":
            positive, negatives = world.shuffled_positive, world.shuffled_negatives
        plans = torch.cat([positive.unsqueeze(1), negatives], 1)
        score, reference = log_p[rows, plans], world.log_p_neg[rows, plans]
        if arm == "dpo":
            pairs = [part.expand(-1, VERSIONS) for part in (score[:, :1], reference[:, :1])]
            contrast = dpo(pairs[0], score[:, 1:], pairs[1], reference[:, 1:])
        else:
            slots = torch.arange(plans.numel()).reshape(plans.shape)
            # a negative that equals its positive is dropped, as the dataset's labels drop it
            slots = torch.where(plans == positive.unsqueeze(1), -1, slots)
            slots[:, 0] = torch.arange(len(plans)) * plans.shape[1]
            corrected = reference.flatten() if arm in ("corrected", "shuffled") else None
            contrast = grouped_nce(score.flatten(), slots, corrected)
        return likelihood + WEIGHT * contrast

    @torch.no_grad()
    def measures(self) -> dict[str, float]:
        """badMass: mass on plans below the median of p*. swap: log p(z | c) - log p(z | another c) of plans of p*, nats."""
        world = self.world
        p, truth = self.log_p(world.test_context).exp(), world.test_law
        bad = truth < truth.median(1, keepdim=True).values
        swap = (truth * (p.log() - p.roll(1, 0).log())).sum(1).mean().item()
        return {"tv": total_variation(p, truth), "kl": kl_divergence(truth, p), "badMass": (p * bad).sum(1).mean().item(), "swap": swap}


def run(graph: PlanGraph, actor_steps: int, contexts: int, seed: int) -> dict:
    world = World(graph, actor_steps, contexts, seed)

    def held_out(ridge: float) -> float:
        learner = Learner(world).fit("mle", ridge)
        with torch.no_grad():
            return learner.log_p(world.held_context).gather(1, world.held_positive.unsqueeze(1)).mean().item()

    ridge = max(RIDGES, key=held_out)
    return {"seed": seed, "bias": world.bias, "ridge": ridge, "arms": {arm: Learner(world).fit(arm, ridge).measures() for arm in ARMS}}


def gate(runs: list[dict], arm: str) -> dict:
    """
    Against the likelihood alone, seed by seed: does it help? Bad mass down by 10 % in at least 5 of 6 seeds, TV up by at most 0.01 in the mean, and
    less bad mass than with random negatives.
    """
    def of(name: str, measure: str) -> torch.Tensor:
        return torch.tensor([one["arms"][name][measure] for one in runs], dtype=torch.float64)

    fewer = int((of(arm, "badMass") <= 0.9 * of("mle", "badMass")).sum())
    worse = (of(arm, "tv") - of("mle", "tv")).mean().item()
    beats = bool(of(arm, "badMass").mean() < of("random", "badMass").mean())
    return {
        "badMassDown": fewer, "tvWins": int((of(arm, "tv") < of("mle", "tv")).sum()), "tvChange": worse, "beatsRandom": beats,
        "helps": fewer * 6 >= 5 * len(runs) and worse <= 0.01 and beats,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description="six arms of negatives on 338 plans")
    options.add_argument("--seeds", type=int, default=6)
    options.add_argument("--contexts", type=int, nargs="+", default=[32, 128])
    chosen = options.parse_args()
    torch.set_num_threads(1)
    graph = enumerate_plans(PlanSpace(labels=1, states=2, max_states=2, max_depth=2))
    settings = []
    for actor, steps in ACTORS.items():
        for contexts in chosen.contexts:
            runs = [run(graph, steps, contexts, seed) for seed in range(chosen.seeds)]
            gates = {arm: gate(runs, arm) for arm in ARMS if arm != "mle"}
            settings.append({"actor": actor, "actorSteps": steps, "contexts": contexts, "runs": runs, "gates": gates})
            passed = [arm for arm in gates if gates[arm]["helps"]]
            print(f"{actor} actor, {contexts} contexts: passed the gate: {', '.join(passed) or 'none'}", file=sys.stderr, flush=True)
    print(json.dumps({"arms": ARMS, "versions": VERSIONS, "weight": WEIGHT, "settings": settings}))


if __name__ == "__main__":
    main()
