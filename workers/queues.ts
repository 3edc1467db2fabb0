/** Queues that a Node worker can work on; `gpu-train` belongs to the Python worker. */
export const WORKER_QUEUES = ['orchestrate', 'llm', 'tools', 'io'] as const;
export type WorkerQueue = (typeof WORKER_QUEUES)[number];

/** Model calls in flight at once in one process. A campaign's concurrency above the slots of all processes waits for one. */
export const DEFAULT_SLOTS = 500;
