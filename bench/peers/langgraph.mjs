// LangGraph: a graph of a model node and a tool node over its message state, checkpoints in PostgreSQL, durability "sync".
import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { END, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import { assistant, goal, toolResult } from './workload.mjs';
import { serve, stepStarts } from './worker.mjs';

let graph;

function model({ messages }, { configurable: { thread_id: id, bytes } }) {
  stepStarts(id, messages.length);
  const { content, call } = assistant(id, messages.length, bytes);
  return { messages: [new AIMessage({ content, tool_calls: [{ id: call.id, name: call.name, args: call.arguments, type: 'tool_call' }] })] };
}
function tool({ messages }, { configurable: { thread_id: id, bytes } }) {
  stepStarts(id, messages.length);
  const { callId, content } = toolResult(id, messages.length, bytes);
  return { messages: [new ToolMessage({ content, tool_call_id: callId, name: 'look' })] };
}
const afterTool = ({ messages }, { configurable: { turns } }) => (messages.length > 2 * turns ? END : 'model');

const settings = (id, turns, bytes) => ({ configurable: { thread_id: id, turns, bytes }, recursionLimit: 1e6, durability: 'sync' });
const length = async (state) => (await state).messages.length - 1;
const start = (s) => graph.invoke({ messages: [new HumanMessage(goal)] }, s);

await serve({
  open: async () => {
    const checkpointer = PostgresSaver.fromConnString(process.env.PG_URL);
    await checkpointer.setup();
    graph = new StateGraph(MessagesAnnotation)
      .addNode('model', model)
      .addNode('tool', tool)
      .addEdge(START, 'model')
      .addEdge('model', 'tool')
      .addConditionalEdges('tool', afterTool, ['model', END])
      .compile({ checkpointer });
  },
  run: (id, turns, bytes) => length(start(settings(id, turns, bytes))),
  resume: async (id, turns, bytes) => {
    const s = settings(id, turns, bytes);
    const known = (await graph.getState(s)).createdAt;
    return length(known ? graph.invoke(null, s) : start(s));
  },
});
