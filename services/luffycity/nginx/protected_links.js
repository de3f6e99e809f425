// Says whether a link to a protected file is good: made by the API, for this caller, and not over.
//
// luffy/media_links.py of luffy_api makes the same sum, an HMAC-SHA256 over path, expiry, cookie
// and name. It is made over what was asked for, letter by letter, and a path has letters that can be
// written in one way alone: no other spelling of it passes.

import crypto from 'crypto';
import fs from 'fs';

const SECRET_FILE = '/run/secrets/luffycity_media_secret';
// While the secret is changed, the one of before or the next one; else empty, or not there.
const OLD_SECRET_FILE = '/run/secrets/luffycity_old_media_secret';
const LINK = /^(\/protected\/[a-z]+\/[A-Za-z0-9_-]+\.[a-z0-9]+)\?expires=([0-9]{10})(?:&name=((?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+))?&signature=([A-Za-z0-9_-]{43})$/;
const COOKIE = /^[0-9a-f]{64}$/;

// "good", "expired" or "wrong".
function verdict(r) {
    const link = LINK.exec(r.variables.request_uri);
    if (link === null) {
        return 'wrong';
    }
    const cookie = r.variables.cookie_luffy_media || '';
    const holders = COOKIE.test(cookie) ? ['', cookie] : [''];
    // A link without a holder is good for anyone.
    const good = (secret) => holders.some((holder) => same(sign(secret, link, holder), link[4]));
    if (!good(content(SECRET_FILE)) && !goodWithOld(good)) {
        return 'wrong';
    }
    return Number(link[2]) * 1000 > Date.now() ? 'good' : 'expired';
}

function goodWithOld(good) {
    let secret = '';
    try {
        secret = content(OLD_SECRET_FILE);
    } catch (error) {
        if (error.code !== 'ENOENT') {
            throw error;
        }
    }
    // With an empty one anybody could sign.
    return secret !== '' && good(secret);
}

function content(file) {
    return fs.readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
}

// What the browser saves the file under; nothing where the file is to be shown.
function disposition(r) {
    const link = LINK.exec(r.variables.request_uri);
    return link && link[3] ? `attachment; filename*=UTF-8''${link[3]}` : '';
}

function sign(secret, link, holder) {
    const text = [link[1], link[2], holder, link[3] || ''].join('\n');
    return crypto.createHmac('sha256', secret).update(text).digest('base64url');
}

// Takes as long for a signature that is nearly right.
function same(made, given) {
    let difference = made.length ^ given.length;
    for (let i = 0; i < made.length; i++) {
        difference |= made.charCodeAt(i) ^ given.charCodeAt(i);
    }
    return difference === 0;
}

export default { verdict, disposition };
