// The official `openai` package for Node, unmodified: only the address and the key are ours.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { BASE, CHAT_MODELS, KEY, LIMITED_KEY, OPENAI, POOR_KEY, rejects, run, test } from './common.mjs';

const client = new OpenAI({ apiKey: KEY, baseURL: `${BASE}/v1`, maxRetries: 0 });
const messages = [{ role: 'user', content: 'good morning' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function', function: { name: 'weather', parameters } };
const cities = ['Paris', 'Rome'];

test('chat plain', async () => {
  for (const model of CHAT_MODELS) {
    const answer = await client.chat.completions.create({ model, messages });
    assert.equal(answer.choices[0].message.content, 'You said: good morning', model);
    assert.equal(answer.usage.total_tokens, 30, model);
    assert.ok(answer._request_id);
  }
});

test('chat streamed, with tools in parallel', async () => {
  for (const model of CHAT_MODELS) {
    const said = await client.chat.completions.stream({ model, messages }).finalContent();
    assert.equal(said, 'You said: good morning', model);
    const stream = client.chat.completions.stream({
      model, messages, tools: [weather], stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    const calls = final.choices[0].message.tool_calls;
    assert.deepEqual(calls.map((call) => JSON.parse(call.function.arguments).city), cities, model);
    assert.equal(final.choices[0].finish_reason, 'tool_calls');
    assert.equal(final.usage.total_tokens, 30, model);
  }
});

test('structured output', async () => {
  const City = z.object({ city: z.string(), population: z.number() });
  for (const model of CHAT_MODELS) {
    const answer = await client.chat.completions.parse({
      model, messages, response_format: zodResponseFormat(City, 'city'),
    });
    assert.deepEqual(answer.choices[0].message.parsed, { city: 'Paris', population: 2100000 }, model);
  }
});

test('responses plain, streamed and with tools', async () => {
  const tools = [{ type: 'function', name: 'weather', parameters, strict: false }];
  for (const model of CHAT_MODELS) {
    const answer = await client.responses.create({ model, input: 'good morning' });
    assert.equal(answer.output_text, 'You said: good morning', model);
    const stream = client.responses.stream({ model, input: 'weather?', tools });
    const final = await stream.finalResponse();
    const calls = final.output.filter((item) => item.type === 'function_call');
    assert.deepEqual(calls.map((call) => JSON.parse(call.arguments).city), cities, model);
  }
});

test('embeddings', async () => {
  for (const model of ['text-embedding-3-small', 'gemini-embedding-001']) {
    const rows = await client.embeddings.create({ model, input: ['a', 'b'] });
    assert.deepEqual(rows.data.map((row) => row.embedding.length), [8, 8], model);
    const floats = await client.embeddings.create({ model, input: ['a'], encoding_format: 'float' });
    assert.deepEqual(floats.data[0].embedding, rows.data[0].embedding, model);
  }
});

test('errors have their classes', async () => {
  const ask = (apiKey, more) => new OpenAI({ apiKey, baseURL: `${BASE}/v1`, maxRetries: 0 })
    .chat.completions.create({ model: OPENAI, messages, ...more });
  await rejects(() => ask('vz-sk_wrong'), OpenAI.AuthenticationError);
  await rejects(() => ask(KEY, { model: 'gpt-0' }), OpenAI.NotFoundError);
  await rejects(() => ask(KEY, { temperature: 'warm' }), OpenAI.BadRequestError);
  const poor = await rejects(() => ask(POOR_KEY), OpenAI.APIError);
  assert.equal(poor.status, 402);
  const down = await rejects(
    () => ask(KEY, { messages: [{ role: 'user', content: 'fail 503' }] }), OpenAI.InternalServerError);
  assert.ok([502, 503].includes(down.status));
  const limited = await rejects(async () => {
    for (let count = 0; count < 4; count += 1) await ask(LIMITED_KEY);
  }, OpenAI.RateLimitError);
  assert.equal(limited.code, 'rate_limit_exceeded');
});

test('aborted streams', async () => {
  for (const model of CHAT_MODELS) {
    const stream = await client.chat.completions.create({
      model, messages: [{ role: 'user', content: 'slowly' }], stream: true,
    });
    let count = 0;
    for await (const _ of stream) if (++count === 3) break;
    assert.ok(stream.controller.signal.aborted, model);
  }
});

await run();
