// Answers every page of the app: index.html, with a head of its own for who does not run the app, and
// with what the app needs first.
//
// Without the API, or with one that does not answer in its time, the page is the same as any other: the
// app then says what is wrong.

import crypto from 'crypto';
import fs from 'fs';
import assets from 'page_assets.js';
import firstAnswers from 'first_answers.js';
import head from 'page_head.js';
import language from 'page_language.js';

// Read once: the image does not change while it runs.
const PARTS = parts(fs.readFileSync('/srv/site/index.html', 'utf8'));

const COURSE = /^\/courses\/([^/]+)$/;
// As src/routes.ts has it.
const ID = /^[1-9][0-9]{0,8}$/;

async function answer(r) {
    if (r.method !== 'GET' && r.method !== 'HEAD') {
        r.return(405);
        return;
    }
    const chosen = language.chosen(r.headersIn['Accept-Language'], r.variables.cookie_luffy_locale);
    const origin = head.siteOrigin(r.headersIn['X-Forwarded-Proto'], r.headersIn['Host']);
    const path = r.uri.replace(/(.)\/$/, '$1');
    const asked = COURSE.exec(path);
    if (asked === null) {
        const answers = await firstAnswers.of(r, path, chosen);
        send(r, 200, chosen, head.site(chosen, origin, path, answers), path, answers);
        return;
    }
    const found = ID.test(asked[1]) ? await firstAnswers.ofCourse(r, asked[1], chosen) : { status: 404, answers: {} };
    if (found.status === 404) {
        send(r, 404, chosen, head.missing(chosen), path, {});
    } else if (found.course) {
        send(r, 200, chosen, head.course(chosen, origin, found.course), path, found.answers);
    } else {
        send(r, 200, chosen, head.site(chosen, origin, '', {}), path, {});
    }
}

function send(r, status, chosen, tags, path, answers) {
    const last = assets.links(path, chosen) + head.firstAnswers(chosen, answers);
    const page = PARTS[0] + chosen + PARTS[1] + tags + PARTS[2] + last + PARTS[3];
    r.headersOut['Content-Type'] = 'text/html';
    r.headersOut['Vary'] = 'Accept-Language, Cookie';
    if (status === 200) {
        const tag = `W/"${crypto.createHash('sha1').update(page).digest('base64url')}"`;
        r.headersOut['ETag'] = tag;
        if (matches(r.headersIn['If-None-Match'], tag)) {
            r.return(304);
            return;
        }
    }
    r.return(status, page);
}

// RFC 9110, section 13.1.2: weak tags are compared by what stands in them.
function matches(header, tag) {
    const plain = (text) => text.trim().replace(/^W\//, '');
    return (header || '').split(',').some((one) => plain(one) === plain(tag) || one.trim() === '*');
}

// index.html up to its language, from there to its head's own tags, what stands behind these, and what
// stands behind the place of the first answers.
function parts(page) {
    const found = /^([\s\S]*?<html lang=")[^"]*("[\s\S]*?)<!--head-->[\s\S]*?<!--\/head-->([\s\S]*)<!--first-answers-->([\s\S]*)$/.exec(page);
    if (found === null) {
        throw new Error('index.html: expected <html lang="…">, <!--head-->, <!--/head--> and <!--first-answers-->, found no such page');
    }
    return found.slice(1);
}

export default { answer };
