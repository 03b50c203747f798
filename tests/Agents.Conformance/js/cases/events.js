'use strict';
const assert = require('node:assert/strict');
const { suite, EVERYWHERE, GRPC } = require('../lib/suite');
const { gate, until, within } = require('../lib/signals');
const { whenAll } = require('../lib/together');
const { Status } = require('../lib/case');

const { orchestrator, test } = suite('events');

orchestrator('waitsFor', async function* (ctx, name) { return yield ctx.waitForExternalEvent(name); });
test('an event for an instance that waits', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsFor', 'go');
  await t.reaches(id, Status.RUNNING);
  await t.raise(id, 'go', { n: 1 });
  assert.deepEqual(await t.output(id), { n: 1 });
});

test('an event raised right after the start', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsFor', 'go');
  await t.raise(id, 'go', 'early');
  assert.equal(await t.output(id), 'early');
});

test('the case of a name does not count', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsFor', 'Approved-By-BOSS');
  await t.raise(id, 'approved-by-Boss', 'yes');
  assert.equal(await t.output(id), 'yes');
});

orchestrator('waitsAfterWork', async function* (ctx, key) {
  yield ctx.callActivity('waitsForGate', key);
  const got = [];
  for (let i = 0; i < 3; i++) got.push(yield ctx.waitForExternalEvent('item'));
  got.push(yield ctx.waitForExternalEvent('other'));
  return got;
});
test('events before anybody waits are kept, by name and in order', { on: EVERYWHERE }, async t => {
  const key = t.id('busy');
  const id = await t.start('waitsAfterWork', key);
  await within(gate(`${key} reached`).promise, 'the activity');
  await t.raise(id, 'other', 'o');
  for (const n of [1, 2, 3]) await t.raise(id, 'item', n);
  gate(key).open('done');
  assert.deepEqual(await t.output(id), [1, 2, 3, 'o']);
});

orchestrator('collects', async function* (ctx, n) {
  const got = [];
  while (got.length < n) got.push(yield ctx.waitForExternalEvent('item'));
  return got;
});
test('two hundred events in a row arrive once each, in order', { on: EVERYWHERE, seconds: 60 }, async t => {
  const id = await t.start('collects', 200);
  for (let n = 1; n <= 200; n++) await t.raise(id, 'item', n);
  assert.deepEqual(await t.output(id), Array.from({ length: 200 }, (_, i) => i + 1));
});
test('a hundred events raised at the same time arrive once each', { on: EVERYWHERE, seconds: 60 }, async t => {
  const id = await t.start('collects', 100);
  await Promise.all(Array.from({ length: 100 }, (_, i) => t.raise(id, 'item', i + 1)));
  const got = await t.output(id);
  assert.deepEqual([...got].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i + 1));
});

orchestrator('threeWaiters', async function* (ctx) {
  return yield whenAll([1, 2, 3].map(() => ctx.waitForExternalEvent('turn')));
});
test('several waiters of one name are served first come first served', { on: EVERYWHERE }, async t => {
  const id = await t.start('threeWaiters', 1);
  for (const word of ['first', 'second', 'third']) await t.raise(id, 'turn', word);
  assert.deepEqual(await t.output(id), ['first', 'second', 'third']);
});

test('an event for an unknown instance is taken silently', { on: GRPC }, async t => {
  await t.raise(t.id('nobody'), 'go', 1);
});

test('an event for a finished instance changes nothing', { on: GRPC }, async t => {
  const id = await t.start('noTasks', 1);
  await t.output(id);
  const before = [await t.historyTypes(id), await t.state(id)];
  await t.raise(id, 'go', 1);
  assert.deepEqual([await t.historyTypes(id), await t.state(id)], before);
});

test('an event before the start of its instance is not kept for it', { on: GRPC }, async t => {
  const id = t.id('later');
  await t.raise(id, 'go', 'too early');
  await t.start('waitsFor', 'go', { instanceId: id });
  await t.reaches(id, Status.RUNNING);
  await t.raise(id, 'go', 'in time');
  assert.equal(await t.output(id), 'in time');
});

orchestrator('sends', async function* (ctx, { to, n }) {
  for (let i = 1; i <= n; i++) {
    ctx.sendEvent(to, 'item', i);
    if (i % 3 === 0) yield ctx.callActivity('addOne', i);
  }
  return 'sent';
});
test('an orchestrator sends events to another, in order', {}, async t => {
  const to = await t.start('collects', 10);
  assert.equal(await t.run('sends', { to, n: 10 }), 'sent');
  assert.deepEqual(await t.output(to), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
test('an event sent to an instance that is not there is dropped', {}, async t => {
  assert.equal(await t.run('sends', { to: t.id('nobody'), n: 4 }), 'sent');
});
test('an event sent to an instance that has finished is dropped', {}, async t => {
  const to = await t.start('noTasks', 1);
  await t.output(to);
  assert.equal(await t.run('sends', { to, n: 4 }), 'sent');
  assert.equal((await t.state(to)).runtimeStatus, Status.COMPLETED);
});

orchestrator('sendsToItself', async function* (ctx) {
  ctx.sendEvent(ctx.instanceId, 'Note', { to: 'self' });
  return yield ctx.waitForExternalEvent('note');
});
test('an orchestrator sends an event to itself', {}, async t => {
  assert.deepEqual(await t.run('sendsToItself'), { to: 'self' });
});

orchestrator('pingPong', async function* (ctx, { first, rounds }) {
  let ball = 0;
  let to = first;
  while (ball < rounds) {
    if (to) { ctx.sendEvent(to, 'ball', { ball: ball + 1, from: ctx.instanceId }); }
    const next = yield ctx.waitForExternalEvent('ball');
    ball = next.ball;
    to = next.from;
  }
  if (to && ball === rounds) ctx.sendEvent(to, 'ball', { ball: ball + 1, from: ctx.instanceId });
  return ball;
});
test('two orchestrators send to each other twenty times', { alone: true }, async t => {
  const one = await t.start('pingPong', { rounds: 20 });
  const two = await t.start('pingPong', { first: one, rounds: 20 });
  const ends = [await t.output(one), await t.output(two)];
  assert.ok(ends.includes(20) && ends.includes(21), `ended with ${ends}`);
});

test('history tells events as raised and as sent', { on: ['ms'] }, async t => {
  const to = await t.start('collects', 2);
  const from = await t.start('sends', { to, n: 2 });
  await t.output(to);
  await t.output(from);
  const sent = (await t.history(from)).filter(e => e.type === 'EventSent');
  assert.deepEqual(sent.map(e => [e.eventId, e.instanceId, e.name, e.input]), [[1, to, 'item', '1'], [2, to, 'item', '2']]);
  const raised = (await t.history(to)).filter(e => e.type === 'EventRaised');
  assert.deepEqual(raised.map(e => [e.eventId, e.name, e.input]), [[-1, 'item', '1'], [-1, 'item', '2']]);
});

orchestrator('countsForever', async function* (ctx) {
  let n = 0;
  while (!(yield ctx.waitForExternalEvent('tick')).stop) n++;
  return n;
});
test('events while every turn is under way are neither lost nor doubled', { on: EVERYWHERE, seconds: 60 }, async t => {
  const id = await t.start('countsForever', 1);
  const lanes = Array.from({ length: 5 }, async () => { for (let i = 0; i < 30; i++) await t.raise(id, 'tick', {}); });
  await Promise.all(lanes);
  await t.raise(id, 'tick', { stop: true });
  assert.equal(await t.output(id), 150);
  await until(async () => (await t.state(id)).runtimeStatus === Status.COMPLETED, 'the end');
});
