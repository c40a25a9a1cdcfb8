interface Advice {
  when: RegExp
  text: string
}

const podmanSettings = '~/.config/containers/containers.conf'

/** What keeps engines, those of users without privileges most of all, from starting any container at all. */
const advices: readonly Advice[] = [
  {
    when: /crun: cgroups in hybrid mode not supported/,
    text: `install runc and write runtime = "runc" under [engine] in ${podmanSettings}, or start the machine with control groups of version 2 only`,
  },
  {
    when: /newuidmap|newgidmap|subuid|subgid|not enough (unused )?(ids|uids|gids)|insufficient UIDs|unable to setup user: invalid argument/i,
    text: 'give your user ids for containers: install uidmap, then sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER; for Podman, podman system migrate afterwards',
  },
  {
    when: /(slirp4netns|pasta).*(not found|no such file)|could not find (slirp4netns|pasta)/i,
    text: 'install slirp4netns or passt, which give rootless containers a network',
  },
  {
    when: /rlimit|RLIMIT_/,
    text: `lower default_ulimits under [containers] in ${podmanSettings}, or raise the limits of your user`,
  },
  {
    when: /fuse-overlayfs|'overlay' is not supported/i,
    text: 'install fuse-overlayfs, or move the engine to a file system that can be its storage',
  },
]

/** The way out of a complaint of an engine that must be mended itself; null: it is about something else, or nobody knows. */
export function adviceFor(complaint: string): string | null {
  return advices.find(({ when }) => when.test(complaint))?.text ?? null
}
