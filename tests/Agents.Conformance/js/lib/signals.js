'use strict';
// Signals between orchestrations and the case that drives them; the worker runs in the case's process, so they are promises.

const gates = new Map();
const counts = new Map();
const lists = new Map();

/** A promise that somebody opens with a value: `gate(name).promise`, `gate(name).open(value)`. */
function gate(name) {
  let found = gates.get(name);
  if (!found) {
    found = {};
    found.promise = new Promise(resolve => { found.open = resolve; });
    gates.set(name, found);
  }
  return found;
}

/** Adds one to a counter and returns its new value. */
function count(name) {
  const next = (counts.get(name) ?? 0) + 1;
  counts.set(name, next);
  return next;
}

const counted = name => counts.get(name) ?? 0;

/** Appends to a list that cases read back. */
function note(name, value) {
  if (!lists.has(name)) lists.set(name, []);
  lists.get(name).push(value);
}

const noted = name => lists.get(name) ?? [];

/** Polls a condition that only the other side can make true; says what was waited for when it does not come. */
async function until(condition, what, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain for: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** Settles like the promise, or fails after a time with what was waited for. */
function within(promise, what, seconds = 15) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${seconds} s in vain for: ${what}`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

module.exports = { gate, count, counted, note, noted, until, within };
