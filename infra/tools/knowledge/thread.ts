import { readFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { Store } from 'oxigraph';
import { serve } from '../serve.ts';

const { file } = workerData as { file: string };
const store = new Store();
store.load(gunzipSync(readFileSync(file)).toString('utf8'), { format: 'text/turtle', no_transaction: true });

/** A store that was asked for a SELECT cannot be made to write: oxigraph parses updates apart from queries. */
serve((query: string) => store.query(query, { results_format: 'json' }) as string);
