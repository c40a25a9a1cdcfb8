import { afterAll, beforeAll } from 'vitest'
import { EtcdKeyValueStore } from '../../src/engine/adapters/kv/etcd.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { EtcdServer } from '../support/etcd-server.ts'
import { type KeyValueStoreSubject, keyValueStoreContract } from './key-value-store.ts'
import { keyValueStoreUnderFaults } from './key-value-store-faults.ts'
import { keyValueStoreModel } from './key-value-store-model.ts'

let server: EtcdServer
let count = 0

beforeAll(async () => {
  server = await EtcdServer.start()
})
afterAll(() => server.destroy())

async function etcd(): Promise<KeyValueStoreSubject> {
  const namespace = `contract/${count++}/`
  const stores: EtcdKeyValueStore[] = []
  return {
    clock: systemClock,
    open: async () => {
      const store = await EtcdKeyValueStore.open({
        endpoints: [server.endpoint],
        namespace,
        clock: systemClock,
        random: systemRandom,
      })
      stores.push(store)
      return store
    },
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    destroy: async () => {
      for (const store of stores) await store.close()
    },
  }
}

keyValueStoreContract('etcd', etcd)
keyValueStoreModel('etcd', etcd, { model: 15, histories: 3 })
keyValueStoreUnderFaults('etcd', etcd, { histories: 4, locks: 1 })
