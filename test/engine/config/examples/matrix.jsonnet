// same format, generated
local image(name, tag) = { image: name + ':' + tag };
local runtime(arch, containers) = { type: 'pod', arch: arch, containers: containers };
local build(arch, node) = {
  name: 'build %s node %s' % [arch, node],
  runtime: runtime(arch, [image('node', node)]),
  environment: { NODE: node, TOKEN: { from_variable: 'npm_token' } },
  steps: [
    { type: 'clone', depth: 1 },
    { type: 'restore_cache', keys: ['npm-{{ arch }}-'], dest_dir: '~/.npm' },
    { type: 'run', command: 'npm ci' },
    { type: 'run', name: 'test', command: 'npm test\nnpm run lint\n', tty: false },
    { type: 'save_cache', key: 'npm-{{ arch }}-{{ md5sum "package-lock.json" }}', contents: [{ source_dir: '~/.npm' }] },
    { type: 'save_to_workspace', contents: [{ source_dir: 'dist', dest_dir: 'dist-' + node, paths: ['**'] }] },
  ],
};
function(ctx) {
  task_timeout_interval: '1h',
  docker_registries_auth: { 'index.docker.io': { type: 'encodedauth', auth: { from_variable: 'hub' } } },
  runs: [
    {
      name: 'matrix ' + ctx.ref_type,
      when: { branch: '#.*#', tag: '#^v#', ref: '#^refs/pull/[0-9]+/head$#' },
      tasks: [build(a, n) for a in ['amd64', 'arm64'] for n in ['20', '22']] + [
        {
          name: 'publish',
          approval: true,
          runtime: runtime('amd64', [{ image: 'alpine', volumes: [{ path: '/t', tmpfs: { size: '64Mi' } }] }]),
          depends: ['build %s node %s' % [a, n] for a in ['amd64', 'arm64'] for n in ['20', '22']],
          steps: [{ type: 'restore_workspace', dest_dir: '/ws' }] +
                 (if ctx.tag != '' then [{ type: 'run', command: 'publish ' + ctx.tag }] else []),
        },
        {
          name: 'cleanup',
          runtime: runtime('amd64', [{ image: 'alpine' }]),
          depends: [{ task: 'publish', conditions: ['on_success', 'on_failure', 'on_skipped'] }],
          steps: [{ type: 'run', command: 'true' }],
        },
      ],
    },
  ],
}
