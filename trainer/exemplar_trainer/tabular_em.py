"""The ports of `em` on an enumerated graph, where EM can be done exactly beside it."""

import torch
from torch import nn

from .balance import modified_subtb
from .graph import StateGraph
from .local_search import back_and_forth, uniform_lengths
from .policy import TabularPolicy, terminating_law
from .trajectories import retrace, sample_walks, score


class LogLinearText(nn.Module):
    """
    p(z) = R(z) / Z of a graph, fixed, and p(x | z) = softmax_x(features(z) W). features: float64 [S, D]; X texts, numbered.
    The joint of `em`; W is trained by the optimizer given.
    """

    def __init__(self, graph: StateGraph, features: torch.Tensor, texts: int, rate: float, generator: torch.Generator) -> None:
        super().__init__()
        self.graph, self.features, self.generator = graph, features, generator
        self.weight = nn.Parameter(0.1 * torch.randn(features.shape[1], texts, generator=generator, dtype=torch.float64))
        self.optimizer = torch.optim.Adam([self.weight], lr=rate)

    def log_text(self) -> torch.Tensor:
        """log p(x | z): [S, X]."""
        return (self.features @ self.weight).log_softmax(1)

    def log_joint(self) -> torch.Tensor:
        """log p(x, z): [X, S]."""
        return (self.graph.log_reward - self.graph.log_z) + self.log_text().T

    def posterior(self) -> torch.Tensor:
        """p(z | x), exact: [X, S]."""
        return self.log_joint().softmax(1).detach()

    def nll(self, weights: torch.Tensor) -> float:
        """-sum_x w(x) log p(x), nats. weights: [X], summing to 1."""
        return -(weights * self.log_joint().logsumexp(1)).sum().item()

    def maximize(self, plans: torch.Tensor, texts: torch.Tensor) -> float:
        """plans, texts: int64 [B]."""
        return self.maximize_expected(torch.ones(len(plans), dtype=torch.float64) / len(plans), plans, texts)

    def maximize_expected(self, weights: torch.Tensor, plans: torch.Tensor, texts: torch.Tensor) -> float:
        """One step up the sum of weights [B] times log p(x, z)."""
        expected = (weights * self.log_joint()[texts, plans]).sum()
        self.optimizer.zero_grad()
        (-expected).backward()
        self.optimizer.step()
        return expected.item()

    @torch.no_grad()
    def dream(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        plans = torch.multinomial(self.graph.law, count, replacement=True, generator=self.generator)
        return plans, torch.multinomial(self.log_text()[plans].exp(), 1, generator=self.generator).squeeze(1)


class TabularPosterior:
    """
    q(z | x): a tabular policy a text. moves: back-and-forth moves of a plan before the M-step sees it. sleep_weight: gamma of the sleep loss.
    """

    def __init__(
        self, joint: LogLinearText, rate: float, generator: torch.Generator, moves: int = 0, temper: float = 1.1, epsilon: float = 0.05,
        sleep_weight: float = 10.0,
    ) -> None:  # fmt: skip
        self.joint, self.generator = joint, generator
        self.moves, self.temper, self.epsilon, self.sleep_weight = moves, temper, epsilon, sleep_weight
        self.plans, self.texts = joint.graph.states, joint.weight.shape[1]
        self.policy = TabularPolicy(joint.graph.copies(self.texts))
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=rate)

    def balance(self, texts: torch.Tensor) -> float:
        walks = sample_walks(self.policy, texts * self.plans, self.generator, self.temper, self.epsilon)
        loss = modified_subtb(self.policy, walks, self._log_reward())
        if loss.requires_grad:
            self._step(loss)
        return loss.item()

    def draw(self, texts: torch.Tensor) -> torch.Tensor:
        states = sample_walks(self.policy, texts * self.plans, self.generator).last
        for _ in range(self.moves):
            states, _ = back_and_forth(self.policy, self._log_reward(), states, uniform_lengths, self.generator)
        return states % self.plans

    def imitate(self, plans: torch.Tensor, texts: torch.Tensor) -> float:
        walks = retrace(self.policy, texts * self.plans + plans, self.generator)
        seen = score(self.policy, walks)
        loss = -(seen.log_pf.sum(1) + seen.log_p_stop[:, -1]).mean()
        self._step(self.sleep_weight * loss)
        return loss.item()

    def law(self) -> torch.Tensor:
        """q(z | x), exact: [X, S]."""
        return terminating_law(self.policy).detach().reshape(self.texts, self.plans)

    def _log_reward(self) -> torch.Tensor:
        return self.joint.log_joint().detach().flatten()

    def _step(self, loss: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def exact_em(joint: LogLinearText, weights: torch.Tensor, m_steps: int) -> None:
    """EM with the exact posterior, one gradient step an M-step. weights: [X], how often each text is seen."""
    texts, plans = torch.cartesian_prod(torch.arange(len(weights)), torch.arange(joint.graph.states)).unbind(1)
    for _ in range(m_steps):
        joint.maximize_expected((weights.unsqueeze(1) * joint.posterior()).flatten(), plans, texts)
