'use strict';
// W3C trace context and the span of an execution, through turns, activities and children, also when the endpoint dies between.
const assert = require('node:assert/strict');
const { suite } = require('../lib/suite');
const { startServer } = require('../lib/server');
const { Wire, pb, actions, message, text, time } = require('../lib/wire');

const { test } = suite('traces');

const link = (word, state) => message(pb.TraceContext, {
  traceParent: `00-${word.repeat(32).slice(0, 32)}-${word.repeat(16).slice(0, 16)}-01`, ...(state ? { traceState: text(state) } : {}),
});

test('traces and the span that the worker named live through a kill of the endpoint', { on: ['wire'], seconds: 90 }, async t => {
  let server = await startServer(t.serve);
  t.closing.push(() => server.stop());
  const hub = t.id('traces');
  const open = () => {
    const wire = new Wire(server.address, hub);
    t.closing.push(() => wire.close());
    return wire;
  };
  const span = message(pb.OrchestrationTraceContext, { spanID: text('00f067aa0ba902b7'), spanStartTime: time(new Date(1700000000123)) });
  let wire = open();
  let worker = wire.worker();
  const id = await wire.start('o', { parentTraceContext: link('a', 'vendor=1') });
  const act = actions.task(1, 'act');
  act.getScheduletask().setParenttracecontext(link('b', 'vendor=2'));
  const child = actions.child(2, 'c', `${id}-child`);
  child.getCreatesuborchestration().setParenttracecontext(link('c'));
  await wire.completeTurn(await worker.next(), [act, child, actions.task(3, 'plain')], { orchestrationTraceContext: span });

  await server.kill();
  server = await server.again();
  wire = open();
  worker = wire.worker();
  const seen = new Map();
  while (seen.size < 3) {
    const item = await worker.next('what was asked for', 40);
    const trace = item.activity ? item.activity.getParenttracecontext()
      : item.turn.getNeweventsList()[1].getExecutionstarted().getParenttracecontext();
    seen.set(item.activity?.getName() ?? 'child', trace.toObject(false));
    if (item.turn) await wire.completeTurn(item, [actions.complete(1, '"c"')]);
    else await wire.completeActivity(item, '1');
  }
  assert.equal(seen.get('act').traceparent, link('b').getTraceparent());
  assert.equal(seen.get('act').tracestate.value, 'vendor=2');
  assert.equal(seen.get('child').traceparent, link('c').getTraceparent());
  assert.equal(seen.get('plain').traceparent, link('a').getTraceparent(), 'an activity without a trace of its own has that of its instance');

  const told = [];
  for (let open = 3; open > 0;) {
    const item = await worker.next('the results', 40);
    told.push(item.turn.getOrchestrationtracecontext()?.toObject());
    assert.equal(item.turn.getPasteventsList()[1].getExecutionstarted().getParenttracecontext().getTraceparent(), link('a').getTraceparent());
    open -= item.turn.getNeweventsList().length - 1;
    await wire.completeTurn(item, open > 0 ? [] : [actions.complete(4, '"done"')], { orchestrationTraceContext: item.turn.getOrchestrationtracecontext() });
  }
  assert.ok(told.length > 0);
  for (const one of told) assert.deepEqual(one, span.toObject());
  assert.equal((await wire.end(id)).getOutput().getValue(), '"done"');
});
