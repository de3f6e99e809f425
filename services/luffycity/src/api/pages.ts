import * as v from 'valibot'

/** One page of a list: how many there are on all pages, and those of this one. */
export function pageOf<S extends v.GenericSchema>(one: S) {
  return v.object({ count: v.number(), results: v.array(one) })
}
