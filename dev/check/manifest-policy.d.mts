// The types of manifest-policy.mjs, which is plain JavaScript as the checks are.
export function policyViolations(resources: readonly object[]): string[];
