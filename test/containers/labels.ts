/** What marks the containers of these tests, so that a suite can tell whether it left one behind. */
export const testLabel = "labelfleet.test";
export const testLabels = { [testLabel]: "containers" };
