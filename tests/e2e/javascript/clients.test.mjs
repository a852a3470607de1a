// OpenAI's real library for JavaScript against a running server: SERVER_URL=... RECORDING=... node --test

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { test } from "node:test";

import OpenAI from "openai";

const url = process.env.SERVER_URL;
const recording = process.env.RECORDING;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });

const file = () => createReadStream(recording);

test("a recording becomes text", async () => {
  const answer = await client.audio.transcriptions.create({ file: file(), model: "whisper-1" });

  assert.match(answer.text.toLowerCase(), /quick brown fox/);
  assert.equal(answer.usage.type, "duration");
});

test("verbose json has segments and words", async () => {
  const answer = await client.audio.transcriptions.create({
    file: file(),
    model: "whisper-1",
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  });

  assert.equal(answer.language, "english");
  assert.ok(answer.duration > 1);
  assert.ok(answer.segments[0].tokens.length > 0);
  assert.ok(answer.words.length > 5);
  assert.ok(answer.words.every((word) => word.start <= word.end && word.end <= answer.duration));
});

for (const [format, beginning] of [["text", ""], ["srt", "1"], ["vtt", "WEBVTT"]]) {
  test(`${format} is text`, async () => {
    const answer = await client.audio.transcriptions.create({
      file: file(),
      model: "whisper-1",
      response_format: format,
    });

    assert.equal(typeof answer, "string");
    assert.ok(answer.startsWith(beginning));
    assert.match(answer.toLowerCase(), /fox/);
  });
}

test("text comes as a stream", async () => {
  const stream = await client.audio.transcriptions.create({
    file: file(),
    model: "whisper-1",
    stream: true,
    include: ["logprobs"],
  });

  let text = "";
  let done;
  for await (const event of stream) {
    if (event.type === "transcript.text.delta") {
      text += event.delta;
      assert.ok(event.logprobs.every((token) => token.logprob <= 0));
    } else {
      assert.equal(event.type, "transcript.text.done");
      done = event;
    }
  }
  assert.equal(text, done.text);
  assert.match(text.toLowerCase(), /fox/);
});

test("an unknown model is not found", async () => {
  await assert.rejects(
    client.audio.transcriptions.create({ file: file(), model: "gpt-4o-transcribe" }),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found" && error.param === "model",
  );
});

test("a wrong parameter is a bad request", async () => {
  await assert.rejects(
    client.audio.transcriptions.create({ file: file(), model: "whisper-1", language: "xx" }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "language",
  );
});

test("models are listed", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);

  assert.ok(ids.includes("whisper-1"));
  assert.equal((await client.models.retrieve("whisper-1")).object, "model");
});
