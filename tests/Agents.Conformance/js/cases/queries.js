'use strict';
const assert = require('node:assert/strict');
const { suite, GRPC } = require('../lib/suite');
const { until } = require('../lib/signals');
const { Status } = require('../lib/case');

const { orchestrator, test } = suite('queries');
const MS = { on: ['ms'] };

async function collect(pageable) {
  const all = [];
  for await (const one of pageable) all.push(one);
  return all;
}
const idsOf = states => states.map(s => s.instanceId).sort();

/** Some finished instances of one prefix. */
async function finished(t, prefix, n) {
  const ids = [];
  for (let i = 0; i < n; i++) ids.push(await t.start('noTasks', i, { instanceId: `${prefix}-${String(i).padStart(3, '0')}` }));
  for (const id of ids) await t.output(id);
  return ids;
}

test('state without payloads and with them', { on: ['ms', 'dapr', 'memory'] }, async t => {
  const id = await t.start('noTasks', { big: 'input' });
  await t.output(id);
  const bare = await t.client.getOrchestrationState(id, false);
  assert.deepEqual([bare.name, bare.runtimeStatus, bare.serializedInput, bare.serializedOutput], ['noTasks', Status.COMPLETED, undefined, undefined]);
  const full = await t.client.getOrchestrationState(id, true);
  assert.deepEqual([full.serializedInput, full.serializedOutput], ['{"big":"input"}', '{"got":{"big":"input"}}']);
  assert.ok(full.createdAt <= full.lastUpdatedAt);
  assert.ok(Math.abs(full.createdAt.getTime() - Date.now()) < 120e3);
});
test('an unknown instance has no state', { on: ['ms', 'dapr', 'memory'] }, async t => {
  assert.equal(await t.client.getOrchestrationState(t.id('nobody')), undefined);
});

test('by prefix, page by page, each once', MS, async t => {
  const prefix = t.id('paged');
  const ids = await finished(t, prefix, 23);
  for (const pageSize of [1, 7, 23, 100]) {
    const pages = [];
    for await (const page of t.client.getAllInstances({ instanceIdPrefix: prefix, pageSize }).asPages()) pages.push(page);
    assert.deepEqual(pages.flatMap(p => idsOf(p.values)).sort(), ids);
    assert.ok(pages.every(p => p.values.length <= pageSize), 'no page is larger than asked');
    assert.equal(pages.at(-1).continuationToken, undefined);
  }
});
test('a page can be asked for again by its token', MS, async t => {
  const prefix = t.id('token');
  await finished(t, prefix, 5);
  const pages = t.client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 2 }).asPages();
  const first = (await pages[Symbol.asyncIterator]().next()).value;
  const rest = await collect(t.client.getAllInstances({ instanceIdPrefix: prefix, pageSize: 2, continuationToken: first.continuationToken }));
  assert.equal(first.values.length, 2);
  assert.equal(new Set([...idsOf(first.values), ...idsOf(rest)]).size, 5);
});
test('a prefix means itself, whatever signs are in it', MS, async t => {
  const prefix = `${t.id('odd')}%_\\'"*[a-z]`;
  const ids = await finished(t, prefix, 2);
  await finished(t, prefix.replace('%_', 'xy'), 1);
  assert.deepEqual(idsOf(await collect(t.client.getAllInstances({ instanceIdPrefix: prefix }))), ids);
});
test('a prefix tells upper from lower case', MS, async t => {
  const prefix = t.id('case');
  await finished(t, prefix, 1);
  await finished(t, prefix.toUpperCase(), 1);
  assert.equal((await collect(t.client.getAllInstances({ instanceIdPrefix: prefix }))).length, 1);
});
test('by status', MS, async t => {
  const prefix = t.id('status');
  const done = await finished(t, `${prefix}-done`, 2);
  const failed = await t.start('failsUncaught', 'x', { instanceId: `${prefix}-failed` });
  const running = await t.start('waitsFor', 'go', { instanceId: `${prefix}-running` });
  const suspended = await t.start('waitsFor', 'go', { instanceId: `${prefix}-suspended` });
  const pending = await t.start('noTasks', 1, { instanceId: `${prefix}-pending`, startAt: new Date(Date.now() + 9e8) });
  await t.failure(failed);
  await t.reaches(running, Status.RUNNING);
  await t.reaches(suspended, Status.RUNNING);
  await t.client.suspendOrchestration(suspended);
  await t.reaches(suspended, Status.SUSPENDED);
  const by = async (...statuses) => idsOf(await collect(t.client.getAllInstances({ instanceIdPrefix: prefix, statuses })));
  assert.deepEqual(await by(Status.COMPLETED), done);
  assert.deepEqual(await by(Status.FAILED), [failed]);
  assert.deepEqual(await by(Status.RUNNING), [running]);
  assert.deepEqual(await by(Status.SUSPENDED), [suspended]);
  assert.deepEqual(await by(Status.PENDING), [pending]);
  assert.deepEqual(await by(Status.FAILED, Status.RUNNING), [failed, running].sort());
  assert.equal((await by()).length, 6);
  assert.deepEqual(await by(Status.TERMINATED), []);
  for (const id of [running, suspended, pending]) await t.client.terminateOrchestration(id);
  for (const id of [running, suspended, pending]) assert.equal((await t.done(id)).runtimeStatus, Status.TERMINATED);
});
test('by time of creation', MS, async t => {
  const prefix = t.id('time');
  const [one] = await finished(t, `${prefix}-1`, 1);
  const middle = (await t.state(one)).createdAt.getTime() + 1;
  await until(() => Date.now() > middle + 5, 'the clock');
  const [two] = await finished(t, `${prefix}-2`, 1);
  const by = async filter => idsOf(await collect(t.client.getAllInstances({ instanceIdPrefix: prefix, ...filter })));
  assert.deepEqual(await by({ createdTo: new Date(middle) }), [one]);
  assert.deepEqual(await by({ createdFrom: new Date(middle) }), [two]);
  assert.deepEqual(await by({ createdFrom: new Date(0), createdTo: new Date(Date.now() + 60e3) }), [one, two]);
});
test('payloads only when asked for', MS, async t => {
  const prefix = t.id('payload');
  await finished(t, prefix, 1);
  const [bare] = await collect(t.client.getAllInstances({ instanceIdPrefix: prefix }));
  const [full] = await collect(t.client.getAllInstances({ instanceIdPrefix: prefix, fetchInputsAndOutputs: true }));
  assert.deepEqual([bare.serializedInput, bare.serializedOutput], [undefined, undefined]);
  assert.deepEqual([full.serializedInput, full.serializedOutput], ['0', '{"got":0}']);
  assert.equal(full.name, 'noTasks');
});

test('ids of finished instances, page by page', MS, async t => {
  const hub = t.id('hub');
  const client = t.hubClient(hub);
  await t.hubWorker(hub, { orchestrators: { quick: async () => 1, breaks: async () => { throw new Error('x'); }, waits: async function* (ctx) { yield ctx.waitForExternalEvent('x'); } } });
  const ids = [];
  for (let i = 0; i < 7; i++) ids.push(await client.scheduleNewOrchestration(i === 3 ? 'breaks' : 'quick', undefined, `list-${i}`));
  await client.scheduleNewOrchestration('waits', undefined, 'list-running');
  for (const id of ids) await client.waitForOrchestrationCompletion(id, false, 20);
  const all = [];
  let key;
  do {
    const page = await client.listInstanceIds({ pageSize: 3, lastInstanceKey: key });
    assert.ok(page.values.length <= 3);
    all.push(...page.values);
    key = page.continuationToken;
  } while (key);
  assert.deepEqual(all.sort(), ids);
  const failed = await client.listInstanceIds({ runtimeStatus: [Status.FAILED] });
  assert.deepEqual([...failed.values], ['list-3']);
  const none = await client.listInstanceIds({ completedTimeTo: new Date(Date.now() - 3600e3) });
  assert.deepEqual([...none.values], []);
  const recent = await client.listInstanceIds({ completedTimeFrom: new Date(Date.now() - 3600e3), completedTimeTo: new Date(Date.now() + 3600e3) });
  assert.equal(recent.values.length, 7);
});

test('one hub does not see another', MS, async t => {
  const [mine, theirs] = [t.id('hub'), t.id('hub')];
  const a = t.hubClient(mine);
  const b = t.hubClient(theirs);
  const id = t.id('same');
  await t.hubWorker(mine, { orchestrators: { tells: async () => 'mine' } });
  await t.hubWorker(theirs, { orchestrators: { tells: async () => 'theirs' } });
  await a.scheduleNewOrchestration('tells', undefined, id);
  await b.scheduleNewOrchestration('tells', undefined, id);
  assert.equal((await a.waitForOrchestrationCompletion(id, true, 20)).serializedOutput, '"mine"');
  assert.equal((await b.waitForOrchestrationCompletion(id, true, 20)).serializedOutput, '"theirs"');
  assert.equal((await collect(a.getAllInstances())).length, 1);
  assert.equal(await t.state(id), undefined);
});

orchestrator('historied', async function* (ctx) {
  const n = yield ctx.callActivity('addOne', 1);
  yield ctx.createTimer(0.05);
  return n + (yield ctx.callSubOrchestrator('noTasksChild', n));
});
orchestrator('noTasksChild', async (_, n) => n);
test('the history of an activity, a timer and a child, event for event', { on: GRPC }, async t => {
  const id = await t.start('historied', 1);
  await t.output(id);
  const history = await t.history(id);
  assert.deepEqual(history.map(e => e.type), [
    'OrchestratorStarted', 'ExecutionStarted', 'TaskScheduled', 'OrchestratorStarted', 'TaskCompleted', 'TimerCreated',
    'OrchestratorStarted', 'TimerFired', 'SubOrchestrationInstanceCreated', 'OrchestratorStarted',
    'SubOrchestrationInstanceCompleted', 'ExecutionCompleted',
  ]);
  assert.deepEqual(history.map(e => e.eventId), [-1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4]);
  const [, started, task, , completed, created, , fired, child, , childDone, end] = history;
  assert.equal(started.name, 'historied');
  assert.equal(started.input, '1');
  assert.equal(started.orchestrationInstance.instanceId, id);
  assert.match(started.orchestrationInstance.executionId, /^[0-9a-f]{32}$/);
  assert.deepEqual([task.name, task.input, completed.taskScheduledId, completed.result], ['addOne', '1', 1, '2']);
  assert.deepEqual([fired.timerId, fired.fireAt.getTime()], [2, created.fireAt.getTime()]);
  assert.deepEqual([child.name, child.input, childDone.taskScheduledId, childDone.result], ['noTasksChild', '2', 3, '2']);
  assert.deepEqual([end.orchestrationStatus, end.result], ['ORCHESTRATION_STATUS_COMPLETED', '4']);
  const times = history.map(e => e.timestamp.getTime());
  assert.deepEqual(times, [...times].sort((a, b) => a - b), 'time does not go back');
});
test('the history of a failure', MS, async t => {
  const id = await t.start('failsUncaught', 'told');
  await t.failure(id);
  const history = await t.history(id);
  assert.deepEqual(history.map(e => e.type),
    ['OrchestratorStarted', 'ExecutionStarted', 'TaskScheduled', 'OrchestratorStarted', 'TaskFailed', 'ExecutionCompleted']);
  assert.equal(history[4].failureDetails.errorType, 'TypeError');
  assert.equal(history[5].orchestrationStatus, 'ORCHESTRATION_STATUS_FAILED');
  assert.match(history[5].failureDetails.message, /told/);
});
test('the history of what was done from outside', MS, async t => {
  const id = await t.start('waitsTwice', 1);
  const has = type => until(async () => (await t.historyTypes(id)).includes(type), type);
  await has('ExecutionStarted');
  await t.client.suspendOrchestration(id);
  await has('ExecutionSuspended');
  await t.client.resumeOrchestration(id);
  await has('ExecutionResumed');
  await t.raise(id, 'one', 1);
  await has('EventRaised');
  await t.client.terminateOrchestration(id, 'end');
  await t.done(id);
  const types = (await t.historyTypes(id)).filter(type => type !== 'OrchestratorStarted');
  assert.deepEqual(types, ['ExecutionStarted', 'ExecutionSuspended', 'ExecutionResumed', 'EventRaised', 'ExecutionTerminated', 'ExecutionCompleted']);
});
test('the history of an unknown instance is empty', MS, async t => assert.deepEqual(await t.history(t.id('nobody')), []));
test('a long history is read whole', { on: ['ms'], seconds: 60 }, async t => {
  const id = await t.start('fanOut', 300);
  await t.done(id);
  const types = await t.historyTypes(id);
  assert.equal(types.filter(x => x === 'TaskScheduled').length, 300);
  assert.equal(types.filter(x => x === 'TaskCompleted').length, 300);
});
