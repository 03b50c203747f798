'use strict';
// Activities in JavaScript, on the official SDK, that a run of an agent calls as its tools (orders.json).
// Address: the argument, else 127.0.0.1:4001. The shelf is a file beside this one (or SHELF), so that a worker that was
// killed and started again knows what it has done: one line for each effect, under the key the run gave it.

const fs = require('node:fs');
const path = require('node:path');
const { TaskHubGrpcWorker, NoOpLogger } = require('@microsoft/durabletask-js');

const hostAddress = process.argv[2] ?? '127.0.0.1:4001';
const file = process.env.SHELF ?? path.join(__dirname, 'shelf.jsonl');
const first = { lamp: 10, chair: 8 };

const done = () => fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map(line => JSON.parse(line)) : [];
const note = entry => fs.appendFileSync(file, JSON.stringify(entry) + '\n');
const left = item => (first[item] ?? 0) - done().filter(e => e.item === item).reduce((sum, e) => sum + (e.count ?? 0), 0);

// ReadOnly: may run any number of times.
const CheckStock = async (_, { item }) => ({ item, left: left(item) });

// Idempotent: a repeat carries the same key, and this is where it is made one effect.
const Reserve = async (_, { item, count, idempotencyKey }) => {
  const before = done().find(e => e.key === idempotencyKey);
  if (before) return { reserved: before.count, left: left(item), again: true };
  if (left(item) < count) throw new Error(`only ${left(item)} of ${item} are left`); // the model reads this and may mend its call
  note({ what: 'reserve', key: idempotencyKey, item, count });
  return { reserved: count, left: left(item) };
};

// AtMostOnce: a call whose worker is lost goes to no other worker. Then the probe is asked what became of it.
const Ship = async (_, { item, to, idempotencyKey }) => {
  note({ what: 'ship', key: idempotencyKey, item, to });
  return `${item} on its way to ${to}`;
};

const WasShipped = async (_, { idempotencyKey }) => {
  const parcel = done().find(e => e.what === 'ship' && e.key === idempotencyKey);
  return parcel ? { happened: true, result: `${parcel.item} on its way to ${parcel.to}` } : { happened: false };
};

async function main() {
  const worker = new TaskHubGrpcWorker({ hostAddress, logger: new NoOpLogger(), workItemFilters: 'auto' });
  for (const [name, activity] of Object.entries({ CheckStock, Reserve, Ship, WasShipped })) worker.addNamedActivity(name, activity);
  await worker.start();
  console.log(`taking work from ${hostAddress}`);
}

main().catch(error => { console.error(error); process.exit(1); });
