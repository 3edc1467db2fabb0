"""Compiled layers and rounded lengths change nothing but the time that it takes."""

import random
from itertools import chain

import pytest
import torch
from actors import actor_of, parsed_of, situations_of

from exemplar_trainer.actor import ROLES, bucket
from exemplar_trainer.config import TrainConfig
from exemplar_trainer.errors import ConfigError
from exemplar_trainer.policies import memory_of, plan_rows, score, tell, with_explanations
from exemplar_trainer.situations import path_to
from exemplar_trainer.train import train


def test_lengths_are_rounded_up_to_four_in_an_octave_so_that_a_fifth_at_most_is_padding():
    lengths = [bucket(length) for length in range(1, 1025)]
    assert all(length <= held <= length * 1.25 for length, held in enumerate(lengths, start=1))
    assert [held for held in sorted(set(lengths)) if 8 <= held <= 64] == [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]


def test_a_fused_actor_has_the_laws_and_the_gradients_of_the_other(moving):
    parsed = parsed_of(moving)
    some = situations_of(moving, parsed)[:5]
    readings = [reading for _, reading in some]
    plain, fused = (actor_of(parsed.vocabulary, parsed.figures) for _ in range(2))
    fused.fuse()
    shapes, laws, gradients = [], [], []
    for actor in (plain, fused):
        source = random.Random(0)
        found = []
        memory = memory_of(actor, readings)
        told = with_explanations(actor, memory, [reading.explanation(one.positive.explanation) for one, reading in some])
        for role in ROLES:
            seen = score(actor, told if role == "posterior" else memory, role, readings, [path_to(one.positive.tree, source)[:5] for one, _ in some])
            found += [seen.log_pf.flatten(), seen.log_stop.flatten()]
        found.append(tell(actor, memory, None, [reading.explanation(one.positive.explanation) for one, reading in some])[0])
        torch.cat(found).sum().backward()
        laws.append(torch.cat(found).detach())
        gradients.append({name: each.grad for name, each in actor.named_parameters() if each.grad is not None})
        rows = plan_rows(actor, readings, [[one.positive.tree] for one, _ in some])
        shapes.append([*memory.tokens.shape, *rows.kind.shape])
    assert torch.allclose(*laws, atol=1e-4)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], atol=1e-3, rtol=1e-3), name
    assert shapes[0] != shapes[1] == [shapes[0][0], bucket(shapes[0][1]), *shapes[0][2:4], bucket(shapes[0][4])]
    layers = (*fused.text_layers, *fused.plan_layers, *chain(*fused.symbol_layers), *fused.telling_layers)
    assert all(layer._compiled_call_impl is not None for layer in layers)


def test_without_a_compiler_the_setting_is_refused(settings, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ConfigError, match="compile needs a C\\+\\+ compiler: no-such-compiler is not on PATH"):
        train(TrainConfig.from_json({**settings, "compile": True}), lambda event: None)
