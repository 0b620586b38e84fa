// The states of the account, whose visitor is logged in.

import assert from 'node:assert/strict';

import { hiddenFields, postForm } from './checks.mjs';
import { codeAt } from './practice.mjs';

const NEW_PASSWORD = 'crooked-lighthouse-marmalade';

// Sends the form on this page that is posted to `action`; returns the page that is the response.
async function submit({ origin }, cookies, page, action, fields) {
    const hidden = await hiddenFields(origin + page, cookies, { action });
    const response = await postForm(origin + action, { ...hidden.fields, ...fields }, { cookies, redirect: 'follow' });
    const html = await response.text();
    assert.ok(response.ok, html);
    return html;
}

// Begins to set up a second factor by page; returns the hidden fields of the next form, and the secret.
export async function beginSecondFactor(practice, { password }, cookies) {
    const html = await submit(practice, cookies, '/account/second-factor', '/account/second-factor', { password });
    const form = html.split('action="/account/second-factor/confirm"')[1];
    const [, form_token] = form.match(/name="form_token" value="([^"]*)"/);
    const [, secret] = html.match(/<code class="secret">([^<]*)/);
    return { form_token, secret: secret.replaceAll(' ', '') };
}

// Logs in with a mailed link, as an account without a password does; returns the cookies.
async function logInByLink(practice, email) {
    await practice.request('POST', '/api/auth/login-link', { email });
    const url = practice.origin + await practice.mailed('login', email);
    const { fields, cookies } = await hiddenFields(url);
    const response = await postForm(url, fields, { cookies });
    assert.ok(response.status < 400, await response.text());
    return [...cookies, ...response.headers.getSetCookie().map(cookie => cookie.split(';')[0])];
}

// A client whom the practice added, and who has not set a password; returns the cookies after a login.
export async function clientWithoutPassword(practice, email) {
    await practice.admin.post('/api/admin/users', { email });
    return { email, cookies: await logInByLink(practice, email) };
}

// The states of all pages of the account: those that can be opened again and again, and those that change something.
// `earlier` has no password, and logged in with a link some time ago.
export async function accountPages(practice, earlier) {
    const user = await practice.client('Ada', 'Lovelace');
    const cookies = await user.logInByPage();
    await user.logInByPage();
    const form = (fields, from = '/account') => ({ cookies, from, fields });
    const { cookies: withoutPassword } = earlier;
    const { cookies: byLink } = await clientWithoutPassword(practice, 'linked.client@example.org');

    const subscribed = async () => {
        const subscriber = await practice.client('Ada', 'Byron');
        await subscriber.request('PUT', '/api/me/calendar-feed');
        return subscriber.logInByPage();
    };
    const subscriberCookies = await subscribed();
    const calendar = (button, cookies) => ({ cookies, from: '/account', fields: { do: button } });

    const careful = await practice.client('Grace', 'Hopper');
    const carefulCookies = await careful.logInByPage();
    await careful.addSecondFactor();

    const beginner = await practice.client('Mary', 'Somerville');
    const beginnerCookies = await beginner.logInByPage();
    const started = await beginSecondFactor(practice, beginner, beginnerCookies);
    const confirm = code => ({
        cookies: beginnerCookies,
        from: '/account/second-factor',
        fields: { form_token: started.form_token, code },
    });
    const other = await practice.client('Emmy', 'Noether');
    const otherCookies = await other.logInByPage();
    await other.logInByPage();
    const ends = await practice.client('Sofya', 'Kovalevskaya');
    const endsCookies = await ends.logInByPage();
    await ends.logInByPage();
    const changes = await practice.client('Hypatia', '');
    const changesCookies = await changes.logInByPage();

    const page = '/account/second-factor';
    const lasting = {
        '/account, form': ['/account', 'Log out all other devices', { cookies, view: true }],
        '/account, second-factor': ['/account', 'Remove the second factor', { cookies: carefulCookies, view: true }],
        '/account, no-password': ['/account', 'has no password yet', { cookies: withoutPassword, view: true }],
        '/account, first-password': ['/account', 'Set a password', { cookies: byLink, view: true }],
        '/account, calendar': ['/account', 'Make a new address', { cookies: subscriberCookies, view: true }],
        '/account/profile, names': ['/account/profile', 'at most 100 characters', form({ first_name: 'A'.repeat(101) })],
        '/account/profile, zone': ['/account/profile', 'We do not know this time zone', form({ zone: 'Europe/Nowhere' })],
        '/account/email, invalid': ['/account/email', 'like name@example.org', form({ email: 'ada' })],
        '/account/email, same': ['/account/email', 'This is your address already', form({ email: user.email })],
        [`${page}, off`]: [page, 'You need an authenticator app', { cookies, view: true }],
        [`${page}, on`]: [page, 'the recovery codes no longer work', { cookies: carefulCookies, view: true }],
        [`${page}, no-password`]: [page, 'Please set one first', { cookies: withoutPassword, view: true }],
    };
    const once = {
        '/account/profile, saved': [
            '/account/profile', 'Your changes are saved', form({ first_name: 'Augusta', zone: 'Europe/London' }),
        ],
        '/account/email, wrong': [
            '/account/email', 'This password is wrong', form({ email: 'countess@example.org', email_password: 'x' }),
        ],
        '/account/email, mailed': [
            '/account/email', 'We have sent a link to countess@example.org',
            form({ email: 'countess@example.org', email_password: user.password }),
        ],
        '/account/password, wrong': [
            '/account/password', 'This password is wrong', form({ current_password: 'x', new_password: NEW_PASSWORD }),
        ],
        '/account/password, short': [
            '/account/password', 'Please use at least 12', form({ current_password: user.password, new_password: 'short' }),
        ],
        '/account/password, saved': ['/account/password', 'Your new password is set', {
            cookies: changesCookies,
            from: '/account',
            fields: { current_password: changes.password, new_password: NEW_PASSWORD },
        }],
        '/account/password-link, mailed': [
            '/account/password-link', `We have sent a link to ${earlier.email}`, { cookies: withoutPassword, from: '/account' },
        ],
        '/account/sessions, one': ['/account/sessions', 'A device that was logged out', { cookies: endsCookies, from: '/account' }],
        '/account/sessions, others': ['/account/sessions', 'A device that was logged out', {
            cookies: otherCookies, from: '/account', fields: { session: 'others' },
        }],
        '/account/calendar, added': ['/account/calendar', 'The calendar is on', calendar('add', await subscribed())],
        '/account/calendar, renewed': [
            '/account/calendar', 'The calendar has a new address', calendar('renew', await subscribed()),
        ],
        '/account/calendar, removed': ['/account/calendar', 'The calendar is off', calendar('remove', await subscribed())],
        [`${page}, wrong`]: [page, 'This password is wrong', form({ password: 'x' }, page)],
        [`${page}, code`]: [page, 'Scan this picture', form({ password: user.password }, page)],
        [`${page}/confirm, wrong`]: [`${page}/confirm`, 'This code is wrong', confirm('000000')],
        [`${page}/remove, wrong`]: [`${page}/remove`, 'This password is wrong', {
            cookies: carefulCookies, from: page, fields: { password: 'x' },
        }],
    };
    const removed = await practice.client('Ada', 'Byron');
    const removedCookies = await removed.logInByPage();
    await removed.addSecondFactor();
    once[`${page}/remove, done`] = [`${page}/remove`, 'Your second factor is removed', {
        cookies: removedCookies, from: page, fields: { password: removed.password },
    }];
    const last = await practice.client('Lise', 'Meitner');
    const lastCookies = await last.logInByPage();
    const { form_token, secret } = await beginSecondFactor(practice, last, lastCookies);
    once[`${page}/confirm, done`] = [`${page}/confirm`, 'They are not shown again', {
        cookies: lastCookies, from: page, fields: { form_token, code: codeAt(secret, practice.clock.now) },
    }];
    return { lasting, once };
}
