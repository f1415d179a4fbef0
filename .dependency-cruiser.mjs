// Who may import whom; the table below is the layout of src/. Checked by `npm run check`; every rule says why it exists.
import { fileURLToPath } from 'node:url';

/** What the files of a folder in src/ may import of ours besides their own folder, and why no more. */
const FOLDERS = {
  job: {
    imports: [],
    why: 'The domain is what everything else is about. If it knew a neighbour, nothing could be understood or tested without that neighbour.',
  },
  config: {
    imports: [],
    why: 'Configuration is read before anything else exists, and whoever needs a setting is handed its value.',
  },
  observability: {
    imports: [],
    why: 'Logs and metrics are written by everybody; importing anybody would close a circle.',
  },
  columnar: {
    imports: ['job'],
    why: 'Bytes of Arrow in, bytes of Arrow out: it must not matter where they come from or go to.',
  },
  state: {
    imports: ['job'],
    why: 'The store keeps jobs; what a run or a worker does with them must not leak into it.',
  },
  etl: {
    imports: ['columnar', 'job', 'state'],
    why: 'A run reaches its source and destination through the ports it defines, so that it works the same on BigQuery and on the strict double.',
  },
  bigquery: {
    imports: ['columnar', 'etl', 'job'],
    why: 'It implements the ports of etl/ and is replaceable as a whole; the database is none of its business.',
  },
  sources: {
    imports: ['columnar', 'etl', 'job'],
    why: 'A second source proves the port: it must get by with what any plugged-in source has.',
  },
  worker: {
    imports: ['etl', 'state', 'job'],
    why: 'It decides what happens to a delivery; how deliveries travel is behind its seams, so that simulations can drive it.',
  },
  pubsub: {
    imports: ['worker/delivery', 'worker/publisher', 'job'],
    why: 'It implements the seams of the worker and sees nothing else of it.',
  },
  http: {
    imports: ['config', 'observability', 'state', 'etl', 'worker', 'pubsub', 'columnar', 'job'],
    why: 'The pages show what the store knows; BigQuery is asked by runs only, and the command line is the other front door.',
  },
};

/** The only folder in src/ that may import a package, and what that spares the rest. */
const PACKAGES = [
  {
    packages: ['typeorm', 'mysql2', 'better-sqlite3'],
    folders: ['state'],
    why: 'one place knows SQL and its dialects',
  },
  {
    packages: ['@google-cloud/bigquery', '@google-cloud/bigquery-storage'],
    folders: ['bigquery'],
    why: 'one place knows which of its errors mean what',
  },
  {
    packages: ['@google-cloud/pubsub'],
    folders: ['pubsub'],
    why: 'one place knows how leases and acks really behave',
  },
  {
    packages: ['google-gax', 'google-auth-library'],
    folders: ['bigquery', 'pubsub'],
    why: 'only clients call or sign',
  },
  {
    packages: ['winston', 'prom-client'],
    folders: ['observability'],
    why: 'everybody logs and counts through our names',
  },
  {
    packages: ['@opentelemetry/[^/]+'],
    folders: ['observability'],
    why: 'one place knows what a span is',
  },
  { packages: ['fastify', '@fastify/[^/]+'], folders: ['http'], why: 'one place listens' },
  {
    packages: ['class-validator', 'class-transformer'],
    folders: ['job'],
    why: 'a message is validated once, at the door; behind it types are enough',
  },
  { packages: ['commander', 'cli-progress'], folders: ['cli'], why: 'only commands talk to a terminal' },
  {
    packages: ['csv-parse', 'hyparquet', 'hyparquet-compressors'],
    folders: ['sources'],
    why: 'one source knows how files are laid out',
  },
  { packages: ['flatbuffers'], folders: ['columnar'], why: 'one place knows how Arrow lies in memory' },
];

const folderRules = Object.entries(FOLDERS).map(([folder, { imports, why }]) => ({
  name: `${folder}-imports-only-its-own`,
  comment: `src/${folder}/ may import ${imports.length === 0 ? 'nothing of ours' : imports.join(', ')}. ${why}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [folder, ...imports].map((allowed) => `^src/${allowed}(/|\\.ts$)`) },
}));

const packageRules = PACKAGES.map(({ packages, folders, why }) => ({
  name: `${packages[0]}-only-in-${folders.join('-and-')}`,
  comment: `In src/, ${packages.join(', ')} may be imported in ${folders.join(' and ')} only: ${why}.`,
  severity: 'error',
  from: { path: '^src/', pathNot: folders.map((folder) => `^src/${folder}/`) },
  to: { path: packages.map((name) => `(^|/)node_modules/${name}/`) },
}));

export default {
  forbidden: [
    ...folderRules,
    ...packageRules,
    {
      name: 'nobody-imports-the-composition-root',
      comment:
        'src/app.ts, src/app/ and src/main.ts wire everything together; whoever imports them from below depends on everything. ' +
        'Only the commands and main.ts start an application.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|app\\.ts|app/|cli/)' },
      to: { path: '^src/(main\\.ts|app\\.ts|app/)' },
    },
    {
      name: 'product-stands-alone',
      comment: 'What ships must not need what does not ship: test/, dev/ and bench/ are not in the image.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|dev|bench)/' },
    },
    {
      name: 'dev-and-bench-do-without-tests',
      comment:
        'The demo and the benchmarks are read and run by users; test support may change with any test.',
      severity: 'error',
      from: { path: '^(dev|bench)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      comment:
        'Files that import each other can only be understood, tested and loaded together. Move what both need into a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports this file and it imports nobody: it is dead, or its entry point is missing.',
      severity: 'error',
      from: { orphan: true, path: '^(src|dev|bench)/', pathNot: ['\\.d\\.mts$'] },
      to: {},
    },
    {
      name: 'imports-resolve',
      comment: 'The file or package does not exist, or its name is misspelt.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'product-needs-only-dependencies',
      comment:
        'The image is installed with `npm ci --omit=dev`: a development package would be missing there.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-are-declared',
      comment:
        'A package that is here only because another one needs it may be gone or different tomorrow: declare it.',
      severity: 'error',
      from: { path: '^(src|dev|bench|test)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Imports of types count too: they are dependencies of the reader, and of the compiler.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: fileURLToPath(new URL('tsconfig.json', import.meta.url)) },
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      mainFields: ['module', 'main', 'types', 'typings'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.d.ts', '.d.mts'],
    },
  },
};
