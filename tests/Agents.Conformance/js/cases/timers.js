'use strict';
const assert = require('node:assert/strict');
const { suite, EVERYWHERE, GRPC } = require('../lib/suite');
const { until } = require('../lib/signals');
const { whenAll, whenAny } = require('../lib/together');
const { Status } = require('../lib/case');

const { orchestrator, test } = suite('timers');

const LATENESS_MAX = 2000; // milliseconds, on a busy machine
const DAY = 86400;

orchestrator('sleeps', async function* (ctx, seconds) {
  const before = ctx.currentUtcDateTime.getTime();
  yield ctx.createTimer(seconds);
  return [before, ctx.currentUtcDateTime.getTime()];
});
for (const seconds of [0.3, 1]) {
  test(`${seconds} s, never early`, { on: EVERYWHERE }, async t => {
    const [before, after] = await t.run('sleeps', seconds);
    assert.ok(after - before >= seconds * 1000, `fired after ${after - before} ms`);
    assert.ok(after - before < seconds * 1000 + LATENESS_MAX, `fired after ${after - before} ms`);
  });
}
for (const seconds of [0, -5, -400 * DAY]) {
  test(`${seconds} s from now fires at once`, { on: seconds === 0 ? ['ms', 'memory'] : EVERYWHERE }, async t => {
    const [before, after] = await t.run('sleeps', seconds);
    assert.ok(after - before < LATENESS_MAX);
  });
}

orchestrator('sleepsUntil', async function* (ctx, at) {
  yield ctx.createTimer(new Date(at));
  return ctx.currentUtcDateTime.getTime();
});
test('until a date, to the millisecond not before', { on: EVERYWHERE }, async t => {
  const at = Date.now() + 700;
  assert.ok(await t.run('sleepsUntil', at) >= at);
});

for (const [name, seconds] of Object.entries({ '30 days': 30 * DAY, '2 years': 730 * DAY, '500 years': 500 * 365 * DAY })) {
  test(`a timer of ${name} does not fire now, and the instance can be ended`, { on: EVERYWHERE }, async t => {
    const id = await t.start('sleeps', seconds);
    await t.reaches(id, Status.RUNNING);
    if (t.environment.reader) {
      const created = await until(async () => (await t.history(id)).find(e => e.type === 'TimerCreated'), 'TimerCreated');
      const away = created.fireAt.getTime() - Date.now();
      assert.ok(Math.abs(away - seconds * 1000) < 60000, `fires in ${away} ms`);
    }
    assert.ok(Array.isArray(await t.run('sleeps', 0.2)), 'others go on');
    assert.equal((await t.state(id)).runtimeStatus, Status.RUNNING);
    await t.client.terminateOrchestration(id, 'enough');
    assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
  });
}

orchestrator('sleepsInAnyOrder', async function* (ctx, waits) {
  const order = [];
  const open = new Map(waits.map(wait => [ctx.createTimer(wait), wait]));
  while (open.size > 0) {
    const first = yield whenAny([...open.keys()]);
    order.push(open.get(first));
    open.delete(first);
  }
  return order;
});
test('several at once fire in the order of their times', {}, async t => {
  assert.deepEqual(await t.run('sleepsInAnyOrder', [0.9, 0.3, 0.6, 0.1]), [0.1, 0.3, 0.6, 0.9]);
});

orchestrator('sleepsAll', async function* (ctx, n) {
  const wait = new Date(ctx.currentUtcDateTime.getTime() + 300);
  yield whenAll(Array.from({ length: n }, () => ctx.createTimer(wait)));
  return n;
});
test('a hundred for the same moment', { on: EVERYWHERE }, async t => assert.equal(await t.run('sleepsAll', 100), 100));

orchestrator('waitsWithLimit', async function* (ctx, seconds) {
  const event = ctx.waitForExternalEvent('answer');
  const limit = ctx.createTimer(seconds);
  const winner = yield whenAny([event, limit]);
  if (winner === limit) return 'too late';
  limit.cancel?.();
  return event.getResult();
});
test('an event that comes before its limit wins', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsWithLimit', 30 * DAY);
  await t.reaches(id, Status.RUNNING);
  await t.raise(id, 'answer', 'in time');
  assert.equal(await t.output(id), 'in time');
});
test('a limit that passes without its event wins, and the event is too late', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsWithLimit', 0.3);
  assert.equal(await t.output(id), 'too late');
  if (t.sdk !== 'memory') await t.raise(id, 'answer', 'late');
  assert.equal(await t.output(id), 'too late');
});

orchestrator('cancelsAndGoesOn', async function* (ctx) {
  const limit = ctx.createTimer(0.4);
  yield whenAny([limit, ctx.callActivity('addOne', 1)]);
  limit.cancel();
  yield ctx.createTimer(0.8);
  return yield ctx.callActivity('addOne', 2);
});
test('a cancelled timer that fires all the same is ignored', {}, async t => {
  assert.equal(await t.run('cancelsAndGoesOn'), 3);
});

test('a start in the future waits, shown as pending', { on: EVERYWHERE }, async t => {
  const at = new Date(Date.now() + 1500);
  const id = await t.start('noTasks', 'later', { instanceId: t.id('scheduled'), startAt: at });
  assert.equal((await t.state(id)).runtimeStatus, Status.PENDING);
  assert.deepEqual(await t.output(id), { got: 'later' });
  assert.ok(Date.now() >= at.getTime(), 'it did not start before its time');
});

test('a start in the past is a start now', { on: GRPC }, async t => {
  const id = await t.start('noTasks', 'now', { instanceId: t.id('scheduled'), startAt: new Date(2001, 1, 1) });
  assert.deepEqual(await t.output(id), { got: 'now' });
});

test('a start in the far future can be terminated before it', { on: GRPC }, async t => {
  const id = await t.start('noTasks', 'never', { instanceId: t.id('scheduled'), startAt: new Date(Date.now() + 9e9) });
  assert.equal((await t.state(id)).runtimeStatus, Status.PENDING);
  await t.client.terminateOrchestration(id, 'not needed');
  const state = await t.done(id);
  assert.equal(state.runtimeStatus, Status.TERMINATED);
  assert.equal(state.serializedOutput, '"not needed"');
});

orchestrator('waitsThenReports', async function* (ctx) { return yield ctx.waitForExternalEvent('early'); });
test('an event for a start in the future is kept for it', { on: GRPC }, async t => {
  const id = await t.start('waitsThenReports', 1, { instanceId: t.id('scheduled'), startAt: new Date(Date.now() + 1200) });
  await t.raise(id, 'early', 'bird');
  assert.equal((await t.state(id)).runtimeStatus, Status.PENDING);
  assert.equal(await t.output(id), 'bird');
});
