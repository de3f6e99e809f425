// The language of a page: the one that the visitor chose on it (src/stores/preferences.ts). Else it is
// chosen from Accept-Language as luffy_api chooses that of its texts (Django's LocaleMiddleware): the
// first that we have, by weight; else the deployment's own.

// Nobody reads more than a few languages; a header may list as many as fit into it.
const MOST = 20;

const KNOWN = ['zh-CN', 'en'];

// One of KNOWN; `cookie` is what the visitor chose, if anything.
function chosen(header, cookie) {
    if (KNOWN.includes(cookie)) {
        return cookie;
    }
    const wanted = (header || '').toLowerCase().split(',').slice(0, MOST).map(read);
    // Of two that weigh the same the first one counts.
    wanted.sort((a, b) => b.weight - a.weight || a.place - b.place);
    const first = wanted.find((one) => one.weight > 0 && one.language !== '');
    return first ? first.language : own();
}

// The environment is known to requests alone, not yet when this file is read.
function own() {
    return process.env.LANGUAGE_CODE === 'en' ? 'en' : 'zh-CN';
}

// One part of the header: the language that it means (none where we lack it), and its weight.
function read(part, place) {
    const words = part.split(';').map((word) => word.trim());
    const q = words.slice(1).find((word) => word.startsWith('q='));
    return { language: meant(words[0]), place, weight: q ? Number(q.slice(2)) || 0 : 1 };
}

function meant(range) {
    if (range === '*') {
        return own();
    }
    if (/^zh(-|$)/.test(range)) {
        return 'zh-CN';
    }
    return /^en(-|$)/.test(range) ? 'en' : '';
}

export default { chosen };
