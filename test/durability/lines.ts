import { startGate, type Gate } from './gate.ts';
import { startLink, type Link } from './link.ts';
import { startStoreGate, type StoreGate } from './store-gate.ts';

/** Where the services are now. */
export interface Places {
  temporalPort: () => number;
  s3Url: () => string;
  modelUrl: () => string;
}

/** What joins one process with the services that it uses: each line can be disturbed without the other processes noticing. */
export interface Lines {
  temporal: Link;
  s3: StoreGate;
  model: Gate;
  /** Cuts the process off from Temporal and its model. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startLines({ temporalPort, s3Url, modelUrl }: Places): Promise<Lines> {
  const [temporal, s3, model] = await Promise.all([startLink(temporalPort), startStoreGate(s3Url), startGate(modelUrl)]);
  return {
    temporal,
    s3,
    model,
    cut: () => {
      temporal.cut();
      s3.disturb('reset');
      model.disturb('hang');
    },
    mend: () => {
      temporal.mend();
      s3.disturb(null);
      model.disturb(null);
    },
    close: async () => {
      await Promise.all([temporal.close(), s3.close(), model.close()]);
    },
  };
}
