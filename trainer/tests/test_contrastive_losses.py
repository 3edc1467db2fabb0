"""The corrected grouped InfoNCE and DPO: identities, optima, and TRL's value."""

from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch

from exemplar_trainer.objectives import dpo, grouped_nce


def draws(*shape: int, seed: int) -> torch.Tensor:
    return 4 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


PAIRS = torch.arange(40).reshape(20, 2)
SCORE, LOG_P_NEG = draws(40, seed=0), draws(40, seed=1)


def pairs_of(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return values[PAIRS[:, 0]], values[PAIRS[:, 1]]


def test_the_correction_is_the_score_less_the_negatives_law():
    corrected = grouped_nce(SCORE, PAIRS, LOG_P_NEG)
    assert corrected.item() == pytest.approx(grouped_nce(SCORE - LOG_P_NEG, PAIRS).item(), abs=1e-12)
    assert torch.autograd.gradcheck(lambda score: grouped_nce(score, PAIRS, LOG_P_NEG), [SCORE.clone().requires_grad_()])


def test_dpo_of_beta_1_with_the_negatives_law_as_reference_is_two_way_nce():
    found = dpo(*pairs_of(SCORE), *pairs_of(LOG_P_NEG), beta=1.0)
    assert found.item() == pytest.approx(grouped_nce(SCORE, PAIRS, LOG_P_NEG).item(), abs=1e-12)
    assert dpo(*pairs_of(SCORE), *pairs_of(LOG_P_NEG), beta=0.1).item() != pytest.approx(found.item(), rel=0.1)


def test_dpos_gradients_are_those_of_finite_differences():
    given = [value.clone().requires_grad_() for value in (*pairs_of(SCORE), *pairs_of(LOG_P_NEG))]
    assert torch.autograd.gradcheck(lambda *values: dpo(*values, beta=0.3), given)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_positives_score_that_is_not_finite_is_not_hidden(value):
    score = SCORE.clone()
    score[4] = value
    assert not grouped_nce(score, PAIRS).isfinite()
    assert not dpo(*pairs_of(score), *pairs_of(LOG_P_NEG)).isfinite()


def minimised(p_positive: torch.Tensor, p_negative: torch.Tensor, corrected: bool) -> torch.Tensor:
    """softmax of the scores that minimise the expected loss over every group of a positive and two negatives: [Z]."""
    symbols = len(p_positive)
    slots = torch.cartesian_prod(*[torch.arange(symbols)] * 3)
    weights = p_positive[slots[:, 0]] * p_negative[slots[:, 1:]].prod(1)
    score = torch.zeros(symbols, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([score], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe")

    def step():
        search.zero_grad()
        scores = (score - p_negative.log() if corrected else score)[slots]
        loss = (weights * (scores.logsumexp(1) - scores[:, 0])).sum()
        loss.backward()
        return loss

    search.step(step)
    return score.detach().softmax(0)


def test_only_the_corrected_loss_has_the_positives_law_as_its_optimum():
    p_positive, p_negative = draws(4, seed=2).mul(0.3).softmax(0), draws(4, seed=3).mul(0.3).softmax(0)
    assert torch.allclose(minimised(p_positive, p_negative, corrected=True), p_positive, atol=1e-6)
    ratio = p_positive / p_negative
    assert torch.allclose(minimised(p_positive, p_negative, corrected=False), ratio / ratio.sum(), atol=1e-6)


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_dpo_equals_trls_sigmoid_loss(beta):
    """TRL's own loss, given log-probabilities: its model is one token a sequence that has them."""
    from trl import DPOTrainer

    chosen, rejected = pairs_of(SCORE)
    log_probs = torch.cat([chosen, rejected]).unsqueeze(1)
    one = torch.ones_like(log_probs)
    accelerator = SimpleNamespace(device="cpu", gather=lambda value: value, gather_for_metrics=lambda value: value)
    trainer = SimpleNamespace(
        model=torch.nn.Identity(), accelerator=accelerator, aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=True,
        f_divergence_type="reverse_kl", loss_types=["sigmoid"], loss_weights=[1.0], beta=beta, use_weighting=False,
        _metrics={"train": defaultdict(list)}, _total_train_tokens=0, _tp_size=1,
    )  # fmt: skip

    def model(**_):
        return SimpleNamespace(log_probs=log_probs, entropy=one, mean_logits=one, is_top1=one.bool())

    reference = dict(zip(("ref_chosen_logps", "ref_rejected_logps"), pairs_of(LOG_P_NEG), strict=True))
    tokens = torch.ones(40, 2, dtype=torch.int64)
    inputs = {"input_ids": tokens, "attention_mask": tokens, "completion_mask": torch.tensor([[0, 1]]).expand(40, 2), **reference}
    theirs = DPOTrainer._compute_loss(trainer, model, inputs, return_outputs=False)
    assert dpo(chosen, rejected, *pairs_of(LOG_P_NEG), beta=beta).item() == pytest.approx(theirs.item(), abs=1e-12)
