"""
Writes a checkpoint of an actor that was never trained: `python write_checkpoint.py FOLDER`, with trainer/ on the path. It makes small plans of
few words, as its weights are biased to what ends a plan and a text.
"""

import sys

import torch

from exemplar_data.storage import open_store
from exemplar_trainer.actor import ROLES, SIZES, PlanActor
from exemplar_trainer.checkpoint import FIELDS, save_checkpoint
from exemplar_trainer.plan_tree import Figures
from exemplar_trainer.vocabulary import EOS, FIRST_WORD, Vocabulary

SIZE = "tiny"
WORDS = ["Drive", " to", " the", " ford", "Wait", " for", " help", "."]
EDIT_BIASES = torch.tensor([2.0, 2.0, -3.0])
"""Of label (at the start state: of STOP), expand and split. Lists in lists end with the horizon, so that few splits mean few edits."""

torch.manual_seed(1)
vocabulary, figures = Vocabulary(WORDS), Figures((("energy", "Wh"),))
actor = PlanActor(SIZES[SIZE], len(vocabulary), tuple(scale.bins for scale in figures.scales))
with torch.no_grad():
    actor.edit.weight.zero_()
    actor.edit.bias.copy_(EDIT_BIASES.repeat(len(ROLES)))
    # texts are a few words drawn alike, whatever stands before them
    actor.symbol_out.norm.weight.zero_()
    actor.symbol_out.copies.bias.fill_(-50.0)
    actor.symbol_out.bias[:FIRST_WORD] = -20
    actor.symbol_out.bias[EOS] = 1.5
state = dict.fromkeys(FIELDS) | {"step": 1, "size": SIZE, "resources": figures.to_json(), "best": {"step": 1, "nats": None}}
save_checkpoint(open_store(sys.argv[1]), state, actor, torch.optim.AdamW(actor.parameters()), vocabulary)
