import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { packageRoot } from './package-root.ts';

/** Part of the build: what is started often, in few files, as loading hundreds takes most of its start. */
const dist = join(packageRoot, 'dist');
const outdir = join(dist, 'bundle');
const commandLine = join(dist, 'cli', 'main.js');

/** Native code, and packages that find their own files beside themselves. */
const APART = ['oxigraph', 'pdfjs-dist'];

const common: BuildOptions = {
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  keepNames: true,
  // what CommonJS packages `require` of Node
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  logLevel: 'warning',
};

rmSync(outdir, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: {
    main: commandLine,
    compute: join(dist, 'infra', 'tools', 'compute', 'thread.js'),
    knowledge: join(dist, 'infra', 'tools', 'knowledge', 'thread.js'),
  },
  outdir,
  external: [...APART, join(dist, 'cli', 'worker-process.js')],
});
// a worker's code and Temporal's native part must share one copy of Temporal's packages
await build({ ...common, entryPoints: { main: commandLine }, outdir: join(outdir, 'worker'), external: [...APART, '@temporalio/*'] });
