'use strict';
// Rewind takes the last failure back: what succeeded stays, what failed is done again.
const assert = require('node:assert/strict');
const { RetryPolicy } = require('@microsoft/durabletask-js');
const { suite } = require('../lib/suite');
const { count, counted, until } = require('../lib/signals');
const { whenAll } = require('../lib/together');
const { Status, rejection } = require('../lib/case');

const { orchestrator, activity, test } = suite('rewind');

const mended = new Set();
activity('failsUntilMended', (_, { key, step }) => {
  count(`${key} ${step}`);
  if (!mended.has(key)) throw new Error(`${step} is broken`);
  return `${step} works`;
});
activity('steps', (_, { key, step }) => { count(`${key} ${step}`); return step; });

/** Fails once, is mended and rewound; gives the output. */
async function rewound(t, name, input, reason = 'mended') {
  const id = await t.start(name, input);
  await t.failure(id);
  mended.add(input.key);
  await t.client.rewindInstance(id, reason);
  return { id, output: await t.output(id) };
}

orchestrator('stepsThenFails', async function* (ctx, { key }) {
  const one = yield ctx.callActivity('steps', { key, step: 'one' });
  const two = yield ctx.callActivity('failsUntilMended', { key, step: 'two' });
  const three = yield ctx.callActivity('steps', { key, step: 'three' });
  return [one, two, three];
});
test('the failed activity is done again, those before it are not', {}, async t => {
  const key = t.id('rewind');
  const { id, output } = await rewound(t, 'stepsThenFails', { key });
  assert.deepEqual(output, ['one', 'two works', 'three']);
  assert.deepEqual(['one', 'two', 'three'].map(step => counted(`${key} ${step}`)), [1, 2, 1]);
  const state = await t.state(id);
  assert.equal(state.failureDetails, undefined);
  assert.deepEqual(JSON.parse(state.serializedInput), { key });
});

test('history after it has the rewind and its reason, not the failure', { on: ['ms'] }, async t => {
  const { id } = await rewound(t, 'stepsThenFails', { key: t.id('rewind') }, 'the disk was full');
  const history = await t.history(id);
  const types = history.map(e => e.type);
  assert.equal(types.filter(x => x === 'ExecutionRewound').length, 1);
  assert.equal(history.find(e => e.type === 'ExecutionRewound').reason, 'the disk was full');
  assert.equal(types.filter(x => x === 'ExecutionCompleted').length, 1);
  assert.ok(!types.includes('TaskFailed'), types.join(' '));
  assert.equal(types.filter(x => x === 'TaskScheduled').length, 3);
});

orchestrator('manyThenFails', async function* (ctx, { key }) {
  return yield whenAll([
    ctx.callActivity('steps', { key, step: 'a' }), ctx.callActivity('failsUntilMended', { key, step: 'b' }),
    ctx.callActivity('steps', { key, step: 'c' }), ctx.callActivity('failsUntilMended', { key, step: 'd' }),
  ]);
});
test('of many at once, only the failed ones are done again', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'manyThenFails', { key });
  assert.deepEqual(output, ['a', 'b works', 'c', 'd works']);
  assert.deepEqual(['a', 'b', 'c', 'd'].map(step => counted(`${key} ${step}`)), [1, 2, 1, 2]);
});

orchestrator('rewoundChild', async function* (ctx, { key }) {
  yield ctx.callActivity('steps', { key, step: 'child' });
  return yield ctx.callActivity('failsUntilMended', { key, step: 'below' });
});
orchestrator('rewoundParent', async function* (ctx, { key, id }) {
  yield ctx.callActivity('steps', { key, step: 'parent' });
  return yield ctx.callSubOrchestrator('rewoundChild', { key }, { instanceId: id });
});
orchestrator('rewoundGrandparent', async function* (ctx, { key, id }) {
  const below = yield ctx.callSubOrchestrator('rewoundParent', { key, id }, { instanceId: `${id}-parent` });
  return `${below} at last`;
});
test('a failed child is rewound with its parent', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'rewoundParent', { key, id: t.id('child') });
  assert.equal(output, 'below works');
  assert.deepEqual(['parent', 'child', 'below'].map(step => counted(`${key} ${step}`)), [1, 1, 2]);
});
test('a failed grandchild is rewound with both above it', {}, async t => {
  const key = t.id('rewind');
  const child = t.id('child');
  const { output } = await rewound(t, 'rewoundGrandparent', { key, id: child });
  assert.equal(output, 'below works at last');
  assert.deepEqual(['parent', 'child', 'below'].map(step => counted(`${key} ${step}`)), [1, 1, 2]);
  assert.equal((await t.state(child)).runtimeStatus, Status.COMPLETED);
});
test('a failed child that was purged is started anew', {}, async t => {
  const key = t.id('rewind');
  const child = t.id('child');
  const id = await t.start('rewoundParent', { key, id: child });
  await t.failure(id);
  assert.equal((await t.client.purgeOrchestration(child)).deletedInstanceCount, 1);
  mended.add(key);
  await t.client.rewindInstance(id, 'child purged');
  assert.equal(await t.output(id), 'below works');
  assert.deepEqual(['parent', 'child', 'below'].map(step => counted(`${key} ${step}`)), [1, 2, 2]);
});

orchestrator('cleansUpThenFails', async function* (ctx, { key }) {
  try {
    return yield ctx.callActivity('failsUntilMended', { key, step: 'work' });
  } catch (error) {
    yield ctx.callActivity('steps', { key, step: 'cleanup' });
    throw error;
  }
});
test('a failure that was caught, cleaned up after and thrown again', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'cleansUpThenFails', { key });
  assert.equal(output, 'work works');
  assert.deepEqual(['work', 'cleanup'].map(step => counted(`${key} ${step}`)), [2, 1]);
});

orchestrator('failsWithRetries', async function* (ctx, { key }) {
  const retry = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 20 });
  yield ctx.callActivity('steps', { key, step: 'before' });
  const work = yield ctx.callActivity('failsUntilMended', { key, step: 'work' }, { retry });
  yield ctx.callActivity('steps', { key, step: 'after' });
  return work;
});
test('an activity with retries that all failed', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'failsWithRetries', { key });
  assert.equal(output, 'work works');
  assert.deepEqual(['before', 'after'].map(step => counted(`${key} ${step}`)), [1, 1]);
  assert.equal(counted(`${key} work`), 4);
});

orchestrator('toleratesThenFails', async function* (ctx, { key }) {
  try { yield ctx.callActivity('fails', 'tolerated'); } catch { /* tolerated */ }
  yield ctx.callActivity('steps', { key, step: 'between' });
  return yield ctx.callActivity('failsUntilMended', { key, step: 'later' });
});
test('an earlier failure that was caught does not stand in the way', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'toleratesThenFails', { key });
  assert.equal(output, 'later works');
});

orchestrator('throwsItself', async function* (ctx, { key }) {
  yield ctx.callActivity('steps', { key, step: 'one' });
  if (!mended.has(key)) throw new Error('its own bug');
  return yield ctx.callActivity('steps', { key, step: 'two' });
});
test('a failure of the orchestrator itself, once the code is mended', {}, async t => {
  const key = t.id('rewind');
  const { output } = await rewound(t, 'throwsItself', { key });
  assert.equal(output, 'two');
  assert.equal(counted(`${key} one`), 1);
});

orchestrator('failsTwice', async function* (ctx, { key }) {
  const one = yield ctx.callActivity('failsUntilMended', { key: `${key}1`, step: 'first' });
  const two = yield ctx.callActivity('failsUntilMended', { key: `${key}2`, step: 'second' });
  return [one, two];
});
test('rewound twice, for two failures', {}, async t => {
  const key = t.id('rewind');
  const id = await t.start('failsTwice', { key });
  assert.match((await t.failure(id)).failureDetails.message, /first is broken/);
  mended.add(`${key}1`);
  await t.client.rewindInstance(id, 'one');
  await until(async () => /second is broken/.test((await t.state(id)).failureDetails?.message), 'the second failure');
  mended.add(`${key}2`);
  await t.client.rewindInstance(id, 'two');
  assert.deepEqual(await t.output(id), ['first works', 'second works']);
});
test('rewound without anything mended, it fails again', {}, async t => {
  const key = t.id('rewind');
  const id = await t.start('stepsThenFails', { key });
  await t.failure(id);
  await t.client.rewindInstance(id, 'hope');
  await until(() => counted(`${key} two`) === 2, 'the second attempt');
  assert.match((await t.failure(id)).failureDetails.message, /two is broken/);
  assert.equal(counted(`${key} one`), 1);
});

orchestrator('waitsThenFails', async function* (ctx, { key }) {
  const word = yield ctx.waitForExternalEvent('word');
  yield ctx.createTimer(0.05);
  return `${word}, ${yield ctx.callActivity('failsUntilMended', { key, step: 'work' })}`;
});
test('events and timers before the failure stay', {}, async t => {
  const key = t.id('rewind');
  const id = await t.start('waitsThenFails', { key });
  await t.raise(id, 'word', 'hello');
  await t.failure(id);
  mended.add(key);
  await t.client.rewindInstance(id, 'mended');
  assert.equal(await t.output(id), 'hello, work works');
});

const refused = /not.?allow|precondition|running/i;
test('refused for an instance that runs, is suspended, completed or was terminated', { on: ['ms'] }, async t => {
  const running = await t.start('waitsFor', 'go');
  await t.reaches(running, Status.RUNNING);
  assert.match((await rejection(t.client.rewindInstance(running, 'x'))).message, refused);
  await t.client.suspendOrchestration(running);
  await t.reaches(running, Status.SUSPENDED);
  assert.match((await rejection(t.client.rewindInstance(running, 'x'))).message, refused);
  await t.client.terminateOrchestration(running, 'done');
  await t.done(running);
  assert.match((await rejection(t.client.rewindInstance(running, 'x'))).message, refused);
  const completed = await t.start('noTasks', 1);
  await t.output(completed);
  assert.match((await rejection(t.client.rewindInstance(completed, 'x'))).message, refused);
  assert.equal((await t.state(completed)).runtimeStatus, Status.COMPLETED);
});
test('refused for an unknown instance', { on: ['ms'] }, async t => {
  assert.match((await rejection(t.client.rewindInstance(t.id('nobody'), 'x'))).message, /not found/i);
});
