// Writes oclif.manifest.json from the bundle, so that start-up reads one file instead of every command.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${root}oclif.manifest.json`, { force: true })
const plugin = new Plugin({ errorOnManifestCreate: true, ignoreManifest: true, root, type: 'core' })
await plugin.load()
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
writeFileSync(`${root}oclif.manifest.json`, `${JSON.stringify({ ...plugin.manifest, version })}\n`)
