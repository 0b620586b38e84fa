// Walks through the pages by keyboard alone, as the clients go. What is needed is found by role and accessible name.

import assert from 'node:assert/strict';

import { minutesAfter } from './practice.mjs';
import { PASSWORD, PRACTICE } from './states.mjs';

const hasFocus = element => element.evaluate(found => found === document.activeElement);

// Presses Tab until the element has the focus.
async function reach(page, element, name) {
    assert.equal(await element.count(), 1, `there is one ${name}`);
    for (let presses = 0; presses < 50; presses += 1) {
        await page.keyboard.press('Tab');
        if (await hasFocus(element)) return;
    }
    assert.fail(`Tab does not reach the ${name}`);
}

// Reaches the element and presses Enter.
export async function press(page, role, name) {
    await reach(page, page.getByRole(role, { name, exact: true }), `${role} ${name}`);
    await page.keyboard.press('Enter');
}

// Reaches the field with this label, which is empty, and fills it.
async function type(page, label, text) {
    const field = page.getByLabel(label, { exact: true });
    await reach(page, field, `field ${label}`);
    assert.equal(await field.inputValue(), '');
    await page.keyboard.type(text);
}

const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

async function pay({ page, client, at }) {
    const { id, checkout_url } = await client.hold(at);
    await page.goto(checkout_url);
    await press(page, 'button', 'Pay €100.00');
    await heading(page, 'Paid');
    assert.equal((await client.booking(id)).status, 'scheduled');
}

async function join({ practice, page, client, at }) {
    const booking = await client.book(at);
    await page.goto(booking.personalized_meeting_url);
    await practice.clock.set(minutesAfter(at, -10));
    await press(page, 'link', 'Check again');
    await heading(page, 'The room is open');
    await press(page, 'button', 'Join the appointment');
    // Also proves that the page's policy lets its form lead to the room.
    await heading(page, 'Room');
    assert.equal(new URL(page.url()).origin, practice.room.origin);
    assert.match(page.url(), /\?jwt=.*#userInfo\.displayName=%22Jane%20Roe%22/);
}

// A client forgot the password, and chooses one that is refused first.
async function reset({ practice, page }) {
    const { email } = await practice.client('Mary', 'Major');
    await practice.request('POST', '/api/auth/forgot-password', { email });
    await page.goto(practice.origin + await practice.mailed('reset', email));
    await type(page, 'New password', 'password1234');
    await press(page, 'button', 'Set the password');
    await page.getByText('This password is easy to guess').waitFor();
    assert.match(await page.title(), /^Error: Set a new password – /);
    assert.equal(await page.getByLabel('New password').getAttribute('aria-invalid'), 'true');
    await type(page, 'New password', PASSWORD);
    await press(page, 'button', 'Set the password');
    await heading(page, 'Your password is set');
    await practice.request('POST', '/api/auth/login', { email, password: PASSWORD });
}

// A client logs in with a link, and is recognised afterwards.
async function login({ practice, page }) {
    const { email } = await practice.client('Richard', 'Roe');
    await practice.request('POST', '/api/auth/login-link', { email });
    await page.goto(practice.origin + await practice.mailed('login', email));
    assert.deepEqual(await page.context().cookies(), []);
    await press(page, 'button', 'Log in');
    await heading(page, 'You are logged in');
    const cookies = (await page.context().cookies()).map(({ name, httpOnly, sameSite, path }) => [name, httpOnly, sameSite, path]);
    assert.deepEqual(cookies.sort(), [['attune', true, 'Lax', '/'], ['attune-device', true, 'Lax', '/']]);
}

// A client logs in on the way to an appointment, and cancels it.
async function cancel({ practice, page, client, at }) {
    const { id } = await client.book(at);
    await page.goto(`${practice.origin}/appointments/${id}`);
    await heading(page, 'Log in');
    await type(page, 'Email address', client.email);
    await type(page, 'Password', client.password);
    await press(page, 'button', 'Log in');
    await page.getByText('Confirmed', { exact: true }).waitFor();
    await press(page, 'link', 'Cancel');
    await heading(page, 'Cancel the appointment');
    await type(page, 'Reason (optional)', 'A cold');
    await press(page, 'button', 'Cancel the appointment, €100.00 back');
    await page.getByRole('status').waitFor();
    assert.equal((await client.booking(id)).status, 'cancelled');
}

// A visitor reads the imprint and returns.
async function visit({ practice, page }) {
    await page.goto(practice.origin);
    await press(page, 'link', 'Imprint');
    await heading(page, 'Imprint');
    await press(page, 'link', PRACTICE);
    await heading(page, `Appointments with ${PRACTICE}`);
}

async function skip({ page, client, at }) {
    const booking = await client.book(at);
    await page.goto(booking.personalized_meeting_url);
    await press(page, 'link', 'Skip to content');
    await page.keyboard.press('Tab');
    assert.ok(await hasFocus(page.getByRole('link', { name: 'Check again' })));
}

export const WALKS = {
    'a client pays': pay,
    'a client joins a session': join,
    'a client skips what every page repeats': skip,
    'a client sets a new password': reset,
    'a client logs in with a link': login,
    'a client cancels an appointment': cancel,
    'a visitor reads the imprint': visit,
};
