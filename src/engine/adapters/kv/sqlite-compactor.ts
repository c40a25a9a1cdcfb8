import type { DatabaseSync } from 'node:sqlite'
import { failed, type WriteReply } from './sqlite-request.ts'
import { integerOf, type Row, revisionOf, textOf } from './sqlite-row.ts'
import { revisionInFuture } from './store-errors.ts'

const eventsPerStep = 1000

/** Deletes history that no read at the target revision or later, and no watch from after it, can see. Runs inside the writer's
 *  transaction; a step handles about a thousand events, so that no writer waits long behind it. */
export class SqliteCompactor {
  readonly #sql: ReturnType<typeof prepareStatements>

  constructor(db: DatabaseSync) {
    this.#sql = prepareStatements(db)
  }

  /** Goes on from the last compacted revision towards `target`. */
  step(target: bigint, revision: bigint): WriteReply {
    if (target > revision) return failed(revisionInFuture(target, revision))
    const from = revisionOf(this.#sql.compactRevision.get(), 'compact_revision')
    if (target <= from) return finished
    const rows = this.#sql.events.all(from, target, eventsPerStep)
    const upTo = rows.length < eventsPerStep ? target : revisionOf(rows.at(-1), 'rev')
    for (const row of rows) this.#forgetOlder(row)
    // The limit may have cut the last revision, so its events are taken whole.
    if (upTo !== target) for (const row of this.#sql.eventsOf.all(upTo)) this.#forgetOlder(row)
    this.#sql.setCompactRevision.run(upTo)
    this.#sql.forgetMarks.run(upTo)
    return { type: 'compacted', finished: upTo === target }
  }

  /** What an event has replaced goes; a deletion goes itself, because absence needs no row. */
  #forgetOlder(row: Row): void {
    const key = textOf(row, 'key')
    const rev = integerOf(row, 'rev')
    this.#sql.forget.run(key, integerOf(row, 'is_delete') === 1 ? rev + 1 : rev)
  }
}

const finished: WriteReply = { type: 'compacted', finished: true }

function prepareStatements(db: DatabaseSync) {
  return {
    compactRevision: db.prepare('SELECT compact_revision FROM meta'),
    setCompactRevision: db.prepare('UPDATE meta SET compact_revision = ?'),
    events: db.prepare(
      'SELECT rev, key, value IS NULL AS is_delete FROM hist WHERE rev > ? AND rev <= ? ORDER BY rev, sub LIMIT ?',
    ),
    eventsOf: db.prepare('SELECT rev, key, value IS NULL AS is_delete FROM hist WHERE rev = ?'),
    forget: db.prepare('DELETE FROM hist WHERE key = ? AND rev < ?'),
    forgetMarks: db.prepare('DELETE FROM mark WHERE rev < ?'),
  }
}
