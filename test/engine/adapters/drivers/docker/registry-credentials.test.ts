import { expect, test } from 'vitest'
import { dockerHub } from '../../../../../src/engine/adapters/drivers/docker/image-reference.ts'
import {
  decodeAuth,
  findCredentials,
  registryKeys,
  toAuthHeader,
} from '../../../../../src/engine/adapters/drivers/docker/registry-credentials.ts'

const basic = { type: 'basic' as const, username: 'u', password: 'p', auth: '' }
const encoded = (auth: string) => ({ type: 'encodedauth' as const, username: '', password: '', auth })

test.each(registryKeys('r.example'))('finds credentials under %s', (key) => {
  expect(findCredentials('r.example', { [key]: basic })).toEqual({
    serveraddress: 'r.example',
    username: 'u',
    password: 'p',
  })
})

test('the plainest key counts first', () => {
  const auths = {
    'https://r.example/v2/': { ...basic, username: 'second' },
    'r.example': { ...basic, username: 'first' },
  }
  expect(findCredentials('r.example', auths)).toMatchObject({ username: 'first' })
})

test('Docker Hub has two names', () => {
  expect(findCredentials(dockerHub, { 'https://index.docker.io/v1/': basic })).toMatchObject({ username: 'u' })
  expect(findCredentials(dockerHub, { 'docker.io': basic })).toMatchObject({ username: 'u' })
})

test('other registries get nothing', () => {
  expect(findCredentials('r.example', { 'other.example': basic })).toBeNull()
})

test('only the first colon separates user and password', () => {
  const auth = Buffer.from('user:pa:ss').toString('base64')
  expect(findCredentials('r', { r: encoded(auth) })).toEqual({
    serveraddress: 'r',
    username: 'user',
    password: 'pa:ss',
  })
})

test.each(['', '%%%', Buffer.from('no colon').toString('base64')])(
  'refuses the encoded auth "%s" without repeating it',
  (auth) => {
    expect(decodeAuth(auth)).toBeNull()
    expect(() => findCredentials('r', { r: encoded(auth) })).toThrow('must be base64 of user:password')
  },
)

test('the header is padded, URL-safe base64 of JSON', () => {
  const credentials = { serveraddress: 'r', username: 'ÿ?>', password: '~~~~' }
  const header = toAuthHeader(credentials)
  expect(header).toMatch(/^[A-Za-z0-9_-]+=*$/)
  expect(header.length % 4).toBe(0)
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual(credentials)
})
