import { describe, expect, it } from 'vitest'
import { base_url, readBaseUrl } from '@/assets/js/settings.js'

describe('the address of the API', () => {
  it('is the same origin where nothing is set', () => {
    expect(base_url).toBe('/api/v1/')
    expect(readBaseUrl(undefined)).toBe('/api/v1/')
    expect(readBaseUrl('')).toBe('/api/v1/')
  })

  it.each([
    ['https://api.example.com/api/v1/', 'https://api.example.com/api/v1/'],
    ['http://192.0.2.7:8000/api/v1', 'http://192.0.2.7:8000/api/v1/'],
    ['/other', '/other/'],
  ])('is %s', (given, wanted) => {
    expect(readBaseUrl(given)).toBe(wanted)
  })

  it.each([['//evil.test/'], ['javascript:alert(1)'], ['api.example.com'], ['http:///x'], [7], [null]])(
    'is refused when it is %s, with what to do',
    (given) => {
      expect(() => readBaseUrl(given)).toThrow(/expected .* found .*set BASE_URL/)
    },
  )
})
