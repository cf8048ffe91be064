import { expect, it } from "vitest";
import { faultKinds, planRound } from "./plan.js";

const round = { seed: 7, round: 0, forMs: 60_000, workers: 3 };

it("the same seed gives the same faults, another seed or round others", () => {
  expect(planRound(round)).toEqual(planRound(round));
  expect(planRound({ ...round, seed: 8 })).not.toEqual(planRound(round));
  expect(planRound({ ...round, round: 1 })).not.toEqual(planRound(round));
});

it("faults come in order, within the round, to workers that are there", () => {
  const plan = planRound({ ...round, forMs: 3_600_000 });
  const times = plan.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThan(3_600_000);
  expect(new Set(plan.map(({ worker }) => worker))).toEqual(new Set([0, 1, 2]));
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(Object.keys(faultKinds)));
});
