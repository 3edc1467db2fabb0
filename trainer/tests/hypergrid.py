"""The HyperGrid of the GFlowNet papers, as a state graph."""

import torch

from exemplar_trainer.graph import StateGraph


def hypergrid(height: int = 8) -> StateGraph:
    """
    Cells of a height x height grid; state height * x + y; an edge adds 1 to x or y, in that order.
    R = 0.1, + 0.5 where 0.25 < |i / (height - 1) - 0.5| in both, + 2 where that is in (0.3, 0.4) in both.
    Source: Bengio et al. 2021, arXiv 2106.04399, section 4.1.
    """
    source, target = [], []
    for x in range(height):
        for y in range(height):
            for step, room in ((height, x), (1, y)):
                if room + 1 < height:
                    source.append(height * x + y)
                    target.append(height * x + y + step)
    cells = torch.cartesian_prod(torch.arange(height), torch.arange(height))
    off_centre = (cells.double() / (height - 1) - 0.5).abs()
    ring = (off_centre > 0.25).all(1)
    band = ((off_centre > 0.3) & (off_centre < 0.4)).all(1)
    return StateGraph(torch.tensor(source), torch.tensor(target), cells.sum(1), (0.1 + 0.5 * ring + 2 * band).log())
