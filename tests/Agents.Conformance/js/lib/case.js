'use strict';
// What a case gets: short words for what every case does.

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const ms = require('@microsoft/durabletask-js');
const { until, within } = require('./signals');
const { msClient, msWorker } = require('./environments');

const Status = ms.OrchestrationStatus;
const ENDS = [Status.COMPLETED, Status.FAILED, Status.TERMINATED];
const nameOf = status => Status[status] ?? `status ${status}`;

class Case {
  constructor(environment, context) {
    Object.assign(this, { environment, ...context });
    this.sdk = environment.sdk;
    this.client = environment.client;
    this.workers = [];
    this.closing = [];
  }

  /** A new id, told apart from those of every other case and run. */
  id(word = 'i') { return `${word}-${randomUUID().slice(0, 13)}`; }

  start(name, input, options) { return this.environment.start(name, input, options); }

  state(id) { return this.client.getOrchestrationState(id, true); }

  done(id, seconds = 25) { return this.client.waitForOrchestrationCompletion(id, true, seconds); }

  /** The output of an instance that is expected to complete. */
  async output(id, seconds) {
    const state = await this.done(id, seconds);
    assert.equal(nameOf(state?.runtimeStatus), 'COMPLETED', `${id}: ${state?.failureDetails?.message ?? 'no failure details'}`);
    return state.serializedOutput ? JSON.parse(state.serializedOutput) : undefined;
  }

  async run(name, input, options) { return this.output(await this.start(name, input, options)); }

  /** The final state of an instance that is expected to fail. */
  async failure(id, seconds) {
    const state = await this.done(id, seconds);
    assert.equal(nameOf(state?.runtimeStatus), 'FAILED', `output ${state?.serializedOutput}`);
    assert.ok(state.failureDetails, 'a failed instance has failure details');
    return state;
  }

  reaches(id, status, seconds) {
    return until(async () => {
      const state = await this.state(id);
      if (state?.runtimeStatus !== status && ENDS.includes(state?.runtimeStatus)) {
        throw new Error(`${id} ended ${nameOf(state.runtimeStatus)} instead of becoming ${nameOf(status)}`);
      }
      return state?.runtimeStatus === status && state;
    }, `${id} to be ${nameOf(status)}`, seconds);
  }

  raise(id, name, data) { return this.client.raiseOrchestrationEvent(id, name, data); }

  history(id) { return this.environment.reader.getOrchestrationHistory(id); }

  async historyTypes(id) { return (await this.history(id)).map(e => e.type); }

  /** A client of a task hub of its own. */
  hubClient(hub, more) {
    const client = msClient(this.address, hub, more);
    this.closing.push(() => client._stub?.close());
    return client;
  }

  /** A started worker of a task hub of its own, with only the functions given. */
  async hubWorker(hub, functions, more) {
    const worker = msWorker(this.address, hub, functions, more);
    this.workers.push(worker);
    await worker.start();
    return worker;
  }

  /** Ends a worker before the case does. */
  async stop(worker) {
    this.workers = this.workers.filter(w => w !== worker);
    await within(worker.stop(), 'a worker to stop', 10);
  }

  async close() {
    this.environment.abandon?.();
    for (const worker of this.workers) worker.stop().catch(() => {});
    for (const close of this.closing) await close();
  }
}

/** What a rejected promise was rejected with; fails when it was not. */
async function rejection(promise, what = 'the call') {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what} was expected to be refused, and answered ${JSON.stringify(value)}`);
}

module.exports = { Case, Status, nameOf, rejection };
