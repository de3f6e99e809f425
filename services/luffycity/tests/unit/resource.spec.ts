import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/errors'
import { createResource } from '@/composables/resource'

interface Call {
  name: string
  signal: AbortSignal
  resolve: (value: string) => void
  reject: (error: unknown) => void
}

function controlled() {
  const calls: Call[] = []
  const resource = createResource(
    (signal, name: string) =>
      new Promise<string>((resolve, reject) => calls.push({ name, signal, resolve, reject })),
  )
  const call = (index: number) => calls[index] ?? expect.fail(`there was no call ${index}`)
  return { resource, call }
}

describe('a resource', () => {
  it('goes from idle over loading to ready', async () => {
    const { resource, call } = controlled()
    expect(resource.status).toBe('idle')
    const loaded = resource.load('a')
    expect(resource.status).toBe('loading')
    call(0).resolve('A')
    await loaded
    expect(resource).toMatchObject({ status: 'ready', data: 'A', error: null })
  })

  it('keeps the last value in sight when the next one fails', async () => {
    const { resource, call } = controlled()
    const first = resource.load('a')
    call(0).resolve('A')
    await first
    const second = resource.load('b')
    call(1).reject(new ApiError('server', 'x'))
    await second
    expect(resource).toMatchObject({ status: 'error', data: 'A', error: { kind: 'server' } })
  })

  it('lets no slow answer replace a later one', async () => {
    const { resource, call } = controlled()
    const slow = resource.load('a')
    const quick = resource.load('b')
    expect(call(0).signal.aborted).toBe(true)
    expect(call(1).name).toBe('b')
    call(1).resolve('B')
    await quick
    call(0).resolve('A')
    await slow
    expect(resource).toMatchObject({ status: 'ready', data: 'B' })
  })

  it('takes no notice of the error of one that was called off', async () => {
    const { resource, call } = controlled()
    const slow = resource.load('a')
    const quick = resource.load('b')
    call(0).reject(new DOMException('aborted', 'AbortError'))
    await slow
    expect(resource).toMatchObject({ status: 'loading', error: null })
    call(1).resolve('B')
    await quick
    expect(resource.data).toBe('B')
  })

  it('throws on what is a mistake of ours, and is not loading for ever', async () => {
    const { resource, call } = controlled()
    const loaded = resource.load('a')
    call(0).reject(new TypeError('x is undefined'))
    await expect(loaded).rejects.toThrow(TypeError)
    expect(resource.status).toBe('idle')
  })

  it('forgets everything when it is reset', async () => {
    const { resource, call } = controlled()
    const loaded = resource.load('a')
    resource.reset()
    call(0).resolve('A')
    await loaded
    expect(resource).toMatchObject({ status: 'idle', data: null })
  })
})
