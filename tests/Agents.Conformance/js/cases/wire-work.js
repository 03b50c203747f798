'use strict';
// What is in a work item, and who gets which.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { until } = require('../lib/signals');
const { open, pb, actions, message, text, words, code } = require('../lib/wire');

const { test } = suite('work items');
const WIRE = { on: ['wire'] };
const MB = 1 << 20;

test('the first turn of an instance', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('named', { input: '{"a":1}', version: text('1.5'), tags: { k: 'v' } });
  const item = await wire.worker().next();
  const turn = item.turn;
  assert.ok(item.token.length > 0, 'it carries a completion token');
  assert.equal(turn.getInstanceid(), id);
  assert.match(turn.getExecutionid().getValue(), /^[0-9a-f]{32}$/);
  assert.deepEqual(turn.getPasteventsList(), []);
  const events = turn.getNeweventsList();
  assert.deepEqual(words(events), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED']);
  assert.ok(events.every(e => e.getEventid() === -1));
  assert.ok(Math.abs(events[0].getTimestamp().toDate().getTime() - Date.now()) < 60e3);
  const started = events[1].getExecutionstarted();
  assert.equal(started.getName(), 'named');
  assert.equal(started.getVersion().getValue(), '1.5');
  assert.equal(started.getInput().getValue(), '{"a":1}');
  assert.equal(started.getTagsMap().get('k'), 'v');
  assert.equal(started.getOrchestrationinstance().getInstanceid(), id);
  assert.equal(started.getOrchestrationinstance().getExecutionid().getValue(), turn.getExecutionid().getValue());
  assert.equal(started.hasParentinstance(), false);
  assert.match(id, /^[0-9a-f]{32}$/, 'the server made the id');
});

test('no input is no input, and empty input is empty input', WIRE, async t => {
  const wire = open(t);
  const worker = wire.worker();
  await wire.start('none');
  assert.equal((await worker.next()).turn.getNeweventsList()[1].getExecutionstarted().hasInput(), false);
  await wire.start('empty', { input: '' });
  const started = (await worker.next()).turn.getNeweventsList()[1].getExecutionstarted();
  assert.equal(started.hasInput(), true);
  assert.equal(started.getInput().getValue(), '');
});

test('text that is no JSON goes through byte for byte', WIRE, async t => {
  const wire = open(t);
  const odd = '{not json\u0000\ud83d\ude00 "';
  const id = await wire.start('o', { input: odd });
  const worker = wire.worker();
  await wire.completeTurn(await worker.next(), [actions.task(1, 'a', odd)], { customStatus: text(odd) });
  const task = await worker.next();
  assert.equal(task.activity.getInput().getValue(), odd);
  await wire.completeActivity(task, odd);
  const turn = await worker.next();
  assert.equal(turn.turn.getNeweventsList().at(-1).getTaskcompleted().getResult().getValue(), odd);
  await wire.completeTurn(turn, [actions.complete(2, odd)]);
  const state = await wire.end(id);
  assert.deepEqual([state.getInput().getValue(), state.getOutput().getValue(), state.getCustomstatus().getValue()], [odd, odd, odd]);
});

test('what an activity is told', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next();
  const call = actions.task(7, 'book', '"x"');
  call.getScheduletask().setVersion(text('2'));
  call.getScheduletask().getTagsMap().set('cost', 'low');
  await wire.completeTurn(turn, [call]);
  const item = await worker.next();
  const task = item.activity;
  assert.ok(item.token.length > 0);
  assert.deepEqual([task.getName(), task.getVersion().getValue(), task.getInput().getValue(), task.getTaskid()], ['book', '2', '"x"', 7]);
  assert.equal(task.getOrchestrationinstance().getInstanceid(), id);
  assert.equal(task.getOrchestrationinstance().getExecutionid().getValue(), turn.turn.getExecutionid().getValue());
  assert.equal(task.getTagsMap().get('cost'), 'low');
});

test('numbers begin where the worker begins them: at zero too', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  await wire.completeTurn(await worker.next(), [actions.task(0, 'a'), actions.timer(1, new Date()), actions.task(5, 'b')]);
  for (let i = 0; i < 2; i++) await wire.completeActivity(await nextActivity(worker), 'r');
  await until(async () => words(await wire.history(id)).includes('TIMERFIRED') || await stepOn(wire, worker), 'the timer');
  const scheduled = (await wire.history(id)).filter(e => e.hasTaskscheduled()).map(e => e.getEventid());
  assert.deepEqual(scheduled, [0, 5]);
});
async function nextActivity(worker) {
  const parked = [];
  for (;;) {
    const item = await worker.next();
    if (item.activity) { worker.items.unshift(...parked); return item; }
    parked.push(item);
  }
}
async function stepOn(wire, worker) {
  if (worker.items.length === 0) return false;
  const item = worker.items.shift();
  if (item.turn) await wire.completeTurn(item, []);
  return false;
}

test('a failure with cause and properties comes back as it was sent', WIRE, async t => {
  const wire = open(t);
  await wire.start('o');
  const worker = wire.worker();
  await wire.completeTurn(await worker.next(), [actions.task(1, 'a')]);
  const inner = message(pb.TaskFailureDetails, { errorType: 'Inner', errorMessage: 'deep', isNonRetriable: false });
  const failure = message(pb.TaskFailureDetails,
    { errorType: 'Some.Type', errorMessage: 'no luck', stackTrace: text('at a\nat b'), innerFailure: inner, isNonRetriable: true });
  const { Value } = require('google-protobuf/google/protobuf/struct_pb');
  const value = new Value();
  value.setNumberValue(42);
  failure.getPropertiesMap().set('code', value);
  await wire.completeActivity(await worker.next(), undefined, { failureDetails: failure });
  const event = (await worker.next()).turn.getNeweventsList().at(-1);
  assert.equal(event.getEventid(), -1);
  assert.equal(event.getTaskfailed().getTaskscheduledid(), 1);
  assert.deepEqual(event.getTaskfailed().getFailuredetails().toObject(), failure.toObject());
});

test('limits: no more items at once than the worker asked for', WIRE, async t => {
  const wire = open(t);
  await wire.start('o');
  const worker = wire.worker({ maxConcurrentOrchestrationWorkItems: 1, maxConcurrentActivityWorkItems: 2 });
  await wire.completeTurn(await worker.next(), [1, 2, 3, 4, 5].map(n => actions.task(n, 'a')));
  const [one, two] = [await worker.next(), await worker.next()];
  await wire.call('hello');
  await wire.start('other'); // a turn is another kind and still comes
  const turn = await worker.next();
  assert.ok(turn.turn, 'a turn, not a third activity');
  assert.equal(worker.items.length, 0);
  await wire.completeActivity(one, '1');
  assert.ok((await worker.next()).activity, 'room for one more');
  void two;
});

function filters(orchestrations, activities) {
  const named = (Type, list) => list.map(([name, versions = []]) => message(Type, { name, versions }));
  return message(pb.WorkItemFilters, {
    orchestrations: named(pb.OrchestrationFilter, orchestrations), activities: named(pb.ActivityFilter, activities),
  });
}
test('filters: each worker gets what it named, by name and version', WIRE, async t => {
  const wire = open(t);
  const red = wire.worker({ workItemFilters: filters([['red']], [['paint']]) });
  const blue = wire.worker({ workItemFilters: filters([['blue', ['1', '2']]], [['mix']]) });
  await wire.start('red');
  const turn = await red.next('the red turn');
  await wire.completeTurn(turn, [actions.task(1, 'mix'), actions.task(2, 'paint')]);
  assert.equal((await red.next('paint')).activity.getName(), 'paint');
  assert.equal((await blue.next('mix')).activity.getName(), 'mix');
  const nobody = await wire.start('blue', { version: text('3') });
  await wire.start('blue', { version: text('2') });
  assert.equal((await blue.next('the blue turn')).turn.getNeweventsList()[1].getExecutionstarted().getVersion().getValue(), '2');
  const late = wire.worker({ workItemFilters: filters([['blue', ['3']]], []) });
  assert.equal((await late.next('the waiting turn')).turn.getInstanceid(), nobody, 'what nobody took had waited');
  assert.equal(red.items.length + blue.items.length, 0);
});

test('a large history comes in a stream of its own to who can take it', { ...WIRE, seconds: 60 }, async t => {
  const wire = open(t);
  const id = await wire.start('o', { input: 'i'.repeat(MB) });
  const worker = wire.worker({ capabilities: [pb.WorkerCapability.WORKER_CAPABILITY_HISTORY_STREAMING] });
  await wire.completeTurn(await worker.next(), [1, 2, 3].map(n => actions.task(n, 'a')));
  const tasks = [await worker.next(), await worker.next(), await worker.next()];
  for (const task of tasks) await wire.completeActivity(task, 'r'.repeat(MB));
  let turn = await worker.next();
  for (let seen = results(turn); seen < 3; seen += results(turn)) {
    await wire.completeTurn(turn, []);
    turn = await worker.next();
  }
  await wire.completeTurn(turn, []);
  await wire.raise(id, 'e', '1');
  const last = (await worker.next()).turn;
  assert.equal(last.getRequireshistorystreaming(), true);
  assert.deepEqual(last.getPasteventsList(), []);
  assert.deepEqual(words(last.getNeweventsList()), ['ORCHESTRATORSTARTED', 'EVENTRAISED']);
  const past = await wire.history(id, { executionId: last.getExecutionid(), forWorkItemProcessing: true });
  assert.equal(words(past).filter(w => w === 'TASKCOMPLETED').length, 3);
  assert.ok(!words(past).includes('EVENTRAISED'), 'what is new stays in the item');
  assert.ok(past.chunks.length > 1, 'in parts');
});
const results = turn => turn.turn.getNeweventsList().filter(e => e.hasTaskcompleted()).length;

test('the trace of a start reaches its turns, activities and children', WIRE, async t => {
  const wire = open(t);
  const trace = message(pb.TraceContext, { traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', traceState: text('a=b') });
  await wire.start('o', { parentTraceContext: trace });
  const worker = wire.worker();
  const turn = await worker.next();
  const told = turn.turn.getNeweventsList()[1].getExecutionstarted().getParenttracecontext();
  assert.deepEqual([told.getTraceparent(), told.getTracestate().getValue()], [trace.getTraceparent(), 'a=b']);
  const call = actions.task(1, 'a');
  call.getScheduletask().setParenttracecontext(trace);
  const child = actions.child(2, 'c', t.id('child'));
  child.getCreatesuborchestration().setParenttracecontext(trace);
  const own = message(pb.OrchestrationTraceContext, { spanID: text('b7ad6b7169203332') });
  await wire.completeTurn(turn, [call, child], { orchestrationTraceContext: own });
  for (let i = 0; i < 2; i++) {
    const item = await worker.next();
    const got = item.activity ? item.activity.getParenttracecontext()
      : item.turn.getNeweventsList()[1].getExecutionstarted().getParenttracecontext();
    assert.equal(got.getTraceparent(), trace.getTraceparent());
    if (item.activity) await wire.completeActivity(item, '1');
  }
  const second = await worker.next();
  assert.equal(second.turn.getOrchestrationtracecontext()?.getSpanid()?.getValue(), 'b7ad6b7169203332');
});

test('an event sent, a child and a timer in one turn, in the order of the turn', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const send = message(pb.OrchestratorAction, { id: 3, sendEvent: message(pb.SendEventAction,
    { instance: message(pb.OrchestrationInstance, { instanceId: 'somebody' }), name: 'e', data: text('1') }) });
  await wire.completeTurn(await worker.next(),
    [actions.task(1, 'a'), actions.child(2, 'c', t.id('child')), send, actions.timer(4, new Date(Date.now() + 9e8))]);
  await until(async () => (await wire.history(id)).length === 6, 'the history');
  assert.deepEqual(words(await wire.history(id)), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', 'TASKSCHEDULED#1',
    'SUBORCHESTRATIONINSTANCECREATED#2', 'EVENTSENT#3', 'TIMERCREATED#4']);
});

test('an event of an unknown kind in a turn\'s answer is refused or passed over, not stored as nonsense', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next();
  const empty = message(pb.OrchestratorAction, { id: 1 });
  const answer = await wire.completeTurn(turn, [empty]).then(() => code.OK, error => error.code);
  assert.ok([code.OK, code.INVALID_ARGUMENT, code.FAILED_PRECONDITION].includes(answer), `status ${answer}`);
  const after = await wire.start('p');
  const next = await worker.next('work for others', 15);
  assert.ok([id, after].includes(next.turn.getInstanceid()), 'the endpoint lives');
});
