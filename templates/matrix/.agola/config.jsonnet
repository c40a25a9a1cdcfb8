// The same tests for every version and architecture, as a Jsonnet function of the ref that is built.
local versions = ['22', '24'];
local archs = ['amd64', 'arm64'];

local test(version, arch) = {
  name: 'test node %s %s' % [version, arch],
  runtime: {
    arch: arch,
    containers: [{ image: 'node:' + version }],
  },
  steps: [
    { type: 'clone', depth: 1 },
    { type: 'restore_cache', keys: ['npm-%s-{{ arch }}-' % version], dest_dir: '~/.npm' },
    { type: 'run', command: 'npm ci' },
    { type: 'run', command: 'npm test' },
    {
      type: 'save_cache',
      key: 'npm-%s-{{ arch }}-{{ sha256sum "package-lock.json" }}' % version,
      contents: [{ source_dir: '~/.npm' }],
    },
  ],
};

local tests = [test(version, arch) for version in versions for arch in archs];

// ctx tells what is built: ref_type, ref, branch, tag, pull_request_id and commit_sha.
function(ctx) {
  task_timeout_interval: '30m',
  runs: [
    {
      name: 'tests',
      tasks: tests + (
        if ctx.tag == '' then [] else [
          {
            name: 'release ' + ctx.tag,
            approval: true,
            runtime: { containers: [{ image: 'node:24' }] },
            depends: [task.name for task in tests],
            steps: [
              { type: 'clone' },
              { type: 'run', command: 'npm pack' },
            ],
          },
        ]
      ),
    },
  ],
}
