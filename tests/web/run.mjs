// Runs all tests of the pages: node run.mjs [--screenshots FOLDER] [--matrix]
//
// With --matrix, every state is looked at in all languages, windows and colours by all rules, which takes long.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { chromium } from 'playwright-core';

import { inspect, inspectIn } from './checks.mjs';
import { FAULTS, listenWithFaults } from './control.mjs';
import { forgeries } from './forgery.mjs';
import { JOURNEYS } from './journeys.mjs';
import { waiting } from './live.mjs';
import { minutesAfter, Practice, START } from './practice.mjs';
import { untranslated } from './pseudo.mjs';
import { arrange, declaredForms, declaredStates, differences } from './states.mjs';
import { refusals } from './therapist.mjs';
import { press, WALKS } from './walks.mjs';
import { twoEditors, week } from './week.mjs';

const { values: { screenshots, matrix } } = parseArgs({
    options: { screenshots: { type: 'string' }, matrix: { type: 'boolean' } },
});
const LANGUAGES = ['de', 'fr', 'es'];
const PAGES_AT_A_TIME = 3;

let passed = 0;
const failed = [];

async function test(name, body) {
    try {
        await body();
        passed += 1;
        console.log(`test ${name} ... ok`);
    } catch (error) {
        failed.push(name);
        console.log(`test ${name} ... FAILED\n${error instanceof assert.AssertionError ? error.message : error.stack}`);
    }
}

const none = findings => assert.ok(findings.length === 0, findings.join('\n'));

// Runs a task for each of the items, a few at a time.
async function each(items, task) {
    const queue = [...items];
    await Promise.all(Array.from({ length: PAGES_AT_A_TIME }, async () => {
        for (let item = queue.shift(); item; item = queue.shift()) await task(item);
    }));
}

function camera(state) {
    if (!screenshots) return undefined;
    const name = state.replaceAll(/[^a-z]+/g, '-').replaceAll(/^-|-$/g, '');
    return (page, look) => page.screenshot({ path: `${screenshots}/${name}-${look}.png`, fullPage: true });
}

async function control(browser) {
    const { origin, close } = await listenWithFaults();
    try {
        const { findings } = await inspect(browser, `${origin}/control.html`, 'Another page');
        for (const [fault, finding] of FAULTS) {
            await test(`control: ${fault}`, () => assert.ok(findings.some(found => finding.test(found)), findings.join('\n')));
        }
        await test('control: no policy', async () => {
            const { findings } = await inspect(browser, `${origin}/without-policy`, 'Control');
            assert.ok(findings.includes('policy: the response has no Content-Security-Policy'), findings.join('\n'));
        });
        await test('control: a walk does not take a div for a button', async () => {
            const page = await browser.newPage();
            await page.goto(`${origin}/control.html`);
            await assert.rejects(press(page, 'button', 'Pay'), /there is one button Pay/);
            await assert.rejects(press(page, 'button', 'Out of reach of the keyboard'), /Tab does not reach/);
            await page.close();
        });
        await test('control: a state that is declared or reached alone', () => {
            assert.equal(differences(['a', 'b'], new Set(['b', 'c'])).length, 2);
        });
    } finally {
        await close();
    }
}

async function pages(browser, practice) {
    const reached = new Set();
    const forms = new Set();
    for await (const { settings, states, translated = {} } of arrange(practice)) {
        await each(Object.entries(states), ([state, [path, words, form]]) => test(`${state}, in ${settings}`, async () => {
            const isSeen = reached.has(state);
            reached.add(state);
            const pictures = camera(`${state} ${settings}`);
            const found = await inspect(browser, practice.origin + path, words, { form, pictures, matrix, isSeen });
            for (const button of found.buttons) forms.add(`${state.split(',')[0]}, ${button}`);
            none(found.findings);
        }));
        // Without --matrix, the states take turns in the languages.
        const inLanguages = Object.entries(translated).flatMap((entry, index) => LANGUAGES
            .filter((_, number) => matrix || number === index % LANGUAGES.length)
            .map(language => [language, ...entry]));
        await each(inLanguages, ([language, state, [path, , form]]) => test(`${state}, in ${language}`, async () => {
            const pictures = camera(`${state} ${language}`);
            none(await inspectIn(language, browser, practice.origin + path, { form, pictures, matrix }));
        }));
    }
    const declared = await declaredStates();
    await test('every state that the router declares is reached, and no other', () => none(differences(declared, reached)));
    // The test provider causes no payment problems.
    const missing = (await declaredForms()).filter(form => !forms.has(form) && form !== '/money, resolve');
    await test('therapists can do on a page what admins can do by the API', () => none(missing));
    await test('the pages of therapists are closed to clients', async () => none(await refusals(practice, declared.map(state => state.split(',')[0]))));
}

async function walks(browser, practice) {
    const jane = await practice.client('Jane', 'Roe');
    // At an hour at which the states have no appointments.
    let at = minutesAfter(START, 10 * 1440 + 240);
    for (const javaScriptEnabled of [true, false]) {
        for (const [name, walk] of Object.entries(WALKS)) {
            await test(`${name} by keyboard, script ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
                const page = await browser.newPage({ javaScriptEnabled });
                try {
                    await walk({ practice, page, client: jane, at });
                } finally {
                    await page.close();
                }
            });
            at = minutesAfter(at, 1440);
        }
    }
}

// Every text comes from a message, so that it can be translated.
async function pseudo(browser) {
    const practice = await Practice.open({ 'testing.pseudo_language': 'true' });
    const page = await browser.newPage();
    try {
        for await (const { settings, states } of arrange(practice)) {
            for (const [state, [path, , form]] of Object.entries(states)) {
                await test(`${state}, in ${settings}, in the pseudo-language`, async () => {
                    none(await untranslated(page, practice.origin + path, form));
                });
            }
        }
    } finally {
        await page.close();
        await test('the service in the pseudo-language logs no errors and ends', async () => none(await practice.close()));
    }
}

async function journeys(browser, practice) {
    for (const javaScriptEnabled of [true, false]) {
        await test(`a therapist lives a week, script ${javaScriptEnabled ? 'on' : 'off'}`, () => week(browser, { javaScriptEnabled }));
    }
    for (const [name, journey] of Object.entries(JOURNEYS)) {
        await test(name, async () => {
            const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin' });
            try {
                await journey({ practice, browser, context });
            } finally {
                await context.close();
            }
        });
    }
    await test('a therapist sees who waits', async () => {
        const context = await browser.newContext();
        try {
            await waiting({ practice, context });
        } finally {
            await context.close();
        }
    });
    await test('two editors of the same thing', () => twoEditors({ practice, browser }));
    await test('posts that other sites make a browser send change nothing', () => forgeries(browser, practice));
}

if (screenshots) await mkdir(screenshots, { recursive: true });
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
    args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        // Pages that ask another host reach none.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
});
const practice = await Practice.open();
try {
    await control(browser);
    await pages(browser, practice);
    await walks(browser, practice);
    await journeys(browser, practice);
    await pseudo(browser);
} finally {
    const errors = await practice.close();
    await test('the service logs no errors and ends', () => none(errors));
    await browser.close();
}

console.log(`\ntest result: ${failed.length ? 'FAILED' : 'ok'}. ${passed} passed; ${failed.length} failed; 0 ignored`);
process.exitCode = failed.length ? 1 : 0;
