import { describe, expect, it } from 'vitest'
import { linkTarget, mediaSet, mediaUrl } from '@/api/addresses'

const here = location.origin

describe('mediaUrl', () => {
  it('leaves a picture at the own origin a path', () => {
    expect(mediaUrl('/media/a.webp', '/api/v1/')).toBe('/media/a.webp')
    expect(mediaUrl(`${here}/media/a.webp`, '/api/v1/')).toBe('/media/a.webp')
  })

  it('finds it at the origin of the API, not below its path', () => {
    expect(mediaUrl('/media/a.webp', 'https://api.test:8000/api/v1/')).toBe(
      'https://api.test:8000/media/a.webp',
    )
  })

  it.each([[null], [''], ['javascript:alert(1)'], ['data:image/png;base64,AAAA'], ['http://[']])(
    'gives none for %s',
    (path) => {
      expect(mediaUrl(path, '/api/v1/')).toBeNull()
    },
  )
})

describe('linkTarget', () => {
  it('tells a page of this site from one elsewhere', () => {
    expect(linkTarget('/courses?page=2#a')).toEqual({ inside: '/courses?page=2#a' })
    expect(linkTarget('https://example.com/x')).toEqual({ outside: 'https://example.com/x' })
    expect(linkTarget('//example.com/x')).toHaveProperty('outside')
  })

  it.each([[''], ['javascript:alert(1)'], ['JAVASCRIPT:alert(1)'], ['data:text/html,x'], ['http://[']])(
    'leads nowhere for %s',
    (link) => {
      expect(linkTarget(link)).toBeNull()
    },
  )
})

describe('mediaSet', () => {
  it('lists each width', () => {
    const set = [
      { url: '/media/a.320.webp', width: 320 },
      { url: '/media/a.640.webp', width: 640 },
    ]
    expect(mediaSet(set, '/api/v1/')).toBe('/media/a.320.webp 320w, /media/a.640.webp 640w')
  })

  it('leaves out what is no web address, and is nothing without any', () => {
    expect(mediaSet([{ url: 'javascript:alert(1)', width: 320 }], '/api/v1/')).toBeNull()
    expect(mediaSet([], '/api/v1/')).toBeNull()
  })

  it('keeps an address whole that has a comma or a blank', () => {
    expect(mediaSet([{ url: '/media/a, b.webp', width: 320 }], '/api/v1/')).toBe(
      '/media/a%2C%20b.webp 320w',
    )
  })
})
