// Vercel's `ai` with its OpenAI and OpenAI-compatible providers, unmodified.
import assert from 'node:assert/strict';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { BASE, CHAT_MODELS, KEY, OPENAI, POOR_KEY, rejects, run, test } from './common.mjs';

const openai = createOpenAI({ apiKey: KEY, baseURL: `${BASE}/v1` });
const compatible = createOpenAICompatible({
  name: 'vuzo', apiKey: KEY, baseURL: `${BASE}/v1`, includeUsage: true, supportsStructuredOutputs: true,
});
const City = z.object({ city: z.string(), population: z.number() });
const weather = tool({
  description: 'The weather in a city', inputSchema: z.object({ city: z.string() }), execute: async () => 'sunny',
});

// Chat through both providers, and responses, which is the default of the first.
function* everyWire() {
  for (const name of CHAT_MODELS) {
    yield [`responses ${name}`, openai(name)];
    yield [`chat ${name}`, openai.chat(name)];
    yield [`compatible ${name}`, compatible(name)];
  }
}

test('text', async () => {
  for (const [name, model] of everyWire()) {
    const { text, usage, finishReason } = await generateText({ model, prompt: 'good morning', maxRetries: 0 });
    assert.equal(text, 'You said: good morning', name);
    assert.equal(usage.outputTokens, 10, name);
    assert.equal(finishReason, 'stop', name);
  }
});

test('streamed text', async () => {
  for (const [name, model] of everyWire()) {
    const result = streamText({ model, prompt: 'good morning', maxRetries: 0 });
    let text = '';
    for await (const piece of result.textStream) text += piece;
    assert.equal(text, 'You said: good morning', name);
    assert.equal((await result.usage).totalTokens, 30, name);
  }
});

test('tools in parallel, and back', async () => {
  for (const [name, model] of everyWire()) {
    const { text, steps } = await generateText({
      model, prompt: 'weather?', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0,
    });
    assert.equal(text, 'It is sunny in both.', name);
    assert.deepEqual(steps[0].toolCalls.map((call) => call.input.city), ['Paris', 'Rome'], name);
    const result = streamText({
      model, prompt: 'weather?', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0,
    });
    assert.equal(await result.text, 'It is sunny in both.', name);
  }
});

test('objects', async () => {
  for (const [name, model] of everyWire()) {
    const { object } = await generateObject({ model, schema: City, prompt: 'about Paris', maxRetries: 0 });
    assert.deepEqual(object, { city: 'Paris', population: 2100000 }, name);
  }
});

test('embeddings', async () => {
  const { embeddings } = await embedMany({
    model: openai.textEmbeddingModel('text-embedding-3-small'), values: ['a', 'b'], maxRetries: 0,
  });
  assert.deepEqual(embeddings.map((vector) => vector.length), [8, 8]);
});

test('errors', async () => {
  const poor = createOpenAI({ apiKey: POOR_KEY, baseURL: `${BASE}/v1` });
  for (const model of [poor(OPENAI), poor.chat(OPENAI)]) {
    const error = await rejects(() => generateText({ model, prompt: 'hi', maxRetries: 0 }), APICallError);
    assert.equal(error.statusCode, 402);
    assert.equal(error.isRetryable, false);
  }
});

test('retries are answered', async () => {
  const started = Date.now();
  const error = await generateText({ model: openai.chat(OPENAI), prompt: 'fail 503', maxRetries: 1 })
    .then(() => null, (reason) => reason);
  assert.equal(error?.reason, 'maxRetriesExceeded', String(error));
  assert.ok(Date.now() - started < 20_000);
});

await run();
