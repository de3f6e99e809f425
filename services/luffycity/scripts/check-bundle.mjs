// Adds up what a first visit to the front page loads, compressed with gzip, and fails above the
// budget. Usage: node check-bundle.mjs DIRECTORY

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { readBuild } from './build.mjs'

const BUDGET_BYTES = 200_000

const [directory] = process.argv.slice(2)
if (!directory) throw new Error('expected the directory of a build; usage: check-bundle.mjs DIRECTORY')

let total = 0
for (const file of (await readBuild(directory)).first) {
  const { length } = gzipSync(await readFile(join(directory, file)), { level: 9 })
  total += length
  console.log(`${String(length).padStart(7)}  ${file}`)
}
console.log(`${String(total).padStart(7)}  bytes of gzip on the first load; the budget is ${BUDGET_BYTES}`)
const scripts = (await readdir(join(directory, 'assets'))).filter((file) => file.endsWith('.js'))
console.log(`         ${scripts.length} scripts in all, the others are loaded when their page is opened`)
if (total > BUDGET_BYTES) {
  console.error('The first load is too large: load a part of it lazily, or leave it out')
  process.exitCode = 1
}
