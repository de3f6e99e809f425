// Answers every page of the app: index.html, with a head of its own for who does not run the app.
//
// A course's head comes from the API, which keeps the answer cached. Without the API, or with one that
// does not answer in its time, the page is the same as any other: the app then says what is wrong.

import crypto from 'crypto';
import fs from 'fs';
import head from 'page_head.js';
import language from 'page_language.js';

// Read once: the image does not change while it runs.
const PARTS = parts(fs.readFileSync('/srv/site/index.html', 'utf8'));

// The name is looked up anew as soon as the engine's DNS may have another address for it.
const API = 'http://luffy_api:8000/api/v1';
const PASSED_ON = ['Host', 'Accept-Language', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Request-ID'];

const COURSE = /^\/courses\/([^/]+)\/?$/;
// As src/routes.ts has it.
const ID = /^[1-9][0-9]{0,8}$/;

async function answer(r) {
    if (r.method !== 'GET' && r.method !== 'HEAD') {
        r.return(405);
        return;
    }
    const chosen = language.chosen(r.headersIn['Accept-Language']);
    const origin = head.siteOrigin(r.headersIn['X-Forwarded-Proto'], r.headersIn['Host']);
    const asked = COURSE.exec(r.uri);
    if (asked === null) {
        send(r, 200, chosen, head.site(chosen, origin, r.uri.replace(/(.)\/$/, '$1')));
        return;
    }
    const found = ID.test(asked[1]) ? await course(r, asked[1]) : { status: 404 };
    if (found.status === 404) {
        send(r, 404, chosen, head.missing(chosen));
    } else if (found.course) {
        send(r, 200, chosen, head.course(chosen, origin, found.course));
    } else {
        send(r, 200, chosen, head.site(chosen, origin, ''));
    }
}

// The API's answer: its status, and the course where there is one.
async function course(r, id) {
    try {
        const reply = await ngx.fetch(`${API}/course/actual/${id}/`, { headers: passedOn(r) });
        if (reply.status !== 200) {
            return { status: reply.status };
        }
        const found = await reply.json();
        if (!found || typeof found.name !== 'string' || String(found.id) !== id) {
            throw new Error(`expected course ${id}, found another answer`);
        }
        return { status: 200, course: found };
    } catch (error) {
        r.error(`the head of /courses/${id} is plain: ${error.message}`);
        return { status: 502 };
    }
}

// Who asks, for what and in which language; nothing that the answer would be another for.
function passedOn(r) {
    const headers = {};
    PASSED_ON.forEach((name) => {
        if (r.headersIn[name]) {
            headers[name] = r.headersIn[name];
        }
    });
    return headers;
}

function send(r, status, chosen, tags) {
    const page = PARTS[0] + chosen + PARTS[1] + tags + PARTS[2];
    r.headersOut['Content-Type'] = 'text/html';
    r.headersOut['Vary'] = 'Accept-Language';
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

// index.html up to its language, from there to its head's own tags, and what stands behind these.
function parts(page) {
    const found = /^([\s\S]*?<html lang=")[^"]*("[\s\S]*?)<!--head-->[\s\S]*?<!--\/head-->([\s\S]*)$/.exec(page);
    if (found === null) {
        throw new Error('index.html: expected <html lang="…">, <!--head--> and <!--/head-->, found no such page');
    }
    return found.slice(1);
}

export default { answer };
