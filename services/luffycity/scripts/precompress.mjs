// Writes a .gz and a .br beside every file of a build that gets smaller by it, so that nginx hands
// out the best compression without any work per request. Usage: node precompress.mjs DIRECTORY

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import zlib from 'node:zlib'

const TEXT = new Set(['.css', '.html', '.js', '.json', '.map', '.svg', '.txt', '.xml'])
// Below this a reader gains nothing: it all fits into one packet.
const SMALLEST_BYTES = 1024

const [directory] = process.argv.slice(2)
if (!directory) throw new Error('expected the directory of a build; usage: precompress.mjs DIRECTORY')

/** @type {Record<string, (content: Buffer) => Promise<Buffer>>} */
const forms = {
  '.gz': (content) => promisify(zlib.gzip)(content, { level: zlib.constants.Z_BEST_COMPRESSION }),
  '.br': (content) => promisify(zlib.brotliCompress)(content),
}

for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue
  const path = join(entry.parentPath, entry.name)
  const content = await readFile(path)
  if (content.length < SMALLEST_BYTES) continue
  for (const [ending, compress] of Object.entries(forms)) {
    const compressed = await compress(content)
    if (compressed.length < content.length) await writeFile(path + ending, compressed)
  }
}
