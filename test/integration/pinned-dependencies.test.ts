import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkoutDir } from "../containers/checkout.js";

interface Package {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  overrides?: Record<string, string>;
}

interface Lock {
  packages: Record<string, { integrity?: string; link?: boolean; optional?: boolean }>;
}

const read = <T>(...path: string[]) => JSON.parse(readFileSync(join(checkoutDir, ...path), "utf8")) as T;
const lock = read<Lock>("package-lock.json");
const workspaces = Object.keys(lock.packages).filter((path) => !path.includes("node_modules"));

test.each(workspaces)("package.json of %s names exact versions only", (workspace) => {
  const { dependencies, devDependencies, optionalDependencies, overrides } = read<Package>(workspace, "package.json");
  const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies, ...overrides });
  const loose = all.filter(([, version]) => !/^(npm:[\w/.-]+@)?\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/.test(version));
  expect(loose).toEqual([]);
});

test("the lock file has a hash for every package that is downloaded", () => {
  // npm leaves out the hash of optional packages of other platforms than the one that the file was made on.
  const downloaded = Object.entries(lock.packages).filter(
    ([path, { link, optional }]) => path.includes("node_modules") && !link && !optional,
  );
  expect(downloaded.length).toBeGreaterThan(100);
  expect(downloaded.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? "")).map(([path]) => path)).toEqual([]);
});

test("installing runs no script of a dependency", () => {
  expect(readFileSync(join(checkoutDir, ".npmrc"), "utf8")).toMatch(/^ignore-scripts=true$/m);
});
