import { join, resolve } from 'node:path';
import { SIMULATED_HEADER } from '../../schemas/simulated.ts';
import { packageRoot } from '../package-root.ts';
import { LOOPBACK } from './ports.ts';
import type { ServiceKind } from './service.ts';

const PROBE_MS = 2_000;

export const EXEMPLAR: readonly [string, ...string[]] = [process.execPath, join(packageRoot, 'bin', 'exemplar.js')];

/** The simulated model over HTTP; `law` is a file of rates (default: its own). Port: `http`. */
export function simModelService(dir: string, law?: string, command: readonly [string, ...string[]] = [...EXEMPLAR, 'sim-model']): ServiceKind {
  const rates = law === undefined ? [] : [resolve(law)];
  return {
    name: 'sim-model',
    usualPorts: { http: 7071 },
    startMs: 30_000,
    on: ({ http }) => {
      const address = `http://${LOOPBACK}:${http}`;
      return {
        command: [...command, '--port', String(http), '--batches', join(dir, 'sim-model.batches'), ...rates.flatMap((file) => ['--law', file])],
        env: {},
        cwd: dir,
        inputs: rates,
        address,
        ready: async () => {
          const response = await fetch(`${address}/v1/models`, { headers: { 'x-api-key': 'sim', 'anthropic-version': '2023-06-01' }, signal: AbortSignal.timeout(PROBE_MS) });
          return response.ok && response.headers.has(SIMULATED_HEADER);
        },
      };
    },
  };
}
