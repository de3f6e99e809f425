import { expect, it } from 'vitest'
import en from '@/i18n/en'
import zh from '@/i18n/zh'

type Texts = { [key: string]: string | Texts }

function flatten(texts: Texts, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value]] : flatten(value, `${path}${key}.`),
  )
}

const chinese = new Map(flatten(zh))
const english = new Map(flatten(en))

it('both languages have the same texts', () => {
  expect([...english.keys()].toSorted()).toEqual([...chinese.keys()].toSorted())
})

it.each([...chinese.keys()])('%s has the same places to fill in', (key) => {
  const places = (text = '') => [...new Set(text.match(/\{\w+\}/g))].toSorted()
  expect(places(english.get(key))).toEqual(places(chinese.get(key)))
})

it('no text is empty', () => {
  expect([...chinese, ...english].filter(([, text]) => !text.trim())).toEqual([])
})
