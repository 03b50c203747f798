// The worker's half of the harness: a peer's file calls serve() with how to open, run and close; the driver forks it and
// speaks over the IPC channel. In: {do: run|resume|close, ids, turns, bytes}. Out: {ready}, then {ms, p50, p99} or {error}.
import fs from 'node:fs';

const stepLog = process.env.STEP_LOG ? fs.openSync(process.env.STEP_LOG, 'a') : null;
const stepTimes = new Map();
export const now = () => performance.timeOrigin + performance.now();

// A step body calls this first. The log is written through, so that it survives a kill of this process.
export function stepStarts(run, step) {
  const at = now();
  if (stepLog !== null) fs.writeSync(stepLog, `${run} ${step} ${at}\n`);
  if (!stepTimes.has(run)) stepTimes.set(run, []);
  stepTimes.get(run).push(at);
}

// Time from the start of a step body to the start of the next in the same run: what one durable step costs.
function stepCosts() {
  const costs = [];
  for (const times of stepTimes.values()) for (let i = 1; i < times.length; i++) costs.push(times[i] - times[i - 1]);
  costs.sort((a, b) => a - b);
  return { p50: costs[Math.floor(costs.length * 0.5)], p99: costs[Math.floor(costs.length * 0.99)] };
}

// `run` and `resume` answer the number of messages the run ended with; anything but 2 x turns is an error.
export async function serve({ open, run, resume, close }) {
  await open();
  process.on('message', async (m) => {
    if (m.do === 'close') {
      await Promise.race([close?.(), new Promise((r) => setTimeout(r, 3000))]).catch(() => {});
      process.exit(0);
    }
    try {
      stepTimes.clear();
      const began = now();
      const lengths = await Promise.all(m.ids.map((id) => (m.do === 'resume' ? resume : run)(id, m.turns, m.bytes)));
      const ms = now() - began;
      const wrong = lengths.filter((n) => n !== 2 * m.turns).length;
      if (wrong) throw new Error(`${wrong} runs ended with a wrong number of messages, first: ${lengths[0]}`);
      process.send({ ms, ...stepCosts() });
    } catch (e) {
      process.send({ error: String(e?.stack ?? e) });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ ready: now() });
}
