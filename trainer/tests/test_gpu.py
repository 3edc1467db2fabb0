import pytest
import torch

from exemplar_trainer.config import TrainConfig
from exemplar_trainer.train import train


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: training on a GPU is not tested here")
def test_a_gpu_learns_the_same_and_two_runs_on_it_agree_bit_for_bit(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as the child process sets it
    losses = []
    for name in ("one", "two"):
        seen = []
        learning = {"epochs": 26, "batchGroups": 7, "learningRate": 6e-3, "stepsAPlan": 4}
        config = TrainConfig.from_json({**settings, **learning, "checkpoints": str(tmp_path / name)})
        result = train(config, seen.append)
        losses.append([event["loss"] for event in seen if event["step"] % 3 == 0])
    assert result["device"] != "cpu"
    assert result["test"]["pairAccuracy"] >= 0.9
    assert losses[0] == losses[1] and len(losses[0]) == 17
    ends = [(tmp_path / name / "00000052" / "model.safetensors").read_bytes() for name in ("one", "two")]
    assert ends[0] == ends[1]
