// The types of find-mariadb.mjs, which is plain JavaScript because set-up runs before any package is installed.
export function findMariaDb(): { server: string; initializer: string } | undefined;
