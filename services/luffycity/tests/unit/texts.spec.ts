import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

type Texts = { [key: string]: string | Texts }

// As people wrote them: what is imported is compiled already.
function textsOf(language: string): Texts {
  const folder = join(import.meta.dirname, '../../src/i18n', language)
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return Object.assign({}, ...files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))))
}

function flatten(texts: Texts, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value]] : flatten(value, `${path}${key}.`),
  )
}

const chinese = new Map(flatten(textsOf('zh')))
const english = new Map(flatten(textsOf('en')))

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
