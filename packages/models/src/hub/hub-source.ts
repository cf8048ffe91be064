import { join } from "node:path";
import { splitTag } from "../efficientnet/architecture-names.js";
import { architectureNames } from "../efficientnet/variants.js";
import { loadModelFolder, type Model } from "../model-folder.js";
import { shortNames } from "./short-names.js";

/** A repository of the hub, at a branch, tag or commit, and what the model made of it is called. */
export interface HubSource {
  readonly repo: string;
  readonly revision: string;
  readonly id: string;
  /** Where the name says it. */
  readonly architecture?: string;
}

/**
 * A short name, timm's name of weights (`efficientnet_b0.ra_in1k`), `hf:owner/repo` or `hf:owner/repo@revision`; null for
 * anything else.
 */
export function parseHubSource(name: string): HubSource | null {
  const short = shortNames.find(({ id }) => id === name);
  if (short) return { id: short.id, repo: short.repo, revision: "main", architecture: short.architecture };
  const tagged = parseTagged(name);
  if (tagged) return tagged;
  const match = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?$/.exec(name);
  return match && { id: idOf(match[1]!), repo: match[1]!, revision: match[2] ?? "main" };
}

/** timm's own weights lie under its name: mean, std and size are those of the repository's configuration. */
function parseTagged(name: string): HubSource | null {
  const { architecture, tag } = splitTag(name);
  if (tag === null || !/^[a-z0-9_]+$/.test(tag) || !architectureNames.includes(architecture)) return null;
  const id = `${architecture}.${tag}`;
  return { id, repo: `timm/${id}`, revision: "main", architecture };
}

/** The model folder that a source was pulled to, or null where it was not. Needs no network. */
export async function pulledModel(source: HubSource, cacheDir: string): Promise<Model | null> {
  return loadModelFolder(folderOf(source, cacheDir)).catch(() => null);
}

/** One for each id, since the id is part of the model's card. */
export function folderOf({ repo, revision, id }: HubSource, cacheDir: string): string {
  return join(cacheDir, "hub", [...repo.split("/"), revision.replaceAll("/", "-"), id].join("--"));
}

function idOf(repo: string): string {
  return modelIdOf(repo.slice(repo.indexOf("/") + 1));
}

/** A name as a model's id may be. */
export function modelIdOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
}
