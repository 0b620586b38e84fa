'use strict';
// Conveniences. Every page works without this file, and everything that it says is written in the page.

const all = (selector, run) => document.querySelectorAll(selector).forEach(run);
const fill = (text, name, value) => text.replace(`{${name}}`, value);
const read = url => fetch(url, { headers: { Accept: 'text/html' }, cache: 'no-store' });
const parse = html => new DOMParser().parseFromString(html, 'text/html');
const isVisible = () => document.visibilityState === 'visible';
const onReturn = run => document.addEventListener('visibilitychange', () => { if (isVisible()) run(); });
const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

// What the page says before this script adds to it.
const original = document.querySelector('main').textContent;

// Before an appointment: how long it takes until the room opens. The page is loaded again when it opens, and earlier if the
// appointment was changed.
all('[data-opens-in]', element => {
    const opensAt = Date.now() + 1000 * element.dataset.opensIn;
    const units = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];
    const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'always' });
    const tick = () => {
        const left = Math.ceil((opensAt - Date.now()) / 1000);
        if (left <= 0) {
            clearInterval(timer);
            location.reload();
            return;
        }
        const [unit, seconds] = units.find(([, seconds]) => left >= 2 * seconds) ?? units.at(-1);
        say(element, fill(element.dataset.text, 'time', format.format(Math.round(left / seconds), unit)));
    };
    const timer = setInterval(tick, 1000);
    tick();
    element.hidden = false;
    setInterval(async () => {
        if (!isVisible()) return;
        const html = await read(location.href).then(response => response.text(), () => '');
        const main = parse(html).querySelector('main');
        if (main && main.textContent !== original) location.reload();
    }, 60_000);
});

// The choice of a time, in a browser of another time zone.
all('[data-zone]', element => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const offset = timeZone => new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).format();
    const select = document.getElementById('zone');
    if (!zone || !select || offset(zone) === offset(element.dataset.zone)) return;
    all('[data-zone] [data-text]', part => { part.textContent = fill(part.dataset.text, 'zone', zone); });
    element.querySelector('button').addEventListener('click', () => {
        if (![...select.options].some(option => option.value === zone)) select.add(new Option(zone));
        select.value = zone;
        select.form.requestSubmit();
    });
    element.hidden = false;
});

// The summary of a chosen time: whether it is still free when the visitor comes back to the tab.
all('[data-free]', element => {
    const check = async () => {
        const { url, ok } = await read(element.dataset.free).catch(() => ({}));
        const [here, there] = [element.dataset.free, url ?? ''].map(path => new URL(path, location.href).pathname);
        if (ok && here !== there) element.hidden = false;
    };
    onReturn(check);
    addEventListener('pageshow', event => { if (event.persisted) check(); });
});

// The day of a therapist, kept as it is now.
all('[data-live]', day => {
    const [status, nothing, list] = day.querySelectorAll('p, ol');
    // The focus stays on its control, else on the row or list.
    const showRows = rows => {
        const focused = document.activeElement;
        const id = focused.closest('[data-live] li')?.id;
        for (const old of [...list.children]) if (!rows.some(row => row.isEqualNode(old))) old.remove();
        rows.forEach((row, index) => {
            const old = list.children[index];
            if (!old?.isEqualNode(row)) list.insertBefore(row, old ?? null);
        });
        if (!id || document.activeElement === focused) return;
        const place = document.getElementById(id) ?? list;
        const isSame = ({ outerHTML }) => outerHTML === focused.outerHTML;
        ([...list.querySelectorAll(`#${id} *`)].find(isSame) ?? place).focus({ preventScroll: true });
    };
    const update = async () => {
        const response = await read(day.dataset.page);
        // The login session has ended.
        if (response.redirected || response.status === 403) location.reload();
        const fresh = parse(await response.text()).querySelector('[data-live]');
        if (!fresh) return;
        day.dataset.live = fresh.dataset.live;
        const [said, hint, { children }] = fresh.querySelectorAll('p, ol');
        say(status, said.textContent);
        nothing.hidden = hint.hidden;
        showRows([...children]);
    };
    let source, updated = Promise.resolve();
    const change = () => { updated = updated.then(update).catch(() => {}); };
    const isOpen = () => source?.readyState < EventSource.CLOSED;
    const open = () => {
        if (isOpen()) return;
        source = new EventSource(day.dataset.live);
        source.addEventListener('changed', change);
        source.addEventListener('replaced', () => source.close());
        source.addEventListener('error', () => {
            if (isOpen()) return;
            change();
            setTimeout(open, 30_000);
        });
    };
    onReturn(open);
    open();
});

// A button that copies what elements contain, with a place in which to say so.
all('button[data-copy]', button => {
    if (!navigator.clipboard) return;
    button.addEventListener('click', async () => {
        const items = [...document.querySelectorAll(button.dataset.copy)].map(item => item.value ?? item.textContent);
        await navigator.clipboard.writeText(items.join('\n'));
        button.nextElementSibling.textContent = button.dataset.done;
    });
    button.hidden = false;
});
