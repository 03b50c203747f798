'use strict';
// Runs the cases of one environment and writes one JSON line a case to standard output:
//   {"sdk","store","case","outcome":"passed"|"failed","message","milliseconds"}
// usage: node run.js --sdk ms|dapr|memory|wire [--serve JSON] [--store NAME] [--only TEXT] | --list
//   --serve: the command that starts an endpoint, as a JSON array in which "{port}" and "{data}" are filled in

const path = require('node:path');
const fs = require('node:fs');
const { cases } = require('./lib/suite');

const arguments_ = new Map();
for (let i = 2; i < process.argv.length; i++) {
  const flag = process.argv[i];
  const value = process.argv[i + 1];
  if (value === undefined || value.startsWith('--')) arguments_.set(flag, true);
  else { arguments_.set(flag, value); i++; }
}

const write = line => fs.writeSync(1, JSON.stringify(line) + '\n');

// The SDKs talk on standard output, which belongs to the results.
const complain = console.error;
for (const word of ['log', 'info', 'debug', 'warn', 'error']) console[word] = () => {};

const BESIDE = 8; // cases at once

function loadCases() {
  const folder = path.join(__dirname, 'cases');
  for (const file of fs.readdirSync(folder).sort()) require(path.join(folder, file));
}

/** The cases an environment runs, in order. */
function chosen(sdk, store = arguments_.get('--store') ?? 'sqlite') {
  const only = arguments_.get('--only');
  return cases.filter(c => c.on.includes(sdk) && (!c.store || c.store === store) && (!only || c.name.includes(only)));
}

async function runOne(one, environment, context) {
  const { Case } = require('./lib/case');
  const { within } = require('./lib/signals');
  const started = process.hrtime.bigint();
  const t = new Case(environment.forCase ? await environment.forCase() : environment, context);
  const line = { sdk: environment.sdk, store: context.store, case: one.name };
  try {
    await within(one.run(t), 'the case to end', Math.min(one.seconds, environment.secondsMax ?? one.seconds));
    line.outcome = 'passed';
  } catch (error) {
    line.outcome = 'failed';
    line.message = describe(error);
  }
  line.milliseconds = Number((process.hrtime.bigint() - started) / 1000000n);
  write(line);
  await t.close().catch(error => complain(`closing ${one.name}:`, error));
}

function describe(error) {
  const stack = String(error?.stack ?? error).split('\n');
  const ours = stack.filter(l => l.includes(`${path.sep}cases${path.sep}`)).slice(0, 3);
  const text = String(error?.message ?? error);
  return [text.length > 1500 ? `${text.slice(0, 1500)} …` : text, ...ours.map(l => l.trim())].join('\n');
}

async function main() {
  loadCases();
  if (arguments_.has('--list')) {
    for (const one of cases) for (const sdk of one.on) write({ sdk, case: one.name, store: one.store });
    return;
  }
  const sdk = arguments_.get('--sdk');
  const serve = arguments_.get('--serve');
  const context = { store: arguments_.get('--store') ?? 'sqlite', serve: serve && JSON.parse(serve) };
  if (arguments_.has('--address')) {
    context.address = arguments_.get('--address');
  } else if (context.serve) {
    context.server = await require('./lib/server').startServer(context.serve);
    context.address = context.server.address;
  }
  const environment = await require('./lib/environments').open(sdk, context.address);
  const beside = chosen(sdk).filter(c => !c.alone);
  const lane = async () => { while (beside.length > 0) await runOne(beside.shift(), environment, context); };
  await Promise.all(Array.from({ length: BESIDE }, lane));
  for (const one of chosen(sdk).filter(c => c.alone)) await runOne(one, environment, context);
  await context.server?.stop();
}

// A stray rejection inside an SDK belongs to no case; it is told and does not end the run.
process.on('unhandledRejection', error => complain('unhandled rejection:', error));
main().then(() => process.exit(0), error => { complain(error); process.exit(1); });
