#!/usr/bin/env node
// a worker's code and Temporal's native part must share one copy of Temporal's packages: it runs unbundled
await import(process.argv.includes('worker') ? '../dist/cli/main.js' : '../dist/bundle/main.js');
