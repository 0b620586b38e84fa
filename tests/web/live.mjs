// The open page of a therapist's day learns who waits.

import assert from 'node:assert/strict';

import { minutesAfter, START } from './practice.mjs';

// The client's program reports to the practice's video server, which reports to us.
function report(practice, event, booking, user) {
    const [room] = new URL(booking.jitsi_room_url).pathname.split('/').slice(-1);
    const at = Math.floor(practice.clock.now.getTime() / 1000);
    return fetch(`${practice.origin}/jitsi/events/occupant/${event}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${practice.settings['jitsi.server_secret']}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({
            event_name: `muc-occupant-${event}`,
            room_name: room,
            room_jid: `${room}@muc.meet.example.org`,
            is_breakout: false,
            occupant: { occupant_jid: 'client@meet.example.org/1', joined_at: at, [`${event}_at`]: at, id: `user-${user}`, name: 'L' },
            active_occupants_count: 1,
        }),
    });
}

export async function waiting({ practice, context }) {
    const { admin, clock } = practice;
    const lea = await practice.client('Lena', 'Winter');
    const { id: user_id } = await lea.get('/api/auth/me');
    const at = minutesAfter(START, 60 * 1440);
    const booking = await admin.post('/api/admin/bookings', { user_id, scheduled_at: at.toISOString(), payment: 'waived' });
    await clock.set(minutesAfter(at, -5));
    const page = await context.newPage();
    await page.goto(`${practice.origin}/login`);
    await page.getByLabel('Email address').fill(admin.email);
    await page.getByLabel('Password', { exact: true }).fill(admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    const button = page.getByRole('link', { name: /^Join Lena Winter/ });
    await button.focus();
    assert.equal(await page.getByText('Waiting now').count(), 0);
    const loads = [];
    page.on('load', () => loads.push(page.url()));
    assert.ok((await report(practice, 'joined', booking, user_id)).ok);
    await page.getByRole('status').getByText('Waiting now: Lena Winter').waitFor();
    assert.ok(await button.evaluate(element => element === document.activeElement), 'the focus stays where it is');
    assert.ok((await report(practice, 'left', booking, user_id)).ok);
    await page.getByText('Waiting now').first().waitFor({ state: 'detached' });
    assert.deepEqual(loads, [], 'the page is not loaded again');
}
