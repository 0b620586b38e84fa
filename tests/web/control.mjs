// The control: a check that finds nothing says nothing. control/control.html has a fault for each.

import { readFile } from 'node:fs/promises';

import { listen } from './practice.mjs';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-eval'; img-src *";

// The faults that are planted, and the finding of the check that has to notice each.
export const FAULTS = [
    ['a page in another state', /^state: .*Another page/],
    ['a policy with an unsafe source', /^policy: 'unsafe-eval'/],
    ['a policy without a directive', /^policy: base-uri 'none' is missing/],
    ['a request to another host', /^requests: http:\/\/elsewhere\.example\.org/],
    ['an inline style', /^console: .*inline style/],
    ['an error in a script', /^console: .*planted/],
    ['a link that leads nowhere', /^links: .*\/nowhere is 404/],
    ['a div with a click handler in place of a button', /^clicks: <div id="payment">/],
    ['a button that Tab does not reach', /^keyboard: Tab does not reach <button id="unfocusable"/],
    ['a focus that cannot be seen', /^keyboard: the focus on <button id="no-ring">/],
    ['a button that is covered', /^keyboard: <button id="covered">.* is covered/],
    ['no language', /^axe: html-has-lang/],
    ['an empty title', /^axe: document-title/],
    ['low contrast', /^axe: color-contrast at 1280 light: .*id="faint"/],
    ['low contrast in the dark', /^axe: color-contrast at 1280 dark: .*id="faint-when-dark"/],
    ['low contrast on a telephone', /^axe: color-contrast at 320 light: .*id="faint-when-narrow"/],
    ['a field without a label', /^axe: label at 1280 light/],
    ['a page that is wider than a small telephone', /^overflow: at 320: .*id="wide"/],
    ['large text that is wider than the page', /^text: at 375: .*id="wide-when-large"/],
    ['text that does not grow', /^text: at 1280: <p id="fixed">.* does not grow/],
    ['large text that is cut', /^text: at 1280: <p id="cut">.* cuts its text/],
    ['content that needs script', /^script off: h2 Written by script is missing/],
];

export async function listenWithFaults() {
    const types = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript' };
    return listen(async (request, response) => {
        const { pathname } = new URL(request.url, 'http://localhost');
        const file = pathname === '/without-policy' ? '/control.html' : pathname;
        const body = await readFile(new URL(`control${file}`, import.meta.url)).catch(() => null);
        response.statusCode = body ? 200 : 404;
        response.setHeader('Content-Type', types[file.split('.').pop()] ?? 'text/plain');
        if (pathname === '/control.html') response.setHeader('Content-Security-Policy', POLICY);
        response.end(body);
    });
}
