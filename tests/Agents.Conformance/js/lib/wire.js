'use strict';
// The protocol without an SDK around it: the service's methods as promises, and a worker that does only what it is told.

const grpc = require('@grpc/grpc-js');
const pb = require('@microsoft/durabletask-js/dist/proto/orchestrator_service_pb');
const stubs = require('@microsoft/durabletask-js/dist/proto/orchestrator_service_grpc_pb');
const { StringValue, BoolValue, Int32Value } = require('google-protobuf/google/protobuf/wrappers_pb');
const { Timestamp } = require('google-protobuf/google/protobuf/timestamp_pb');
const { Empty } = require('google-protobuf/google/protobuf/empty_pb');
const { until, within } = require('./signals');

const code = grpc.status;

function text(value) {
  const wrapped = new StringValue();
  wrapped.setValue(value);
  return wrapped;
}

function number(value) {
  const wrapped = new Int32Value();
  wrapped.setValue(value);
  return wrapped;
}

function time(date) {
  const stamp = new Timestamp();
  stamp.fromDate(date);
  return stamp;
}

/** Fills a message by field name as the .proto has it: message(pb.TerminateRequest, { instanceId: 'x' }). */
function message(Type, fields = {}) {
  const made = new Type();
  for (const [name, value] of Object.entries(fields)) {
    const capital = name[0].toUpperCase() + name.slice(1).toLowerCase();
    const setter = made[`set${capital}`] ?? made[`set${capital}List`];
    if (!setter) throw new Error(`no field ${name}`);
    setter.call(made, value);
  }
  return made;
}

const action = (id, kind, body) => message(pb.OrchestratorAction, { id, [kind]: body });
const actions = {
  task: (id, name, input) => action(id, 'scheduleTask', message(pb.ScheduleTaskAction, { name, ...(input === undefined ? {} : { input: text(input) }) })),
  timer: (id, at) => action(id, 'createTimer', message(pb.CreateTimerAction, { fireAt: time(at) })),
  child: (id, name, instanceId, input) => action(id, 'createSubOrchestration', message(pb.CreateSubOrchestrationAction,
    { name, instanceId, ...(input === undefined ? {} : { input: text(input) }) })),
  complete: (id, result, status = pb.OrchestrationStatus.ORCHESTRATION_STATUS_COMPLETED) => action(id, 'completeOrchestration',
    message(pb.CompleteOrchestrationAction, { orchestrationStatus: status, ...(result === undefined ? {} : { result: text(result) }) })),
};

/** The service of one hub. Every method of it answers with a promise. */
class Wire {
  constructor(address, hub, headers = {}) {
    this.hub = hub;
    this.headers = headers;
    this.stub = new stubs.TaskHubSidecarServiceClient(address, grpc.credentials.createInsecure(),
      { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.use_local_subchannel_pool': 1 });
    this.streams = [];
  }

  metadata() {
    const metadata = new grpc.Metadata();
    if (this.hub) metadata.set('taskhub', this.hub);
    for (const [name, value] of Object.entries(this.headers)) metadata.set(name, value);
    return metadata;
  }

  call(method, request = new Empty(), seconds = 20) {
    return new Promise((resolve, reject) => {
      this.stub[method](request, this.metadata(), { deadline: Date.now() + seconds * 1000 },
        (error, answer) => error ? reject(error) : resolve(answer));
    });
  }

  /** A call that the SDK's stubs do not have: bytes there, bytes back. */
  raw(method, bytes, seconds = 20) {
    const same = value => Buffer.from(value);
    return new Promise((resolve, reject) => {
      this.stub.makeUnaryRequest(`/TaskHubSidecarService/${method}`, same, same, bytes, this.metadata(),
        { deadline: Date.now() + seconds * 1000 }, (error, answer) => error ? reject(error) : resolve(answer));
    });
  }

  async start(name, options = {}) {
    const { instanceId = '', input, tags, ...more } = options;
    const request = message(pb.CreateInstanceRequest, { instanceId, name, ...more });
    if (input !== undefined) request.setInput(text(input));
    for (const [key, value] of Object.entries(tags ?? {})) request.getTagsMap().set(key, value);
    return (await this.call('startInstance', request)).getInstanceid();
  }

  async state(instanceId) {
    const answer = await this.call('getInstance', message(pb.GetInstanceRequest, { instanceId, getInputsAndOutputs: true }));
    return answer.getExists() ? answer.getOrchestrationstate() : undefined;
  }

  async end(instanceId, seconds) {
    const request = message(pb.GetInstanceRequest, { instanceId, getInputsAndOutputs: true });
    return (await this.call('waitForInstanceCompletion', request, seconds)).getOrchestrationstate();
  }

  raise(instanceId, name, input) {
    return this.call('raiseEvent', message(pb.RaiseEventRequest, { instanceId, name, ...(input === undefined ? {} : { input: text(input) }) }));
  }

  history(instanceId, more = {}) {
    const request = message(pb.StreamInstanceHistoryRequest, { instanceId, ...more });
    return new Promise((resolve, reject) => {
      const events = [];
      const chunks = [];
      const stream = this.stub.streamInstanceHistory(request, this.metadata());
      stream.on('data', chunk => { chunks.push(chunk.getEventsList().length); events.push(...chunk.getEventsList()); });
      stream.on('error', reject);
      stream.on('end', () => resolve(Object.assign(events, { chunks })));
    });
  }

  /** Opens a worker's stream. Items wait in a list until they are asked for. */
  worker(options = {}) {
    const stream = new WorkStream(this, message(pb.GetWorkItemsRequest, options));
    this.streams.push(stream);
    return stream;
  }

  completeTurn(item, list, more = {}) {
    const request = item.turn;
    return this.call('completeOrchestratorTask', message(pb.OrchestratorResponse,
      { instanceId: request.getInstanceid(), completionToken: item.token, actions: list, ...more }));
  }

  completeActivity(item, result, more = {}) {
    const request = item.activity;
    return this.call('completeActivityTask', message(pb.ActivityResponse, {
      instanceId: request.getOrchestrationinstance().getInstanceid(), taskId: request.getTaskid(), completionToken: item.token,
      ...(result === undefined ? {} : { result: text(result) }), ...more,
    }));
  }

  close() {
    for (const stream of this.streams) stream.drop();
    this.stub.close();
  }
}

/** A hub of its own for a case, gone with it: an endpoint opens no more than 64. */
function open(t) {
  const wire = new Wire(t.address, t.id('hub'));
  t.closing.push(async () => {
    await wire.call('deleteTaskHub', new pb.DeleteTaskHubRequest());
    wire.close();
  });
  return wire;
}

class WorkStream {
  constructor(wire, request) {
    this.items = [];
    this.asking = [];
    this.pings = 0;
    this.stream = wire.stub.getWorkItems(request, wire.metadata());
    this.stream.on('data', item => this.take(item));
    this.stream.on('error', error => { this.error = error; });
    this.ended = new Promise(resolve => this.stream.on('end', resolve));
  }

  take(item) {
    if (item.hasHealthping()) { this.pings++; return; }
    const taken = { token: item.getCompletiontoken(), turn: item.getOrchestratorrequest(), activity: item.getActivityrequest(), at: Date.now() };
    const asked = this.asking.shift();
    if (asked) asked(taken); else this.items.push(taken);
  }

  next(what = 'a work item', seconds = 15) {
    if (this.items.length > 0) return Promise.resolve(this.items.shift());
    return within(new Promise(resolve => this.asking.push(resolve)), what, seconds);
  }

  /** Goes away as a worker does that was killed. */
  drop() { this.stream.cancel(); }
}

/** The next item of whichever of these workers gets one. */
async function nextOf(streams, what, seconds) {
  const stream = await until(() => streams.find(s => s.items.length > 0), what, seconds);
  return stream.items.shift();
}

/** History as short words, for comparing: "TaskScheduled#1". */
function words(events) {
  const kinds = Object.entries(pb.HistoryEvent.EventtypeCase);
  return events.map(e => {
    const kind = kinds.find(([, value]) => value === e.getEventtypeCase())?.[0] ?? 'UNKNOWN';
    return e.getEventid() > 0 ? `${kind}#${e.getEventid()}` : kind;
  });
}

module.exports = { open, Wire, nextOf, pb, code, text, number, time, message, action, actions, words, Empty, BoolValue };
