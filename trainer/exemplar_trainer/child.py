"""
The process that trains: `python -m exemplar_trainer.child --config FILE`, or with the config as JSON on stdin.

Writes one JSON object a line on stdout: progress events, then one of {event: result, result}, {event: stopped} and
{event: error, kind, retryable, message}. SIGTERM or SIGINT make it put a checkpoint and stop. Exit status: 0 result, 1 failed,
2 the config is wrong, 75 stopped with a checkpoint.
"""

import argparse
import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from .config import TrainConfig
from .errors import ConfigError, DeviceFailed, StoreUnavailable, TrainerError

STOPPED = 75
PR_SET_PDEATHSIG = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="exemplar_trainer.child", description="Train a plan actor.")
    parser.add_argument("--config", metavar="FILE", help="JSON file with the training config (default: stdin)")
    parser.add_argument("--parent", type=int, metavar="PID", help="die when this parent process does")
    arguments = parser.parse_args()
    if arguments.parent:
        die_with(arguments.parent)
    stopping = _stop_on_signals()
    try:
        config = _read_config(arguments.config)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        from .train import train

        result = train(config, emit, lambda: bool(stopping))
    except OSError as error:  # a full disk, an unreadable folder
        return _fail(StoreUnavailable(str(error)))
    except TrainerError as error:
        return _fail(error)
    except Exception as error:
        traceback.print_exc()
        return _fail(_unexpected(error))
    if result is None:
        emit({"event": "stopped"})
        return STOPPED
    if result:  # torchrun's other ranks have none
        emit({"event": "result", "result": result})
    return 0


def _fail(error: TrainerError) -> int:
    emit({"event": "error", "kind": error.kind, "retryable": error.retryable, "message": str(error)})
    return 2 if isinstance(error, ConfigError) else 1


def _unexpected(error: Exception) -> TrainerError:
    """A failed device may work for another attempt; any other error nobody foresaw would come again."""
    torch = sys.modules.get("torch")
    known = DeviceFailed if torch and isinstance(error, torch.AcceleratorError) else TrainerError
    return known(f"{type(error).__name__}: {(str(error) or 'no message').splitlines()[0]}")


def emit(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


def die_with(parent: int) -> None:
    """Asks Linux to kill this process when its parent ends, however it ends. Elsewhere the parent must do it."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the request
        os._exit(1)


def _stop_on_signals() -> list[int]:
    received: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _frame: received.append(got))
    return received


def _read_config(path: str | None) -> TrainConfig:
    try:
        text = Path(path).read_text("utf-8") if path else sys.stdin.read()
        return TrainConfig.from_json(json.loads(text))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path or 'stdin'}: not JSON: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
