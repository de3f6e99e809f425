const course = {
    id: 1,
    name: `</script><script>alert(1)</script> "Knots" & 'ropes' <!--`,
    brief: 'Tie\n  anything.</title>\u2028"',
    course_img: '/media/course/knots"><b>.png',
    course_img_set: [
        { url: '/media/sizes/knots, 320".webp', width: 320 },
        { url: 'javascript:alert(1)', width: 640 },
        { url: '/media/sizes/knots.webp', width: 'wide' },
    ],
    price: '39.00',
    rating: 4.5,
    reviews: 2,
};

const others = {
    2: (r) => ({ name: JSON.stringify(r.headersIn) }),
    8: () => ({ details: 'x'.repeat(1500000) }),
    9: () => ({ id: 10 }),
    10: () => ({ name: 'Free', brief: '', course_img: null, price: '0.00', rating: null, reviews: 0 }),
    13: () => ({ details: 'x'.repeat(300000) }),
    14: () => ({ name: 7 }),
    15: () => ({ brief: '航'.repeat(1000), course_img: '//elsewhere.test/a.png', price: '1e9' }),
    17: () => ({ course_img_set: [null, 7] }),
    16: () => ({ course_img: 'https://pictures.test/a.png', course_img_set: 'none' }),
};

// What pages ask first. "slow" in the request's ID makes one of them late, "large" too large, "broken"
// none; "null" makes the banners nothing.
const first = {
    'home/banner/': {
        code: 100,
        result: [{ title: '</script>', image: '/media/sail.png', image_set: [{ url: '/media/sail.320.webp', width: 320 }] }],
    },
    'course/category/': [{ id: 1, name: 'Knots' }],
    'course/actual/': { count: 1, results: [{ id: 1, name: '<!-- & more' }] },
    'course/chapter/': [{ id: 1, name: 'Bends' }],
};

function firstAnswer(r, name) {
    const found = first[name];
    const wish = name === 'course/category/' ? r.headersIn['X-Request-ID'] : '';
    if (name === 'home/banner/' && r.headersIn['X-Request-ID'] === 'null') {
        r.return(200, 'null');
    } else if (wish === 'slow') {
        setTimeout(() => r.return(200, JSON.stringify(found)), 900);
    } else if (wish === 'large') {
        r.return(200, JSON.stringify(['x'.repeat(200000)]));
    } else if (wish === 'broken') {
        r.return(200, '<html>');
    } else if (wish === 'down') {
        r.return(503, '{"code": 503}');
    } else {
        r.return(200, JSON.stringify(found));
    }
}

function answer(r) {
    const found = /^\/api\/v1\/course\/actual\/([0-9]+)\/$/.exec(r.uri);
    const id = found ? Number(found[1]) : 0;
    r.headersOut['Content-Type'] = 'application/json';
    const name = r.uri.replace('/api/v1/', '');
    if (first[name]) {
        firstAnswer(r, name);
        return;
    }
    if (id === 3) {
        setTimeout(() => r.return(200, JSON.stringify(course)), 5000);
    } else if (id === 4) {
        r.return(200, 'this is no JSON');
    } else if (id === 5) {
        r.return(500, '{"code": 500}');
    } else if (id === 11) {
        r.return(302, 'http://elsewhere.test/');
    } else if (id === 12) {
        r.return(400, '{"code": 400}');
    } else if (id === 1 || others[id]) {
        const more = others[id] ? others[id](r) : {};
        r.return(200, JSON.stringify(Object.assign({}, course, { id }, more)));
    } else {
        r.return(404, '{"code": 404}');
    }
}

export default { answer };
