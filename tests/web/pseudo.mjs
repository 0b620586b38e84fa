// Looks for text that comes from no message. In the pseudo-language messages are between ⟦ and ⟧; the rest is what users and
// the practice typed, and times, amounts and the like.

import { send } from './checks.mjs';
import { PRACTICE } from './states.mjs';

const DATA = [
    // Email addresses, URLs and their parts, time zones.
    /[\w.+-]+@[\w.-]+/g, /https?:\/\/\S+/g, /www\.\S+/g, /\b[A-Z][a-z]+\/[A-Z]\w+(\/\w+)?/g, /\bUTC\b/g,
    // What the script replaces, and the program with which these tests log in.
    /\{(zone|time)\}/g, 'node',
    // Languages are named in themselves.
    /\b(English|Deutsch|Français|Español)\b/g,
    // What the practice is called and writes.
    PRACTICE, 'Attune Heart Therapy', 'We process only what your appointments require.', 'Session', 'First conversation',
    'Ashdown & Featherstone', 'Lindenstraße 14, 10969 Berlin', 'Responsible for the content: Meredith Ashdown',
    // People.
    ...['Meredith Ashdown', 'Jane Doe', 'John Doe', 'Anna Berger', 'Mary Major', 'Jonas Brandt', 'Ada Lovelace', 'Augusta Lovelace',
        'Grace Hopper', 'Nora Lind', 'Lea Sommer', 'Ines Vega', 'Ole', 'Mary Somerville', 'Emmy Noether', 'Sofya Kovalevskaya', 'Hypatia', 'Ada King', 'Ada Byron', 'Lise Meitner', 'Augusta'],
    // What is typed.
    'A cold', 'Holidays', 'Bring the form.', 'no one of this name', 'About the last time.',
];

// The texts of a document, with those for screen readers and for the script.
function texts(html) {
    const page = new DOMParser().parseFromString(html, 'text/html');
    for (const element of page.querySelectorAll('script, style, code, svg, textarea')) element.remove();
    const found = [];
    const walker = page.createTreeWalker(page, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) found.push(walker.currentNode.data);
    for (const element of page.querySelectorAll('*')) {
        for (const name of ['alt', 'title', 'placeholder', 'aria-label', 'data-text', 'data-done']) {
            if (element.hasAttribute(name)) found.push(element.getAttribute(name));
        }
    }
    return found;
}

// The words in which something outside of the messages is written.
function words(text) {
    let rest = text.replaceAll(/⟦[^⟦⟧]*⟧/gu, ' ').replaceAll(/\s+/gu, ' ');
    for (const known of DATA) rest = rest.replaceAll(known, ' ');
    return rest.match(/\p{L}{2,}/gu) ?? [];
}

// The findings on a page, or on the response to a form. `page` is any page of a browser, for its parser.
export async function untranslated(page, url, form) {
    const cookie = form?.cookies?.join('; ') ?? '';
    const html = form && !form.view
        ? (await send(url, form)).body
        : await (await fetch(url, { headers: { cookie, Accept: 'text/html' } })).text();
    const found = await page.evaluate(texts, html);
    if (!found.some(text => text.includes('⟦'))) return [`no message: ${html}`];
    return found.filter(text => words(text).length).map(text => `${JSON.stringify(text)} is in no message`);
}
