// The pages of therapists, with a therapist who has a calendar of her own.

import { minutesAfter, START } from './practice.mjs';

// The states of these pages. The admin opens them; the appointments are those of a colleague, but for one that has begun.
export async function therapistPages(practice, cookies, running) {
    const { admin } = practice;
    const day = number => minutesAfter(START, number * 1440);
    const nora = await practice.client('Nora', 'Lind');
    const { id: therapist_id } = await nora.get('/api/auth/me');
    await admin.post('/api/auth/step-up', { password: admin.password });
    await admin.patch(`/api/admin/users/${therapist_id}`, { is_admin: true });
    const lea = await practice.client('Lea', 'Sommer');
    const { id: user_id } = await lea.get('/api/auth/me');
    const book = (at, more) => admin.post('/api/admin/bookings', {
        user_id, therapist_id, scheduled_at: at.toISOString(), ...more,
    });
    const confirmed = await book(day(1), { payment: 'waived', note: 'Bring the form.' });
    await admin.post(`/api/admin/bookings/${confirmed.id}/participants`, {
        email: 'interpreter@example.org', display_name: 'Ines Vega', role: 'participant',
    });
    const unpaid = await book(day(2), { payment: 'online' });
    const paid = await book(day(3), { payment: 'offline_paid', method: 'cash', reference: '2027-17' });
    const completed = await book(minutesAfter(START, -1440), { payment: 'waived', has_taken_place: true });
    const cancelled = await book(day(4), { payment: 'waived' });
    await admin.post(`/api/admin/bookings/${cancelled.id}/cancel`, { reason: 'A cold' });
    const series = await admin.post('/api/admin/bookings/series', {
        user_id, therapist_id, first: '2027-03-12T12:00', timezone: 'Europe/Berlin', count: 3, every_weeks: 1, payment: 'waived',
    });
    const { id: invited } = await admin.post('/api/admin/users', { email: 'caller@example.org', first_name: 'Ole' });
    const { id: disabled } = await admin.post('/api/admin/users', { email: 'former@example.org', invite: false });
    await admin.patch(`/api/admin/users/${disabled}`, { disabled: true });
    const exception = body => admin.post('/api/admin/time-off', { therapist_id, ...body });
    const dates = await exception({ kind: 'closed_dates', first_date: '2027-08-02', last_date: '2027-08-13', note: 'Holidays' });
    const period = await exception({
        kind: 'closed', from: '2027-08-20T08:00:00Z', to: '2027-08-20T10:00:00Z',
    });
    const extra = await exception({ kind: 'extra_hours', date: '2027-08-21', start: '09:00', end: '12:00' });
    const { services: [service] } = await admin.get('/api/admin/services');

    const view = { cookies, view: true };
    const form = (fields, from) => ({ cookies, fields, ...from && { from } });
    const select = more => `/bookings/new?client=${user_id}&service=${service.id}&therapist=${therapist_id}&every=1&${more}`;
    const why = (date, time) => `/hours/why?service=${service.id}&therapist=${therapist_id}&date=${date}&time=${time}`;
    const booking = ({ id }) => `/bookings/${id}`;
    const hours = `/hours?therapist=${therapist_id}`;
    const moved = { move_date: '2027-03-05', move_time: '12:00', version: '99', do: 'move' };
    return {
        '/set-up, you': ['/set-up', 'Who are you?', view],
        '/set-up, second-factor': ['/set-up?step=second-factor', 'A second factor for your account', view],
        '/set-up, hours': ['/set-up?step=hours', 'When can clients book?', view],
        '/set-up, service': ['/set-up?step=service', 'What can they book?', view],
        '/set-up, practice': ['/set-up?step=practice', 'How do clients reach you?', view],
        '/set-up, video': ['/set-up?step=video', 'This is what the server answered', view],
        '/week, week': [`/week?date=2027-03-02&therapist=${therapist_id}`, 'Lea Sommer', view],
        '/month, month': [`/month?date=2027-03-02&therapist=${therapist_id}`, 'March 2027', view],
        '/bookings/new, search': ['/bookings/new', 'Parts of words are enough', view],
        '/bookings/new, found': ['/bookings/new', 'Lea Sommer', form({ q: 'lea som', do: 'search' })],
        '/bookings/new, single': [select('date=2027-03-11&time=12:00&count=1'), 'This time is free', view],
        '/bookings/new, series': [select('date=2027-03-12&time=12:00&count=4'), '1 of 4 times are free', view],
        '/bookings/new, refused': ['/bookings/new', 'This time is taken', form({ do: 'book' }, select('date=2027-03-12&time=12:00&count=1'))],
        '/bookings/new, past': [select('date=2027-02-25&time=12:00&count=1'), 'It has taken place', view],
        '/bookings/{id}, confirmed': [booking(confirmed), 'Ines Vega', view],
        '/bookings/{id}, unpaid': [booking(unpaid), 'Page on which the client pays', view],
        '/bookings/{id}, paid': [booking(paid), 'Cash', view],
        '/bookings/{id}, running': [booking(running), 'End for everyone', view],
        '/bookings/{id}, completed': [booking(completed), 'Undo', view],
        '/bookings/{id}, cancelled': [booking(cancelled), 'A cold', view],
        '/bookings/{id}, invalid': [booking(confirmed), 'Nothing was saved', form({ ...moved, move_date: '', move_time: '' })],
        '/bookings/{id}, changed': [booking(confirmed), 'Someone else has changed this', form(moved)],
        '/bookings/{id}, unknown': ['/bookings/999999', 'Page not found', view],
        '/series/{id}, left': [`/series/${series.series_id}`, 'Change what is left', view],
        '/series/{id}, refused': [`/series/${series.series_id}`, 'Nothing was moved', form({
            do: 'move', from: series.bookings[0].scheduled_at, move_date: '2027-03-02', move_time: '10:00',
        })],
        '/clients, list': ['/clients', 'Lea Sommer', view],
        '/clients, found': ['/clients', 'Lea Sommer', form({ q: 'SOMMER', do: 'search' })],
        '/clients, none': ['/clients', 'No one was found', form({ q: 'no one of this name', do: 'search' })],
        '/clients, invalid': ['/clients', 'Please enter an address like', form({ email: 'no address', do: 'add' })],
        '/users/{id}, client': [`/users/${user_id}`, 'Upcoming appointments', view],
        '/users/{id}, invited': [`/users/${invited}`, 'Invitation', view],
        '/users/{id}, therapist': [`/users/${therapist_id}`, 'Second factor', view],
        '/users/{id}, wrong': [`/users/${user_id}`, 'This password is wrong', form({ role_password: 'x', do: 'admin' })],
        '/users/{id}, disabled': [`/users/${disabled}`, 'Enable the account', view],
        '/hours, hours': [hours, 'Holidays', view],
        '/hours, invalid': ['/hours', 'Please enter times such as', form({ monday: 'nine to five', do: 'week' }, hours)],
        '/hours, in-the-way': ['/hours', 'These appointments are in the way', form({
            monday: '9-10', tuesday: '', wednesday: '', thursday: '', friday: '', saturday: '', sunday: '', zone: 'Europe/Berlin', do: 'week',
        }, hours)],
        '/hours, time-off': ['/hours', 'These appointments are in the way', form({
            kind: 'dates', from_date: '2027-03-02', to_date: '', note: '', do: 'exception',
        }, hours)],
        '/hours/exceptions/{id}, dates': [`/hours/exceptions/${dates.id}`, 'Last day', view],
        '/hours/exceptions/{id}, period': [`/hours/exceptions/${period.id}`, 'Closed from', view],
        '/hours/exceptions/{id}, extra': [`/hours/exceptions/${extra.id}`, 'Open on', view],
        '/hours/why, offered': [why('2027-03-11', '12:00'), 'This time is offered', view],
        '/hours/why, hours': [why('2027-08-03', '12:00'), 'Holidays', view],
        '/hours/why, taken': [why('2027-03-12', '12:15'), 'Another appointment is in the way', view],
        '/practice, menu': ['/practice', 'Rules for booking and cancelling', view],
        '/practice/profile, profile': ['/practice/profile', 'Name of the practice', view],
        '/practice/profile, invalid': ['/practice/profile', 'Please enter a colour such as', form({ color: 'green', name: 'P' })],
        '/practice/logo, invalid': ['/practice/logo', 'Please choose a PNG', {
            ...form({ do: 'upload' }, '/practice/profile'), file: { name: 'logo', bytes: 'no image' },
        }],
        '/practice/policy, policy': ['/practice/policy', 'How long before', view],
        '/practice/policy, invalid': ['/practice/policy', 'Please enter a number', form({ notice: 'a day' })],
        '/services, list': ['/services', 'Session', view],
        '/services, invalid': ['/services', 'Please enter 1 to 100 characters', form({ name: '', do: 'add' })],
        '/services/{id}, service': [`/services/${service.id}`, 'Clients can book it', view],
        '/money, money': ['/money', 'Upcoming appointments that are not paid', view],
        '/money, range': ['/money?from=2027-02-01&to=2027-01-01', 'It would end before it begins', view],
        '/emails, list': ['/emails', 'Send again', view],
        '/emails, none': ['/emails?state=dead', 'There are no such emails', view],
        '/team, team': ['/team', 'Nora Lind', view],
    };
}

// The pages of therapists, of those with these paths, that a client can open or send a form to.
export async function refusals(practice, paths) {
    const client = await practice.client('Mary', 'Major');
    const headers = { cookie: (await client.logInByPage()).join('; '), Accept: 'text/html', 'Sec-Fetch-Site': 'same-origin' };
    const ours = /^\/(bookings|clients|emails|hours|money|month|practice|series|services|set-up|team|today|users|week)\b/;
    const found = [];
    for (const path of new Set([...paths, '/money/revenue.csv'])) {
        // The path of the logo's form leads back to the page of the form, which is closed.
        if (!ours.test(path) || path === '/practice/logo') continue;
        for (const method of ['GET', 'POST']) {
            const response = await fetch(practice.origin + path.replace('{id}', '1'), { method, headers, redirect: 'manual' });
            if (![403, 405].includes(response.status)) found.push(`${method} ${path}: ${response.status}`);
        }
    }
    return found;
}
