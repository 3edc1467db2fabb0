import { dirname } from 'node:path';
import { KEYS_FILE_VARIABLE } from '../codec/payload-keys.ts';
import { LOOPBACK } from './ports.ts';
import type { ServiceKind } from './service.ts';
import { EXEMPLAR } from './sim-model.ts';

const PROBE_MS = 2_000;

/** Decodes payloads for the Temporal UI. `env` names the services that do not run here. Port: `http`. */
export function codecService(dir: string, env: Record<string, string>, command: readonly [string, ...string[]] = [...EXEMPLAR, 'codec-server']): ServiceKind {
  return {
    name: 'codec',
    usualPorts: { http: 7072 },
    startMs: 30_000,
    on: ({ http }) => {
      const address = `http://${LOOPBACK}:${http}`;
      return {
        command: [...command, '--port', String(http)],
        env,
        cwd: dirname(dir),
        inputs: env[KEYS_FILE_VARIABLE] === undefined ? [] : [env[KEYS_FILE_VARIABLE]],
        address,
        ready: async () => (await fetch(`${address}/decode`, { method: 'OPTIONS', signal: AbortSignal.timeout(PROBE_MS) })).status === 204,
      };
    },
  };
}
