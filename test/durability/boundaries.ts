import type { Part } from './parts.ts';
import type { Machine } from './machine.ts';
import type { Edge, StoreRequest } from './store-gate.ts';
import { inTime } from './until.ts';

/** A moment between two steps, known by the object that the latter of them puts. */
export interface Boundary {
  name: string;
  edge: Edge;
  /** The process that makes the put, where the workers are split. */
  by: 'cli' | 'llm' | 'io' | 'orchestrate' | 'trainer';
  key: RegExp;
}

/** Every put that something is built on, from both sides where they differ. */
export const BOUNDARIES = [
  { name: 'the campaign is about to be written', edge: 'before', by: 'cli', key: /\/campaign\.json$/ },
  { name: 'the campaign is written, and the command does not know', edge: 'after', by: 'cli', key: /\/campaign\.json$/ },
  { name: 'a draft is answered, and not stored', edge: 'before', by: 'llm', key: /^responses\/.*\.draft\.k0\.r0\.json$/ },
  { name: 'an answer is stored, and the worker does not know', edge: 'after', by: 'llm', key: /^responses\/.*\.critique\.k0\.r0\.json$/ },
  { name: 'an answer has no step record', edge: 'before', by: 'llm', key: /^objects\/sha256\// },
  { name: 'a step record is written, and the workflow does not know', edge: 'after', by: 'llm', key: /^objects\/sha256\// },
  { name: 'a pass has no grant', edge: 'before', by: 'llm', key: /\/grants\// },
  { name: 'a pass is granted, and not begun', edge: 'after', by: 'llm', key: /\/grants\// },
  { name: 'a situation has its last record, and no outcome', edge: 'before', by: 'orchestrate', key: /\/outcomes\// },
  { name: 'an outcome is written, and the workflow does not know', edge: 'after', by: 'orchestrate', key: /\/outcomes\// },
  { name: 'a page has none of its files', edge: 'before', by: 'io', key: /\/data\// },
  { name: 'a page has some of its files', edge: 'before', by: 'io', key: /\/situations\// },
  { name: 'a page has all files but the ledger', edge: 'before', by: 'io', key: /\/ledger\// },
  { name: 'a page is written, and not sealed', edge: 'before', by: 'io', key: /^objects\/sha256\// },
  { name: 'a page is sealed, and in no manifest', edge: 'before', by: 'io', key: /\/manifest\// },
  { name: 'a manifest is written, and has no card', edge: 'after', by: 'io', key: /\/manifest\// },
  { name: 'a generation is published, and the workflow does not know', edge: 'after', by: 'io', key: /\/README\.md$/ },
  { name: 'a checkpoint has its weights, and no state', edge: 'before', by: 'trainer', key: /^checkpoints\/.*state\.json$/ },
] as const satisfies readonly Boundary[];
export type BoundaryName = (typeof BOUNDARIES)[number]['name'];

export function boundary(name: BoundaryName): Boundary {
  return BOUNDARIES.find((each) => each.name === name) as Boundary;
}

/** The process of this machine that makes the boundary's put. */
export function makerOf({ by }: Boundary, { setting: { workers } }: Machine): Part | 'cli' {
  return by === 'cli' || by === 'trainer' ? by : (workers.find((part) => part === by) ?? 'worker');
}

/**
 * Lets the machine work until it comes to the boundary, and does `there` while the put is held. The put is lost where its maker dies
 * before it has reached S3.
 */
export async function atBoundary<T>(machine: Machine, at: Boundary, there: (request: StoreRequest) => Promise<T>, limitMs?: number): Promise<T> {
  const { s3 } = machine.lines(makerOf(at, machine));
  const held = s3.hold(at.edge, ({ method, key }) => method === 'PUT' && at.key.test(key));
  try {
    return await there(await inTime(held.reached, at.name, limitMs));
  } finally {
    held.release();
  }
}
