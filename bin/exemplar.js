#!/usr/bin/env node
await import(process.argv.includes('worker') ? '../dist/bundle/worker/main.js' : '../dist/bundle/main.js');
