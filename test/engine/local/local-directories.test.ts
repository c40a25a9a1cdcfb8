import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalDirectories, localDirectories, type Machine } from '../../../src/engine/local/local-directories.ts'

const linux: Machine = {
  environment: {},
  platform: 'linux',
  homeDirectory: '/home/ann',
  temporaryDirectory: '/tmp',
  userName: 'ann',
}

test('on Linux they follow the XDG defaults', () => {
  expect(localDirectories(linux, '/work')).toEqual({
    state: '/home/ann/.local/state/agola/local',
    cache: '/home/ann/.cache/agola/local',
    sockets: '/tmp/agola-ann',
    config: '/home/ann/.config/agola',
  })
})

test('XDG variables move them, relative ones are ignored', () => {
  const environment = {
    XDG_STATE_HOME: '/s',
    XDG_CACHE_HOME: 'relative',
    XDG_RUNTIME_DIR: '/run/user/7',
    XDG_CONFIG_HOME: '/c',
  }
  expect(localDirectories({ ...linux, environment }, '/work')).toEqual({
    state: '/s/agola/local',
    cache: '/home/ann/.cache/agola/local',
    sockets: '/run/user/7/agola',
    config: '/c/agola',
  })
})

test('our own variables win, and may be relative', () => {
  const environment = { XDG_STATE_HOME: '/s', AGOLA_LOCAL_STATE_DIR: '.state', AGOLA_LOCAL_CACHE_DIR: '/cache' }
  expect(localDirectories({ ...linux, environment }, '/work')).toMatchObject({ state: '/work/.state', cache: '/cache' })
})

test('macOS and Windows have places of their own', () => {
  expect(localDirectories({ ...linux, platform: 'darwin', homeDirectory: '/Users/ann' }, '/')).toMatchObject({
    state: '/Users/ann/Library/Application Support/agola/local',
    cache: '/Users/ann/Library/Caches/agola/local',
  })
  const windows = {
    ...linux,
    platform: 'win32' as const,
    environment: { LOCALAPPDATA: 'C:\\L' },
    homeDirectory: 'C:\\ann',
  }
  expect(localDirectories(windows, 'C:\\')).toMatchObject({
    state: 'C:\\L\\agola\\local',
    cache: 'C:\\L\\agola\\cache',
  })
})

test('one that cannot be made is told with the reason and the way out', async () => {
  const root = await mkdtemp(join(tmpdir(), 'agola-local-'))
  const places = localDirectories({ ...linux, homeDirectory: root, temporaryDirectory: root }, root)
  await writeFile(join(root, 'file'), '')
  const refusal = (code: string, ...texts: string[]) => ({
    code,
    message: expect.stringMatching(new RegExp(texts.join('.*'))),
  })
  await expect(createLocalDirectories({ ...places, state: join(root, 'file/state') })).rejects.toMatchObject(
    refusal('storeUnusable', 'state directory', 'file/state', 'no directory', 'AGOLA_LOCAL_STATE_DIR'),
  )
  await expect(createLocalDirectories({ ...places, cache: join(root, 'file/cache') })).rejects.toMatchObject(
    refusal('storeUnusable', 'cache directory', 'file/cache', 'no directory', 'AGOLA_LOCAL_CACHE_DIR'),
  )
  await rm(root, { recursive: true })
})

test('they are made for the user alone', async () => {
  const root = await mkdtemp(join(tmpdir(), 'agola-local-'))
  const places = localDirectories({ ...linux, homeDirectory: root, temporaryDirectory: root }, root)
  await createLocalDirectories(places)
  await createLocalDirectories(places)
  for (const path of [places.state, places.cache, places.sockets]) expect((await stat(path)).mode & 0o777).toBe(0o700)
  await rm(root, { recursive: true })
})
