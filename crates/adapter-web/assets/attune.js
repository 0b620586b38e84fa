'use strict';
// Conveniences. Every page works without this file, and everything that it says is written in the page.

const all = (selector, run) => document.querySelectorAll(selector).forEach(run);
const fill = (text, name, value) => text.replace(`{${name}}`, value);
const isVisible = () => document.visibilityState === 'visible';

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
        const text = fill(element.dataset.text, 'time', format.format(Math.round(left / seconds), unit));
        if (element.textContent !== text) element.textContent = text;
    };
    const timer = setInterval(tick, 1000);
    tick();
    element.hidden = false;
    setInterval(async () => {
        if (!isVisible()) return;
        const html = await read(location.href).then(response => response.text(), () => '');
        const main = new DOMParser().parseFromString(html, 'text/html').querySelector('main');
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
    document.addEventListener('visibilitychange', () => { if (isVisible()) check(); });
    addEventListener('pageshow', event => { if (event.persisted) check(); });
});

// A button that copies what an element contains, with a place in which to say so.
all('button[data-copy]', button => {
    if (!navigator.clipboard) return;
    button.addEventListener('click', async () => {
        const items = [...document.querySelectorAll(button.dataset.copy)].map(item => item.textContent);
        await navigator.clipboard.writeText(items.join('\n'));
        button.nextElementSibling.textContent = button.dataset.done;
    });
    button.hidden = false;
});

function read(url) {
    return fetch(url, { headers: { Accept: 'text/html' }, cache: 'no-store' });
}
