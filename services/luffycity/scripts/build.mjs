// What a build consists of, read from its folder: the manifest, and which files belong together.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** @typedef {{file: string, imports?: string[]}} Chunk */

/** @param {string} directory of a build, with its manifest */
export async function readBuild(directory) {
  /** @type {Record<string, Chunk>} */
  const manifest = JSON.parse(await readFile(join(directory, '.vite', 'manifest.json'), 'utf8'))
  const chunks = new Map(Object.values(manifest).map((chunk) => [chunk.file, chunk]))

  /**
   * Adds a file and what it imports to `files`.
   * @param {string} file @param {Set<string>} files
   */
  function collect(file, files) {
    if (files.has(file)) return files
    files.add(file)
    chunks.get(file)?.imports?.forEach((key) => collect(manifest[key]?.file ?? key, files))
    return files
  }

  const page = await readFile(join(directory, 'index.html'), 'utf8')
  const named = [...page.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, file]) => file ?? '')
  if (!named.some((file) => chunks.has(file))) throw new Error('expected a script of the build in index.html, found none')

  /** What every first visit loads. */
  const first = new Set(['index.html'])
  named.forEach((file) => collect(file, first))
  return { manifest, first, collect }
}
