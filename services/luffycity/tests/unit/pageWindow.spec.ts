import { expect, it } from 'vitest'
import { pageWindow } from '@/components/base/pageWindow'

it.each([
  [1, 1, '1'],
  [1, 3, '1 2 3'],
  [1, 9, '1 2 … 9'],
  [3, 9, '1 2 3 4 … 9'],
  [4, 9, '1 2 3 4 5 … 9'],
  [5, 9, '1 … 4 5 6 … 9'],
  [9, 9, '1 … 8 9'],
  [12, 9, '1 … 9'],
])('on page %i of %i: %s', (page, pages, wanted) => {
  expect(pageWindow(page, pages).map((n) => n ?? '…').join(' ')).toBe(wanted)
})
