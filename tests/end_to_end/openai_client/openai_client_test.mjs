// Asks a running squall-serve through the npm package `openai`, as programs do that were written
// for OpenAI's API. Usage: node openai_client_test.mjs BASE_URL; $SQUALL_NODE_MODULES may name the
// folder that holds the package. Exit codes: 0 all is well, 1 not, 77 the package is not installed.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const from = process.env.SQUALL_NODE_MODULES
  ? path.join(path.resolve(process.env.SQUALL_NODE_MODULES), "..", "anything.js")
  : import.meta.url;
let OpenAI;
try {
  OpenAI = createRequire(from)("openai").OpenAI;
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND") throw error;
  console.log("skipped: the npm package openai is not installed; run: npm ci");
  process.exit(77);
}

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "none", maxRetries: 0 });
const model = (await client.models.list()).data[0].id;
const greedy = { model, temperature: 0, seed: 1, ignore_eos: true };
const question = [
  { role: "system", content: "You tell stories." },
  { role: "user", content: "Tell me one." },
];

async function gather(stream) {
  const got = { text: "", chunks: 0, usage: null, finish: null, role: null };
  for await (const chunk of stream) {
    ++got.chunks;
    got.usage = chunk.usage ?? got.usage;
    for (const choice of chunk.choices) {
      got.text += choice.delta?.content ?? choice.text ?? "";
      got.role = choice.delta?.role ?? got.role;
      got.finish = choice.finish_reason ?? got.finish;
    }
  }
  return got;
}

async function refused(promise, status, code) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.equal(error.status, status);
    assert.equal(error.code, code);
    return true;
  });
}

const checks = {
  async "the model is found by its name"() {
    assert.equal((await client.models.retrieve(model)).id, model);
    await refused(client.models.retrieve("gpt-4"), 404, "model_not_found");
  },
  async "a chat is answered, streamed and not, with the same words"() {
    const whole = await client.chat.completions.create({ ...greedy, messages: question, max_tokens: 12 });
    assert.equal(whole.choices[0].message.role, "assistant");
    assert.equal(whole.choices[0].finish_reason, "length");
    assert.equal(whole.usage.completion_tokens, 12);
    const got = await gather(await client.chat.completions.create({
      ...greedy, messages: question, max_completion_tokens: 12,
      stream: true, stream_options: { include_usage: true },
    }));
    assert.equal(got.text, whole.choices[0].message.content);
    assert.equal(got.role, "assistant");
    assert.equal(got.finish, "length");
    assert.deepEqual(got.usage, whole.usage);
    assert.ok(got.chunks > 3);
  },
  async "a completion is answered, streamed and not, with the same words"() {
    const whole = await client.completions.create({ ...greedy, prompt: "Once upon a time", max_tokens: 9 });
    assert.equal(whole.usage.completion_tokens, 9);
    const got = await gather(await client.completions.create({
      ...greedy, prompt: "Once upon a time", max_tokens: 9, stream: true,
    }));
    assert.equal(got.text, whole.choices[0].text);
    assert.equal(got.usage, null);
  },
  async "the package's own reader of streams understands the events"() {
    const stream = client.chat.completions.stream({ ...greedy, messages: question, max_tokens: 5 });
    const pieces = [];
    stream.on("content", (piece) => pieces.push(piece));
    const final = await stream.finalChatCompletion();
    assert.equal(final.choices[0].message.content, pieces.join(""));
    assert.equal(final.choices[0].finish_reason, "length");
  },
  async "sixty-four streams at once have the same answer"() {
    const ask = async () => gather(await client.completions.create({
      ...greedy, prompt: "Once upon a time", max_tokens: 16, stream: true,
      stream_options: { include_usage: true },
    }));
    const alone = await ask();
    for (const got of await Promise.all(Array.from({ length: 64 }, ask))) {
      assert.equal(got.text, alone.text);
      assert.equal(got.usage.completion_tokens, 16);
    }
  },
  async "a stream that is aborted frees the engine"() {
    const stream = await client.completions.create({
      ...greedy, prompt: "Once", max_tokens: 400, stream: true,
    });
    for await (const chunk of stream) {
      assert.ok(chunk.id);
      break;
    }
    stream.controller.abort();
    for (;;) {
      const metrics = await (await fetch(process.argv[2] + "/metrics")).text();
      if (/^squall_requests_running 0$/m.test(metrics) && /status="499"} 1$/m.test(metrics)) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  async "mistakes arrive as the package's errors"() {
    const ask = (fields) => client.completions.create({ model, prompt: "a", ...fields });
    await refused(ask({ model: "gpt-4" }), 404, "model_not_found");
    await refused(ask({ n: 2 }), 400, "unsupported_parameter");
    await refused(ask({ max_tokens: 1000000 }), 400, "context_length_exceeded");
    await assert.rejects(ask({ temperature: 7 }), OpenAI.BadRequestError);
    await assert.rejects(
      client.chat.completions.create({ model, messages: [] }), OpenAI.BadRequestError);
    await assert.rejects(client.embeddings.create({ model, input: "a" }), OpenAI.NotFoundError);
  },
};

for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    console.log(`FAILED: ${name}\n${error.stack}`);
    process.exitCode = 1;
  }
}
