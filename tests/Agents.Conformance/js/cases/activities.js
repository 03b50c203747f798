'use strict';
const assert = require('node:assert/strict');
const { suite, EVERYWHERE } = require('../lib/suite');
const { gate, count, counted, note, noted, until, within } = require('../lib/signals');
const { whenAll, whenAny } = require('../lib/together');

const { orchestrator, activity, test } = suite('activities');

activity('addOne', (_, n) => n + 1);
activity('double', (_, n) => n * 2);
activity('echo', (_, value) => value);
activity('fails', (_, text) => { throw new TypeError(`told to fail: ${text}`); });
activity('counts', (_, key) => count(key));
activity('failsUntil', (_, { key, attempts }) => {
  const attempt = count(key);
  if (attempt < attempts) throw new Error(`attempt ${attempt} fails`);
  return attempt;
});
activity('waitsForGate', async (_, name) => {
  gate(`${name} reached`).open();
  return gate(name).promise;
});

orchestrator('sequence', async function* (ctx, n) {
  let value = 1;
  for (let i = 0; i < n; i++) value = yield ctx.callActivity('addOne', value);
  return value;
});
test('ten in sequence, each with the result before it', { on: EVERYWHERE }, async t => {
  assert.equal(await t.run('sequence', 10), 11);
});
test('a hundred in sequence', { on: EVERYWHERE, seconds: 60 }, async t => {
  assert.equal(await t.run('sequence', 100), 101);
});

orchestrator('noTasks', async (_, input) => ({ got: input }));
test('an orchestrator that is a plain function', { on: EVERYWHERE }, async t => {
  assert.deepEqual(await t.run('noTasks', 'x'), { got: 'x' });
});

orchestrator('fanOut', async function* (ctx, n) {
  return yield whenAll(Array.from({ length: n }, (_, i) => ctx.callActivity('double', i + 1)));
});
for (const n of [120, 400]) {
  test(`${n} at once, results in the order of the calls`, { on: EVERYWHERE, seconds: 60 }, async t => {
    assert.deepEqual(await t.run('fanOut', n), Array.from({ length: n }, (_, i) => (i + 1) * 2));
  });
}

orchestrator('allOfNone', async function* () { return yield whenAll([]); });
test('all of none', {}, async t => assert.deepEqual(await t.run('allOfNone'), []));

orchestrator('firstOfTwo', async function* (ctx, key) {
  const slow = ctx.callActivity('waitsForGate', key);
  const quick = ctx.callActivity('addOne', 1);
  const winner = yield whenAny([slow, quick]);
  if (winner !== quick) return 'the slow one won';
  yield ctx.waitForExternalEvent('go on');
  return (yield slow) + 1;
});
test('the first of two, and the second after it', { on: EVERYWHERE }, async t => {
  const key = t.id('gate');
  const id = await t.start('firstOfTwo', key);
  await within(gate(`${key} reached`).promise, 'the slow activity');
  await t.raise(id, 'go on', 1);
  gate(key).open(41);
  assert.equal(await t.output(id), 42);
});

orchestrator('failsUncaught', async function* (ctx, text) { yield ctx.callActivity('fails', text); });
test('a failure nobody catches fails the instance with its details', { on: EVERYWHERE }, async t => {
  const state = await t.failure(await t.start('failsUncaught', 'plainly'));
  assert.match(state.failureDetails.message, /told to fail: plainly/);
  assert.equal(state.serializedOutput, undefined);
});

orchestrator('failsCaught', async function* (ctx, text) {
  try {
    yield ctx.callActivity('fails', text);
  } catch (error) {
    return { caught: error.message, after: yield ctx.callActivity('addOne', 1) };
  }
});
test('a failure that is caught, and work after it', { on: EVERYWHERE }, async t => {
  const output = await t.run('failsCaught', 'kindly');
  assert.match(output.caught, /told to fail: kindly/);
  assert.equal(output.after, 2);
});

orchestrator('failureKind', async function* (ctx) {
  try {
    yield ctx.callActivity('fails', 'x');
  } catch (error) {
    return { type: error.details.errorType, stack: typeof error.details.stackTrace };
  }
});
test('error type and stack of a failure arrive', {}, async t => {
  assert.deepEqual(await t.run('failureKind'), { type: 'TypeError', stack: 'string' });
});

orchestrator('oneOfManyFails', async function* (ctx) {
  return yield whenAll([ctx.callActivity('addOne', 1), ctx.callActivity('fails', 'one of many'), ctx.callActivity('addOne', 2)]);
});
test('one failure among many at once', { on: EVERYWHERE }, async t => {
  assert.match((await t.failure(await t.start('oneOfManyFails', 1))).failureDetails.message, /one of many/);
});

orchestrator('callsUnknownActivity', async function* (ctx) { yield ctx.callActivity('nobodyHasThis', 1); });
test('an activity no worker has fails the call, named', { on: EVERYWHERE }, async t => {
  assert.match((await t.failure(await t.start('callsUnknownActivity', 1))).failureDetails.message, /nobodyHasThis/);
});

test('an orchestrator no worker has fails the instance, named', { on: EVERYWHERE }, async t => {
  assert.match((await t.failure(await t.start('nobodyHasThisEither', 1))).failureDetails.message, /nobodyHasThisEither/);
});

orchestrator('throws', async function* (ctx, text) {
  yield ctx.callActivity('addOne', 1);
  const error = new RangeError(text);
  error.cause = new Error('the cause');
  throw error;
});
test('an orchestrator that throws fails with type and message', {}, async t => {
  const state = await t.failure(await t.start('throws', 'out of range'));
  assert.match(state.failureDetails.message, /out of range/);
  assert.equal(state.failureDetails.errorType, 'RangeError');
  assert.ok(state.failureDetails.stackTrace?.length > 0);
  assert.throws(() => state.raiseIfFailed(), /out of range/);
});

orchestrator('forgets', async function* (ctx, key) {
  ctx.callActivity('counts', key);
  return 'done';
});
test('an activity nobody waits for still runs', {}, async t => {
  const key = t.id('forgotten');
  assert.equal(await t.run('forgets', key), 'done');
  await until(() => counted(key) === 1, 'the forgotten activity to run');
});

orchestrator('lateResults', async function* (ctx, key) {
  const slow = ctx.callActivity('waitsForGate', key);
  yield whenAny([slow, ctx.callActivity('addOne', 1)]);
  return 'early';
});
test('a result after the end changes nothing', { on: EVERYWHERE }, async t => {
  const key = t.id('late');
  const id = await t.start('lateResults', key);
  assert.equal(await t.output(id), 'early');
  const before = t.environment.reader && (await t.historyTypes(id));
  gate(key).open('late');
  assert.equal(await t.run('sequence', 1), 2); // the worker has answered by now
  assert.equal(await t.output(id), 'early');
  if (before) assert.deepEqual(await t.historyTypes(id), before);
});

orchestrator('clock', async function* (ctx, key) {
  const seen = [ctx.currentUtcDateTime.getTime(), ctx.newGuid(), ctx.newGuid()];
  note(key, seen.join(' '));
  yield ctx.callActivity('addOne', 1);
  const later = [ctx.currentUtcDateTime.getTime(), ctx.currentUtcDateTime.getTime(), ctx.newGuid()];
  note(`${key} later`, later.join(' '));
  yield ctx.callActivity('addOne', 2);
  return { seen, later };
});
test('time and ids are the same in every replay', {}, async t => {
  const key = t.id('clock');
  const { seen, later } = await t.run('clock', key);
  assert.equal(noted(key).length, 3);
  assert.equal(new Set(noted(key)).size, 1);
  assert.equal(new Set(noted(`${key} later`)).size, 1);
  assert.equal(new Set([seen[1], seen[2], later[2]]).size, 3);
  assert.equal(later[0], later[1]);
  assert.ok(later[0] >= seen[0], 'time does not go back');
});

orchestrator('replaying', async function* (ctx, key) {
  if (!ctx.isReplaying) note(key, 'first');
  yield ctx.callActivity('addOne', 1);
  if (!ctx.isReplaying) note(key, 'second');
  yield ctx.callActivity('addOne', 2);
  if (!ctx.isReplaying) note(key, 'third');
});
test('isReplaying lets every line be said once', { on: EVERYWHERE }, async t => {
  const key = t.id('said');
  await t.run('replaying', key);
  assert.deepEqual(noted(key), ['first', 'second', 'third']);
});

const changed = new Set();
orchestrator('changesItsMind', async function* (ctx, key) {
  if (changed.has(key)) yield ctx.createTimer(0.01);
  else yield ctx.callActivity('addOne', 1);
  yield ctx.waitForExternalEvent('go on');
  return 'never';
});
test('code that asks for something else on replay fails the instance', {}, async t => {
  const key = t.id('change');
  const id = await t.start('changesItsMind', key);
  await t.reaches(id, 0);
  if (t.environment.reader) await until(async () => (await t.historyTypes(id)).includes('TaskCompleted'), 'the activity');
  else await t.run('sequence', 3);
  changed.add(key);
  await t.raise(id, 'go on', 1);
  const state = await t.failure(id);
  assert.equal(state.failureDetails.errorType, 'NonDeterminismError');
});

activity('whoAmI', context => [context.orchestrationId, context.taskId]);
orchestrator('asksWho', async function* (ctx) { return [ctx.instanceId, yield ctx.callActivity('whoAmI')]; });
test('an activity knows its instance and its number', { on: EVERYWHERE }, async t => {
  const id = await t.start('asksWho');
  assert.deepEqual(await t.output(id), [id, [id, 1]]);
});

orchestrator('status', async function* (ctx, key) {
  ctx.setCustomStatus({ at: 'start', text: '„ärger“ 🚧' });
  yield ctx.callActivity('waitsForGate', key);
  ctx.setCustomStatus('middle');
  yield ctx.waitForExternalEvent('go on');
  return 'end';
});
test('custom status is seen while it runs and kept at the end', {}, async t => {
  const key = t.id('status');
  const id = await t.start('status', key);
  await within(gate(`${key} reached`).promise, 'the activity');
  const first = await until(async () => {
    const state = await t.state(id);
    return state.serializedCustomStatus && state;
  }, 'a custom status');
  assert.deepEqual(JSON.parse(first.serializedCustomStatus), { at: 'start', text: '„ärger“ 🚧' });
  gate(key).open(1);
  await until(async () => (await t.state(id)).serializedCustomStatus === '"middle"', 'the second custom status');
  await t.raise(id, 'go on');
  const last = await t.done(id);
  assert.equal(last.serializedCustomStatus, '"middle"');
  assert.equal(last.serializedOutput, '"end"');
});
