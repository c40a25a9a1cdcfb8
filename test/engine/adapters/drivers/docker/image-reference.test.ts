import { expect, test } from 'vitest'
import { dockerHub, parseImageReference } from '../../../../../src/engine/adapters/drivers/docker/image-reference.ts'

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

test.each([
  ['busybox', dockerHub, 'busybox', 'latest'],
  ['busybox:1.36', dockerHub, 'busybox', '1.36'],
  ['docker.io/library/busybox:stable-musl', dockerHub, 'docker.io/library/busybox', 'stable-musl'],
  ['owner/name', dockerHub, 'owner/name', 'latest'],
  ['localhost/name:1', 'localhost', 'localhost/name', '1'],
  ['registry:5000/a/b', 'registry:5000', 'registry:5000/a/b', 'latest'],
  ['ghcr.io/a/b-c__d.e:V1', 'ghcr.io', 'ghcr.io/a/b-c__d.e', 'V1'],
  [`a/b@${digest}`, dockerHub, 'a/b', digest],
  [`a/b:tag@${digest}`, dockerHub, 'a/b', digest],
])('reads %s', (image, registry, name, tag) => {
  expect(parseImageReference(image)).toEqual({ registry, name, tag })
})

test.each([
  ['', 'empty'],
  ['Busybox', 'lower case'],
  ['a//b', 'a part of its name is empty'],
  ['a b', 'characters'],
  ['Foo BAR', 'characters'],
  ['Registry/Team_A', 'write "Registry" in lower case'],
  ['a:b:c', 'is no tag'],
  ['a:', 'is no tag'],
  ['a@sha256:12', 'digest'],
  ['-a', 'characters'],
  ['exa mple.com/a', 'is no host name'],
])('refuses "%s" and says why', (image, why) => {
  expect(() => parseImageReference(image)).toThrow(why)
})
