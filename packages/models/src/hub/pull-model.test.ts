import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "@labelfleet/shared/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureOnnx } from "../model-cache.js";
import { resolveModel } from "../registry.js";
import { FakeHub } from "../test-support/fake-hub.js";
import { madeUpWeights } from "../test-support/made-up-weights.js";
import { parseHubSource } from "./hub-source.js";
import { pullModel } from "./pull-model.js";

const repo = "someone/cats.v1";
const config = {
  architecture: "tf_efficientnet_lite0",
  num_classes: 3,
  label_names: ["cat", "dog", "n02123045"],
  label_descriptions: { n02123045: "tabby" },
  pretrained_cfg: {
    ...{ input_size: [3, 192, 192], crop_pct: 0.9, interpolation: "bilinear", license: "mit" },
    ...{ mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] },
  },
};
const weights = Buffer.from(madeUpWeights("tf_efficientnet_lite0", 3));

let hub: FakeHub;
let cacheDir: string;
beforeEach(async () => {
  hub = await FakeHub.start();
  hub.add(repo, "config.json", JSON.stringify(config));
  hub.add(repo, "model.safetensors", weights, true);
  cacheDir = await mkdtemp(join(tmpdir(), "labelfleet-pull-"));
});
afterEach(async () => {
  await hub.stop();
  await rm(cacheDir, { recursive: true, force: true });
});

const pull = (token: string | null = null, name = `hf:${repo}`) =>
  pullModel(parseHubSource(name)!, { cacheDir, hub: { endpoint: hub.endpoint, token } });
const storageGets = () => hub.requests.filter(({ on, method }) => on === "storage" && method === "GET");

describe("pullModel", () => {
  it("makes a model folder that works, with the card and labels of the repository, and does it once", async () => {
    const model = await pull();
    expect(model.card).toMatchObject({
      ...{ id: "cats.v1", architecture: "tf_efficientnet_lite0", inputPx: 192, cropPct: 0.9, numClasses: 3 },
      ...{ interpolation: "bilinear", mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2], activation: "softmax" },
      ...{ license: "mit", source: `hf:${repo}` },
    });
    expect(model.card.weights.sha256).toBe(createHash("sha256").update(weights).digest("hex"));
    expect(model.labels).toEqual([{ label: "cat" }, { label: "dog" }, { label: "tabby", wnid: "n02123045" }]);
    expect((await readFile(join(model.folder, "weights.safetensors"))).equals(weights)).toBe(true);
    expect(await ensureOnnx(model, { cacheDir })).toMatch(/\.onnx$/);
    const { length } = hub.requests;
    expect((await pull()).sha256).toBe(model.sha256);
    expect(hub.requests).toHaveLength(length);
    expect(await readdir(join(cacheDir, "hub"))).toEqual(["someone--cats.v1--main--cats.v1"]);
  });

  it("honours the arguments of the network, and refuses others before it downloads the weights", async () => {
    hub.add(repo, "config.json", JSON.stringify({ ...config, model_args: { act_layer: "relu", pad_type: "" } }));
    expect((await pull()).card.modelArgs).toEqual({ act_layer: "relu", pad_type: "" });
    const other = "someone/strides";
    hub.add(other, "config.json", JSON.stringify({ ...config, model_args: { output_stride: 16 } }));
    const gets = storageGets().length;
    await expect(pull(null, `hf:${other}`)).rejects.toThrow(
      /strides\/config\.json: model_args\.output_stride 16 is not/,
    );
    expect(storageGets()).toHaveLength(gets);
  });

  it("sends the token to the hub and to no storage host", async () => {
    hub.token = "hf_secret";
    const refused = pull();
    await expect(refused).rejects.toThrow(/refuses someone\/cats\.v1\/config\.json \(401\): is HF_TOKEN set/);
    await expect(refused).rejects.toSatisfy((error) => hasCode(error, "ACCESS_DENIED"));
    await pull("hf_secret");
    expect(storageGets()).toHaveLength(1);
    expect(hub.requests.filter(({ on }) => on === "storage").every((request) => !request.authorization)).toBe(true);
  });

  it("goes on where the connection was cut, without fetching anything twice", async () => {
    hub.cuts = [100_000, 1_000_000];
    await pull();
    const ranges = storageGets().map(({ range }) => range);
    expect(ranges).toHaveLength(3);
    expect(ranges[0]).toBeUndefined();
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[0]).toBeLessThanOrEqual(100_000);
    expect(starts[1]).toBeGreaterThan(starts[0]!);
  });

  it("keeps what came when it has to give up, and the next pull goes on there", async () => {
    hub.cuts = [500_000, 0, 0, 0, 0, 0, 0];
    await expect(pull()).rejects.toSatisfy((error) => hasCode(error, "HUB_UNAVAILABLE"));
    hub.cuts = [];
    hub.requests.length = 0;
    await pull();
    expect(storageGets().map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
  }, 20_000);

  it("starts again at a storage host without ranges", async () => {
    hub.servesRanges = false;
    hub.cuts = [100_000];
    expect((await pull()).card.numClasses).toBe(3);
  });

  it("throws away what has another hash than the hub says", async () => {
    hub.claimedHash = "0".repeat(64);
    const wrong = pull();
    await expect(wrong).rejects.toThrow(
      /model\.safetensors: its hash is [0-9a-f]{64}, the hub says 0{64}; it was thrown away/,
    );
    await expect(wrong).rejects.toSatisfy((error) => hasCode(error, "MODEL_INVALID"));
    hub.claimedHash = undefined;
    hub.requests.length = 0;
    await pull();
    expect(storageGets().map(({ range }) => range)).toEqual([undefined]);
  });

  it("names what the hub does not have", async () => {
    hub.files.delete(`${repo}/model.safetensors`);
    await expect(pull()).rejects.toThrow("the model hub has no someone/cats.v1/model.safetensors");
    hub.add(repo, "pytorch_model.bin", "x");
    await expect(pull()).rejects.toThrow(/only pytorch_model\.bin: convert it .*; download the repository/);
    hub.add(repo, "model.safetensors.index.json", "{}");
    await expect(pull()).rejects.toThrow(/several files: merge them/);
    await expect(pull(null, "hf:nobody/nothing")).rejects.toSatisfy((error) => hasCode(error, "MODEL_UNKNOWN"));
  });

  it("follows a repository that has moved, and weathers a hub that is busy", async () => {
    hub.moved.set("old/name", repo);
    hub.failures = [503, 429];
    const model = await pull(null, "hf:old/name");
    expect(model.card.source).toBe("hf:old/name");
  });

  it("says when no hub answers", async () => {
    await hub.stop();
    await expect(pull()).rejects.toThrow(/model hub: 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/);
  }, 20_000);

  it("lets two who pull the same model at once take turns", async () => {
    const [first, second] = await Promise.all([pull(), pull()]);
    expect(first.folder).toBe(second.folder);
    expect(storageGets()).toHaveLength(1);
  });

  it("refuses label names that are not one a class", async () => {
    hub.add(repo, "config.json", JSON.stringify({ ...config, label_names: ["cat"] }));
    await expect(pull()).rejects.toThrow("label_names: 1 labels for the 3 classes");
  });

  it("goes through HTTP_PROXY", async () => {
    const asked: string[] = [];
    const proxy = createServer();
    // undici tunnels: CONNECT for plain addresses too.
    proxy.on("connect", (request, socket) => {
      asked.push(request.url ?? "");
      const [host, port] = request.url!.split(":");
      const target = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const before = { ...process.env };
    process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
    for (const name of ["http_proxy", "no_proxy", "NO_PROXY"]) delete process.env[name];
    try {
      await pull();
      expect(asked).toContain(new URL(hub.endpoint).host);
    } finally {
      process.env = before;
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

describe("a short name", () => {
  it("is pulled on first use, which is said, and keeps its own id", async () => {
    hub.add(
      "timm/tf_efficientnet_lite3.in1k",
      "config.json",
      JSON.stringify({ ...config, architecture: "tf_efficientnet_lite0" }),
    );
    hub.add("timm/tf_efficientnet_lite3.in1k", "model.safetensors", weights, true);
    const said: string[] = [];
    const options = {
      ...{ cacheDir, hub: { endpoint: hub.endpoint, token: null } },
      onPull: ({ id, repo: from }: { id: string; repo: string }) => said.push(`${id} from ${from}`),
    };
    const model = await resolveModel("efficientnet-lite3", options);
    expect(model.card.id).toBe("efficientnet-lite3");
    expect((await resolveModel("efficientnet-lite3", options)).sha256).toBe(model.sha256);
    expect(said).toEqual(["efficientnet-lite3 from timm/tf_efficientnet_lite3.in1k"]);
  });
});
