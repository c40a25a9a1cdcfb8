// Three tasks: two run side by side, the third waits for both and uses what they made.
local task(name, steps, depends=[]) = {
  name: name,
  runtime: { containers: [{ image: 'busybox:stable-musl' }] },
  steps: [{ type: 'clone' }] + steps,
  depends: depends,
};

function(ctx) {
  runs: [
    {
      name: 'quickstart',
      tasks: [
        task('test', [
          { type: 'run', command: 'sh test.sh' },
        ]),
        task('build', [
          { type: 'run', command: 'mkdir -p dist && sed "s/NAME/agola/" greeting.txt > dist/greeting.txt' },
          { type: 'save_to_workspace', contents: [{ source_dir: 'dist', dest_dir: 'dist' }] },
        ]),
        task('release', [
          { type: 'restore_workspace', dest_dir: '.' },
          { type: 'run', name: 'show', command: 'echo "on branch ' + ctx.branch + ':"; cat dist/greeting.txt' },
        ], depends=['test', 'build']),
      ],
    },
  ],
}
