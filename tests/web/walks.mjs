// Walks through the pages by keyboard alone, as the clients go. What is needed is found by role and accessible name.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { codeAt, minutesAfter, Practice } from './practice.mjs';
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

// A client who is not logged in yet books the next free time and pays. The form books once, however often it is sent.
async function book({ practice, page, client }) {
    await page.goto(practice.origin);
    await press(page, 'link', 'Book an appointment');
    await heading(page, 'When does it suit you?');
    await reach(page, page.getByRole('link', { name: /^Take this time .*, / }), 'link to the next free time');
    await page.keyboard.press('Enter');
    await heading(page, 'Who are you?');
    await press(page, 'link', 'Log in and go on');
    await heading(page, 'Log in');
    await type(page, 'Email address', client.email);
    await type(page, 'Password', client.password);
    await press(page, 'button', 'Log in');
    await heading(page, 'Is everything right?');
    const form = page.locator('form:has(#note)');
    const url = await form.evaluate(found => found.action);
    const fields = await form.evaluate(found => Object.fromEntries(new FormData(found)));
    const sent = { form: fields, headers: { 'Sec-Fetch-Site': 'same-origin' }, maxRedirects: 0 };
    await type(page, 'Note (optional)', 'My first time.');
    await press(page, 'button', 'Book and pay €100.00');
    await heading(page, 'Test payment');
    const again = await page.context().request.post(url, sent);
    assert.deepEqual([again.status(), again.headers().location], [303, page.url()]);
    await press(page, 'button', 'Pay €100.00');
    await heading(page, 'Paid');
    const later = await page.context().request.post(url, sent);
    assert.match(later.headers().location, /\/appointments\/\d+\?booked$/);
    const { bookings } = await client.get('/api/bookings');
    assert.equal(bookings.filter(booking => booking.scheduled_at === bookings[0].scheduled_at).length, 1);
}

// A new client in another time zone mistypes the address, gets a link, books without a password, and sets one then.
async function bookAsNewClient({ practice, page }) {
    const email = `zoe.${randomUUID()}@example.org`;
    await page.goto(`${practice.origin}/book?zone=America/New_York`);
    await reach(page, page.getByRole('button', { name: /^Take this time .*, / }), 'button of the next free time');
    await page.keyboard.press('Enter');
    await heading(page, 'Who are you?');
    const when = await page.locator('.card .big').innerText();
    await type(page, 'First name', 'Zoë');
    await type(page, 'Last name', 'Nguyễn');
    await type(page, 'Email address', 'zoe@example');
    await press(page, 'button', 'Send me the link');
    await page.getByRole('alert').waitFor();
    assert.match(await page.title(), /^Error: /);
    await press(page, 'link', 'Please enter an address like name@example.org.');
    assert.equal(await page.getByLabel('Last name').inputValue(), 'Nguyễn');
    const field = page.getByLabel('Email address', { exact: true });
    await reach(page, field, 'field Email address');
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(email);
    await press(page, 'button', 'Send me the link');
    await heading(page, 'Please look into your mailbox');
    await page.goto(practice.origin + await practice.mailed('verify', email));
    await press(page, 'button', 'Confirm the address');
    await heading(page, 'Is everything right?');
    assert.equal(await page.locator('.card .big').innerText(), when);
    await page.getByText('Zoë Nguyễn').first().waitFor();
    await press(page, 'button', 'Book and pay €100.00');
    await heading(page, 'Test payment');
    await press(page, 'button', 'Pay €100.00');
    await heading(page, 'Paid');
    await page.goto(`${practice.origin}/account`);
    await reach(page, page.locator('summary', { hasText: 'Set a password' }), 'summary Set a password');
    await page.keyboard.press('Enter');
    await type(page, 'New password', PASSWORD);
    await press(page, 'button', 'Set the password');
    await page.getByText('Your new password is set').waitFor();
    await practice.request('POST', '/api/auth/login', { email, password: PASSWORD });
}

// Opens a new booking of the client, who logs in on the way.
async function openAppointment({ practice, page, client, at }) {
    const { id } = await client.book(at);
    await page.goto(`${practice.origin}/appointments/${id}`);
    await heading(page, 'Log in');
    await type(page, 'Email address', client.email);
    await type(page, 'Password', client.password);
    await press(page, 'button', 'Log in');
    await page.getByText('Confirmed', { exact: true }).waitFor();
    return id;
}

// A client moves an appointment to the first time that is offered, which is on the same day.
async function move({ practice, page, client, at }) {
    const id = await openAppointment({ practice, page, client, at });
    await press(page, 'link', 'Move');
    await heading(page, 'Move the appointment');
    await reach(page, page.locator('.slots button').first(), 'first free time');
    await page.keyboard.press('Enter');
    await heading(page, 'Move to this time?');
    await reach(page, page.getByRole('button', { name: /^Move to / }), 'button Move to …');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Your appointment is now on').waitFor();
    const moved = new Date((await client.booking(id)).scheduled_at);
    assert.notEqual(moved.getTime(), at.getTime());
    assert.ok(Math.abs(moved - at) < 24 * 3_600_000, moved.toISOString());
}

// A client logs in on the way to an appointment, and cancels it.
async function cancel({ practice, page, client, at }) {
    const id = await openAppointment({ practice, page, client, at });
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

// An admin needs a second factor before anything else.
async function secondFactor({ page }) {
    const practice = await Practice.open({ 'auth.second_factor': 'admins' });
    try {
        const { email, password } = practice.admin;
        await page.goto(`${practice.origin}/login?next=/account`);
        await type(page, 'Email address', email);
        await type(page, 'Password', password);
        await press(page, 'button', 'Log in');
        await heading(page, 'Set up a second factor');
        assert.match(page.url(), /\/account\/second-factor$/);
        assert.equal(await page.getByRole('navigation').count(), 0);
        await type(page, 'Current password', password);
        await press(page, 'button', 'Go on');
        await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
        const secret = (await page.locator('code').innerText()).replaceAll(/\s/g, '');
        await type(page, 'Code of your authenticator app', codeAt(secret, practice.clock.now));
        await press(page, 'button', 'Set up the second factor');
        await heading(page, 'Your recovery codes');
        assert.equal(new Set(await page.locator('ol code').allInnerTexts()).size, 10);
        await press(page, 'link', 'I have kept the codes');
        await heading(page, 'Your account');
    } finally {
        assert.deepEqual(await practice.close(), []);
    }
}

// A client chooses a weak password first, then a good one, and another device is logged out.
async function changePassword({ practice, page }) {
    const { email, password } = await practice.client('Maria', 'Cunitz');
    await practice.request('POST', '/api/auth/login', { email, password });
    await page.goto(`${practice.origin}/login?next=/account`);
    await type(page, 'Email address', email);
    await type(page, 'Password', password);
    await press(page, 'button', 'Log in');
    await heading(page, 'Your account');
    assert.equal(await page.locator('.logins li').count(), 2);
    await reach(page, page.locator('summary', { hasText: 'Change password' }), 'summary Change password');
    await page.keyboard.press('Enter');
    for (const [wanted, said] of [['password1234', 'This password is easy to guess'], [PASSWORD, 'Your new password is set']]) {
        const fold = page.locator('details[open]');
        const current = fold.getByLabel('Current password', { exact: true });
        await reach(page, current, 'field Current password');
        await page.keyboard.type(password);
        await type(page, 'New password', wanted);
        await press(page, 'button', 'Change the password');
        await page.getByText(said).first().waitFor();
    }
    assert.equal(await page.locator('.logins li').count(), 1);
    await practice.request('POST', '/api/auth/login', { email, password: PASSWORD });
}

// A client lets a calendar program show the appointments, until someone else has learnt the address.
async function subscribe({ practice, page, client, at }) {
    const { id } = await client.book(at);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${practice.origin}/login?next=/appointments`);
    await type(page, 'Email address', client.email);
    await type(page, 'Password', client.password);
    await press(page, 'button', 'Log in');
    await heading(page, 'Your appointments');
    await press(page, 'link', 'Show your appointments in your calendar');
    await heading(page, 'Your account');
    await press(page, 'button', 'Turn on the calendar');
    await page.getByRole('status').getByText('The calendar is on').waitFor();
    const field = page.getByLabel('Address of the calendar');
    const first = await field.inputValue();
    assert.equal(await page.getByRole('link', { name: 'Open in the calendar program' }).getAttribute('href'),
        first.replace(/^http/, 'webcal'));
    assert.match(await (await fetch(first)).text(), new RegExp(`\r\nURL:${practice.origin}/appointments/${id}\r\n`));
    // The button exists with script only.
    if (await page.getByRole('button', { name: 'Copy the address' }).isVisible()) {
        await press(page, 'button', 'Copy the address');
        await page.getByText('Copied', { exact: true }).waitFor();
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), first);
    }
    await press(page, 'button', 'Make a new address');
    await page.getByRole('status').getByText('a new address').waitFor();
    const second = await field.inputValue();
    assert.deepEqual([(await fetch(first)).status, (await fetch(second)).status], [404, 200]);
    await press(page, 'button', 'Turn off the calendar');
    await page.getByRole('status').getByText('The calendar is off').waitFor();
    assert.equal((await fetch(second)).status, 404);
}

export const WALKS = {
    'a client pays': pay,
    'a client books an appointment': book,
    'a new client books an appointment': bookAsNewClient,
    'a client joins a session': join,
    'a client skips what every page repeats': skip,
    'a client sets a new password': reset,
    'a client logs in with a link': login,
    'a client moves an appointment': move,
    'a client cancels an appointment': cancel,
    'a visitor reads the imprint': visit,
    'an admin sets up a second factor first': secondFactor,
    'a client changes the password': changePassword,
    'a client subscribes to the calendar': subscribe,
};
