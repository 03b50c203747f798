'use strict';
// Where case files put what they bring: orchestrators, activities and the cases themselves. Names are global, because one
// worker serves every case of an environment.

const orchestrators = new Map();
const activities = new Map();
const cases = [];

/** The environments a case can run in: two SDKs over gRPC, the first SDK's own in-memory backend, and no SDK at all. */
const EVERYWHERE = ['ms', 'dapr', 'memory'];
const GRPC = ['ms', 'dapr'];

function put(map, kind, name, value) {
  if (map.has(name)) throw new Error(`${kind} '${name}' is declared twice`);
  map.set(name, value);
  return name;
}

function suite(area) {
  return {
    orchestrator: (name, fn) => put(orchestrators, 'orchestrator', name, fn),
    activity: (name, fn) => put(activities, 'activity', name, fn),
    /**
     * Declares a case. `on`: the environments it runs in. `seconds`: how long it may take. `alone`: not beside others.
     * `store`: only on that one.
     */
    test: (name, options, run) => {
      const full = `${area}: ${name}`;
      if (cases.some(c => c.name === full)) throw new Error(`case '${full}' is declared twice`);
      cases.push({ name: full, on: ['ms', 'memory'], seconds: 30, alone: false, ...options, run });
    },
  };
}

module.exports = { suite, orchestrators, activities, cases, EVERYWHERE, GRPC };
