// The floor on PostgreSQL: the same loop by hand, one single-row INSERT committed for each step, nothing else.
import pg from 'pg';
import { assistant, toolResult } from './workload.mjs';
import { serve, stepStarts } from './worker.mjs';

const pool = new pg.Pool({ connectionString: process.env.PG_URL, max: 10 });
const select = { name: 'select', text: 'select count(*)::int as steps from steps where run = $1' };
const insert = { name: 'insert', text: 'insert into steps (run, step, result) values ($1, $2, $3)' };

async function run(id, turns, bytes) {
  let done = (await pool.query({ ...select, values: [id] })).rows[0].steps;
  while (done < 2 * turns) {
    const step = ++done;
    stepStarts(id, step);
    const message = (step % 2 ? assistant : toolResult)(id, step, bytes);
    await pool.query({ ...insert, values: [id, step, JSON.stringify(message)] });
  }
  return done;
}

await serve({
  open: () => pool.query('create table if not exists steps (run text, step int, result text, primary key (run, step))'),
  run,
  resume: run,
  close: () => pool.end(),
});
