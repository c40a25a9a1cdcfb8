import { enableCompileCache } from 'node:module'

// The sources are TypeScript; the cache spares stripping and compiling them at each start.
enableCompileCache()
await import('./jsonnet.ts')
