// Writes down which files each page and language needs beside what every visit loads, for
// nginx/page_assets.js to name them in the page: a browser then loads them with the app instead of
// after it. Usage: node page-assets.mjs DIRECTORY FILE

import { writeFile } from 'node:fs/promises'
import { readBuild } from './build.mjs'

const [directory, target] = process.argv.slice(2)
if (!directory || !target) {
  throw new Error('expected the directory of a build and a file to write; usage: page-assets.mjs DIRECTORY FILE')
}

const { manifest, first, collect } = await readBuild(directory)

/** @type {{pages: Record<string, string[]>, languages: Record<string, string[]>}} */
const found = { pages: {}, languages: {} }
for (const [key, { file }] of Object.entries(manifest)) {
  const beside = () => [...collect(file, new Set())].filter((one) => !first.has(one)).map((one) => `/${one}`)
  const page = /^src\/pages\/(?:.+\/)?(\w+)\.vue$/.exec(key)?.[1]
  const language = /^src\/i18n\/([\w-]+)\/index\.ts$/.exec(key)?.[1]
  if (page) found.pages[page] = beside()
  else if (language) found.languages[language] = beside()
}
if (!Object.keys(found.pages).length) throw new Error('expected pages in the manifest of the build, found none')
await writeFile(target, JSON.stringify(found))
