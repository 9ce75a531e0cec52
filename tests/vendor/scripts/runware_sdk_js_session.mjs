// Every method of the vendor's JavaScript SDK (`@runware/sdk-js`); run it where that is installed.
//
// Usage: node runware_sdk_js_session.mjs <WebSocket URL> <API key>
//
// Prints `ok <method>` where a method did what it is for, and `ok <method>: <trap>` where the SDK stood in its own way.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import { Runware } from "@runware/sdk-js";

const [url, apiKey] = process.argv.slice(2);

// One pixel, and a ZIP archive with one word in it.
const PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const ARCHIVE = "data:application/zip;base64,UEsDBBQAAAAAAAAAIQCPX2H6AwAAAAMAAAAFAAAAMS50eHRyZWRQSwECFAMUAAAAAAAAACEAj19h+gMAAAADAAAABQAAAAAAAAAAAAAAgAEAAAAAMS50eHRQSwUGAAAAAAEAAQAzAAAAJgAAAAAA";

function ok(step, trap) {
  console.log("ok", trap ? `${step}: ${trap}` : step);
}

async function download(address) {
  const answer = await fetch(address);
  assert.equal(answer.status, 200, address);
  return Buffer.from(await answer.arrayBuffer());
}

function isImage(data) {
  return data.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) || data.subarray(1, 4).toString() === "PNG";
}

async function makeImages(runware) {
  const request = { model: "runware:101@1", positivePrompt: "a lighthouse at dusk", width: 512, height: 512 };
  const made = await runware.requestImages({ ...request, numberResults: 2, seed: 7, includeCost: true });
  assert.deepEqual(made.map((image) => image.seed).sort(), [7, 8]);
  assert.ok(made.every((image) => image.cost > 0));
  assert.ok(isImage(await download(made[0].imageURL)));
  ok("requestImages");
  const [pushed] = await runware.imageInference(request);
  assert.ok(pushed.imageURL);
  ok("imageInference");
  const [portrait] = await runware.photoMaker({
    model: "civitai:139562@344487",
    positivePrompt: "a rwre man on a beach",
    inputImages: [made[0].imageURL],
    style: "No style",
    height: 512,
    width: 512,
    numberResults: 1,
  });
  assert.ok(isImage(await download(portrait.imageURL)));
  ok("photoMaker");
  return made[0];
}

async function workOnImages(runware, image) {
  const larger = { model: "runware:504@1", upscaleFactor: 2 };
  assert.ok((await runware.upscaleGan({ ...larger, inputImage: image })).imageURL);
  ok("upscaleGan");
  assert.ok((await runware.upscale({ ...larger, inputs: { image }, deliveryMethod: "async" })).imageURL);
  ok("upscale");
  const cut = { model: "runware:109@1", outputFormat: "PNG" };
  assert.ok((await runware.removeImageBackground({ ...cut, inputImage: image })).imageURL);
  ok("removeImageBackground");
  assert.ok((await runware.removeBackground({ ...cut, inputs: { image } })).imageURL);
  ok("removeBackground");
  assert.ok((await runware.requestImageToText({ model: "runware:150@2", inputImage: image })).text);
  ok("requestImageToText");
  assert.ok((await runware.caption({ model: "runware:150@2", inputs: { image } })).text);
  ok("caption");
  const guide = { inputImage: image, preProcessorType: "canny" };
  assert.ok((await runware.controlNetPreProcess(guide)).guideImageURL);
  ok("controlNetPreProcess");
  assert.ok((await runware.controlNetPreprocess(guide)).guideImageURL);
  ok("controlNetPreprocess");
  assert.ok((await runware.imageMasking({ model: "runware:35@1", inputImage: image })).maskImageURL);
  ok("imageMasking");
  const drawing = await runware.vectorize({ model: "recraft:1@1", inputs: { image }, outputFormat: "SVG" });
  assert.ok((await download(drawing.imageURL)).includes("<svg"));
  ok("vectorize");
}

async function makeOtherMedia(runware, image) {
  const film = { model: "lightricks:ltx@2.3", positivePrompt: "waves on rocks", duration: 1, width: 256, height: 128 };
  const [made] = await runware.videoInference(film);
  assert.equal((await download(made.videoURL)).subarray(4, 8).toString(), "ftyp");
  ok("videoInference");
  const task = await runware.videoInference({ ...film, skipResponse: true });
  let states = [];
  while (!states.some((state) => state.status === "success")) {
    states = await runware.getResponse({ taskUUID: task.taskUUID });
  }
  ok("getResponse");
  const sound = { model: "elevenlabs:1@1", positivePrompt: "a slow waltz", duration: 10 };
  assert.ok((await download((await runware.audioInference(sound))[0].audioURL)).length > 1000);
  ok("audioInference");
  const shape = { model: "meshy:meshy@6", inputs: { image }, outputFormat: "GLB", deliveryMethod: "async" };
  const [solid] = await runware.threeDInference(shape);
  assert.equal((await download(solid.outputs.files[0].url)).subarray(0, 4).toString(), "glTF");
  ok("threeDInference");
}

async function makeWords(runware) {
  const prompts = await runware.enhancePrompt({ prompt: "a lighthouse", promptMaxLength: 64, promptVersions: 3 });
  assert.equal(prompts.length, 3);
  ok("enhancePrompt");
  assert.equal((await runware.promptEnhance({ prompt: "a lighthouse", promptMaxLength: 64 })).length, 1);
  ok("promptEnhance");
  const messages = [{ role: "user", content: "What is a lighthouse?" }];
  const [answer] = await runware.textInference({ model: "openai:gpt@5-mini", messages });
  assert.ok(answer.text);
  ok("textInference");
}

async function upload(runware) {
  const image = await runware.imageUpload({ image: PICTURE });
  assert.ok(isImage(await download(image.imageURL)));
  ok("imageUpload");
  const medium = await runware.mediaStorage({ media: PICTURE });
  assert.ok((await runware.upscale({ model: "runware:504@1", upscaleFactor: 2, inputs: { image: medium.mediaUUID } })).imageURL);
  assert.ok((await runware.mediaStorage({ operation: "delete", media: medium.mediaUUID })).mediaUUID);
  ok("mediaStorage");
}

async function handleModels(runware) {
  const found = await runware.modelSearch({ search: "flux dev", limit: 5 });
  assert.ok(found.results.some((model) => model.air === "runware:101@1"));
  ok("modelSearch");
  const name = `js-${randomUUID().slice(0, 8)}`;
  const model = { name, uniqueIdentifier: name, version: "1", private: true };
  const stages = [];
  const uploaded = await runware.modelUpload({
    ...model,
    air: `acme:${name}@1`,
    category: "lora",
    architecture: "flux1d",
    format: "safetensors",
    downloadURL: "https://example.com/harbours.safetensors",
    onUploadStream: (stage) => stages.push(stage?.status),
  });
  assert.equal(uploaded.status, "ready");
  assert.equal(stages[0], "validated");
  ok("modelUpload");
  const trained = await runware.training({
    model: "runware:z-image@style-lora-training",
    importModel: { ...model, air: `acme:${name}@2` },
    inputs: { dataset: ARCHIVE },
  });
  assert.ok(trained.taskUUID);
  ok("training");
}

// It waits for `ready` only: a model that cannot be downloaded is waited for an hour long.
async function uploadLostModel(runware) {
  const stages = [];
  const failed = new Promise((resolve) => {
    runware.modelUpload({
      name: "lost",
      uniqueIdentifier: "acme-lost",
      version: "1",
      private: true,
      air: "acme:404@1",
      category: "lora",
      architecture: "flux1d",
      format: "safetensors",
      downloadURL: "http://127.0.0.1:9/lost.safetensors",
      onUploadStream: (stage) => stages.push(stage?.status) && stage?.status === "failed" && resolve("failed"),
    }).then(() => resolve("over"), () => resolve("over"));
  });
  assert.equal(await failed, "failed", stages.join());
  ok("modelUpload", "failed");
}

async function retrieve(runware, taskUUID) {
  const details = await runware.getTaskDetails({ taskUUID });
  assert.equal(details.request[0].positivePrompt, "a lighthouse at dusk");
  assert.equal(details.response.data.length, 2);
  ok("getTaskDetails");
}

async function tryWrongKey() {
  await assert.rejects(Runware.initialize({ url, apiKey: "not-the-key" }), (error) => error.error.code === "invalidApiKey");
}

const runware = await Runware.initialize({ url, apiKey });
ok("initialize");
const image = await makeImages(runware);
await workOnImages(runware, image.imageURL);
await makeOtherMedia(runware, image.imageURL);
await makeWords(runware);
await upload(runware);
await handleModels(runware);
await uploadLostModel(runware);
await retrieve(runware, image.taskUUID);
await runware.disconnect();
ok("disconnect");
await tryWrongKey();
process.exit(0); // a connection whose key was wrong is never given up by the SDK
