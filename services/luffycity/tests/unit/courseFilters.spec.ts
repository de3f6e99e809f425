import { describe, expect, it } from 'vitest'
import { readFilters, writeFilters } from '@/stores/courseFilters'

describe('the filters in an address', () => {
  it('are read and written back the same', () => {
    const query = { category: '2', ordering: '-price', page: '3' }
    const filters = readFilters(query)
    expect(filters).toMatchObject({ category: 2, ordering: '-price', page: 3 })
    expect(writeFilters(filters)).toEqual({ category: 2, ordering: '-price', page: 3 })
  })

  it('hold a price and words as well', () => {
    const query = { search: ' 数据  分析 ', free: 'true', min_price: '0.01', max_price: '300' }
    const filters = readFilters(query)
    expect(filters).toMatchObject({
      search: '数据  分析',
      free: true,
      minPrice: 0.01,
      maxPrice: 300,
    })
    expect(writeFilters(filters)).toEqual({
      search: '数据  分析',
      free: 'true',
      min_price: 0.01,
      max_price: 300,
    })
  })

  it('take no more words than the API does', () => {
    expect(readFilters({ search: 'x'.repeat(101) }).search).toHaveLength(100)
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
    [{ free: 'false' }],
    [{ free: '1' }],
    [{ min_price: '-1' }],
    [{ min_price: 'NaN' }],
    [{ max_price: '1e5' }],
    [{ max_price: '1.234' }],
    [{ search: '   ' }],
    [{ search: ['a', 'b'] }],
  ])('count as not said where they are wrong: %j', (query) => {
    expect(readFilters(query)).toEqual({ category: undefined, ordering: '', page: 1 })
  })
})
