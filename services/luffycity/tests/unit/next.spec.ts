import { expect, it } from 'vitest'
import { nextOf } from '@/routes/next'

it.each([
  ['/my/courses', '/my/courses'],
  ['/search?search=a&page=2#top', '/search?search=a&page=2#top'],
  ['/', '/'],
])('goes on to %s', (next, where) => {
  expect(nextOf({ next })).toBe(where)
})

it.each([
  ['another site', 'https://evil.test/'],
  ['another site, by its host alone', '//evil.test/'],
  ['another site, as browsers read a backslash', '/\\evil.test'],
  ['a program', 'javascript:alert(1)'],
  ['a path without its beginning', 'my/courses'],
  ['nothing', ''],
])('goes to the front page instead of %s', (_, next) => {
  expect(nextOf({ next })).toBe('/')
})

it('goes to the front page where none or several are given', () => {
  expect(nextOf({})).toBe('/')
  expect(nextOf({ next: null })).toBe('/')
  expect(nextOf({ next: ['/a', '/b'] })).toBe('/')
})
