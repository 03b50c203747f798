'use strict';
const assert = require('node:assert/strict');
const { suite, EVERYWHERE, GRPC } = require('../lib/suite');
const { until } = require('../lib/signals');
const { whenAll } = require('../lib/together');
const { Status } = require('../lib/case');

const { orchestrator, test } = suite('sub-orchestrations');

orchestrator('asksChild', async function* (ctx, n) { return 1 + (yield ctx.callSubOrchestrator('child', n)); });
test('a child and its result', { on: EVERYWHERE }, async t => assert.equal(await t.run('asksChild', 20), 41));

orchestrator('asksMany', async function* (ctx, n) {
  return yield whenAll(Array.from({ length: n }, (_, i) => ctx.callSubOrchestrator('child', i + 1)));
});
test('sixty children at once', { on: EVERYWHERE, seconds: 60 }, async t => {
  assert.deepEqual(await t.run('asksMany', 60), Array.from({ length: 60 }, (_, i) => 2 * (i + 1)));
});

orchestrator('nests', async function* (ctx, depth) {
  if (depth === 0) return ctx.instanceId.length;
  return yield ctx.callSubOrchestrator('nests', depth - 1 || 0);
});
test('eight generations deep, ids of one length', {}, async t => {
  const length = await t.run('nests', 8);
  assert.ok(length <= 100, `${length} characters`);
});

orchestrator('failingChild', async function* (ctx, text) { yield ctx.callActivity('fails', text); });
orchestrator('childFails', async function* (ctx, text) { return yield ctx.callSubOrchestrator('failingChild', text); });
test('a child\'s failure nobody catches fails the parent with its message', { on: EVERYWHERE }, async t => {
  const state = await t.failure(await t.start('childFails', 'from below'));
  assert.match(state.failureDetails.message, /from below/);
});

orchestrator('catchesChild', async function* (ctx, text) {
  try {
    yield ctx.callSubOrchestrator('failingChild', text);
  } catch (error) {
    return { message: error.message, after: yield ctx.callSubOrchestrator('child', 4) };
  }
});
test('a child\'s failure that is caught, and another child after it', { on: EVERYWHERE }, async t => {
  const output = await t.run('catchesChild', 'from below');
  assert.match(output.message, /from below/);
  assert.equal(output.after, 8);
});

orchestrator('asksUnknownChild', async function* (ctx) { return yield ctx.callSubOrchestrator('nobodyHasThisChild', 1); });
test('a child no worker has fails the call, named', { on: EVERYWHERE }, async t => {
  assert.match((await t.failure(await t.start('asksUnknownChild', 1))).failureDetails.message, /nobodyHasThisChild/);
});

orchestrator('namesChild', async function* (ctx, id) {
  return yield ctx.callSubOrchestrator('tellsParent', 1, ctx.createReplaySafeLogger ? { instanceId: id } : id);
});
orchestrator('tellsParent', async function* (ctx) { return { id: ctx.instanceId, parent: ctx.parent ?? null }; });
test('a child of a given id can be looked up by it', { on: EVERYWHERE }, async t => {
  const child = t.id('named child');
  const id = await t.start('namesChild', child);
  const output = await t.output(id);
  assert.equal(output.id, child);
  assert.equal((await t.state(child)).runtimeStatus, Status.COMPLETED);
  if (t.sdk !== 'dapr') assert.deepEqual(output.parent, { name: 'namesChild', instanceId: id, taskScheduledId: 1 });
});
test('an instance that nobody called has no parent', {}, async t => {
  assert.equal((await t.run('tellsParent')).parent, null);
});

orchestrator('asksChildLater', async function* (ctx) {
  yield ctx.callActivity('addOne', 1);
  return yield ctx.callSubOrchestrator('tellsParent');
});
test('a child\'s default id is its parent\'s execution and number', { on: ['ms'] }, async t => {
  const id = await t.start('asksChildLater');
  const output = await t.output(id);
  const started = (await t.history(id)).find(e => e.type === 'ExecutionStarted');
  assert.equal(output.id, `${started.orchestrationInstance.executionId}:0002`);
  const child = (await t.history(output.id)).find(e => e.type === 'ExecutionStarted');
  assert.equal(child.parentInstance.orchestrationInstance.instanceId, id);
  assert.equal(child.parentInstance.orchestrationInstance.executionId, started.orchestrationInstance.executionId);
  assert.equal(child.parentInstance.taskScheduledId, 2);
  assert.match(child.orchestrationInstance.executionId, /^[0-9a-f]{32}$/);
});

test('a child with the id of a running instance fails the call and leaves that instance', {}, async t => {
  const taken = await t.start('waitsFor', 'go', { instanceId: t.id('taken') });
  await t.reaches(taken, Status.RUNNING);
  const state = await t.failure(await t.start('namesChild', taken));
  assert.ok(state.failureDetails.message.length > 0);
  await t.raise(taken, 'go', 'unharmed');
  assert.equal(await t.output(taken), 'unharmed');
});

orchestrator('sameChildTwice', async function* (ctx, id) {
  const one = yield ctx.callSubOrchestrator('child', 1, { instanceId: id });
  const two = yield ctx.callSubOrchestrator('child', 2, { instanceId: id });
  return [one, two];
});
test('a finished child gives its id to the next child of the same parent', {}, async t => {
  assert.deepEqual(await t.run('sameChildTwice', t.id('again')), [2, 4]);
});

orchestrator('failsThreeTimes', async function* (ctx, key) { return yield ctx.callActivity('failsUntil', { key, attempts: 3 }); });
test('children are shown by queries, with their parent\'s prefix of id', { on: ['ms'] }, async t => {
  const prefix = t.id('family');
  await t.run('namesChild', `${prefix}-child`, { instanceId: `${prefix}-parent` });
  const found = [];
  for await (const state of t.client.getAllInstances({ instanceIdPrefix: prefix })) found.push(state.instanceId);
  assert.deepEqual(found.sort(), [`${prefix}-child`, `${prefix}-parent`]);
});

orchestrator('endsBeforeChild', async function* (ctx, id) {
  ctx.callSubOrchestrator('waitsFor', 'go', { instanceId: id });
  return 'gone';
});
test('a child outlives a parent that does not wait', {}, async t => {
  const child = t.id('orphan');
  const id = await t.start('endsBeforeChild', child);
  assert.equal(await t.output(id), 'gone');
  await until(async () => (await t.state(child))?.runtimeStatus === Status.RUNNING, 'the child');
  await t.raise(child, 'go', 'alone');
  assert.equal(await t.output(child), 'alone');
  assert.equal((await t.state(id)).serializedOutput, '"gone"');
});

orchestrator('mixes', async function* (ctx, n) {
  const parts = [];
  for (let i = 0; i < n; i++) {
    parts.push(ctx.callActivity('addOne', i + 1));
    parts.push(ctx.callSubOrchestrator('child', i + 1));
    parts.push(ctx.createTimer(0.05 * (i + 1)));
  }
  const results = yield whenAll(parts);
  return results.filter(r => r !== undefined && r !== null).length;
});
test('activities, children and timers together', { on: EVERYWHERE }, async t => assert.equal(await t.run('mixes', 15), 30));

test('two hundred instances at once', { on: GRPC, seconds: 90 }, async t => {
  const ids = await Promise.all(Array.from({ length: 200 }, (_, i) => t.start('asksChild', i + 1)));
  const outputs = await Promise.all(ids.map(id => t.output(id, 80)));
  assert.deepEqual(outputs, Array.from({ length: 200 }, (_, i) => 2 * (i + 1) + 1));
});
