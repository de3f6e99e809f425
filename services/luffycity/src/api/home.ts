import * as v from 'valibot'
import { getResult } from './client'
import { bannerSchema, type Banner } from './schemas'

/** The banners of the front page, in the order the API gives. @throws {ApiError} */
export function fetchBanners(signal?: AbortSignal): Promise<Banner[]> {
  return getResult('home/banner/', v.array(bannerSchema), { signal, anonymous: true })
}
