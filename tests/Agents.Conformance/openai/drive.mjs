// Drives a model server with the unmodified OpenAI client and writes what it saw as one JSON line.
// usage: node drive.mjs BASE-URL
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'none', maxRetries: 0, timeout: 120_000 });
const model = (await client.models.list()).data[0].id;
const parameters = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 8 }, days: { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const tools = [{ type: 'function', function: { name: 'get_weather', description: 'Weather of a city', parameters } }];
const messages = [{ role: 'user', content: 'What is the weather in Zürich?' }];

// Streamed, by hand: every delta is looked at.
const stream = await client.chat.completions.create({
  model, messages, tools, tool_choice: 'required', parallel_tool_calls: false, stream: true, stream_options: { include_usage: true },
  max_tokens: 3000, seed: 5, temperature: 0.8, logit_bias: { 270: 4 }, // </think>: random weights think long
});
const seen = { model, reasoning: 0, content: 0, name: '', id: '', args: '', finish: null, usage: null, chunks: 0 };
for await (const chunk of stream) {
  seen.chunks++;
  seen.usage = chunk.usage ?? seen.usage;
  const choice = chunk.choices[0];
  if (!choice) continue;
  seen.finish = choice.finish_reason ?? seen.finish;
  seen.reasoning += choice.delta.reasoning_content?.length ?? 0;
  seen.content += choice.delta.content?.length ?? 0;
  for (const call of choice.delta.tool_calls ?? []) {
    seen.id += call.id ?? '';
    seen.name += call.function?.name ?? '';
    seen.args += call.function?.arguments ?? '';
  }
}
seen.arguments = JSON.parse(seen.args);

// The client's own accumulation of a stream.
const final = await client.chat.completions.stream({
  model, tools, tool_choice: 'required', parallel_tool_calls: false, max_tokens: 3000, seed: 6, temperature: 0.8, logit_bias: { 270: 4 },
  messages: [
    ...messages,
    { role: 'assistant', content: null, tool_calls: [{ id: seen.id, type: 'function', function: { name: seen.name, arguments: seen.args } }] },
    { role: 'tool', tool_call_id: seen.id, content: '21 °C' },
  ],
}).finalChatCompletion();
const second = final.choices[0].message.tool_calls[0];
seen.second = { id: second.id, arguments: JSON.parse(second.function.arguments), finish: final.choices[0].finish_reason };

// A stream that is left ends at the server too; the error of a bad request is the client's own kind.
const left = await client.completions.create({ model, prompt: 'x', max_tokens: 4000, stream: true });
for await (const _ of left) break;
try {
  await client.chat.completions.create({ model: 'another', messages });
} catch (e) {
  seen.refused = { status: e.status, kind: e.constructor.name };
}
console.log(JSON.stringify(seen));
