'use strict';
// Histories for a process that drives the other SDK. The two SDKs put classes of the same names into one global table, so
// that the one loaded last breaks the other; a thread has globals of its own.

const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

if (isMainThread) {
  module.exports = function reader(address) {
    const thread = new Worker(__filename, { workerData: address, stdout: true });
    const waiting = new Map();
    let next = 0;
    thread.unref();
    thread.on('message', ({ number, events, error }) => {
      const { resolve, reject } = waiting.get(number);
      waiting.delete(number);
      if (error) reject(new Error(error)); else resolve(events);
    });
    return {
      getOrchestrationHistory: id => new Promise((resolve, reject) => {
        waiting.set(++next, { resolve, reject });
        thread.postMessage({ number: next, id });
      }),
    };
  };
} else {
  const { msClient } = require('./environments');
  const client = msClient(workerData);
  parentPort.on('message', async ({ number, id }) => {
    try {
      const events = await client.getOrchestrationHistory(id);
      parentPort.postMessage({ number, events: events.map(e => ({ ...e, failureDetails: e.failureDetails && { ...e.failureDetails } })) });
    } catch (error) {
      parentPort.postMessage({ number, error: error.message });
    }
  });
}
