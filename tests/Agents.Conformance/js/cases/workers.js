'use strict';
// Workers that come, go and die; versions and filters by the SDK.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { VersionMatchStrategy, VersionFailureStrategy } = require('@microsoft/durabletask-js');
const { suite } = require('../lib/suite');
const { count, counted, gate, until, within } = require('../lib/signals');
const { Status } = require('../lib/case');

const { test } = suite('workers');
const MS = { on: ['ms'], seconds: 60 };

test('two workers share the work, each item is done once', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const key = t.id('shared');
  const functions = name => ({
    orchestrators: { spread: async function* (ctx, n) { let sum = 0; for (let i = 0; i < n; i++) sum += yield ctx.callActivity('one', i); return sum; } },
    activities: { one: async () => { count(`${key} ${name}`); await new Promise(setImmediate); return 1; } },
  });
  await t.hubWorker(hub, functions('a'));
  await t.hubWorker(hub, functions('b'));
  const ids = await Promise.all(Array.from({ length: 40 }, () => client.scheduleNewOrchestration('spread', 5)));
  for (const id of ids) assert.equal((await client.waitForOrchestrationCompletion(id, true, 40)).serializedOutput, '5');
  assert.equal(counted(`${key} a`) + counted(`${key} b`), 200);
  assert.ok(counted(`${key} a`) > 0 && counted(`${key} b`) > 0, `a did ${counted(`${key} a`)}, b did ${counted(`${key} b`)}`);
});

test('a worker killed in an activity: another one does it', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const child = spawn(process.execPath, [path.join(__dirname, '..', 'lib', 'child-worker.js'), t.address, hub], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.closing.push(() => child.kill('SIGKILL'));
  const id = await client.scheduleNewOrchestration('chain');
  await within(new Promise(resolve => child.stdout.once('data', resolve)), 'the worker to be in its activity', 20);
  child.kill('SIGKILL');
  await t.hubWorker(hub, {
    orchestrators: { chain: async function* (ctx) { return [yield ctx.callActivity('quick', 1), yield ctx.callActivity('slow', 2)]; } },
    activities: { quick: () => 'done again', slow: () => 'by the other' },
  });
  const state = await client.waitForOrchestrationCompletion(id, true, 40);
  assert.equal(state.serializedOutput, '[1,"by the other"]', 'what was done stays done');
});

test('a worker that stops and another that starts lose nothing', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const functions = {
    orchestrators: { steps: async function* (ctx) { for (let i = 0; i < 6; i++) yield ctx.waitForExternalEvent('step'); return 'all six'; } },
  };
  const first = await t.hubWorker(hub, functions);
  const id = await client.scheduleNewOrchestration('steps');
  await client.waitForOrchestrationStart(id, false, 20);
  for (let i = 0; i < 3; i++) await client.raiseOrchestrationEvent(id, 'step');
  await t.stop(first);
  for (let i = 0; i < 3; i++) await client.raiseOrchestrationEvent(id, 'step');
  assert.equal((await client.getOrchestrationState(id)).runtimeStatus, Status.RUNNING);
  await t.hubWorker(hub, functions);
  assert.equal((await client.waitForOrchestrationCompletion(id, true, 40)).serializedOutput, '"all six"');
});

test('an instance started with no worker connected waits for one', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const id = await client.scheduleNewOrchestration('later');
  assert.equal((await client.getOrchestrationState(id)).runtimeStatus, Status.PENDING);
  await t.hubWorker(hub, { orchestrators: { later: async () => 'here now' } });
  assert.equal((await client.waitForOrchestrationCompletion(id, true, 40)).serializedOutput, '"here now"');
});

test('a worker of another version gives the item back, one of its own takes it', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const versioned = (version, failureStrategy) => ({
    versioning: { version, matchStrategy: VersionMatchStrategy.Strict, failureStrategy },
  });
  await t.hubWorker(hub, { orchestrators: { tells: async () => 'by 1.0' } }, versioned('1.0', VersionFailureStrategy.Reject));
  const id = await client.scheduleNewOrchestration('tells', undefined, { version: '2.0' });
  const mine = await client.scheduleNewOrchestration('tells', undefined, { version: '1.0' });
  assert.equal((await client.waitForOrchestrationCompletion(mine, true, 20)).serializedOutput, '"by 1.0"');
  assert.equal((await client.getOrchestrationState(id)).runtimeStatus, Status.PENDING);
  await t.hubWorker(hub, { orchestrators: { tells: async () => 'by 2.0' } }, versioned('2.0', VersionFailureStrategy.Reject));
  assert.equal((await client.waitForOrchestrationCompletion(id, true, 50)).serializedOutput, '"by 2.0"');
});

test('a worker of another version that fails what it cannot run', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  await t.hubWorker(hub, { orchestrators: { tells: async () => 'x' } },
    { versioning: { version: '1.0', matchStrategy: VersionMatchStrategy.CurrentOrOlder, failureStrategy: VersionFailureStrategy.Fail } });
  const newer = await client.scheduleNewOrchestration('tells', undefined, { version: '1.1' });
  const state = await client.waitForOrchestrationCompletion(newer, true, 20);
  assert.equal(state.runtimeStatus, Status.FAILED);
  assert.equal(state.failureDetails.errorType, 'VersionMismatch');
  const older = await client.scheduleNewOrchestration('tells', undefined, { version: '0.9' });
  assert.equal((await client.waitForOrchestrationCompletion(older, true, 20)).serializedOutput, '"x"');
});

test('workers with filters of their own registry', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  const left = { orchestrators: { left: async function* (ctx) { return yield ctx.callActivity('rightActivity', 'l'); } }, activities: { leftActivity: (_, x) => `left ${x}` } };
  const right = { orchestrators: { right: async function* (ctx) { return yield ctx.callActivity('leftActivity', 'r'); } }, activities: { rightActivity: (_, x) => `right ${x}` } };
  await t.hubWorker(hub, left, { workItemFilters: 'auto' });
  await t.hubWorker(hub, right, { workItemFilters: 'auto' });
  const ids = [await client.scheduleNewOrchestration('left'), await client.scheduleNewOrchestration('right')];
  const outputs = [];
  for (const id of ids) outputs.push((await client.waitForOrchestrationCompletion(id, true, 20)).serializedOutput);
  assert.deepEqual(outputs, ['"right l"', '"left r"']);
});

test('an activity that takes longer than the grace of a lost stream is not done twice', MS, async t => {
  const key = t.id('long');
  const id = await t.start('worksThenWorks', key);
  await within(gate(`${key} reached`).promise, 'the activity');
  const rounds = t.id('rounds');
  await until(async () => { count(rounds); await t.run('sleeps', 0.25); return counted(rounds) >= 12; }, 'some seconds', 30);
  gate(key).open('done');
  assert.equal(await t.output(id), 1);
});
