'use strict';
// Retries are the worker's work; what the server sees are failures, timers and new calls with new numbers.
const assert = require('node:assert/strict');
const { RetryPolicy } = require('@microsoft/durabletask-js');
const { suite } = require('../lib/suite');
const { count, counted, note, noted } = require('../lib/signals');

const { orchestrator, activity, test } = suite('retries');

const policy = more => new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 60, ...more });
const policies = {
  three: () => policy(),
  backoff: () => policy({ maxNumberOfAttempts: 4, backoffCoefficient: 2 }),
  capped: () => policy({ maxNumberOfAttempts: 5, backoffCoefficient: 100, maxRetryIntervalInMilliseconds: 120 }),
  limited: () => policy({ maxNumberOfAttempts: 100, firstRetryIntervalInMilliseconds: 200, retryTimeoutInMilliseconds: 500 }),
  picky: () => policy({ handleFailure: failure => !failure.message.includes('attempt 2') }),
  handler: () => async context => context.lastAttemptNumber < 4,
  delay: () => async context => context.lastAttemptNumber < 3 ? 80 : false,
};

orchestrator('retries', async function* (ctx, { key, attempts, how }) {
  return yield ctx.callActivity('failsUntil', { key, attempts }, { retry: policies[how]() });
});
const run = async (t, attempts, how) => {
  const key = t.id('retry');
  const id = await t.start('retries', { key, attempts, how });
  return { key, id };
};

test('the third attempt succeeds', {}, async t => {
  const { key, id } = await run(t, 3, 'three');
  assert.equal(await t.output(id), 3);
  assert.equal(counted(key), 3);
});
test('no attempt succeeds: the last failure is told', {}, async t => {
  const { key, id } = await run(t, 9, 'three');
  assert.match((await t.failure(id)).failureDetails.message, /attempt 3 fails/);
  assert.equal(counted(key), 3);
});
test('history has every attempt with a number of its own and the timers between', { on: ['ms'] }, async t => {
  const { id } = await run(t, 4, 'backoff');
  assert.equal(await t.output(id), 4);
  const history = await t.history(id);
  const of = type => history.filter(e => e.type === type);
  assert.equal(of('TaskScheduled').length, 4);
  assert.equal(new Set(of('TaskScheduled').map(e => e.eventId)).size, 4);
  assert.equal(of('TaskFailed').length, 3);
  assert.deepEqual(of('TaskFailed').map(e => e.taskScheduledId), of('TaskScheduled').slice(0, 3).map(e => e.eventId));
  const waits = of('TimerCreated').map(e => e.fireAt.getTime() - of('TaskFailed').shift().timestamp.getTime());
  assert.equal(waits.length, 3);
  const created = of('TimerCreated');
  const started = history.filter(e => e.type === 'OrchestratorStarted');
  for (const [i, timer] of created.entries()) {
    const turn = started.filter(e => e.timestamp <= timer.timestamp).at(-1);
    const wait = timer.fireAt.getTime() - turn.timestamp.getTime();
    assert.ok(Math.abs(wait - 60 * 2 ** i) <= 2, `wait ${i} is ${wait} ms`);
  }
});
test('waits are capped', {}, async t => {
  const started = Date.now();
  const { id } = await run(t, 5, 'capped');
  assert.equal(await t.output(id), 5);
  assert.ok(Date.now() - started < 8000);
});
test('retries end with their time', {}, async t => {
  const { key, id } = await run(t, 1000, 'limited');
  await t.failure(id);
  assert.ok(counted(key) >= 2 && counted(key) <= 5, `${counted(key)} attempts`);
});
test('a failure the policy does not handle ends the retries', {}, async t => {
  const { key, id } = await run(t, 9, 'picky');
  assert.match((await t.failure(id)).failureDetails.message, /attempt 2 fails/);
  assert.equal(counted(key), 2);
});
test('a retry handler says yes until it says no', {}, async t => {
  const { key, id } = await run(t, 9, 'handler');
  assert.match((await t.failure(id)).failureDetails.message, /attempt 4 fails/);
  assert.equal(counted(key), 4);
});
test('a retry handler that names the wait', {}, async t => {
  const { id } = await run(t, 3, 'delay');
  assert.equal(await t.output(id), 3);
});

orchestrator('retriesMany', async function* (ctx, key) {
  const { whenAll } = require('../lib/together');
  const attempts = n => ({ key: `${key}-${n}`, attempts: n % 3 + 1 });
  return yield whenAll([0, 1, 2, 3, 4, 5, 6, 7].map(n => ctx.callActivity('failsUntil', attempts(n), { retry: policy() })));
});
test('eight calls retry beside each other', {}, async t => {
  assert.deepEqual(await t.run('retriesMany', t.id('many')), [1, 2, 3, 1, 2, 3, 1, 2]);
});

activity('failsForParent', (_, { key }) => {
  const attempt = count(key);
  note(`${key} attempts`, attempt);
  if (attempt < 3) throw new Error(`child attempt ${attempt} fails`);
  return attempt;
});
orchestrator('retriedChild', async function* (ctx, input) { return yield ctx.callActivity('failsForParent', input); });
orchestrator('retriesChild', async function* (ctx, { key, id }) {
  return yield ctx.callSubOrchestrator('retriedChild', { key }, { retry: policy(), ...(id ? { instanceId: id } : {}) });
});
// The SDK calls every attempt by the id of the first (checklist section 12): the failed child has to give its id away.
test('a child is retried under the same id', {}, async t => {
  const key = t.id('retried');
  assert.equal(await t.run('retriesChild', { key }), 3);
  assert.deepEqual(noted(`${key} attempts`), [1, 2, 3]);
});
test('a child of a given id is retried', {}, async t => {
  const key = t.id('retried');
  assert.equal(await t.run('retriesChild', { key, id: t.id('given') }), 3);
});
