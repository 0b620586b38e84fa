// A therapist lives a week with the practice: everything is done in the browser, and what is pressed is reached by keyboard.

import assert from 'node:assert/strict';

import { minutesAfter, Practice, START } from './practice.mjs';
import { press as pressAtOnce } from './walks.mjs';

const day = number => minutesAfter(START, number * 1440);

// On a page that may still be loading.
async function press(page, role, name) {
    await page.getByRole(role, { name, exact: true }).first().waitFor();
    await pressAtOnce(page, role, name);
}

async function logIn(page, practice, { email, password }) {
    await page.goto(`${practice.origin}/login`);
    await page.getByLabel('Email address', { exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await press(page, 'button', 'Log in');
    await page.getByRole('heading', { level: 1, name: /^Today,/ }).waitFor();
}

const saved = page => page.getByRole('status').getByText('Saved.').waitFor();

async function fill(page, fields) {
    for (const [label, value] of Object.entries(fields)) {
        const field = page.getByLabel(label, { exact: true }).filter({ visible: true });
        if (await field.evaluate(element => element.localName === 'select')) await field.selectOption({ label: value });
        else await field.fill(value);
    }
}

// Opens what is folded, by the keyboard.
async function unfold(page, summary) {
    const fold = page.locator('summary').filter({ hasText: new RegExp(`^${summary}$`) });
    await fold.focus();
    await page.keyboard.press('Enter');
}

// The first steps of a new practice: some are taken, some left out.
async function setUp(page) {
    const step = number => page.getByText(`Step ${number} of 6`).waitFor();
    await press(page, 'link', 'Set up the practice');
    await step(1);
    await fill(page, { 'First name': 'Merry' });
    await press(page, 'button', 'Save');
    await step(2);
    await press(page, 'link', 'Go on without');
    await step(3);
    await press(page, 'button', 'Save');
    await step(4);
    await fill(page, { Name: 'Heart session' });
    await press(page, 'button', 'Save');
    await step(5);
    await fill(page, { Phone: '12' });
    await press(page, 'button', 'Save');
    await page.getByText('Please enter a phone number').waitFor();
    await fill(page, { Phone: '+49 30 23125 123' });
    await press(page, 'button', 'Save');
    await step(6);
    await page.getByText('is reachable').waitFor();
    await press(page, 'button', 'Finish');
    await page.getByRole('heading', { level: 1, name: /^Today,/ }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Set up the practice' }).count(), 0);
}

async function setHours(page) {
    await press(page, 'link', 'Practice');
    await press(page, 'link', 'Working hours and time off');
    const hours = Object.fromEntries(['Monday', 'Tuesday', 'Wednesday', 'Thursday'].map(weekday => [weekday, '9-12, 13-17']));
    await fill(page, { ...hours, Friday: '9-12', Saturday: '', Sunday: '' });
    await press(page, 'button', 'Save');
    await saved(page);
    assert.equal(await page.getByLabel('Monday', { exact: true }).inputValue(), '09:00-12:00, 13:00-17:00');
}

async function addClient(page) {
    await press(page, 'link', 'Clients');
    // A search is another form: it leaves what the boxes below propose.
    await fill(page, { 'Name or email address': 'Sommer' });
    await press(page, 'button', 'Search');
    await page.getByText('No one was found').waitFor();
    await unfold(page, 'Add a client');
    const invitation = page.getByRole('checkbox', { name: 'Send an invitation to set a password' });
    assert.ok(await invitation.isChecked(), 'the invitation is not proposed after a search');
    await fill(page, { 'First name': 'Lea', 'Last name': 'Sommer', 'Email address': 'lea.sommer@example.org' });
    await press(page, 'button', 'Add');
    await page.getByRole('heading', { level: 1, name: 'Lea Sommer' }).waitFor();
}

// Four Mondays at ten, to be paid by the client.
async function bookSeries(page) {
    await press(page, 'link', 'Book for a client');
    await fill(page, { 'First day': '2027-03-08', Time: '10:00', 'Number of appointments': '4' });
    await press(page, 'button', 'Check the times');
    await page.getByText('4 of 4 times are free').waitFor();
    await press(page, 'button', 'Book the series');
    await page.getByRole('heading', { level: 1, name: 'Series of Lea Sommer' }).waitFor();
    return page.url().split('?')[0];
}

async function open(page, series, when) {
    await page.goto(series);
    await press(page, 'link', when);
    await page.getByRole('heading', { level: 1, name: /^Lea Sommer, / }).waitFor();
}

async function recordCash(page) {
    await unfold(page, 'Record a payment');
    await press(page, 'button', 'Record the payment');
    await saved(page);
    await page.getByText('Cash').first().waitFor();
}

// The week of the practice's therapist, with script on or off, and then the day of her colleague.
export async function week(browser, options) {
    const practice = await Practice.open();
    const context = await browser.newContext(options);
    const page = await context.newPage();
    try {
        const { admin } = practice;
        await logIn(page, practice, admin);
        await setUp(page);
        await setHours(page);
        await addClient(page);
        const series = await bookSeries(page);

        await open(page, series, 'Monday, 15 March 2027 at 10:00');
        await recordCash(page);
        await unfold(page, 'Move');
        await fill(page, { Date: '2027-03-16', Time: '14:00' });
        await press(page, 'button', 'Move the appointment');
        await saved(page);
        await page.getByText('Tuesday, 16 March 2027 at 14:00').first().waitFor();

        await open(page, series, 'Monday, 22 March 2027 at 10:00');
        await recordCash(page);
        await unfold(page, 'Cancel');
        await page.getByText('€100.00 is refunded').waitFor();
        await press(page, 'button', 'Cancel the appointment');
        await saved(page);
        await page.getByText('By the practice').waitFor();

        await open(page, series, 'Monday, 8 March 2027 at 10:00');
        await recordCash(page);
        await unfold(page, 'Invite a guest');
        await fill(page, { Name: 'Ines Vega', 'Email address': 'interpreter@example.org' });
        await press(page, 'button', 'Invite');
        await saved(page);
        await practice.mailed('j', 'interpreter@example.org');

        // The client does not come; then she does.
        await practice.clock.set(minutesAfter(day(7), 20));
        await logIn(page, practice, admin);
        await press(page, 'button', 'No-show Lea Sommer, 10:00');
        await press(page, 'button', 'Undo Lea Sommer, 10:00');
        await page.getByRole('button', { name: 'Took place Lea Sommer, 10:00' }).waitFor();

        await press(page, 'link', 'Practice');
        await press(page, 'link', 'Why is this time not offered?');
        await fill(page, { Date: '2027-03-16', Time: '14:15' });
        await press(page, 'button', 'Explain');
        await page.getByText('Another appointment is in the way: Lea Sommer, 14:00 to 14:50').first().waitFor();

        await press(page, 'link', 'Practice');
        await press(page, 'link', 'Money');
        await page.getByRole('row', { name: /^March 2027 €300\.00/ }).waitFor();
        const href = await page.getByRole('link', { name: 'Export by day (CSV)' }).getAttribute('href');
        const csv = await (await context.request.get(practice.origin + href)).text();
        assert.match(csv, /^period,currency,received,refunded,net,payments,refunds\r\n2027-03-\d\d,EUR,300\.00,/);

        await seeOwnDay(browser, practice, options, page);
    } finally {
        await context.close();
        assert.deepEqual(await practice.close(), []);
    }
}

// A colleague becomes a therapist, and opens a day of her own.
async function seeOwnDay(browser, practice, options, page) {
    const nora = await practice.client('Nora', 'Lind');
    const { id } = await nora.get('/api/auth/me');
    await page.goto(`${practice.origin}/users/${id}`);
    await unfold(page, 'Make this person a therapist');
    await fill(page, { 'Current password': practice.admin.password });
    await press(page, 'button', 'Make a therapist');
    await saved(page);
    const context = await browser.newContext(options);
    try {
        const own = await context.newPage();
        await logIn(own, practice, nora);
        assert.equal(await own.getByText('Lea Sommer').count(), 0);
        await press(own, 'link', 'Merry Ashdown');
        await own.getByText('Lea Sommer').first().waitFor();
    } finally {
        await context.close();
    }
}

// The second of two editors is told what the first has changed, and loses nothing typed.
async function edit(practice, pages, path, open, first, second) {
    for (const page of pages) {
        await page.goto(practice.origin + path);
        await open?.(page);
    }
    const [one, other] = pages;
    await fill(one, first.fields);
    await press(one, 'button', first.button ?? 'Save');
    await saved(one);
    await fill(other, second.fields);
    await press(other, 'button', first.button ?? 'Save');
    await other.getByRole('alert').getByText('Someone else has changed this').waitFor();
    assert.match(await other.title(), /^Error: /);
    for (const [label, value] of Object.entries(second.fields)) {
        assert.equal(await other.getByLabel(label, { exact: true }).filter({ visible: true }).inputValue(), value);
    }
    for (const text of first.told) await other.getByText(text, { exact: true }).waitFor();
    await press(other, 'button', first.button ?? 'Save');
    await saved(other);
}

export async function twoEditors({ practice, browser }) {
    const { admin } = practice;
    const contexts = [await browser.newContext(), await browser.newContext()];
    try {
        const pages = [];
        for (const context of contexts) {
            const page = await context.newPage();
            await logIn(page, practice, admin);
            pages.push(page);
        }
        const anna = await practice.client('Two', 'Editors');
        const { id: user_id } = await anna.get('/api/auth/me');
        const booking = await admin.post('/api/admin/bookings', { user_id, scheduled_at: day(70).toISOString(), payment: 'waived' });
        await edit(practice, pages, `/bookings/${booking.id}`, page => unfold(page, 'Change service, price or note'),
            { fields: { Note: 'First.' }, told: ['Now: First.'] }, { fields: { Note: 'Second.' } });
        const { id: service } = await admin.post('/api/admin/services', { name: 'Group', duration: 90, amount: 40 });
        await edit(practice, pages, `/services/${service}`, undefined,
            { fields: { Name: 'Group session', Price: '45.00' }, told: ['Now: Group session', 'Now: 45.00'] },
            { fields: { 'Length in minutes': '80' } });
        await admin.patch(`/api/admin/services/${service}`, { active: false });
        await edit(practice, pages, '/hours', undefined,
            { fields: { Sunday: '10-12' }, told: ['Now: 10:00-12:00'] }, { fields: { Saturday: '8-24' } });
        await edit(practice, pages, `/users/${user_id}`, page => unfold(page, 'Change the name'),
            { fields: { 'First name': 'Anna' }, told: ['Now: Anna'] }, { fields: { 'Last name': 'Berger' } });
        await edit(practice, pages, '/practice/policy', undefined,
            { fields: { 'How many days ahead can they book?': '300' }, told: ['Now: 300'] },
            { fields: { 'What is refunded after that, in percent': '10' } });
        await edit(practice, pages, '/practice/profile', undefined,
            { fields: { Phone: '+49 30 23125 456' }, told: ['Now: +49 30 23125 456'] },
            { fields: { 'Name of the practice': 'Another name' } });
    } finally {
        for (const context of contexts) await context.close();
    }
}
