// Writes oclif.manifest.json from the bundle, so that start-up reads one file instead of every command, and the text of the general
// help, so that showing it needs nothing else.
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Plugin } from '@oclif/core'

const root = fileURLToPath(new URL('..', import.meta.url))
const plugin = new Plugin({ errorOnManifestCreate: true, ignoreManifest: true, root, type: 'core' })
await plugin.load()
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
// Whole at any moment: a program that starts meanwhile reads it.
const manifest = `${root}oclif.manifest.json`
writeFileSync(`${manifest}.${process.pid}`, `${JSON.stringify({ ...plugin.manifest, version })}\n`)
renameSync(`${manifest}.${process.pid}`, manifest)

const help = execFileSync(process.execPath, [`${root}bin/run.js`, '--help'], {
  encoding: 'utf8',
  env: { ...process.env, COLUMNS: '80' },
})
writeFileSync(`${root}dist/help.txt`, help)
