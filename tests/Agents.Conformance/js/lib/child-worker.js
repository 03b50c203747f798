'use strict';
// A worker in a process of its own, to be killed: node child-worker.js ADDRESS HUB
// It runs the orchestrator 'chain' and hangs in the activity 'slow', after saying so on standard output.

const fs = require('node:fs');
for (const word of ['log', 'info', 'debug', 'warn', 'error']) console[word] = () => {};
const { msWorker } = require('./environments');

const [address, hub] = process.argv.slice(2);
const worker = msWorker(address, hub, {
  orchestrators: {
    chain: async function* (ctx) { return [yield ctx.callActivity('quick', 1), yield ctx.callActivity('slow', 2)]; },
  },
  activities: {
    quick: (_, n) => n,
    slow: () => { fs.writeSync(1, 'in slow\n'); return new Promise(() => {}); },
  },
});
worker.start();
