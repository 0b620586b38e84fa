// How to reach every state of every page.

import { accountPages, clientWithoutPassword } from './account.mjs';
import { attune, minutesAfter, START, tokenOf } from './practice.mjs';
import { therapistPages } from './therapist.mjs';

// The pages of the router and their states, as `PATH, STATE`.
export async function declaredStates() {
    const pages = JSON.parse(await attune(['pages']));
    return pages.flatMap(({ path, states }) => states.map(state => `${path}, ${state}`));
}

// The forms with which therapists do what the API does for admins, as `PATH, BUTTON`.
export async function declaredForms() {
    const pages = JSON.parse(await attune(['pages']));
    return pages.flatMap(({ path, admin_forms }) => admin_forms.map(button => `${path}, ${button}`));
}

// The name of the practice in the end.
export const PRACTICE = 'Praxisgemeinschaft Ashdown & Featherstone für systemische Psychotherapie';

const IMPRINT = 'Ashdown & Featherstone\nLindenstraße 14, 10969 Berlin\n\nResponsible for the content: Meredith Ashdown';

// A yellow that is too light to read on white, which the service has to correct.
const ACCENT = '#ffd400';

// A green disc.
const LOGO = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAABlBMVEX///8UUy2apIowAAAAAnRSTlMA/1uRIrUAAACHSURBVHja'
    + 'rdKxDYAgEAVQjAWlIzAKo8lojuIIlBTEU+7rJxFCLLzGV9wFvI8xvXIJ30kkKBaRqPAiWSFX3S1osgU7etHtChKGMLYWHPe0zj+Y'
    + 'gGBmYKuwwF6xALEDB6QRPJD/x5fTB5dv/7TdBhfV7rCulwtnBAyFMTE4RlnDZdx8AHwSrzoB4w1dojEtI/0AAAAASUVORK5CYII=', 'base64');

// A password that is long enough and hard to guess.
export const PASSWORD = 'seventeen-violet-teapots';

// The pages behind mailed links: those that can be opened again and again, and those that use up their link.
async function mailedPages(practice, booked) {
    const { admin } = practice;
    const client = () => practice.client('Jane', 'Doe');
    const api = (path, body) => practice.request('POST', `/api/auth/${path}`, body);
    const reset = async ({ email }) => {
        await api('forgot-password', { email });
        return practice.mailed('reset', email);
    };
    const login = async ({ email }) => {
        await api('login-link', { email });
        return practice.mailed('login', email);
    };
    let invited = 0;
    const invitation = async () => {
        invited += 1;
        const email = `invited.${invited}@example.org`;
        await admin.post('/api/admin/users', { email });
        return practice.mailed('invitation', email);
    };
    let addresses = 0;
    const address = () => {
        addresses += 1;
        return `new.${addresses}@example.org`;
    };
    const undo = async () => {
        const user = await client();
        await api('confirm-email', { token: tokenOf(await user.askForEmail(address())) });
        return practice.mailed('undo-email', user.email);
    };
    const verify = async slot => (await practice.register('Jane', 'Doe', slot)).page;

    const withoutPassword = async () => {
        const email = address();
        await api('register', { email });
        return practice.mailed('verify', email);
    };

    const usedReset = await reset(await client());
    await api('reset-password', { token: tokenOf(usedReset), password: PASSWORD });
    const usedInvitation = await invitation();
    await api('accept-invitation', { token: tokenOf(usedInvitation), password: PASSWORD });
    const usedVerification = await verify();
    await api('verify-email', { token: tokenOf(usedVerification) });
    const usedUndo = await undo();
    await api('undo-email', { token: tokenOf(usedUndo) });
    const usedLogin = await login(await client());
    await api('login-link/redeem', { token: tokenOf(usedLogin) });
    // Two accounts ask for the same address.
    const wanted = address();
    const usedConfirmation = await (await client()).askForEmail(wanted);
    const taken = await (await client()).askForEmail(wanted);
    await api('confirm-email', { token: tokenOf(usedConfirmation) });
    const { services: [{ id: service_id }] } = await admin.get('/api/services');
    const slot = scheduled_at => ({ service_id, scheduled_at: scheduled_at.toISOString() });

    const password = await reset(await client());
    const first = await invitation();
    const careful = await client();
    const code = await careful.addSecondFactor();
    const withCode = await login(careful);
    const lasting = {
        '/reset/{token}, form': [password, 'At least 12 characters'],
        '/reset/{token}, admin': [await reset(admin), 'At least 15 characters'],
        '/reset/{token}, short': [password, 'Please use at least 12', { fields: { password: 'short' } }],
        '/reset/{token}, long': [password, 'at most 128', { fields: { password: 'long'.repeat(33) } }],
        '/reset/{token}, common': [password, 'easy to guess', { fields: { password: 'password1234' } }],
        '/reset/{token}, forged': [password, 'Another site sent', {
            fields: { password: PASSWORD },
            headers: { Origin: 'https://elsewhere.example.org' },
        }],
        '/reset/{token}, expired': [usedReset, 'A link to set a password works once'],
        '/reset/{token}, unknown': ['/reset/unknown', 'copy the whole link'],
        '/invitation/{token}, form': [first, 'The practice has created an account for you'],
        '/invitation/{token}, short': [first, 'Please use at least 12', { fields: { password: 'short' } }],
        '/invitation/{token}, expired': [usedInvitation, 'invite you again'],
        '/invitation/{token}, unknown': ['/invitation/unknown', 'copy the whole link'],
        '/verify/{token}, form': [await verify(), 'Please confirm that this address is yours'],
        '/verify/{token}, expired': [usedVerification, 'If you have confirmed your address already'],
        '/verify/{token}, unknown': ['/verify/unknown', 'copy the whole link'],
        '/confirm-email/{token}, form': [await (await client()).askForEmail(address()), 'replaces the former one'],
        '/confirm-email/{token}, taken': [taken, 'belongs to another account', {}],
        '/confirm-email/{token}, expired': [usedConfirmation, 'log in and change it again'],
        '/confirm-email/{token}, unknown': ['/confirm-email/unknown', 'copy the whole link'],
        '/undo-email/{token}, form': [await undo(), 'This is what happens'],
        '/undo-email/{token}, expired': [usedUndo, 'can be undone once'],
        '/undo-email/{token}, unknown': ['/undo-email/unknown', 'copy the whole link'],
        '/login/{token}, form': [await login(await client()), 'without your password'],
        '/login/{token}, code': [withCode, 'Code from your authenticator app'],
        '/login/{token}, missing': [withCode, 'Please enter the code', {}],
        '/login/{token}, wrong': [withCode, 'This code is wrong', { fields: { code } }],
        '/login/{token}, expired': [usedLogin, 'A link to log in works once'],
        '/login/{token}, unknown': ['/login/unknown', 'copy the whole link'],
    };
    const once = {
        '/reset/{token}, done': [await reset(await client()), 'All devices are logged out', { fields: { password: PASSWORD } }],
        '/invitation/{token}, done': [await invitation(), 'Your password is set', { fields: { password: PASSWORD } }],
        '/verify/{token}, done': [await verify(), 'You can log in now', {}],
        '/verify/{token}, free': [await verify(slot(minutesAfter(booked, 120))), 'This time is still free', {}],
        '/verify/{token}, taken': [await verify(slot(booked)), 'This time is no longer free', {}],
        '/verify/{token}, no-password': [await withoutPassword(), 'This browser is logged in now', {}],
        '/confirm-email/{token}, done': [await (await client()).askForEmail(address()), 'Your email address is changed', {}],
        '/undo-email/{token}, done': [await undo(), 'Everyone is logged out', {}],
        '/login/{token}, done': [await login(await client()), 'You are logged in', {}],
    };
    return { lasting, once };
}

// The pages about the appointments of a client, before and after the clock moves on.
async function bookedAppointments(practice, john, { open, over }) {
    const { admin } = practice;
    const day = number => minutesAfter(START, number * 1440);
    const anna = await practice.client('Anna', 'Berger');
    const { id: user_id } = await anna.get('/api/auth/me');
    const late = await anna.book(minutesAfter(START, 900));
    const { version: _, ...terms } = await admin.get('/api/admin/policy');
    const half = { ...terms, cancellation: { ...terms.cancellation, late_refund_percent: 50 } };
    await admin.request('PUT', '/api/admin/policy', half);
    const partly = await anna.book(minutesAfter(START, 1020));
    // The practice of these tests is open day and night, so a page with more times than that would be unusually long.
    await admin.request('PUT', '/api/admin/policy', { ...terms, step_minutes: 60 });
    const next = await anna.book(day(30));
    const then = await anna.book(day(31));
    await anna.post(`/api/bookings/${then.id}/reschedule`, { scheduled_at: minutesAfter(day(31), 60).toISOString() });
    const cancelled = await anna.book(day(32));
    await anna.post(`/api/bookings/${cancelled.id}/cancel`, { reason: 'A cold' });
    const expired = await anna.hold(day(33));
    const past = [];
    for (let week = 1; week <= 21; week += 1) {
        const scheduled_at = minutesAfter(START, -3 * 1440 * week).toISOString();
        const payment = { payment: 'waived', has_taken_place: true };
        past.push(await admin.post('/api/admin/bookings', { user_id, scheduled_at, ...payment }));
    }
    const alone = await practice.client('Mary', 'Major');

    return async () => {
        const unpaid = await anna.hold(day(35));
        const cookies = await anna.logInByPage();
        const as = (user, form) => ({ ...form, cookies: user });
        const view = { view: true, cookies };
        const page = ({ id }, more = '') => `/appointments/${id}${more}`;
        const to = `to=${encodeURIComponent(minutesAfter(day(30), 60).toISOString())}`;
        const taken = encodeURIComponent(minutesAfter(day(31), 60).toISOString());
        const at = minutesAfter(day(30), 60).toISOString();
        const johns = await john.logInByPage();
        const everywhere = {
            '/appointments, all': ['/appointments', 'Past appointments', view],
            '/appointments/{id}, confirmed': [page(next), 'The room opens on', view],
            '/appointments/{id}, unpaid': [page(unpaid), 'Please pay €100.00', view],
            '/appointments/{id}/cancel, full': [page(next, '/cancel'), 'You get €100.00 back, the full amount', view],
            '/appointments/{id}/move, times': [page(next, '/move'), 'Choose another time', view],
            '/appointments/{id}/move, confirm': [page(next, `/move?${to}`), 'Move to this time?', view],
        };
        return {
            everywhere,
            more: {
                '/appointments, empty': ['/appointments', 'You have no appointments yet', as(await alone.logInByPage(), { view: true })],
                '/appointments, admin': ['/appointments', 'booked as a client', as(await admin.logInByPage(), { view: true })],
                '/appointments, earlier': [
                    `/appointments?before=${Math.floor(new Date(past[0].scheduled_at).getTime() / 1000)}-${past[0].id}`, 'Took place', view,
                ],
                '/appointments/{id}, expired': [page(expired), 'Not paid in time', view],
                '/appointments/{id}, cancelled': [page(cancelled), 'By you', view],
                '/appointments/{id}, completed': [page(past[0]), 'Took place', view],
                '/appointments/{id}, foreign': [page(over), 'Page not found', view],
                '/appointments/{id}, booked': [page(next, '?booked'), 'We have sent you an email', view],
                '/appointments/{id}, held': [page(unpaid, '?booked'), 'Please pay, and', view],
                '/appointments/{id}, moved': [page(then, '?moved'), 'Your appointment is now on', view],
                '/appointments/{id}, note-cancelled': [page(cancelled, '?cancelled'), 'We have sent you an email about it', view],
                '/appointments/{id}, paid': [page(next, '?paid'), 'your payment has arrived', view],
                '/appointments/{id}, open': [page(open), 'The room is open', as(johns, { view: true })],
                '/appointments/{id}/pay, checkout': [page(unpaid, '/pay'), 'Test payment', { cookies, from: page(unpaid) }],
                '/appointments/{id}/pay, forged': [
                    page(unpaid, '/pay'), 'Another site sent this form', { cookies, from: page(unpaid), fields: { form_token: 'x' } },
                ],
                '/appointments/{id}/receipt, paid': [page(next, '/receipt'), 'Receipt for', view],
                '/appointments/{id}/receipt, none': [page(unpaid, '/receipt'), 'Not paid yet', view],
                '/appointments/{id}/calendar.ics, none': [page(unpaid, '/calendar.ics'), 'Not paid yet', view],
                '/appointments/{id}/cancel, part': [page(partly, '/cancel'), 'You get €50.00 back, and the practice keeps €50.00', view],
                '/appointments/{id}/cancel, nothing': [page(late, '/cancel'), 'Nothing is refunded, because', view],
                '/appointments/{id}/cancel, unpaid': [page(unpaid, '/cancel'), 'You have paid nothing', view],
                '/appointments/{id}/cancel, too-long': [
                    page(next, '/cancel'), 'at most 500 characters', { cookies, fields: { reason: 'x'.repeat(501) } },
                ],
                '/appointments/{id}/cancel, changed': [
                    page(next, '/cancel'), 'What you get back has changed', { cookies, fields: { expected_refund: '1.00' } },
                ],
                '/appointments/{id}/cancel, closed': [page(past[0], '/cancel'), 'and is over', view],
                '/appointments/{id}/cancel, foreign': [page(over, '/cancel'), 'Page not found', view],
                '/appointments/{id}/move, taken': [page(next, `/move?to=${taken}`), 'This time is not free', view],
                '/appointments/{id}/move, changed': [
                    page(next, `/move?${to}`), 'has changed in the meantime', { cookies, fields: { to: at, version: '1' } },
                ],
                '/appointments/{id}/move, closed': [page(late, '/move'), 'It could be moved until', view],
            },
        };
    };
}

// The way to a booking, with two services and two therapists. `taken` is the start of a booking of another client.
async function bookingPages(practice, taken) {
    const { admin } = practice;
    const slot = minutesAfter(START, 20 * 1440).getTime() / 1000;
    const free = await admin.post('/api/admin/services', { name: 'First conversation', duration: 25, amount: 0 });
    const { id: colleague } = await (await practice.client('Jonas', 'Brandt')).get('/api/auth/me');
    await admin.post('/api/auth/step-up', { password: admin.password });
    await admin.patch(`/api/admin/users/${colleague}`, { is_admin: true });
    const abroad = `service=${free.id}&therapist=${colleague}&zone=America/New_York`;
    const cookies = await (await practice.client('Jane', 'Doe')).logInByPage();
    const summary = query => `/book/summary?${query}at=${slot}`;
    const lost = { at: String(taken.getTime() / 1000), note: 'About the last time.' };
    const newClient = fields => ({
        from: summary(''), fields: { first_name: 'Ada', last_name: 'King', email: 'ada.king@example.org', ...fields },
    });
    return {
        '/book, times': ['/book', 'Next free time'],
        '/book, chosen': [`/book?${abroad}`, 'The practice is in another time zone: Europe/Berlin'],
        '/book, taken': [`/book?from=2027-03-02&taken=${lost.at}`, 'This time is no longer free'],
        '/book, later': ['/book?from=2027-04-01', 'Earlier times'],
        '/book, none': ['/book?from=2031-01-01', 'there are no free times yet'],
        '/book/summary, who': [summary(''), 'Who are you?'],
        '/book/new-client, mailed': ['/book/new-client', 'to go on with your appointment', newClient({})],
        '/book/new-client, invalid': ['/book/new-client', 'Your appointment stays chosen', newClient({ email: 'no address' })],
        '/book/new-client, taken': ['/book/new-client', 'This time is no longer free', newClient({ at: lost.at })],
        '/book/new-client, forged': ['/book/new-client', 'Another site sent', {
            ...newClient({}), headers: { Origin: 'https://elsewhere.example.org' },
        }],
        '/book/summary, summary': [summary(''), 'Book and pay €100.00', { cookies, view: true }],
        '/book/summary, zone': [summary('zone=America/New_York&'), 'For the practice', { cookies, view: true }],
        '/book/summary, free': [summary(`service=${free.id}&`), 'Free of charge', { cookies, view: true }],
        '/book/summary, note': ['/book/summary', 'Please shorten the note', {
            cookies, from: summary(''), fields: { note: 'long'.repeat(501) },
        }],
        '/book/summary, taken': ['/book/summary', 'Your note is kept', { cookies, from: summary(''), fields: lost }],
    };
}

// Brings a practice into all states at once. Yields them in groups, each under settings of its own: `states` has the URL's
// path of each state, words that only this state shows, and the form that leads to it, if there is one.
export async function* arrange(practice) {
    const { admin, clock } = practice;
    const john = await practice.client('John', 'Doe');
    const day = number => minutesAfter(START, number * 1440);
    const page = booking => new URL(booking.personalized_meeting_url).pathname;
    const checkout = hold => new URL(hold.checkout_url).pathname;

    const over = await john.book(minutesAfter(START, 10));
    const open = await john.book(minutesAfter(START, 190));
    const early = await john.book(day(1));
    const cancelled = await john.book(day(2));
    await john.post(`/api/bookings/${cancelled.id}/cancel`);
    const revoked = await john.book(day(3));
    await admin.post(`/api/admin/bookings/${revoked.id}/links/revoke`);
    const paid = await john.hold(day(4));
    await practice.request('POST', checkout(paid), {});
    const expired = await john.hold(day(5));
    const { id: client } = await john.get('/api/auth/me');
    const asked = async minutes => {
        const scheduled_at = minutesAfter(START, minutes).toISOString();
        return admin.post('/api/admin/bookings', { user_id: client, scheduled_at, payment: 'online' });
    };
    // Its hold ends when it begins.
    const tooLate = await asked(120);
    const appointments = await bookedAppointments(practice, john, { open, over });
    const withoutPassword = await clientWithoutPassword(practice, 'invited.client@example.org');
    // A quarter of an hour after the appointment has begun, from when on it can be a no-show.
    await clock.set(minutesAfter(START, 206));
    const held = await john.hold(day(6));
    const pay = booking => new URL(booking.pay_url).pathname;
    const due = await asked(7 * 1440);
    const nothingLeft = await asked(8 * 1440);
    await practice.request('POST', checkout(nothingLeft), {});
    const notWanted = await asked(9 * 1440);
    await admin.post(`/api/admin/bookings/${notWanted.id}/cancel`);

    const { lasting, once } = await mailedPages(practice, day(1));
    const careful = await practice.client('Jane', 'Doe');
    await careful.addSecondFactor();
    const credentials = ({ email, password }) => ({ email, password });
    const account = await accountPages(practice, withoutPassword);
    const adminCookies = await admin.logInByPage();
    const johnCookies = await john.logInByPage();
    const today = {
        '/today, day': ['/today', 'Took place', { cookies: adminCookies, view: true }],
        '/today, empty': ['/today?date=2031-01-01', 'no appointments and no free times', { cookies: adminCookies, view: true }],
        '/today, changed': ['/today', 'has changed in the meantime', {
            cookies: adminCookies, fields: { booking: over.id, version: '99', change: 'complete' },
        }],
        '/today, client': ['/today', 'This page is for the therapists', { cookies: johnCookies, view: true }],
    };
    const own = await appointments();
    const therapist = await therapistPages(practice, adminCookies, open);
    const looked = ['/week, week', '/bookings/{id}, confirmed', '/practice/profile, profile'];
    const everywhere = {
        ...lasting,
        ...account.lasting,
        ...own.everywhere,
        ...today,
        ...await bookingPages(practice, day(1)),
        '/, default': ['/', 'Appointments with'],
        '/login, form': ['/login', 'Forgot your password?'],
        '/login, wrong': ['/login', 'The email address or the password is wrong', { fields: { email: 'x@example.org', password: 'x' } }],
        '/login, code': ['/login', 'Please enter a code of your authenticator app', { fields: credentials(careful) }],
        '/login, wrong-code': ['/login', 'The code is wrong', { fields: { ...credentials(careful), code: '000000' } }],
        '/register, form': ['/register', 'First name'],
        '/register, invalid': ['/register', 'Please enter an address like', { fields: { email: 'no address', password: 'x' } }],
        '/register, mailed': ['/register', 'We have sent you an email', { fields: { email: 'other@example.org', password: PASSWORD } }],
        '/forgot-password, form': ['/forgot-password', 'you set a new one'],
        '/forgot-password, invalid': ['/forgot-password', 'Please enter an address like', { fields: { email: 'x' } }],
        '/forgot-password, mailed': ['/forgot-password', 'If there is an account', { fields: { email: 'x@example.org' } }],
        '/login-link, form': ['/login-link', 'without a password'],
        '/login-link, mailed': ['/login-link', 'If there is an account', { fields: { email: 'x@example.org' } }],
        '/j/{token}, early': [page(early), 'Check again'],
        '/j/{token}, open': [page(open), 'The room is open'],
        '/j/{token}, over': [page(over), 'This appointment is over'],
        '/j/{token}, cancelled': [page(cancelled), 'This appointment was cancelled'],
        '/j/{token}, revoked': [page(revoked), 'This link is no longer valid'],
        '/j/{token}, invalid': ['/j/unknown', 'copy the whole link'],
        '/pay/{token}, due': [pay(due), 'We have reserved this time for you'],
        '/pay/{token}, paid': [pay(nothingLeft), 'Nothing is left to pay'],
        '/pay/{token}, expired': [pay(tooLate), 'no longer reserved'],
        '/pay/{token}, cancelled': [pay(notWanted), 'You do not need to pay for it'],
        '/pay/{token}, invalid': ['/pay/unknown', 'copy the whole link'],
        '/checkout/done, default': ['/checkout/done', 'Thank you'],
        '/checkout/cancelled, default': ['/checkout/cancelled', 'Not paid'],
        '/test-checkout/{reference}, open': [checkout(held), 'Test payment'],
        '/test-checkout/{reference}, paid': [checkout(paid), 'Your appointment is confirmed'],
        '/test-checkout/{reference}, closed': [checkout(expired), 'This payment page is closed'],
        '/test-checkout/{reference}, invalid': ['/test-checkout/00112233', 'This payment page does not exist'],
        '/{unknown}, default': ['/unknown', 'Page not found'],
    };
    yield {
        settings: 'a new practice',
        states: {
            ...everywhere,
            ...once,
            ...account.once,
            ...own.more,
            ...therapist,
            '/imprint, missing': ['/imprint', 'Page not found'],
            '/privacy, missing': ['/privacy', 'Page not found'],
        },
    };

    const site = 'https://www.practice.example.org';
    await admin.patch('/api/admin/practice', { imprint: `${site}/imprint`, privacy: `${site}/privacy` });
    yield {
        settings: 'a practice with texts on its own site',
        states: {
            '/imprint, link': ['/imprint', 'You can read it at this address'],
            '/privacy, link': ['/privacy', 'You can read it at this address'],
        },
    };

    await admin.patch('/api/admin/practice', {
        name: PRACTICE,
        phone: '+49 30 23125 123',
        email: 'office@practice.example.org',
        website: 'https://www.practice.example.org',
        imprint: IMPRINT,
        privacy: 'We process only what your appointments require.',
        accent_color: ACCENT,
    });
    await admin.request('PUT', '/api/admin/practice/logo', LOGO);
    yield {
        settings: 'a practice with texts, a logo and a colour',
        translated: { ...everywhere, ...therapist },
        states: {
            ...everywhere,
            ...Object.fromEntries(looked.map(state => [state, therapist[state]])),
            '/imprint, text': ['/imprint', 'Lindenstraße'],
            '/privacy, text': ['/privacy', 'We process only'],
        },
    };

    const { therapists } = await admin.get('/api/therapists');
    const closed = await Promise.all(therapists.map(({ id }) => admin.post('/api/admin/time-off', {
        therapist_id: id, kind: 'closed_dates', first_date: '2027-01-01', last_date: '2028-12-31',
    })));
    yield {
        settings: 'a practice on leave',
        states: { '/book, full': ['/book', 'There is no free time within the next 366 days'] },
    };

    for (const { id } of closed) await admin.request('DELETE', `/api/admin/time-off/${id}`);
    const { services } = await admin.get('/api/services');
    const offer = active => Promise.all(services.map(({ id }) => admin.patch(`/api/admin/services/${id}`, { active })));
    await offer(false);
    yield {
        settings: 'a practice without a service',
        states: { '/book, closed': ['/book', 'Appointments cannot be booked here at the moment'] },
    };
    await offer(true);
}

// What one of the two lists lacks.
export function differences(declared, reached) {
    return [
        ...declared.filter(state => !reached.has(state)).map(state => `no way leads to ${state}`),
        ...[...reached].filter(state => !declared.includes(state)).map(state => `the router does not declare ${state}`),
    ];
}
