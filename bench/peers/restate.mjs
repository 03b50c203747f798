// Restate: a service handler, one ctx.run for each model call and each tool call. The driver runs the server.
import './withresolvers.mjs';
import { serve, stepStarts } from './worker.mjs';
import { assistant, goal, toolResult } from './workload.mjs';
const restate = await import('@restatedev/restate-sdk');

const { RESTATE_INGRESS, RESTATE_ADMIN, SERVICE_PORT } = process.env;

const agent = restate.service({
  name: 'agent',
  handlers: {
    run: async (ctx, { id, turns, bytes }) => {
      const messages = [{ role: 'user', content: goal }];
      const step = (name, make) => ctx.run(name, () => {
        stepStarts(id, messages.length);
        return make(id, messages.length, bytes);
      });
      for (let turn = 0; turn < turns; turn++) {
        messages.push(await step('model', assistant));
        messages.push(await step('tool', toolResult));
      }
      return messages.length - 1;
    },
  },
});

async function post(url, body, headers = {}) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
const call = (id, turns, bytes) => post(`${RESTATE_INGRESS}/agent/run`, { id, turns, bytes }, { 'idempotency-key': id });

await serve({
  open: async () => {
    await restate.serve({ services: [agent], port: +SERVICE_PORT });
    await post(`${RESTATE_ADMIN}/deployments`, { uri: `http://127.0.0.1:${SERVICE_PORT}`, force: true });
  },
  run: call,
  resume: call, // the same idempotency key attaches to the invocation under way
});
