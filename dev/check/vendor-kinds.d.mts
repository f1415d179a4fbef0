// The types of vendor-kinds.mjs, for the test of it.
export function vendorViolations(resources: readonly object[]): string[];
