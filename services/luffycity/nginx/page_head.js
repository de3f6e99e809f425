// The tags in a page's head, for who does not run the app: search engines, and what shows links.
//
// Whatever comes from an editor or a caller is escaped here, and nowhere else.

import texts from 'page_texts.js';

const LONGEST_DESCRIPTION = 300;
// No letter in here needs escaping. The edge has looked at the name already.
const HOST = /^[A-Za-z0-9.-]+(:[0-9]{1,5})?$|^\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?$/;

// "http://site.example", as the caller asked for it; nothing where that is no name.
function siteOrigin(scheme, host) {
    return HOST.test(host || '') ? `${scheme === 'https' ? 'https' : 'http'}://${host}` : '';
}

// `answers` are the first answers (first_answers.js).
function site(language, origin, path, answers) {
    const words = texts[language];
    if (path === '/courses') {
        return page(words, origin, path, `${words.courses} · ${words.name}`, words.coursesDescription);
    }
    return page(words, origin, path === '/' ? path : '', words.title, words.description) + pageAhead(answers);
}

function missing(language) {
    const words = texts[language];
    return [
        tag('title', `${words.missing} · ${words.name}`),
        meta('name', 'description', words.description),
        meta('name', 'robots', 'noindex'),
    ].join('');
}

// `course` is the API's answer.
function course(language, origin, found) {
    const words = texts[language];
    const path = `/courses/${Number(found.id)}`;
    const title = `${text(found.name)} · ${words.name}`;
    const description = shortened(text(found.brief)) || words.description;
    const picture = absolute(text(found.course_img), origin);
    return page(words, origin, path, title, description, picture)
        + pictureAhead(found.course_img, found.course_img_set, '(width < 900px) 100vw, 400px')
        + data(courseData(words, origin, path, found, description, picture));
}

function page(words, origin, path, title, description, picture) {
    const tags = [
        tag('title', title),
        meta('name', 'description', description),
        meta('property', 'og:site_name', words.name),
        meta('property', 'og:locale', words.locale),
        meta('property', 'og:type', 'website'),
        meta('property', 'og:title', title),
        meta('property', 'og:description', description),
    ];
    if (origin && path) {
        tags.push(`<link rel="canonical" href="${escaped(origin + path)}">`);
        tags.push(meta('property', 'og:url', origin + path));
    }
    if (picture) {
        tags.push(meta('property', 'og:image', picture));
        tags.push(meta('name', 'twitter:card', 'summary_large_image'));
    }
    return tags.join('');
}

// The first banner of the front page, the course's picture in the player.
function pageAhead(answers) {
    const banners = answers['home/banner/'];
    if (banners) {
        const list = (JSON.parse(banners) || {}).result;
        const first = Array.isArray(list) && list[0] ? list[0] : {};
        return pictureAhead(first.image, first.image_set, '(width < 1264px) 100vw, 1200px');
    }
    const address = Object.keys(answers).find((one) => /^course\/actual\/[0-9]+\/$/.test(one));
    if (address) {
        const course = JSON.parse(answers[address]) || {};
        return pictureAhead(course.course_img, course.course_img_set, '(width < 1000px) 100vw, 840px');
    }
    return '';
}

// The picture at the top of the page, asked for before the app knows of it. The widths and the sizes
// are those of src/components (CourseTrailer, BannerSlide, CourseStill), or it would be loaded twice.
function pictureAhead(picture, set, sizes) {
    const first = located(text(picture), '');
    const widths = (Array.isArray(set) ? set : [])
        .filter((one) => one)
        .map((one) => ({ address: located(text(one.url), ''), width: Number(one.width) }))
        .filter((one) => one.address && one.width > 0)
        .map((one) => `${one.address.replace(/,/g, '%2C').replace(/ /g, '%20')} ${one.width}w`)
        .join(', ');
    if (!first) {
        return '';
    }
    const more = widths ? ` imagesrcset="${escaped(widths)}" imagesizes="${escaped(sizes)}"` : '';
    return `<link rel="preload" as="image" fetchpriority="high" href="${escaped(first)}"${more}>`;
}

// https://schema.org/Course
function courseData(words, origin, path, found, description, picture) {
    const address = origin ? origin + path : undefined;
    const price = /^[0-9]+(\.[0-9]+)?$/.test(text(found.price)) ? text(found.price) : undefined;
    return {
        '@context': 'https://schema.org',
        '@type': 'Course',
        name: text(found.name),
        description,
        url: address,
        image: picture || undefined,
        provider: { '@type': 'Organization', name: words.name, url: origin ? `${origin}/` : undefined },
        offers: price && {
            '@type': 'Offer',
            price,
            priceCurrency: 'CNY',
            category: Number(price) === 0 ? 'Free' : 'Paid',
            url: address,
        },
        aggregateRating: found.reviews > 0 && found.rating >= 1 ? {
            '@type': 'AggregateRating',
            ratingValue: Number(found.rating),
            reviewCount: Number(found.reviews),
            bestRating: 5,
            worstRating: 1,
        } : undefined,
    };
}

function data(value) {
    return `<script type="application/ld+json">${inScript(JSON.stringify(value))}</script>`;
}

// For the app; src/api/firstAnswers.ts reads it. Where the API is at an address of its own, it is asked
// there: what runs beside this site need not be the same.
function firstAnswers(language, answers) {
    const addresses = Object.keys(answers);
    if (addresses.length === 0 || apiElsewhere()) {
        return '';
    }
    const entries = addresses.map((address) => `${JSON.stringify(address)}:${answers[address]}`);
    const json = `{"language":"${language}","answers":{${entries.join(',')}}}`;
    return `<script type="application/json" id="first-answers">${inScript(json)}</script>`;
}

// JSON within a script element: nothing in it can end the element or begin a comment.
function inScript(json) {
    return json.replace(/[<>&\u2028\u2029]/g, (sign) => {
        return '\\u' + sign.charCodeAt(0).toString(16).padStart(4, '0');
    });
}

// For who has no page to take it from: nothing where neither the address nor the caller names a host.
function absolute(address, origin) {
    const found = located(address, origin);
    return /^https?:/.test(found) ? found : '';
}

// As src/api/addresses.ts has it: pictures lie where the API is, by default at the page's own origin.
function located(address, origin) {
    if (/^https?:\/\//.test(address)) {
        return address;
    }
    return /^\/(?!\/)/.test(address) ? (apiElsewhere() || origin) + address : '';
}

// The origin of an API that is not at this site's own; nothing where it is.
function apiElsewhere() {
    const api = /^https?:\/\/[^/]+/.exec(process.env.BASE_URL || '');
    return api ? api[0] : '';
}

function shortened(whole) {
    const words = whole.replace(/[\s\u2028\u2029]+/g, ' ').trim();
    const signs = Array.from(words);
    return signs.length > LONGEST_DESCRIPTION ? signs.slice(0, LONGEST_DESCRIPTION - 1).join('') + '…' : words;
}

function text(value) {
    return typeof value === 'string' ? value : '';
}

function tag(name, content) {
    return `<${name}>${escaped(content)}</${name}>`;
}

function meta(kind, name, content) {
    return `<meta ${kind}="${name}" content="${escaped(content)}">`;
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(content) {
    return content.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

export default { siteOrigin, site, missing, course, firstAnswers };
