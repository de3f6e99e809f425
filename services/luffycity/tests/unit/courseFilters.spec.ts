import { describe, expect, it } from 'vitest'
import { readFilters, writeFilters } from '@/stores/courseFilters'

describe('the filters in an address', () => {
  it('are read and written back the same', () => {
    const query = { category: '2', ordering: '-price', page: '3' }
    const filters = readFilters(query)
    expect(filters).toEqual({ category: 2, ordering: '-price', page: 3 })
    expect(writeFilters(filters)).toEqual({ category: 2, ordering: '-price', page: 3 })
  })

  it('leave out what is the default', () => {
    expect(writeFilters({ ordering: '', page: 1 })).toEqual({})
  })

  it.each([
    [{ page: '0' }],
    [{ page: '-1' }],
    [{ page: '1e9' }],
    [{ page: '2.5' }],
    [{ page: '99999999999999999999' }],
    [{ page: ['2', '3'] }],
    [{ page: null }],
    [{ category: 'python' }],
    [{ category: '1; DROP TABLE' }],
    [{ ordering: 'password' }],
    [{ ordering: ['price', '-price'] }],
  ])('count as not said where they are wrong: %j', (query) => {
    expect(readFilters(query)).toEqual({ category: undefined, ordering: '', page: 1 })
  })
})
