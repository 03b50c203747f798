'use strict';
// Tokens, redelivery and late answers, without an SDK in between.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { until } = require('../lib/signals');
const { open, nextOf, pb, actions, message, number, text, words, code } = require('../lib/wire');

const { test } = suite('fencing');
const WIRE = { on: ['wire'] };
const COMPLETED = pb.OrchestrationStatus.ORCHESTRATION_STATUS_COMPLETED;
const RUNNING = pb.OrchestrationStatus.ORCHESTRATION_STATUS_RUNNING;

const once = ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', 'EXECUTIONCOMPLETED#1'];
const withTask = ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', 'TASKSCHEDULED#1', 'ORCHESTRATORSTARTED', 'TASKCOMPLETED', 'EXECUTIONCOMPLETED#2'];

/** A late answer may be taken for granted or said to be unknown; it must not look like something to try again. */
async function lateAnswer(promise) {
  const answer = await promise.then(() => code.OK, error => error.code);
  assert.ok([code.OK, code.NOT_FOUND, code.FAILED_PRECONDITION, code.INVALID_ARGUMENT].includes(answer), `status ${answer}`);
  return answer;
}

/** A turn delivered twice: the first worker was lost, the second has the item now. */
async function turnTwice(wire, id) {
  const first = wire.worker();
  const old = await first.next('the turn');
  first.drop();
  const second = wire.worker();
  const fresh = await second.next('the turn again', 25);
  assert.equal(fresh.turn.getInstanceid(), id);
  assert.notEqual(fresh.token, old.token);
  return { old, fresh, worker: second };
}

for (const tokens of [true, false]) {
  const bare = item => tokens ? item : { ...item, token: '' };
  const how = tokens ? 'with tokens' : 'without tokens';

  test(`a turn answered by the new worker and then by the old, ${how}`, WIRE, async t => {
    const wire = open(t);
    const id = await wire.start('o');
    const { old, fresh } = await turnTwice(wire, id);
    await wire.completeTurn(bare(fresh), [actions.complete(1, '"new"')]);
    await lateAnswer(wire.completeTurn(bare(old), [actions.complete(1, '"old"')]));
    const state = await wire.end(id);
    assert.equal(state.getOutput().getValue(), '"new"');
    assert.deepEqual(words(await wire.history(id)), once);
  });

  test(`an activity answered by the new worker and then by the old, ${how}`, WIRE, async t => {
    const wire = open(t);
    const id = await wire.start('o');
    const first = wire.worker();
    await wire.completeTurn(await first.next('the turn'), [actions.task(1, 'a')]);
    const old = await first.next('the activity');
    first.drop();
    const second = wire.worker();
    const fresh = await second.next('the activity again', 25);
    assert.equal(fresh.activity.getTaskid(), 1);
    await wire.completeActivity(bare(fresh), '"new"');
    await lateAnswer(wire.completeActivity(bare(old), '"old"'));
    const turn = await second.next('the second turn');
    const [result] = turn.turn.getNeweventsList().filter(e => e.hasTaskcompleted());
    assert.equal(result.getTaskcompleted().getResult().getValue(), '"new"');
    await wire.completeTurn(turn, [actions.complete(2, '"end"')]);
    assert.equal((await wire.end(id)).getOrchestrationstatus(), COMPLETED);
    assert.deepEqual(words(await wire.history(id)), withTask);
  });
}

test('a turn answered by the old worker and then by the new: one outcome', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const { old, fresh } = await turnTwice(wire, id);
  await lateAnswer(wire.completeTurn(old, [actions.complete(1, '"old"')]));
  await wire.completeTurn(fresh, [actions.complete(1, '"new"')]);
  const state = await wire.end(id);
  assert.equal(state.getOutput().getValue(), '"new"', 'the old token is stale: it changes nothing');
  assert.deepEqual(words(await wire.history(id)), once);
});

test('an activity answered by the old worker and then by the new: one outcome', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const first = wire.worker();
  await wire.completeTurn(await first.next('the turn'), [actions.task(1, 'a')]);
  const old = await first.next('the activity');
  first.drop();
  const second = wire.worker();
  const fresh = await second.next('the activity again', 25);
  await lateAnswer(wire.completeActivity(old, '"old"'));
  await wire.completeActivity(fresh, '"new"');
  const turn = await second.next('the second turn');
  assert.equal(turn.turn.getNeweventsList().filter(e => e.hasTaskcompleted()).length, 1);
  await wire.completeTurn(turn, [actions.complete(2, '"end"')]);
  await wire.end(id);
  assert.deepEqual(words(await wire.history(id)), withTask);
});

test('without tokens, the answer of one who is gone does not end the item of one who is there twice', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const { old, fresh } = await turnTwice(wire, id);
  await lateAnswer(wire.completeTurn({ ...old, token: '' }, [actions.complete(1, '"old"')]));
  await lateAnswer(wire.completeTurn({ ...fresh, token: '' }, [actions.complete(1, '"new"')]));
  const state = await wire.end(id);
  assert.ok(['"old"', '"new"'].includes(state.getOutput().getValue()));
  assert.deepEqual(words(await wire.history(id)), once);
});

test('a completion after its stream dropped counts, while nobody else has the item', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const first = wire.worker();
  const turn = await first.next('the turn');
  first.drop();
  await wire.completeTurn(turn, [actions.complete(1, '"after the drop"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"after the drop"');
});

test('a completion sent again is answered OK and changes nothing', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next('the turn');
  for (let i = 0; i < 3; i++) await wire.completeTurn(turn, [actions.task(1, 'a')]);
  const activity = await worker.next('the activity');
  for (let i = 0; i < 3; i++) await wire.completeActivity(activity, '1');
  const last = await worker.next('the second turn');
  for (let i = 0; i < 3; i++) await wire.completeTurn(last, [actions.complete(2, '2')]);
  await wire.end(id);
  assert.deepEqual(words(await wire.history(id)), withTask);
  assert.equal(worker.items.length, 0);
});

test('two completions of one item at the same time: one outcome', WIRE, async t => {
  const wire = open(t);
  for (let round = 0; round < 10; round++) {
    const id = await wire.start('o');
    const worker = wire.worker();
    const turn = await worker.next('the turn');
    await Promise.all([0, 1, 2, 3].map(n => wire.completeTurn(turn, [actions.complete(1, String(n))])));
    await wire.end(id);
    assert.deepEqual(words(await wire.history(id)), once);
    worker.drop();
  }
});

test('an instance has one turn in flight, whatever arrives', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const [one, two] = [wire.worker(), wire.worker()];
  const turn = await nextOf([one, two], 'the turn');
  for (let i = 0; i < 5; i++) await wire.raise(id, 'e', String(i));
  const other = await wire.start('o'); // a second instance shows that the streams are alive
  const next = await nextOf([one, two], 'the other');
  assert.equal(next.turn.getInstanceid(), other);
  await wire.completeTurn(turn, []);
  const again = await nextOf([one, two], 'the second turn');
  assert.equal(again.turn.getInstanceid(), id);
  assert.deepEqual(words(again.turn.getNeweventsList()), ['ORCHESTRATORSTARTED', ...Array(5).fill('EVENTRAISED')]);
  assert.deepEqual(words(again.turn.getPasteventsList()), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED']);
});

/** An answer in parts, as a worker sends one above its bound on messages. */
function parts(list, size) {
  const cut = [];
  for (let i = 0; i < list.length; i += size) cut.push(list.slice(i, i + size));
  return cut.map((some, i) => [some, {
    isPartial: i < cut.length - 1, chunkIndex: number(i), ...(i > 0 ? { numEventsProcessed: number(0) } : {}),
  }]);
}
const MB = 1 << 20;
const fiveTasks = () => [1, 2, 3, 4, 5].map(n => actions.task(n, 'a', 'x'.repeat(MB)));

test('a completion of 5 MB in parts is one completion', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next('the turn');
  for (const [list, more] of parts(fiveTasks(), 2)) await wire.completeTurn(turn, list, more);
  const tasks = [];
  for (let i = 0; i < 5; i++) tasks.push(await worker.next('an activity'));
  assert.deepEqual(tasks.map(x => x.activity.getTaskid()).sort(), [1, 2, 3, 4, 5]);
  assert.ok(tasks.every(x => x.activity.getInput().getValue().length === MB));
  assert.deepEqual(words(await wire.history(id)),
    ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED', ...[1, 2, 3, 4, 5].map(n => `TASKSCHEDULED#${n}`)]);
});

test('a completion of 5 MB cut halfway leaves nothing behind', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const first = wire.worker();
  const old = await first.next('the turn');
  const [one, two, three] = parts(fiveTasks(), 2);
  await wire.completeTurn(old, ...one);
  await wire.completeTurn(old, ...two);
  first.drop();
  const second = wire.worker();
  const fresh = await second.next('the turn again', 25);
  await lateAnswer(wire.completeTurn(old, ...three));
  assert.equal(fresh.turn.getInstanceid(), id);
  await wire.completeTurn(fresh, [actions.complete(1, '"whole"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"whole"');
  assert.deepEqual(words(await wire.history(id)), once);
  assert.equal(second.items.length, 0);
});

test('a turn given back comes again later, under another token', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next('the turn');
  await wire.call('abandonTaskOrchestratorWorkItem', message(pb.AbandonOrchestrationTaskRequest, { completionToken: turn.token }));
  const given = Date.now();
  const again = await worker.next('the turn again', 20);
  assert.notEqual(again.token, turn.token);
  assert.ok(again.at - given > 100, `it came back after ${again.at - given} ms: that would be a hot loop`);
  await lateAnswer(wire.completeTurn(turn, [actions.complete(1, '"given back"')]));
  await wire.completeTurn(again, [actions.complete(1, '"again"')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '"again"');
});
test('an activity given back comes again later, to another worker too', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  await wire.completeTurn(await worker.next('the turn'), [actions.task(1, 'a', '1')]);
  const task = await worker.next('the activity');
  await wire.call('abandonTaskActivityWorkItem', message(pb.AbandonActivityTaskRequest, { completionToken: task.token }));
  const other = wire.worker();
  const again = await nextOf([worker, other], 'the activity again', 20);
  assert.equal(again.activity.getTaskid(), 1);
  await wire.completeActivity(again, '2');
  const last = await nextOf([worker, other], 'the turn');
  await wire.completeTurn(last, [actions.complete(2, '3')]);
  assert.equal((await wire.end(id)).getOutput().getValue(), '3');
});
test('giving back what is not there harms nobody', WIRE, async t => {
  const wire = open(t);
  await lateAnswer(wire.call('abandonTaskOrchestratorWorkItem', message(pb.AbandonOrchestrationTaskRequest, { completionToken: 'no such token' })));
  await lateAnswer(wire.call('abandonTaskActivityWorkItem', message(pb.AbandonActivityTaskRequest, { completionToken: '' })));
});

test('a stale completion of a purged instance does not bring it back', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  await wire.completeTurn(await worker.next('the turn'), [actions.task(1, 'a'), actions.complete(2, '1')]);
  const task = await worker.next('the activity', 5).catch(() => undefined);
  await wire.end(id);
  const purged = await wire.call('purgeInstances', message(pb.PurgeInstancesRequest, { instanceId: id }));
  assert.equal(purged.getDeletedinstancecount(), 1);
  if (task) await lateAnswer(wire.completeActivity(task, '1'));
  await lateAnswer(wire.completeTurn({ turn: message(pb.OrchestratorRequest, { instanceId: id }), token: '' }, [actions.complete(1, '2')]));
  assert.equal(await wire.state(id), undefined);
  assert.deepEqual([...await wire.history(id).catch(() => [])], []);
});

test('an unknown token, instance or task completes nothing', WIRE, async t => {
  const wire = open(t);
  const id = await wire.start('o');
  const worker = wire.worker();
  const turn = await worker.next('the turn');
  await lateAnswer(wire.completeTurn({ ...turn, token: 'forged' }, [actions.complete(1, '"forged"')]));
  await lateAnswer(wire.call('completeActivityTask', message(pb.ActivityResponse, { instanceId: id, taskId: 77, result: text('1') })));
  await lateAnswer(wire.call('completeActivityTask', message(pb.ActivityResponse, { instanceId: 'nobody', taskId: 1, completionToken: 'x' })));
  assert.equal((await wire.state(id)).getOrchestrationstatus() === COMPLETED, false);
  await wire.completeTurn(turn, []);
  await until(async () => (await wire.state(id)).getOrchestrationstatus() === RUNNING, 'running');
  assert.deepEqual(words(await wire.history(id)), ['ORCHESTRATORSTARTED', 'EXECUTIONSTARTED']);
});

test('a token of one instance does not complete another', WIRE, async t => {
  const wire = open(t);
  const [one, two] = [await wire.start('o'), await wire.start('o')];
  const worker = wire.worker();
  const items = [await worker.next('a turn'), await worker.next('a turn')];
  const [a, b] = [one, two].map(id => items.find(i => i.turn.getInstanceid() === id));
  await lateAnswer(wire.completeTurn({ turn: a.turn, token: b.token }, [actions.complete(1, '"mixed up"')]));
  await lateAnswer(wire.completeTurn(a, [actions.complete(1, '"one"')]));
  assert.equal((await wire.end(one)).getOutput().getValue(), '"one"');
  assert.notEqual((await wire.state(two)).getOutput()?.getValue(), '"mixed up"');
});
