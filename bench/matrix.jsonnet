// A thousand tasks, as a project with many versions, architectures and flavours would write them: 2 MB of JSON.
local runtime(image, arch='amd64') = {
  type: 'pod',
  arch: arch,
  containers: [{ image: image }],
};

local build(version, arch, flavour) = {
  name: 'build %s %s %s' % [version, arch, flavour],
  runtime: runtime('golang:' + version, arch),
  environment: { GOARCH: arch, GOVERSION: version, FLAVOUR: flavour, CGO_ENABLED: '0' },
  steps: [
    { type: 'clone' },
    { type: 'restore_cache', keys: ['sum-{{ md5sum "go.sum" }}', 'date-'], dest_dir: '/go/pkg/mod/cache' },
    {
      type: 'run',
      name: 'make ' + flavour,
      command: |||
        set -eu
        echo "building for $GOARCH as $FLAVOUR"
        make VERSION="$GOVERSION" ARCH="$GOARCH" FLAVOUR="$FLAVOUR" build
        make VERSION="$GOVERSION" ARCH="$GOARCH" FLAVOUR="$FLAVOUR" package
      |||,
    },
    { type: 'run', name: 'test ' + flavour, command: 'make test' } +
    (if arch == 'amd64' then { environment: { RACE: '1' } } else {}),
    { type: 'save_cache', key: 'date-{{ year }}-{{ month }}-{{ day }}', contents: [{ source_dir: '/go/pkg/mod/cache' }] },
    { type: 'save_to_workspace', contents: [{ source_dir: './bin', dest_dir: '/bin/', paths: ['*'] }] },
  ],
  depends: if arch == 'amd64' then [] else ['build %s amd64 %s' % [version, flavour]],
};

function(ctx) {
  runs: [
    {
      name: 'matrix on ' + ctx.branch,
      tasks: std.flattenArrays([
        [build('1.%d' % minor, arch, 'flavour-%02d' % flavour) for arch in ['amd64', 'arm64']]
        for minor in std.range(1, 25)
        for flavour in std.range(1, 20)
      ]),
    },
  ],
}
