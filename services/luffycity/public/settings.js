// The container serves its own file at this address, written from BASE_URL when it starts; this one
// serves `npm run dev` and any other web server.
globalThis.luffySettings = Object.freeze({ base_url: '/api/v1/' })
