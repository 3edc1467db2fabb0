"""TRL's own trainers, on exports as they are loaded: does a small model learn from them?"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exports import export

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from datasets import DatasetDict, disable_progress_bars, load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

CHAT = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
SIZE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}


def loaded(folder: Path, view: str, *options: str) -> DatasetDict:
    disable_progress_bars()
    export(folder / view, view, *options)
    return load_dataset(str(folder / view), cache_dir=str(folder / "cache"))


def tokenizer(texts: list[str]) -> transformers.PreTrainedTokenizerFast:
    """Byte-level BPE, learnt from the texts."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|pad|>", "<|user|>", "<|assistant|>"]
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=1000, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|end|>", pad_token="<|pad|>")
    fast.chat_template = CHAT
    return fast


def model_of(tokens: transformers.PreTrainedTokenizerFast, kind: Any = transformers.LlamaForCausalLM, **more: Any) -> Any:
    torch.manual_seed(0)
    ids = {"pad_token_id": tokens.pad_token_id, "eos_token_id": tokens.eos_token_id, "bos_token_id": None}
    return kind(transformers.LlamaConfig(vocab_size=len(tokens), max_position_embeddings=4096, **SIZE, **ids, **more))


def losses(trainer: Any) -> list[float]:
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "run"), "use_cpu": True, "bf16": False, "report_to": [], "logging_steps": 1, "save_strategy": "no",
        "per_device_train_batch_size": 2, "max_steps": 10, "learning_rate": 3e-3, "lr_scheduler_type": "constant", "disable_tqdm": True,
        "activation_checkpointing": False, "seed": 0, "max_length": 2048,
    } | more  # fmt: skip


def text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(message["content"] for message in value)


@pytest.mark.parametrize("style", ["plain", "conversational"])
def test_dpo_learns_to_tell_chosen_from_rejected(style: str, tmp_path: Path) -> None:
    data = loaded(tmp_path, "preference", "--style", style)["train"]
    tokens = tokenizer([text(row[key]) for row in data for key in ("prompt", "chosen", "rejected")])
    config = DPOConfig(**settings(tmp_path, learning_rate=1e-3, max_steps=12))
    fall = losses(DPOTrainer(model_of(tokens), ref_model=model_of(tokens), args=config, train_dataset=data, processing_class=tokens))
    assert fall[0] == pytest.approx(math.log(2), abs=1e-3)
    assert sum(fall[-3:]) / 3 < 0.95 * math.log(2)


def test_kto_learns_to_tell_labels_apart(tmp_path: Path) -> None:
    data = loaded(tmp_path, "unpaired", "--format", "parquet")["train"].shuffle(seed=0)
    tokens = tokenizer([row["prompt"] + row["completion"] for row in data])
    config = KTOConfig(**settings(tmp_path, max_steps=12))
    fall = losses(KTOTrainer(model_of(tokens), ref_model=model_of(tokens), args=config, train_dataset=data, processing_class=tokens))
    assert sum(fall[-4:]) / 4 < 0.95 * fall[0]


@pytest.mark.parametrize(
    ("view", "options", "build"),
    [
        ("sft", ("--with", "explanation"), lambda tokens, folder, data: SFTTrainer(model_of(tokens), args=SFTConfig(**settings(folder)), train_dataset=data, processing_class=tokens)),
        ("sft", ("--style", "conversational"), lambda tokens, folder, data: SFTTrainer(model_of(tokens), args=SFTConfig(**settings(folder)), train_dataset=data, processing_class=tokens)),
        (
            "preference",
            ("--pairs", "first", "--format", "jsonl"),
            lambda tokens, folder, data: RewardTrainer(
                model_of(tokens, transformers.LlamaForSequenceClassification, num_labels=1), args=RewardConfig(**settings(folder, max_steps=16)), train_dataset=data, processing_class=tokens
            ),
        ),
    ],
)
def test_sft_and_reward_trainers_take_the_folders_as_they_are(view: str, options: tuple[str, ...], build: Callable[..., Any], tmp_path: Path) -> None:
    data = loaded(tmp_path, view, *options)["train"]
    tokens = tokenizer([text(row[key]) for row in data for key in ("prompt", "completion", "messages", "chosen", "rejected") if key in row])
    fall = losses(build(tokens, tmp_path, data))
    assert sum(fall[-3:]) < 0.95 * sum(fall[:3])
