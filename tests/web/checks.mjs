// What is asked of every page. A check returns its findings as sentences; none means that the page passes.

import axe from 'axe-core';

const AXE = {
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    resultTypes: ['violations', 'incomplete'],
};

// The rules whose outcome depends on the colours.
const COLOURS = { ...AXE, runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };

const WIDTHS = [1280, 375, 320];

// A window of 375 pixels has the same layout as one of 320.
const looks = widths => widths.flatMap(width => [
    { width, scheme: 'light', rules: AXE },
    { width, scheme: 'dark', rules: COLOURS },
]);
const LOOKS = looks([1280, 320]);
const ALL_LOOKS = looks(WIDTHS);

const DIRECTIVES = ["default-src 'none'", 'form-action', "base-uri 'none'", "frame-ancestors 'none'"];

// The checks of a page that is open, by name, in an order in which none disturbs the next.
const CHECKS = { state, policy, requests, console: messages, links, clicks, keyboard, axe: accessibility, overflow, text };

// What a practice with another name, logo and colour may change.
const APPEARANCE = ['state', 'policy', 'requests', 'console', 'axe', 'overflow', 'text'];

// The hidden fields of the form on a page that is posted to `action`, or has a button with this value, and the cookies that
// its response set.
export async function hiddenFields(url, cookies = [], { action, button } = {}) {
    const response = await fetch(url, { headers: { cookie: cookies.join('; ') }, redirect: 'manual' });
    const html = await response.text();
    const forms = html.split('<form').slice(1).filter(form => !form.includes('action="/logout"'));
    const isPosted = form => form.split('>')[0].includes('method="post"');
    const isWanted = form => (!action || form.split('>')[0].includes(`action="${action}"`))
        && (!button || form.includes(`name="do" value="${button}"`));
    const form = forms.filter(isPosted).find(isWanted) ?? '';
    const inputs = form.split('</form>')[0].matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
    const fields = Object.fromEntries([...inputs].map(([, name, value]) => [name, value.replaceAll('&amp;', '&')]));
    const set = response.headers.getSetCookie().map(cookie => cookie.split(';')[0]);
    return { fields, cookies: [...cookies, ...set] };
}

// Sends a form as the page of ours on which it stands, unless its headers say otherwise.
export function postForm(url, fields, { cookies = [], headers = { 'Sec-Fetch-Site': 'same-origin' }, redirect = 'manual', file } = {}) {
    const body = file ? new FormData() : new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    if (file) body.append(file.name, new Blob([file.bytes]), 'file');
    return fetch(url, { method: 'POST', body, headers: { ...headers, cookie: cookies.join('; ') }, redirect });
}

// Sends a form, with the hidden fields of the page that it stands on (`from`, else the page itself). A page that is the
// response to it can be opened as often as needed, although the form was sent once.
export async function send(url, { fields = {}, headers, cookies = [], from = url, file }) {
    const page = new URL(from, url).href;
    const hidden = await hiddenFields(page, cookies, { action: new URL(url).pathname });
    const plain = Object.keys(hidden.fields).length ? hidden : await hiddenFields(page, cookies, { button: fields.do });
    const all = { ...plain.fields, ...fields };
    const response = await postForm(url, all, { cookies: plain.cookies, headers, redirect: 'follow', file });
    const kept = [...response.headers].filter(([name]) => !/^(content-(length|encoding)|transfer-encoding|connection)$/.test(name));
    return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
}

// A browser context in which the page shows the response to a form.
async function openContext(browser, options, url, received, cookies = []) {
    const context = await browser.newContext(options);
    if (cookies.length) {
        const { origin } = new URL(url);
        await context.addCookies(cookies.map(cookie => {
            const [name, ...value] = cookie.split('=');
            return { name, value: value.join('='), url: origin };
        }));
    }
    if (received) await context.route(url, route => route.fulfill(received));
    return context;
}

// Opens a page, which should show these words, in a browser context of its own; with a `form`, the response to it. With
// `cookies` in the form it is that of a user who is logged in, and with `view` it is not sent. Returns the findings, each as
// `CHECK: what is wrong`, and the values of the buttons that say which form is sent. A state that was seen in another practice
// is not checked for what is the same in all of them.
export async function inspect(browser, url, words, { form, pictures, matrix = false, isSeen = false } = {}) {
    const findings = [];
    const received = form && !form.view ? await send(url, form) : undefined;
    const cookies = form?.cookies ?? [];
    const context = await openContext(browser, { reducedMotion: 'reduce' }, url, received, cookies);
    try {
        const page = await context.newPage();
        const seen = { messages: [], requests: [] };
        page.on('console', message => seen.messages.push(message));
        page.on('pageerror', error => seen.messages.push(error));
        page.on('request', request => seen.requests.push(request.url()));
        const response = await page.goto(url);
        const expected = await page.evaluate(controls);
        const opened = { page, response, words, seen, context, pictures, matrix };
        for (const [name, check] of Object.entries(CHECKS)) {
            if (isSeen && !APPEARANCE.includes(name)) continue;
            for (const finding of await check(opened)) findings.push(`${name}: ${finding}`);
        }
        const buttons = await page.evaluate(() => [...document.querySelectorAll('button[name=do]')].map(button => button.value));
        if (isSeen) return { findings, buttons };
        for (const finding of await withoutScript(browser, url, received, cookies, expected)) findings.push(`script off: ${finding}`);
        return { findings, buttons };
    } finally {
        await context.close();
    }
}

// Opens a page in another language than English, in a narrow window; with `matrix`, in all windows and colours.
export async function inspectIn(language, browser, url, { form, pictures, matrix = false } = {}) {
    const cookies = [...form?.cookies ?? [], `attune-language=${language}`];
    const received = form && !form.view ? await send(url, { ...form, cookies }) : undefined;
    const context = await openContext(browser, { reducedMotion: 'reduce' }, url, received, cookies);
    try {
        const page = await context.newPage();
        const response = await page.goto(url);
        const found = [await page.locator('html').getAttribute('lang'), response.headers()['content-language']];
        const looks = matrix ? ALL_LOOKS : [{ width: 320, scheme: 'light', rules: AXE }];
        return [
            ...found.every(tag => tag === language) ? [] : [`lang: it is in ${found.join(' and ')}`],
            ...(await accessibility({ page, pictures, looks, matrix })).map(finding => `axe: ${finding}`),
            ...(await overflow({ page })).map(finding => `overflow: ${finding}`),
        ];
    } finally {
        await context.close();
    }
}

async function state({ page, words }) {
    const text = await page.locator('main').innerText();
    return text.includes(words) ? [] : [`${JSON.stringify(words)} is not in ${JSON.stringify(text)}`];
}

function policy({ response }) {
    const policy = response.headers()['content-security-policy'];
    if (!policy) return ['the response has no Content-Security-Policy'];
    const missing = DIRECTIVES.filter(directive => !policy.includes(directive));
    return [
        ...policy.match(/'?unsafe[-\w]*'?/g) ?? [],
        ...missing.map(directive => `${directive} is missing in ${policy}`),
    ];
}

function requests({ response, seen }) {
    const { origin } = new URL(response.url());
    return seen.requests.filter(url => new URL(url).origin !== origin);
}

// Refused styles and scripts, script errors, assets that do not exist. That the page itself is an error page is no fault.
function messages({ page, seen }) {
    const isAboutPage = message => message.location?.().url === page.url() && /status of [45]\d\d/.test(message.text());
    const isFault = message => message instanceof Error || ['error', 'warning'].includes(message.type());
    const faults = seen.messages.filter(message => isFault(message) && !isAboutPage(message));
    return faults.map(message => message instanceof Error ? String(message) : `${message.text()} ${message.location().url}`);
}

// Links to our own pages lead somewhere.
async function links({ page, context }) {
    const { origin } = new URL(page.url());
    const targets = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map(link => link.href));
    const findings = [];
    for (const target of new Set(targets.map(target => target.split('#')[0]))) {
        // A page that is an error page may link to itself, to be opened again or in another language.
        const { pathname } = new URL(page.url());
        if (new URL(target).origin !== origin || new URL(target).pathname === pathname) continue;
        const response = await context.request.get(target);
        if (!response.ok()) findings.push(`${target} is ${response.status()}`);
    }
    return findings;
}

// What reacts to clicks has to be something that the keyboard and a screen reader can operate too; axe does not look.
async function clicks({ page, context }) {
    const devtools = await context.newCDPSession(page);
    const { result } = await devtools.send('Runtime.evaluate', {
        expression: `[...document.body.querySelectorAll('*')]
            .filter(element => element.onclick || getEventListeners(element).click)
            .filter(element => !element.closest('a[href], button, input, select, textarea, label, summary'))
            .map(element => element.cloneNode().outerHTML + ' reacts to clicks')`,
        includeCommandLineAPI: true,
        returnByValue: true,
    });
    return result.value;
}

// Everything that can be operated is reached with the Tab key, shows that it has the focus, and is not covered then.
async function keyboard({ page }) {
    const all = await page.evaluate(() => {
        const every = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
        const visible = every.filter(element => !element.disabled && element.checkVisibility({ visibilityProperty: true }));
        window.controls = new Map(visible.map(element => [element, look(element)]));
        function look(element) {
            const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
            const outline = outlineStyle === 'none' || outlineWidth === '0px' ? 'none' : `${outlineWidth} ${outlineColor}`;
            return `${outline} / ${boxShadow}`;
        }
        window.unreached = new Set(visible);
        window.focused = () => {
            const element = document.activeElement;
            if (!window.unreached.delete(element)) return [];
            // The arrow keys lead to the others of the group.
            const isOfGroup = other => other.type === 'radio' && other.name === element.name && other.form === element.form;
            if (element.type === 'radio') [...window.unreached].filter(isOfGroup).forEach(other => window.unreached.delete(other));
            // The first line of a link that is wrapped.
            const [{ left, top, width, height }] = element.getClientRects();
            const hit = document.elementFromPoint(left + width / 2, top + height / 2);
            const name = element.cloneNode().outerHTML;
            return [
                ...look(element) === window.controls.get(element) ? [`the focus on ${name} cannot be seen`] : [],
                ...element.contains(hit) ? [] : [`${name} is covered when it has the focus`],
            ];
        };
        return visible.length;
    });
    const findings = [];
    // A date field has several stops.
    for (let presses = 0; presses < 8 * all; presses += 1) {
        await page.keyboard.press('Tab');
        findings.push(...await page.evaluate(() => window.focused()));
        if (await page.evaluate(() => window.unreached.size) === 0) break;
    }
    const unreached = await page.evaluate(() => {
        document.activeElement.blur();
        return [...window.unreached].map(element => element.cloneNode().outerHTML);
    });
    return [...findings, ...unreached.map(name => `Tab does not reach ${name}`)];
}

// All rules in the light, and in the dark those about colours; with `matrix`, all.
async function accessibility({ page, pictures, matrix, looks = matrix || pictures ? ALL_LOOKS : LOOKS }) {
    await page.evaluate(axe.source);
    const findings = [];
    for (const { width, scheme, rules } of looks) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme: scheme });
        const { violations, incomplete } = await page.evaluate(options => axe.run(document, options), matrix ? AXE : rules);
        for (const { id, nodes } of [...violations, ...incomplete]) {
            findings.push(`${id} at ${width} ${scheme}: ${nodes.map(node => node.html).join(' ')}`);
        }
        await pictures?.(page, `${width}-${scheme}`);
    }
    return findings;
}

// The elements that are wider than the window, if the page scrolls sideways.
function tooWide() {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const isBeyond = element => {
        const { left, width } = element.getBoundingClientRect();
        // A long word reaches beyond the box that it is in.
        return left + Math.max(width, element.scrollWidth) > root.clientWidth + 0.5;
    };
    const beyond = [...document.body.querySelectorAll('*')]
        .filter(element => isBeyond(element) && ![...element.children].some(isBeyond));
    return [`${root.scrollWidth} px wide: ${beyond.map(element => element.cloneNode().outerHTML).join(' ')}`];
}

async function overflow({ page }) {
    const findings = [];
    for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        for (const finding of await page.evaluate(tooWide)) findings.push(`at ${width}: ${finding}`);
    }
    return findings;
}

// Elements that hide a part of their text. What is for screen readers alone is at most a pixel in size.
function cut() {
    return [...document.body.querySelectorAll('*')]
        .filter(element => element.innerText?.trim() && element.clientWidth > 1 && element.clientHeight > 1)
        .filter(element => {
            const { overflowX, overflowY } = getComputedStyle(element);
            return overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1
                || overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1;
        })
        .map(element => `${element.cloneNode().outerHTML} cuts its text`);
}

// With the browser's font twice as large, all text grows, and none is cut.
async function text({ page, context, pictures }) {
    const devtools = await context.newCDPSession(page);
    const setFont = standard => devtools.send('Page.setFontSizes', { fontSizes: { standard } });
    const findings = [];
    for (const width of [1280, 375]) {
        await page.setViewportSize({ width, height: 800 });
        await setFont(16);
        await page.evaluate(() => {
            const withText = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
            window.texts = [...document.body.querySelectorAll('*')].filter(withText);
            window.size = element => Number.parseFloat(getComputedStyle(element).fontSize);
            window.sizes = new Map(window.texts.map(element => [element, window.size(element)]));
        });
        await setFont(32);
        const small = await page.evaluate(() => window.texts
            .filter(element => window.size(element) < 1.5 * window.sizes.get(element))
            .map(element => `${element.cloneNode().outerHTML} does not grow`));
        for (const finding of [...small, ...await page.evaluate(tooWide), ...await page.evaluate(cut)]) {
            findings.push(`at ${width}: ${finding}`);
        }
        if (pictures) {
            await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
            // Chromium forgets the font when the window changes.
            await setFont(32);
            await pictures(page, `${width}-large`);
        }
    }
    return findings;
}

// Headings, links and what can be operated. A `button` with the type `button` does nothing without script, so it may exist
// only with it.
function controls() {
    const all = document.querySelectorAll('h1, h2, a[href], button:not([type=button]), input:not([type=hidden]), select, textarea');
    const visible = [...all].filter(element => element.checkVisibility({ visibilityProperty: true }));
    return visible.map(element => `${element.localName} ${element.textContent.trim()}`);
}

async function withoutScript(browser, url, received, cookies, expected) {
    const context = await openContext(browser, { javaScriptEnabled: false }, url, received, cookies);
    try {
        const page = await context.newPage();
        await page.goto(url);
        const found = await page.evaluate(controls);
        return expected.filter(control => !found.includes(control)).map(control => `${control} is missing`);
    } finally {
        await context.close();
    }
}
