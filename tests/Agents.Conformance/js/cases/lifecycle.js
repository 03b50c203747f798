'use strict';
// restart, purge, tags, versions
const assert = require('node:assert/strict');
const { PurgeInstanceCriteria } = require('@microsoft/durabletask-js');
const { suite, GRPC } = require('../lib/suite');
const { count, counted, until } = require('../lib/signals');
const { Status, rejection } = require('../lib/case');

const { orchestrator, test } = suite('lifecycle');
const MS = { on: ['ms'] };

orchestrator('countsRuns', async function* (ctx, key) { return { run: yield ctx.callActivity('counts', key), version: ctx.version }; });
const executionOf = async (t, id) => (await t.history(id)).find(e => e.type === 'ExecutionStarted').orchestrationInstance.executionId;

test('restart under the same id: same input, tags and version, another execution', MS, async t => {
  const key = t.id('restart');
  const id = await t.start('countsRuns', key, { tags: { a: 'b' }, version: '3.1' });
  assert.deepEqual(await t.output(id), { run: 1, version: '3.1' });
  const before = await executionOf(t, id);
  assert.equal(await t.client.restartOrchestration(id, false), id);
  await until(() => counted(key) === 2, 'the second run');
  assert.deepEqual(await t.output(id), { run: 2, version: '3.1' });
  const state = await t.state(id);
  assert.equal(JSON.parse(state.serializedInput), key);
  assert.deepEqual(state.tags, { a: 'b' });
  assert.notEqual(await executionOf(t, id), before);
});
test('restart under a new id leaves the old one as it is', MS, async t => {
  const key = t.id('restart');
  const id = await t.start('countsRuns', key, { tags: { a: 'b' } });
  await t.output(id);
  const copy = await t.client.restartOrchestration(id, true);
  assert.match(copy, /^[0-9a-f]{32}$/);
  assert.equal((await t.output(copy)).run, 2);
  assert.equal((await t.output(id)).run, 1);
  assert.deepEqual((await t.state(copy)).tags, { a: 'b' });
});
test('restart of a failed and of a terminated instance', MS, async t => {
  const failed = await t.start('failsUncaught', 'x');
  await t.failure(failed);
  const before = await executionOf(t, failed);
  await t.client.restartOrchestration(failed);
  await until(async () => await executionOf(t, failed).catch(() => before) !== before, 'the new execution');
  await t.failure(failed);

  const terminated = await t.start('waitsFor', 'go');
  await t.reaches(terminated, Status.RUNNING);
  await t.client.terminateOrchestration(terminated, 'x');
  await t.done(terminated);
  await t.client.restartOrchestration(terminated);
  await t.raise(terminated, 'go', 'after the restart'); // raised at once, and must not be lost
  assert.equal(await t.output(terminated), 'after the restart');
});
test('restart under the same id is refused while it runs or is suspended', MS, async t => {
  const id = await t.start('waitsFor', 'go');
  await t.reaches(id, Status.RUNNING);
  const error = await rejection(t.client.restartOrchestration(id, false));
  assert.match(error.message, /cannot be restarted/);
  assert.equal(error.cause.code, 9);
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  assert.match((await rejection(t.client.restartOrchestration(id, false))).message, /cannot be restarted/);
  await t.client.resumeOrchestration(id);
  await t.raise(id, 'go', 'unharmed');
  assert.equal(await t.output(id), 'unharmed');
});
test('restart under a new id is allowed while it runs', MS, async t => {
  const id = await t.start('waitsFor', 'go');
  await t.reaches(id, Status.RUNNING);
  const copy = await t.client.restartOrchestration(id, true);
  assert.notEqual(copy, id);
  for (const one of [id, copy]) {
    await t.raise(one, 'go', one);
    assert.equal(await t.output(one), one);
  }
});
test('restart of an unknown instance', MS, async t => {
  assert.match((await rejection(t.client.restartOrchestration(t.id('nobody')))).message, /not found/);
});

const tooEarly = { on: ['ms', 'dapr', 'memory'] };
test('purge of a finished instance leaves nothing', tooEarly, async t => {
  const id = await t.start('sequence', 3);
  await t.output(id);
  assert.equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 1);
  assert.equal(await t.state(id), undefined);
  if (t.environment.reader) assert.deepEqual(await t.history(id), []);
  assert.equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 0);
});
test('purge does not touch what runs, nor what is not there', tooEarly, async t => {
  const id = await t.start('waitsFor', 'go');
  await t.reaches(id, Status.RUNNING);
  assert.equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 0);
  await t.raise(id, 'go', 'unharmed');
  assert.equal(await t.output(id), 'unharmed');
  assert.equal((await t.client.purgeOrchestration(t.id('nobody'))).deletedInstanceCount, 0);
});
test('a purged id can be used again', tooEarly, async t => {
  const id = t.id('again');
  assert.equal(await t.output(await t.start('sequence', 3, { instanceId: id })), 4);
  await t.client.purgeOrchestration(id);
  assert.equal(await t.output(await t.start('sequence', 5, { instanceId: id })), 6);
});
test('purge with everything below it', MS, async t => {
  const child = t.id('child');
  const id = await t.start('namesChild', child);
  await t.output(id);
  assert.equal((await t.client.purgeOrchestration(id, { recursive: true })).deletedInstanceCount, 2);
  assert.equal(await t.state(child), undefined);
});
test('purge of the parent alone leaves its child', MS, async t => {
  const child = t.id('child');
  const id = await t.start('namesChild', child);
  await t.output(id);
  assert.equal((await t.client.purgeOrchestration(id)).deletedInstanceCount, 1);
  assert.equal((await t.state(child)).runtimeStatus, Status.COMPLETED);
});
test('purge by time and status', MS, async t => {
  // In a hub of its own: a filter reaches every instance of its hub.
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  await t.hubWorker(hub, { orchestrators: { quick: async () => 1, breaks: async () => { throw new Error('x'); } } });
  const ids = [];
  for (const name of ['quick', 'quick', 'breaks']) ids.push(await client.scheduleNewOrchestration(name));
  for (const id of ids) await client.waitForOrchestrationCompletion(id, false, 20);
  const criteria = new PurgeInstanceCriteria();
  criteria.setCreatedTimeFrom(new Date(Date.now() - 3600e3));
  criteria.setCreatedTimeTo(new Date(Date.now() + 3600e3));
  criteria.setRuntimeStatusList([Status.COMPLETED]);
  criteria.setTimeout(20000);
  assert.equal((await client.purgeOrchestration(criteria)).deletedInstanceCount, 2);
  assert.equal(await client.getOrchestrationState(ids[0]), undefined);
  assert.equal((await client.getOrchestrationState(ids[2])).runtimeStatus, Status.FAILED);
  criteria.setCreatedTimeTo(new Date(Date.now() - 1800e3));
  criteria.setRuntimeStatusList([Status.FAILED]);
  assert.equal((await client.purgeOrchestration(criteria)).deletedInstanceCount, 0);
});

test('tags of a start are kept and shown', MS, async t => {
  const tags = { project: 'apollo', 'ключ': 'значение', empty: '' };
  const id = await t.start('waitsFor', 'go', { tags });
  assert.deepEqual((await t.state(id)).tags, tags);
  await t.raise(id, 'go');
  await t.done(id);
  assert.deepEqual((await t.state(id)).tags, tags);
  assert.deepEqual((await t.history(id)).find(e => e.type === 'ExecutionStarted').tags, tags);
});
orchestrator('tagsItsCalls', async function* (ctx) {
  yield ctx.callActivity('addOne', 1, { tags: { cost: 'low' }, version: '7' });
  yield ctx.callSubOrchestrator('child', 1, { tags: { level: 'two' }, version: '8.1', instanceId: `${ctx.instanceId}-c` });
});
test('tags and versions of activities and children are in the history', MS, async t => {
  const id = await t.start('tagsItsCalls');
  await t.output(id);
  const history = await t.history(id);
  const task = history.find(e => e.type === 'TaskScheduled');
  assert.deepEqual([task.tags, task.version], [{ cost: 'low' }, '7']);
  const created = history.find(e => e.type === 'SubOrchestrationInstanceCreated');
  assert.deepEqual([created.tags, created.version], [{ level: 'two' }, '8.1']);
  const child = (await t.history(`${id}-c`)).find(e => e.type === 'ExecutionStarted');
  assert.deepEqual([child.tags, child.version], [{ level: 'two' }, '8.1']);
  assert.deepEqual((await t.state(`${id}-c`)).tags, { level: 'two' });
});

orchestrator('tellsVersion', async function* (ctx) { yield ctx.callActivity('addOne', 1); return ctx.version; });
test('the version of a start reaches the orchestrator', MS, async t => {
  assert.equal(await t.output(await t.start('tellsVersion', 1, { version: '2.0.1' })), '2.0.1');
  assert.equal(await t.output(await t.start('tellsVersion', 1)), '');
});
test('a client\'s default version', MS, async t => {
  const client = t.hubClient(undefined, { defaultVersion: '5.5' });
  assert.equal(await t.output(await client.scheduleNewOrchestration('tellsVersion')), '5.5');
});

test('an id that is taken by a running instance is refused', { on: GRPC }, async t => {
  const id = await t.start('waitsFor', 'go', { instanceId: t.id('taken') });
  await t.reaches(id, Status.RUNNING);
  const error = await rejection(t.start('noTasks', 1, { instanceId: id }));
  assert.equal(error.code, 6);
  await t.raise(id, 'go', 'unharmed');
  assert.equal(await t.output(id), 'unharmed');
});
test('an id of a finished instance can be taken', { on: GRPC }, async t => {
  const id = await t.start('sequence', 3, { instanceId: t.id('free') });
  assert.equal(await t.output(id), 4);
  const before = await executionOf(t, id);
  await t.start('sequence', 6, { instanceId: id });
  await until(async () => await executionOf(t, id).catch(() => before) !== before, 'the new execution');
  assert.equal(await t.output(id), 7);
});
