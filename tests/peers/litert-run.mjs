// Runs .tflite models in LiteRT (XNNPACK, WebAssembly) and is driven by LiteRt.cs.
//
// Usage: node litert-run.mjs            one JSON request a line on standard input, one JSON answer a line on standard output
//        node litert-run.mjs REQUEST    the request is in this JSON file
//
// Request:  { "model": "m.tflite", "inputs": { "NAME": "in.bin" } or ["in.bin"] in the model's order, "outputs": "FOLDER" },
//           and "times": how often it runs on them, of which the last is answered, for models with state; 1 if absent
// Answer:   { "inputs": [{ name, type, shape }], "outputs": [{ name, type, shape, file }] } or { "error": "..." }
//
// Tensor files hold the elements alone, little-endian, row-major.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';

// LiteRT's ElementType values with the names that NumPy uses.
const TYPES = {
  1: 'float32', 2: 'int32', 3: 'uint8', 4: 'int64', 6: 'bool', 7: 'int16', 9: 'int8', 10: 'float16', 11: 'float64',
  13: 'uint64', 16: 'uint32', 17: 'uint16',
};
const WASM = fileURLToPath(new URL('node_modules/@litertjs/core/wasm/litert_wasm_compat_internal', import.meta.url));

// LiteRT logs through these; standard output carries the answers alone, and an answer that is an error has the logged errors.
const log = [];
for (const level of ['log', 'info', 'warn', 'error', 'debug'])
  console[level] = (...words) => log.push(words.join(' '));

// The package's own loader and its Tensor class are bypassed: the loader wants a browser, and Tensor refuses every element
// type but float32, int32 and uint8, all of which the WebAssembly module itself has.
async function load() {
  // A CommonJS script in a package that says it holds modules: it must be given what Node would give such a script.
  const script = compileFunction(`${readFileSync(WASM + '.js', 'utf8')}; return ModuleFactory`,
    ['require', '__filename', '__dirname'], { filename: WASM + '.js' });
  const factory = script(createRequire(import.meta.url), WASM + '.js', dirname(WASM));
  const wasm = await factory({ wasmBinary: readFileSync(WASM + '.wasm') });
  wasm.setupLogging();
  return wasm;
}

function toArray(vector) {
  const items = Array.from({ length: vector.size() }, (_, i) => vector.get(i));
  vector.delete();
  return items;
}

function describe(name, tensorType) {
  const element = tensorType.elementType().value;
  if (!(element in TYPES)) throw new Error(`tensor ${name} has LiteRT element type ${element}, which this harness does not know`);
  const layout = tensorType.layout();
  const shape = toArray(layout.dimensions());
  layout.delete();
  return { name, type: TYPES[element], shape };
}

async function run(wasm, environment, request) {
  const bytes = readFileSync(request.model);
  const pointer = wasm._malloc(bytes.length);
  wasm.HEAPU8.set(bytes, pointer);
  const model = wasm.loadModel(environment, pointer, bytes.length);
  const compiled = await wasm.compileModel(environment, model,
    { environment, accelerator: 'wasm', cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} });
  const signature = model.getSignature(0);

  const inputs = [];
  const buffers = toArray(signature.inputNames()).map((name, i) => {
    const type = model.getInputTensorType(0, i);
    const tensor = describe(name, type);
    inputs.push(tensor);
    const file = request.inputs[Array.isArray(request.inputs) ? i : name];
    if (file === undefined) throw new Error(`no data for input ${name} (given: ${Object.keys(request.inputs).join(', ')})`);
    const data = readFileSync(file);
    if (data.length !== type.bytes())
      throw new Error(`input ${name} is ${tensor.type}[${tensor.shape}], ${type.bytes()} bytes; ${data.length} were given`);
    const buffer = wasm.LiteRtTensorBuffer.createManaged(environment, wasm.LiteRtTensorBufferType.HOST_MEMORY, type, data.length);
    wasm.HEAPU8.set(data, buffer.lock(wasm.LiteRtTensorBufferLockMode.WRITE));
    buffer.unlock();
    return buffer;
  });

  let results = await compiled.run(0, buffers);
  for (let time = 1; time < (request.times ?? 1); time++) {
    for (const result of results) result.delete();
    results = await compiled.run(0, buffers);
  }

  const outputs = toArray(signature.outputNames()).map((name, i) => {
    const buffer = results[i];
    const tensor = describe(name, buffer.tensorType());
    const start = buffer.lock(wasm.LiteRtTensorBufferLockMode.READ);
    tensor.file = join(request.outputs, `output${i}.bin`);
    writeFileSync(tensor.file, wasm.HEAPU8.subarray(start, start + buffer.packedSize()));
    buffer.unlock();
    return tensor;
  });

  for (const item of [...buffers, ...results, signature, compiled, model]) item.delete();
  wasm._free(pointer);
  return { inputs, outputs };
}

const wasm = await load();
const environment = wasm.LiteRtEnvironment.create(null);
const requests = process.argv.length > 2
  ? [readFileSync(process.argv[2], 'utf8')]
  : createInterface({ input: process.stdin, terminal: false });

for await (const line of requests) {
  log.length = 0;
  let answer;
  try {
    answer = await run(wasm, environment, JSON.parse(line));
  } catch (error) {
    answer = { error: [String(error?.message ?? error), ...log.filter(line => line.startsWith('ERROR'))].join('\n') };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
