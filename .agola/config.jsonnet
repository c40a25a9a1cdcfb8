// This project's own checks: packages are installed once and cached, then lint, tests and build run side by side, and what was
// built is handed on and tried.
local image = 'node:24-bookworm';
local packagesKey = 'packages-{{ arch }}-{{ sha256sum "package-lock.json" }}';

local run(name, command) = { type: 'run', name: name, command: command, tty: false };
local task(name, steps, depends=[]) = {
  name: name,
  runtime: { containers: [{ image: image }] },
  environment: { CI: 'true' },
  steps: steps,
  depends: depends,
};

local checkout = { type: 'clone', depth: 1 };
local packages = { type: 'restore_cache', keys: [packagesKey], dest_dir: 'node_modules' };

function(ctx) {
  runs: [
    {
      name: 'check',
      tasks: [
        task('packages', [
          checkout,
          packages,
          run('npm ci', 'test -d node_modules/typescript || npm ci --no-audit --no-fund --loglevel=error'),
          { type: 'save_cache', key: packagesKey, contents: [{ source_dir: 'node_modules' }] },
        ]),
        task('lint', [
          checkout,
          packages,
          run('types', 'npm run typecheck'),
          run('style', 'npm run lint'),
        ], depends=['packages']),
        task('unit tests', [
          checkout,
          packages,
          run('tests', 'npx vitest run --project unit test/engine/decide test/engine/compile test/views test/cli test/architecture'),
        ], depends=['packages']),
        task('build', [
          checkout,
          packages,
          run('bundle', 'npm run build'),
          {
            type: 'save_to_workspace',
            contents: [
              { source_dir: 'dist', dest_dir: 'dist' },
              { source_dir: '.', dest_dir: '.', paths: ['bin/**', 'templates/**', 'package.json', 'oclif.manifest.json'] },
            ],
          },
        ], depends=['packages']),
        task('try', [
          { type: 'restore_workspace', dest_dir: '.' },
          run('version', 'node bin/run.js --version'),
          run('starter', 'mkdir /tmp/new && cd /tmp/new && git init -q && node ~/project/bin/run.js init && node ~/project/bin/run.js config validate'),
        ], depends=['lint', 'unit tests', 'build']),
      ],
    },
  ],
}
