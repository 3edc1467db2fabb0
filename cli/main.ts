import { EXIT } from './errors.ts';
import { runCommandLine } from './command-line.ts';

// one line is all that users see: neither Node's deprecations nor the SDKs' advice on versions of Node and models
process.noDeprecation = true;
console.warn = () => undefined;
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `exemplar status | head`: the reader has enough
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

await runCommandLine(process.argv.slice(2));
