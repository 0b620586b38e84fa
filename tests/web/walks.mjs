// Walks through the pages by keyboard alone, as the clients go. What is needed is found by role and accessible name.

import assert from 'node:assert/strict';

import { minutesAfter } from './practice.mjs';
import { PRACTICE } from './states.mjs';

const hasFocus = element => element.evaluate(found => found === document.activeElement);

// Presses Tab until the element has the focus, then Enter.
export async function press(page, role, name) {
    const element = page.getByRole(role, { name, exact: true });
    assert.equal(await element.count(), 1, `there is one ${role} ${name}`);
    for (let presses = 0; presses < 50; presses += 1) {
        await page.keyboard.press('Tab');
        if (await hasFocus(element)) {
            await page.keyboard.press('Enter');
            return;
        }
    }
    assert.fail(`Tab does not reach the ${role} ${name}`);
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
    'a visitor reads the imprint': visit,
};
