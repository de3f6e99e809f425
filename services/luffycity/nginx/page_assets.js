// The files that a page needs beside what every page loads: named in the page, they are loaded with the
// app, instead of after it has found out what it lacks. scripts/page-assets.mjs writes the list.

import fs from 'fs';

const ASSETS = JSON.parse(fs.readFileSync('/srv/page_assets.json', 'utf8'));

// As src/routes has them: what strangers open first.
const PAGES = [
    [/^\/courses$/, 'CourseListPage'],
    [/^\/courses\/[0-9]+$/, 'CoursePage'],
    [/^\/search$/, 'SearchPage'],
    [/^\/learn\/[0-9]+(\/[0-9]+)?$/, 'PlayerPage'],
    [/^\/login$/, 'LoginPage'],
    [/^\/certificate(\/[^/]+)?$/, 'CertificatePage'],
    [/^\/status$/, 'StatusPage'],
];

// The tags for the page at `path` in `language` ("zh-CN" or "en").
function links(path, language) {
    const found = PAGES.find((one) => one[0].test(path));
    const files = (ASSETS.languages[language] || []).concat(found ? ASSETS.pages[found[1]] : []);
    return files.map(link).join('');
}

function link(file) {
    return `<link rel="modulepreload" crossorigin href="${file}">`;
}

export default { links };
