'use strict';
// A worker whose activities are tools of a run, for tests that kill it: node tools-worker.js ADDRESS FOLDER.
// Each activity notes what it does in FOLDER/journal; Hold ends once FOLDER/release is there.

const fs = require('node:fs');
const path = require('node:path');
const { TaskHubGrpcWorker, NoOpLogger } = require('@microsoft/durabletask-js');

const [, , hostAddress, folder] = process.argv;
const note = entry => fs.appendFileSync(path.join(folder, 'journal'), JSON.stringify({ pid: process.pid, ...entry }) + '\n');
const released = () => new Promise(resolve => {
  const look = () => fs.existsSync(path.join(folder, 'release')) ? resolve() : setTimeout(look, 20);
  look();
});

async function Hold(_, { value, idempotencyKey }) {
  note({ what: 'begin', key: idempotencyKey });
  await released();
  note({ what: 'end', key: idempotencyKey });
  return `held ${value}`;
}

const Long = async (_, { size }) => 'x'.repeat(size);

const Refuse = async () => { throw new Error('not today'); };

async function main() {
  const worker = new TaskHubGrpcWorker({ hostAddress, logger: new NoOpLogger() });
  for (const [name, activity] of Object.entries({ Hold, Long, Refuse })) worker.addNamedActivity(name, activity);
  await worker.start();
  console.log('ready');
}

main().catch(error => { console.error(error); process.exit(1); });
