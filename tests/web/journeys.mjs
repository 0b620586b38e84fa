// What happens on the way: two tabs, the back button, a lost time, a login that ends, another time zone, the script's help.

import assert from 'node:assert/strict';

import { codeAt, minutesAfter, START } from './practice.mjs';

const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const day = number => minutesAfter(START, number * 1440);
const summaryOf = ({ origin }, at) => `${origin}/book/summary?at=${at.getTime() / 1000}`;
const bookButton = page => page.getByRole('button', { name: 'Book and pay €100.00' });

async function logIn(page, { email, password }) {
    await page.getByLabel('Email address').fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
}

// Opens the summary of a time as a client who logs in on the way.
async function openSummary(practice, page, client, at) {
    await page.goto(summaryOf(practice, at));
    await page.getByRole('link', { name: 'Log in and go on' }).click();
    await logIn(page, client);
    await heading(page, 'Is everything right?');
}

const bookingsAt = async (client, at) => {
    const { bookings } = await client.get('/api/bookings');
    return bookings.filter(booking => new Date(booking.scheduled_at).getTime() === at.getTime());
};

async function twoTabs({ practice, context }) {
    const [client, at] = [await practice.client('Two', 'Tabs'), day(40)];
    const [first, second] = [await context.newPage(), await context.newPage()];
    await openSummary(practice, first, client, at);
    await second.goto(summaryOf(practice, at));
    for (const page of [first, second]) {
        await bookButton(page).click();
        await heading(page, 'Test payment');
    }
    assert.equal(second.url(), first.url());
    assert.equal((await bookingsAt(client, at)).length, 1);
}

async function backButton({ practice, context }) {
    const [client, at] = [await practice.client('Back', 'Button'), day(41)];
    const page = await context.newPage();
    await openSummary(practice, page, client, at);
    await bookButton(page).click();
    await heading(page, 'Test payment');
    const checkout = page.url();
    await page.goBack();
    await page.getByText('Not paid yet', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pay €100.00' }).click();
    await heading(page, 'Test payment');
    assert.equal(page.url(), checkout);
    assert.equal((await bookingsAt(client, at)).length, 1);
}

async function doubleClick({ practice, context }) {
    const [client, at] = [await practice.client('Double', 'Click'), day(42)];
    const page = await context.newPage();
    await openSummary(practice, page, client, at);
    await bookButton(page).dblclick();
    await heading(page, 'Test payment');
    assert.equal((await bookingsAt(client, at)).length, 1);
}

// Another client books the time while this one logs in; and while the summary is open in another tab.
async function lostTime({ practice, context }) {
    const [client, other] = [await practice.client('Late', 'Comer'), await practice.client('Early', 'Bird')];
    const [before, at] = [day(43), day(44)];
    const page = await context.newPage();
    await page.goto(summaryOf(practice, before));
    await page.getByRole('link', { name: 'Log in and go on' }).click();
    await other.book(before);
    await logIn(page, client);
    await page.getByRole('alert').getByText('This time is no longer free').waitFor();
    await heading(page, 'When does it suit you?');

    await page.goto(summaryOf(practice, at));
    const alert = page.locator('[role=alert]');
    assert.equal(await alert.isVisible(), false);
    await page.getByLabel('Note (optional)').fill('About the last time.');
    await other.book(at);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await alert.getByRole('link', { name: 'Choose another time' }).waitFor();
    await bookButton(page).click();
    await page.getByText('Your note is kept').waitFor();
    assert.deepEqual([await bookingsAt(client, before), await bookingsAt(client, at)], [[], []]);
}

// All devices are logged out while the client reads the summary.
async function endedLogin({ practice, context }) {
    const [client, at] = [await practice.client('Logged', 'Out'), day(45)];
    const page = await context.newPage();
    await openSummary(practice, page, client, at);
    await client.request('DELETE', '/api/auth/sessions');
    await bookButton(page).click();
    await heading(page, 'Log in');
    assert.equal((await bookingsAt(client, at)).length, 0);
    await logIn(page, client);
    await heading(page, 'Is everything right?');
    await bookButton(page).click();
    await heading(page, 'Test payment');
    assert.equal((await bookingsAt(client, at)).length, 1);
}

// A visitor whose browser is in New York sees the practice's times, and changes that with one button.
async function newYork({ practice, browser }) {
    const client = await practice.client('New', 'Yorker');
    const context = await browser.newContext({ timezoneId: 'America/New_York' });
    try {
        const page = await context.newPage();
        await page.goto(`${practice.origin}/book?from=2027-04-22`);
        await page.getByText('All times are in Europe/Berlin').waitFor();
        await page.getByText('Your browser is set to another time zone: America/New_York.').waitFor();
        await page.getByRole('button', { name: 'Show the times in America/New_York' }).click();
        await page.getByText('All times are in America/New_York').waitFor();
        assert.match(page.url(), /[?&]zone=America%2FNew_York/);
        assert.match(page.url(), /[?&]from=2027-04-22/);
        assert.equal(await page.getByRole('button', { name: /^Show the times in A/ }).count(), 0);
        await page.getByRole('button', { name: /^Thursday, 22\sApril, 20:00$/ }).click();
        await heading(page, 'Who are you?');
        await page.getByRole('link', { name: 'Log in and go on' }).click();
        await logIn(page, client);
        await heading(page, 'Is everything right?');
        await page.getByText(/Thursday, 22\sApril 2027 at 20:00/).first().waitFor();
        await page.getByText(/Friday, 23\sApril 2027 at 02:00/).waitFor();
        await bookButton(page).click();
        await heading(page, 'Test payment');
        assert.equal((await bookingsAt(client, new Date('2027-04-23T00:00:00Z'))).length, 1);
    } finally {
        await context.close();
    }
}

// A name that is written from right to left is itself in the frame, on the summary and in the room.
async function arabicName({ practice, context }) {
    const name = 'ليلى حداد';
    const [client, at] = [await practice.client(...name.split(' ')), day(46)];
    const page = await context.newPage();
    await openSummary(practice, page, client, at);
    await page.locator('header').getByText(name).waitFor();
    await page.locator('dd').getByText(name).waitFor();
    await bookButton(page).click();
    await page.getByRole('button', { name: 'Pay €100.00' }).click();
    await heading(page, 'Paid');
    const [{ personalized_meeting_url }] = await bookingsAt(client, at);
    await practice.clock.set(minutesAfter(at, -5));
    await page.goto(personalized_meeting_url);
    await page.getByRole('button', { name: 'Join the appointment' }).click();
    await heading(page, 'Room');
    const [, displayName] = page.url().match(/#userInfo\.displayName=([^&]*)/);
    assert.equal(JSON.parse(decodeURIComponent(displayName)), name);
}

// The join page counts down, is loaded again when the room opens, and notices that the appointment was cancelled.
async function countdown({ practice, context }) {
    const [client, at] = [await practice.client('Early', 'Riser'), minutesAfter(practice.clock.now, 3 * 1440)];
    const booking = await client.book(at);
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(booking.personalized_meeting_url);
    const timer = page.getByRole('timer');
    assert.equal(await timer.innerText(), 'The room opens in 3 days.');
    await page.clock.fastForward('48:00:00');
    assert.match(await timer.innerText(), /^The room opens in 2[34] hours\.$/);
    await practice.clock.set(minutesAfter(at, -10));
    await page.clock.fastForward('24:00:00');
    await heading(page, 'The room is open');

    const later = await client.book(minutesAfter(at, 1440));
    await page.goto(later.personalized_meeting_url);
    await timer.waitFor();
    await client.post(`/api/bookings/${later.id}/cancel`);
    await page.clock.fastForward('01:05');
    await heading(page, 'This appointment was cancelled');
}

async function copiedCodes({ practice, context }) {
    const client = await practice.client('Careful', 'Client');
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    await page.goto(`${practice.origin}/login?next=/account/second-factor`);
    await logIn(page, client);
    await page.getByLabel('Current password').fill(client.password);
    await page.getByRole('button', { name: 'Go on' }).click();
    const secret = (await page.locator('code').innerText()).replaceAll(/\s/g, '');
    await page.getByLabel('Code of your authenticator app').fill(codeAt(secret, practice.clock.now));
    await page.getByRole('button', { name: 'Set up the second factor' }).click();
    await page.getByRole('button', { name: 'Copy the codes' }).click();
    await page.getByRole('status').getByText('Copied').waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.deepEqual(copied.split('\n'), await page.locator('ol code').allInnerTexts());
}

export const JOURNEYS = {
    'two tabs book once': twoTabs,
    'going back after booking leads to the same booking': backButton,
    'a double click books once': doubleClick,
    'a time that is lost on the way comes back as the choice of another': lostTime,
    'a client whose login ended logs in again and keeps the chosen time': endedLogin,
    'a visitor in another time zone sees and books times of their own': newYork,
    'a name in Arabic stays as it is': arabicName,
    'the join page counts down until the room opens': countdown,
    'recovery codes are copied': copiedCodes,
};
