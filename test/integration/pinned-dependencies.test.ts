import { readdirSync, readFileSync } from "node:fs";
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
  packages: Record<string, { integrity?: string; link?: boolean }>;
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

test("the lock file has a hash for every package that is downloaded, on whatever platform", () => {
  const downloaded = Object.entries(lock.packages).filter(([path, { link }]) => path.includes("node_modules") && !link);
  expect(downloaded.length).toBeGreaterThan(100);
  const withoutHash = downloaded.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""));
  // npm leaves out those of optional packages of other platforms: npm view <package>@<version> dist.integrity
  expect(withoutHash.map(([path]) => path)).toEqual([]);
});

test("NOTICE names every library of sharp's bundle, with its version and the LGPL where that holds", () => {
  const notice = readFileSync(join(checkoutDir, "NOTICE"), "utf8");
  const folder = join("node_modules", "@img");
  const bundle = readdirSync(join(checkoutDir, folder)).find((name) => name.startsWith("sharp-libvips-"))!;
  const versions = Object.values(read<Record<string, string>>(folder, bundle, "versions.json"));
  expect(versions.length).toBeGreaterThan(20);
  expect(versions.filter((version) => !notice.includes(` ${version} `))).toEqual([]);
  const readme = readFileSync(join(checkoutDir, folder, bundle, "README.md"), "utf8");
  const libraries = [...readme.matchAll(/^\| (\S+) +\| (.*?) +\|$/gm)].filter(([, name]) => name !== "Library");
  expect(libraries.length).toBeGreaterThan(20);
  const [lesser = "", others = ""] = notice.split("Lesser General Public License")[1]!.split("Under licences that");
  const missing = libraries.filter(([, name, licence]) => {
    return !(licence!.startsWith("LGPL") ? lesser : others).includes(`\n  ${name} `);
  });
  expect(missing.map(([, name]) => name)).toEqual([]);
});

test("installing runs no script of a dependency", () => {
  expect(readFileSync(join(checkoutDir, ".npmrc"), "utf8")).toMatch(/^ignore-scripts=true$/m);
});
