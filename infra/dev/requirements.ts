/** A lock file of pinned, hashed Python packages, entry by entry: an entry starts in the first column and goes on while lines are indented. */
function entries(lock: string): string[] {
  return lock.split(/^(?=[^\s#])/m).filter((entry) => /^[^\s#]/.test(entry));
}

function nameOf(entry: string): string {
  return (/^[A-Za-z0-9._-]+/.exec(entry)?.[0] ?? '').toLowerCase();
}

/** Version that the lock pins torch to; null where it does not name torch. */
export function pinnedTorch(lock: string): string | null {
  const entry = entries(lock).find((each) => nameOf(each) === 'torch');
  return entry === undefined ? null : (/==\s*([^\s;+\\]+)/.exec(entry)?.[1] ?? null);
}

const ONLY_FOR_CUDA = /^(nvidia-|cuda-|triton$)/;

/** The lock without torch and what only its CUDA build needs. */
export function withoutTorch(lock: string): string {
  return entries(lock)
    .filter((entry) => nameOf(entry) !== 'torch' && !ONLY_FOR_CUDA.test(nameOf(entry)))
    .join('');
}
