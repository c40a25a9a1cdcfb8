#!/usr/bin/env node
// Starts the built program. Written so that an old Node can read it: it then says what is missing, or goes on with the Node beside it.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  import('./older-node.js').then((older) => {
    older.restart(24)
  })
} else {
  import('../dist/main.js').then((main) => main.start(process.argv.slice(2)))
}
