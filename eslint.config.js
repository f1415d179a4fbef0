// The rules for how code is written here; each one that is not plainly about mistakes says what it protects.
import tseslint from 'typescript-eslint';

const CLOCK =
  'Time comes from the injected Clock, so that simulations can drive it and a seed replays exactly.';
const RANDOM = 'Chance comes from the injected Random, so that a seed replays exactly.';
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: CLOCK }));
const TIMER_MODULES = ['node:timers', 'node:timers/promises', 'timers', 'timers/promises'];

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message:
    'Read the environment in src/main.ts (or ormconfig.ts) and hand the value on: a setting has one way in.',
};
const DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by name: then it has the same name everywhere.',
};
const ENUM = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of strings: it needs no code and no import.',
};
const NEW_DATE = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.name='Date']",
  message: CLOCK,
};

const off = (...names) => Object.fromEntries(names.map((name) => [`@typescript-eslint/${name}`, 'off']));

const typeScript = ['**/*.ts', '**/*.mts'];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.local', 'coverage', 'data'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    rules: {
      eqeqeq: 'error',
      'no-constant-condition': ['error', { checkLoops: false }],
      'no-control-regex': 'error',
      'no-else-return': 'error',
      'no-shadow-restricted-names': 'error',
      'no-unsafe-finally': 'error',
      'no-unreachable': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['**/*.js', '**/*.mjs'], rules: { 'no-unused-vars': 'error' } },
  {
    files: typeScript,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          // The test runner itself waits for these.
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // An underscore says that a value is skipped on purpose.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      // Decorators make these classes tables and messages.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Entities are classes for their decorators only: copied by spreading they lose nothing.
      '@typescript-eslint/no-misused-spread': 'off',
      // Types are structural here: what has all the members of a class will do.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // An implementation of a promised port need not itself wait for anything.
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      'no-restricted-syntax': ['error', ENVIRONMENT, DEFAULT_EXPORT, ENUM],
    },
  },
  {
    // The parts that simulations drive.
    files: ['src/job/**', 'src/etl/**', 'src/worker/**'],
    rules: {
      'no-restricted-globals': ['error', ...TIMERS],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: CLOCK },
        { object: 'performance', property: 'now', message: CLOCK },
        { object: 'Math', property: 'random', message: RANDOM },
        { object: 'crypto', property: 'randomUUID', message: RANDOM },
      ],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            ...TIMER_MODULES.map((name) => ({ name, message: CLOCK })),
            ...['randomUUID', 'randomBytes', 'randomInt'].map((importName) => ({
              name: 'node:crypto',
              importNames: [importName],
              message: RANDOM,
            })),
          ],
        },
      ],
      'no-restricted-syntax': ['error', ENVIRONMENT, DEFAULT_EXPORT, ENUM, NEW_DATE],
    },
  },
  {
    files: ['src/main.ts', 'ormconfig.ts'],
    rules: { 'no-restricted-syntax': ['error', DEFAULT_EXPORT, ENUM] },
  },
  {
    // Talks to a person at a terminal.
    files: ['src/cli/**', 'dev/**', 'test/**', 'bench/**', 'docs/examples/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['dev/**', 'test/**', 'bench/**', 'docs/examples/**'],
    rules: {
      'no-restricted-syntax': ['error', DEFAULT_EXPORT, ENUM],
      // What comes as JSON or Arrow has no type there, and a test that misreads it fails.
      ...off('no-unsafe-member-access', 'no-unsafe-assignment', 'no-unsafe-argument', 'no-unsafe-call'),
      ...off('no-unsafe-return', 'no-base-to-string'),
      // A test says what it expects to be there; if it is not, it fails right here.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
