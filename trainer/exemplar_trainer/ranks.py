"""The processes of one run, as torchrun starts them; one alone where it did not."""

import math
import os

import torch
import torch.distributed as dist


class Ranks:
    def __init__(self, device: torch.device | None = None) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        on_gpu = torch.cuda.is_available()
        self.device = device or torch.device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if on_gpu else "cpu")
        if self.size > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def first(self) -> bool:
        """Whether this is the rank that writes."""
        return self.rank == 0

    def average(self, model: torch.nn.Module) -> None:
        """Gives every rank the mean of all ranks' gradients, of parameters that have one. All ranks take the same kinds of steps."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, value: float) -> float:
        return self._reduce(value, dist.ReduceOp.SUM) / self.size

    def most(self, value: float) -> float:
        """The largest of all ranks' values."""
        return self._reduce(value, dist.ReduceOp.MAX)

    def agreed(self, value: int) -> int:
        """The first rank's value."""
        return int(self.told(value))

    def told(self, value: float) -> float:
        """The first rank's value, so that what all decide by it they decide alike."""
        return self.most(value if self.first else -math.inf)

    def close(self) -> None:
        if self.size > 1:
            dist.destroy_process_group()

    def _reduce(self, value: float, operation: dist.ReduceOp) -> float:
        if self.size == 1:
            return value
        held = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.all_reduce(held, operation)
        return held.item()
