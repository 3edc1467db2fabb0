// Loaded by Temporal's worker, which takes CommonJS alone here: messages and stack traces of failures become payloads, so that the
// codec encrypts them too.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
