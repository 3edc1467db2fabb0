"""
The GPU worker: `python -m exemplar_trainer.worker` polls task queue `gpu-train` for the activity `train`.

Environment: TEMPORAL_ADDRESS (default 127.0.0.1:7233), TEMPORAL_NAMESPACE and the other variables of Temporal's client environment
(TLS, API key); EXEMPLAR_PAYLOAD_KEYS, see payload_codec; EXEMPLAR_DIR (default .exemplar), where `trainer.ready` holds this process's
id while it polls.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

from .activity import train_activity
from .errors import ConfigError
from .payload_codec import data_converter

TASK_QUEUE = "gpu-train"
DEFAULT_ADDRESS = "127.0.0.1:7233"


async def run(stopping: asyncio.Event) -> None:
    """Polls until `stopping` is set; a run in flight then puts a checkpoint and goes on with another worker."""
    connection = {"target_host": DEFAULT_ADDRESS, **ClientConfig.load_client_connect_config()}
    client = await Client.connect(**connection, data_converter=data_converter(os.environ))
    ready = Path(os.environ.get("EXEMPLAR_DIR", ".exemplar")) / "trainer.ready"
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        activities=[train_activity],
        max_concurrent_activities=1,
        # a pause or a cancellation is told in the answer to a beat
        max_heartbeat_throttle_interval=timedelta(seconds=5),
    )
    async with worker:
        ready.parent.mkdir(parents=True, exist_ok=True)
        partial = ready.with_name(f".trainer.ready.{os.getpid()}")
        partial.write_text(f"{os.getpid()}\n")
        os.replace(partial, ready)
        try:
            await stopping.wait()
        finally:
            ready.unlink(missing_ok=True)


async def _main() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await run(stopping)


def main() -> int:
    try:
        asyncio.run(_main())
    except ConfigError as error:
        print(f"trainer worker: {error}", file=sys.stderr)
        return 1
    except RuntimeError as error:
        address = os.environ.get("TEMPORAL_ADDRESS", DEFAULT_ADDRESS)
        print(f"trainer worker: Temporal at {address}: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # the client's native threads may still run: taking the interpreter down under them now and then ends in a segmentation fault
    os._exit(status)
