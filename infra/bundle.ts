import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from './package-root.ts';

/** Part of the build: what is started often, in few files, as loading hundreds takes most of its start. */
const dist = join(packageRoot, 'dist');
const outdir = join(dist, 'bundle');
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(dist, 'cli', 'main.js'),
    compute: join(dist, 'infra', 'tools', 'compute', 'thread.js'),
    knowledge: join(dist, 'infra', 'tools', 'knowledge', 'thread.js'),
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  keepNames: true,
  // native code, and packages that find their own files beside themselves
  external: ['@temporalio/worker', 'oxigraph', 'pdfjs-dist'],
  // what CommonJS packages `require` of Node
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  logLevel: 'warning',
});
