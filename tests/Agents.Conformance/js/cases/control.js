'use strict';
// suspend, resume, terminate, in every state
const assert = require('node:assert/strict');
const { suite, EVERYWHERE, GRPC } = require('../lib/suite');
const { counted, gate, until, within } = require('../lib/signals');
const { Status, rejection } = require('../lib/case');

const { orchestrator, test } = suite('control');

/** Waits until the instance has gone as far as it can by itself, so that what follows finds it waiting. */
async function waiting(t, id) {
  await t.reaches(id, Status.RUNNING);
  if (!t.environment.reader) return;
  await until(async () => (await t.historyTypes(id)).includes('ExecutionStarted'), `${id} to have had its first turn`);
}

orchestrator('waitsTwice', async function* (ctx) {
  const one = yield ctx.waitForExternalEvent('one');
  const two = yield ctx.waitForExternalEvent('two');
  return [one, two];
});
test('suspended it takes events and does not act on them; resumed it does', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  await t.raise(id, 'two', 2);
  await t.raise(id, 'one', 1);
  assert.deepEqual(await t.run('sequence', 2), 3);
  assert.equal((await t.state(id)).runtimeStatus, Status.SUSPENDED);
  await t.client.resumeOrchestration(id);
  assert.deepEqual(await t.output(id), [1, 2]);
});

test('suspended and resumed five times', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  for (let i = 0; i < 5; i++) {
    await t.client.suspendOrchestration(id);
    await t.reaches(id, Status.SUSPENDED);
    await t.client.resumeOrchestration(id);
    await t.reaches(id, Status.RUNNING);
  }
  await t.raise(id, 'one', 1);
  await t.raise(id, 'two', 2);
  assert.deepEqual(await t.output(id), [1, 2]);
});

test('suspending twice is suspending once', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  await t.client.suspendOrchestration(id);
  await t.client.resumeOrchestration(id);
  await t.reaches(id, Status.RUNNING);
  await t.raise(id, 'one', 1);
  await t.raise(id, 'two', 2);
  assert.deepEqual(await t.output(id), [1, 2]);
});

test('resuming what is not suspended does nothing', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  await t.client.resumeOrchestration(id);
  await t.raise(id, 'one', 1);
  await t.raise(id, 'two', 2);
  assert.deepEqual(await t.output(id), [1, 2]);
});

test('suspend, resume and terminate of a finished instance do nothing', { on: EVERYWHERE }, async t => {
  const id = await t.start('noTasks', 1);
  await t.output(id);
  const before = [t.environment.reader && (await t.historyTypes(id)), await t.state(id)];
  await t.client.suspendOrchestration(id);
  await t.client.resumeOrchestration(id);
  await t.client.terminateOrchestration(id, 'too late');
  assert.deepEqual([t.environment.reader && (await t.historyTypes(id)), await t.state(id)], before);
});

orchestrator('worksThenWorks', async function* (ctx, key) {
  yield ctx.callActivity('waitsForGate', key);
  return yield ctx.callActivity('counts', `${key} after`);
});
test('suspended, the activity in flight ends and the next one does not begin', { on: GRPC }, async t => {
  const key = t.id('suspend');
  const id = await t.start('worksThenWorks', key);
  await within(gate(`${key} reached`).promise, 'the activity');
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  gate(key).open('done');
  await until(async () => (await t.historyTypes(id)).includes('TaskCompleted'), 'the result to be in the history');
  assert.equal(await t.run('sequence', 3), 4);
  assert.equal(counted(`${key} after`), 0);
  await t.client.resumeOrchestration(id);
  assert.equal(await t.output(id), 1);
});

test('suspended, a timer that is due waits for the resume', { on: GRPC }, async t => {
  const id = await t.start('sleeps', 0.8);
  await until(async () => (await t.historyTypes(id)).includes('TimerCreated'), 'the timer');
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  await until(async () => (await t.historyTypes(id)).includes('TimerFired'), 'the timer to fire');
  assert.equal((await t.state(id)).runtimeStatus, Status.SUSPENDED);
  await t.client.resumeOrchestration(id);
  assert.equal((await t.output(id)).length, 2);
});

test('suspended before its scheduled start', { on: GRPC }, async t => {
  const id = await t.start('noTasks', 1, { instanceId: t.id('scheduled'), startAt: new Date(Date.now() + 1200) });
  await t.client.suspendOrchestration(id);
  await t.client.resumeOrchestration(id);
  assert.deepEqual(await t.output(id), { got: 1 });
});

const outputs = { text: 'stopped', object: { reason: 'budget', n: 1.5 }, nothing: null, letters: 'ünïcödé 🛑\u0000' };
for (const [name, output] of Object.entries(outputs)) {
  test(`terminated with ${name}, given back byte for byte`, { on: EVERYWHERE }, async t => {
    const id = await t.start('waitsTwice', 1);
    await waiting(t, id);
    await t.client.terminateOrchestration(id, output);
    const state = await t.done(id);
    assert.equal(state.runtimeStatus, Status.TERMINATED);
    assert.equal(state.serializedOutput, JSON.stringify(output));
  });
}

test('terminated while suspended', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  await t.client.suspendOrchestration(id);
  await t.reaches(id, Status.SUSPENDED);
  await t.client.terminateOrchestration(id, 'anyway');
  const state = await t.done(id);
  assert.equal(state.runtimeStatus, Status.TERMINATED);
  assert.equal(state.serializedOutput, '"anyway"');
});

test('terminated right after its start', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await t.client.terminateOrchestration(id, 'at once');
  assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
});

test('terminated with an activity in flight, which may end as it likes', { on: GRPC }, async t => {
  const key = t.id('terminate');
  const id = await t.start('worksThenWorks', key);
  await within(gate(`${key} reached`).promise, 'the activity');
  await t.client.terminateOrchestration(id, 'now');
  assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
  const before = await t.historyTypes(id);
  gate(key).open('late');
  assert.equal(await t.run('sequence', 3), 4);
  assert.deepEqual(await t.historyTypes(id), before);
  assert.equal(counted(`${key} after`), 0);
});

test('terminated twice: the first output stays', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  await waiting(t, id);
  await t.client.terminateOrchestration(id, 'first');
  await t.done(id);
  await t.client.terminateOrchestration(id, 'second');
  assert.equal((await t.state(id)).serializedOutput, '"first"');
});

for (const act of ['suspendOrchestration', 'resumeOrchestration', 'terminateOrchestration']) {
  test(`${act} of an unknown instance answers with no surprise`, { on: GRPC }, async t => {
    const answer = await t.client[act](t.id('nobody'), 'x').then(() => 'OK', error => error.code);
    assert.ok(answer === 'OK' || answer === 5, `OK or NOT_FOUND, not ${answer}`);
  });
}

orchestrator('grandparent', async function* (ctx, id) { return yield ctx.callSubOrchestrator('parent', id, { instanceId: `${id}-p` }); });
orchestrator('parent', async function* (ctx, id) { return yield ctx.callSubOrchestrator('waitsTwice', 1, { instanceId: `${id}-c` }); });
const { terminateOptions } = require('@microsoft/durabletask-js');
test('terminated with everything below it', { on: ['ms'] }, async t => {
  const id = await t.start('grandparent', t.id('tree'));
  const root = JSON.parse((await t.state(id)).serializedInput);
  await t.client.waitForOrchestrationStart(`${root}-c`, false, 10).catch(() => {});
  await until(async () => (await t.state(`${root}-c`))?.runtimeStatus === Status.RUNNING, 'the grandchild');
  await t.client.terminateOrchestration(id, terminateOptions({ output: 'all of it', recursive: true }));
  for (const one of [id, `${root}-p`, `${root}-c`]) {
    assert.equal((await t.done(one)).runtimeStatus, Status.TERMINATED, one);
  }
});
test('terminated without what is below it', { on: ['ms'] }, async t => {
  const id = await t.start('grandparent', t.id('tree'));
  const root = JSON.parse((await t.state(id)).serializedInput);
  await until(async () => (await t.state(`${root}-c`))?.runtimeStatus === Status.RUNNING, 'the grandchild');
  await t.client.terminateOrchestration(id, 'only me');
  assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
  await t.raise(`${root}-c`, 'one', 1);
  await t.raise(`${root}-c`, 'two', 2);
  assert.deepEqual(await t.output(`${root}-p`), [1, 2]);
});
test('the parent of a terminated child gets a failure', { on: ['ms', 'memory'] }, async t => {
  const root = t.id('tree');
  const id = await t.start('parent', root);
  await until(async () => (await t.state(`${root}-c`))?.runtimeStatus === Status.RUNNING, 'the child');
  await t.client.terminateOrchestration(`${root}-c`, 'the child only');
  const state = await t.failure(id);
  assert.ok(state.failureDetails.message.length > 0);
  assert.equal((await t.state(`${root}-c`)).serializedOutput, '"the child only"');
});

test('waiting for a start and for an end', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  const started = await t.client.waitForOrchestrationStart(id, true, 10);
  assert.equal(started.runtimeStatus, Status.RUNNING);
  assert.equal(started.serializedInput, '1');
  const waits = [1, 2, 3].map(() => t.client.waitForOrchestrationCompletion(id, true, 20));
  await t.raise(id, 'one', 1);
  await t.raise(id, 'two', 2);
  for (const state of await Promise.all(waits)) assert.equal(state.serializedOutput, '[1,2]');
});
test('waiting ends at the limit of the one who waits', { on: EVERYWHERE }, async t => {
  const id = await t.start('waitsTwice', 1);
  const error = await rejection(t.client.waitForOrchestrationCompletion(id, true, 0.3));
  assert.match(`${error.name} ${error.message}`, /time/i);
  await t.client.terminateOrchestration(id);
  assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
});
test('waiting for an unknown instance', { on: ['ms'] }, async t => {
  const answer = await t.client.waitForOrchestrationCompletion(t.id('nobody'), true, 2).catch(error => error);
  assert.ok(answer === undefined || /time/i.test(answer.message) || answer.code === 5, `${answer?.message}`);
});
