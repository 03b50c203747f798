// DBOS Transact: a registered workflow, one runStep for each model call and each tool call.
import { DBOS } from '@dbos-inc/dbos-sdk';
import { assistant, goal, toolResult } from './workload.mjs';
import { serve, stepStarts } from './worker.mjs';

const agent = DBOS.registerWorkflow(async (id, turns, bytes) => {
  const messages = [{ role: 'user', content: goal }];
  const step = (name, make) => DBOS.runStep(async () => {
    stepStarts(id, messages.length);
    return make(id, messages.length, bytes);
  }, { name });
  for (let turn = 0; turn < turns; turn++) {
    messages.push(await step('model', assistant));
    messages.push(await step('tool', toolResult));
  }
  return messages.length - 1;
}, { name: 'agent' });

await serve({
  open: async () => {
    // A fixed application version: a restarted worker then takes its own unfinished workflows up again.
    DBOS.setConfig({ name: 'agent-bench', systemDatabaseUrl: process.env.PG_URL, applicationVersion: 'bench', runAdminServer: false, logLevel: 'error' });
    await DBOS.launch();
  },
  run: async (id, turns, bytes) => (await DBOS.startWorkflow(agent, { workflowID: id })(id, turns, bytes)).getResult(),
  resume: (id) => DBOS.retrieveWorkflow(id).getResult(),
  close: () => DBOS.shutdown(),
});
