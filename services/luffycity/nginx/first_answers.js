// What the app asks of the API first on the page that is opened: asked here, and sent in the page, so
// that nothing has to go there and back again before anything is seen. src/api/firstAnswers.ts takes it.
//
// An answer that is late, too large, no JSON or a refusal is left out: the app asks for it by itself.

// The addresses are those that the app makes (src/api/courses.ts), or it would not find its answers.
const HOME = [
    'home/banner/',
    'course/category/',
    'course/actual/?page_size=4',
    'course/actual/?page_size=4&ordering=-pub_date',
    'course/actual/?page_size=4&ordering=-students',
    'course/actual/?page_size=4&free=true',
];
const LIST = ['course/category/', 'course/actual/?page=1&page_size=12'];

// The player; as src/routes has it.
const LEARN = /^\/learn\/([1-9][0-9]{0,8})(?:\/[0-9]+)?$/;

// A page waits no longer for what it can do without.
const PATIENCE_MS = 300;
const LONGEST = 100000;

// The name is looked up anew as soon as the engine's DNS may have another address for it.
const API = 'http://luffy_api:8000/api/v1/';
const PASSED_ON = ['Host', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Request-ID'];

// The answers to what the page at `path` asks first, by address, each as JSON.
async function of(r, path, language) {
    const addresses = questions(path, r.variables.args);
    const replies = await Promise.all(addresses.map((address) => inTime(ask(r, address, language))));
    return fit(r, addresses, replies);
}

function questions(path, query) {
    if (path === '/') {
        return HOME;
    }
    if (path === '/courses' && !query) {
        return LIST;
    }
    const learnt = LEARN.exec(path);
    return learnt ? [`course/actual/${learnt[1]}/`] : [];
}

// A course's own page: the API's status, the course, and the answers to what the page asks first.
async function ofCourse(r, id, language) {
    const address = `course/actual/${id}/`;
    const chapters = `course/chapter/?course_id=${id}`;
    const replies = await Promise.all([
        ask(r, address, language),
        inTime(ask(r, chapters, language)),
    ]);
    const found = replies[0].value;
    if (replies[0].status === 200 && (!found || typeof found.name !== 'string' || String(found.id) !== id)) {
        replies[0] = { status: 502, why: `expected course ${id}, found another answer` };
    }
    const reply = replies[0];
    return { status: reply.status, course: reply.value, answers: fit(r, [address, chapters], replies) };
}

// The API's answer: its status, for 200 its text and the value that this is, and why there is none.
async function ask(r, address, language) {
    try {
        const reply = await ngx.fetch(API + address, { headers: passedOn(r, language) });
        if (reply.status !== 200) {
            return { status: reply.status };
        }
        const text = await reply.text();
        return { status: 200, text, value: JSON.parse(text) };
    } catch (error) {
        return { status: 502, why: error.message };
    }
}

function inTime(reply) {
    const late = { status: 504, why: `nothing in ${PATIENCE_MS} ms` };
    return Promise.race([reply, new Promise((resolve) => setTimeout(() => resolve(late), PATIENCE_MS))]);
}

// Those that the page can carry, by address. One line of the log tells of all others.
function fit(r, addresses, replies) {
    const answers = {};
    const without = [];
    addresses.forEach((address, at) => {
        const reply = replies[at];
        if (reply.status === 200 && reply.text.length <= LONGEST) {
            answers[address] = reply.text;
        } else if (reply.why) {
            without.push(`${address} (${reply.why})`);
        }
    });
    if (without.length) {
        r.error(`${r.uri} comes without ${without.join(', ')}`);
    }
    return answers;
}

// Who asks, and for what, in the page's language; nothing that the answer would be another for.
function passedOn(r, language) {
    const headers = { 'Accept-Language': language };
    PASSED_ON.forEach((name) => {
        if (r.headersIn[name]) {
            headers[name] = r.headersIn[name];
        }
    });
    return headers;
}

export default { of, ofCourse };
