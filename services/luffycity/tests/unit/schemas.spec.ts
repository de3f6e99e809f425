import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { chapterSchema, courseSchema } from '@/api/schemas'
import { course } from './fakeApi'

describe('a course', () => {
  it('has its price as a number of yuan', () => {
    expect(v.parse(courseSchema, course({ price: '39.50' })).price).toBe(39.5)
    expect(v.parse(courseSchema, course({ price: 0 })).price).toBe(0)
  })

  it('may lack everything that a page can leave out', () => {
    const bare = v.parse(courseSchema, { id: 1, name: 'x', price: '1', teacher: null, brief: null })
    expect(bare).toMatchObject({ teacher: null, brief: '', section_list: [], students: 0 })
  })

  it.each([
    ['price', 'free'],
    ['price', '-1.00'],
    ['price', null],
    ['price', 'Infinity'],
    ['id', '7'],
    ['name', null],
    ['students', -1],
    ['section_list', {}],
  ])('is garbage when its %s is %j', (key, value) => {
    expect(v.safeParse(courseSchema, course({ [key]: value })).success).toBe(false)
  })
})

it('a chapter without lessons is one', () => {
  expect(v.parse(chapterSchema, { id: 1, chapter: 1, name: 'x' }).coursesections).toEqual([])
})
