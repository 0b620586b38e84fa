// What other sites make a browser do that is logged in.

import assert from 'node:assert/strict';

import { hiddenFields, postForm } from './checks.mjs';
import { listen } from './practice.mjs';

const ACTION = '/account/profile';

export async function forgeries(browser, practice) {
    const ada = await practice.client('Ada', 'Lovelace');
    const cookies = await ada.logInByPage();
    const { fields } = await hiddenFields(`${practice.origin}/account`, cookies, { action: ACTION });
    const url = practice.origin + ACTION;
    const profile = { last_name: 'Lovelace', zone: '', language: '' };
    const post = (headers, more = fields) => postForm(url, { ...profile, ...more, first_name: 'Forged' }, { cookies, headers });
    const name = async () => (await ada.get('/api/auth/me')).first_name;

    // Even with the token of the form, which no other site knows.
    for (const headers of [
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site', Origin: practice.origin },
        { Origin: 'https://elsewhere.example.org' },
        { Origin: 'null' },
        // Neither header: a browser of which we know nothing.
        {},
    ]) {
        assert.equal((await post(headers)).status, 403, JSON.stringify(headers));
    }
    assert.equal((await post(undefined, { form_token: 'forged' })).status, 403);
    assert.equal((await post(undefined, {})).status, 403);
    assert.equal(await name(), 'Ada');

    // A page on another port is another origin, but the same site, so that the browser sends the cookies.
    const context = await browser.newContext();
    const form = target => `<form method="post" action="${url}" target="${target}">
        <input name="first_name" value="Forged"><input name="last_name" value="Lovelace"><button>${target}</button></form>`;
    const attacker = await listen((_, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(`<!doctype html><iframe name="frame"></iframe>${form('frame')}${form('_self')}`);
    });
    try {
        await context.addCookies(cookies.map(cookie => {
            const [name, ...value] = cookie.split('=');
            return { name, value: value.join('='), url: practice.origin, sameSite: 'Lax' };
        }));
        const page = await context.newPage();
        const answered = async act => {
            const [response] = await Promise.all([page.waitForResponse(url), act()]);
            return response;
        };
        await page.goto(attacker.origin);
        const script = () => page.evaluate(target => {
            const body = new URLSearchParams({ first_name: 'Forged', last_name: 'Lovelace' });
            return fetch(target, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).then(() => {});
        }, url);
        assert.equal((await answered(script)).status(), 403);
        for (const name of ['frame', '_self']) {
            const response = await answered(() => page.getByRole('button', { name }).click());
            assert.equal(response.status(), 403);
            assert.match((await response.request().allHeaders()).cookie, /\battune=/, 'the browser sends its cookies');
        }
        await page.getByText('Another site sent this form').waitFor();
    } finally {
        await Promise.all([context.close(), attacker.close()]);
    }
    assert.equal(await name(), 'Ada');
    // The same form from our own page.
    assert.equal((await post()).status, 303);
    assert.equal(await name(), 'Forged');
}
