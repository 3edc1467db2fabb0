import type { ExportOptions } from '../../schemas/exports.ts';
import type { ExportedFile } from './split-files.ts';
import type { Counts } from './tally.ts';

/** What `export.json` holds, and `--json` prints. */
export interface Exported extends Counts {
  campaign: string;
  generation: number;
  fingerprint: string;
  /** Law hash where the model was simulated, else null. */
  simulated: string | null;
  model: string;
  options: ExportOptions;
  files: ExportedFile[];
}
