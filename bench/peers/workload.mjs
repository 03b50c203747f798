// The content of agent-300: pseudo-random printable text that JSON carries without escapes. It has 6.4 bits of chance in
// each 8-bit character, so compression cannot shrink it below 0.81: as hard as text gets.
const letters = [...Array(95).keys()].map((i) => String.fromCharCode(32 + i)).filter((c) => !'"\\<>&\'+`'.includes(c)).join('');
const poolLength = 1 << 21;

let state = 0x9e3779b9;
const next = () => {
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return state >>> 0;
};
const pool = Array.from({ length: poolLength }, () => letters[next() % letters.length]).join('');

function text(run, step, length) {
  let h = Math.imul(step + 1, 0x85ebca6b);
  for (const c of run) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  const at = (h >>> 0) % (poolLength - length);
  return pool.slice(at, at + length);
}

export const goal = 'Look through the sources and mend what is broken.';

// What the model says: text and one tool call, `bytes` of JSON in all, about.
export const assistant = (run, step, bytes) => ({
  role: 'assistant',
  content: text(run, step, Math.max(1, bytes - 130)),
  call: { id: `call_${step}`, name: 'look', arguments: { place: `part ${step}` } },
});

// What the tool answers, `bytes` of JSON in all, about.
export const toolResult = (run, step, bytes) => ({
  role: 'tool',
  callId: `call_${step - 1}`,
  content: text(run, step, Math.max(1, bytes - 60)),
});
