import type { Entry } from '../../ports/key-value-store.ts'
import type { KeyValue } from './etcd-messages.ts'

/** Keys of a store inside an etcd that serves others too: all of them begin with the store's namespace. */
export class EtcdKeys {
  readonly #namespace: string

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  key(key: string): Buffer {
    return Buffer.from(this.#namespace + key, 'latin1')
  }

  /** The first key after all with this prefix. The port's keys hold nothing beyond `~`, so keys of our own beyond it stay out of ranges. */
  end(prefix: string): Buffer {
    return this.key(`${prefix}\u007f`)
  }

  /** A key that no caller of the port can name, read or watch. */
  own(name: string): Buffer {
    return this.key(`\u007f${name}`)
  }

  name(key: Buffer): string {
    return key.toString('latin1', this.#namespace.length)
  }

  entry(kv: KeyValue): Entry {
    return {
      key: this.name(kv.key),
      value: new Uint8Array(kv.value),
      createRevision: BigInt(kv.create_revision),
      modRevision: BigInt(kv.mod_revision),
      version: Number(kv.version),
      lease: kv.lease === '0' ? null : kv.lease,
    }
  }
}
