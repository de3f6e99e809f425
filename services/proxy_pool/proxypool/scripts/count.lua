-- Number of good proxies, of those that carry https, and of each source's.
return {
  redis.call('HLEN', RECORDS), redis.call('SCARD', HTTPS), redis.call('HGETALL', BY_SOURCE),
}
