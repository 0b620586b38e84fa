// How to reach every state of every page.

import { attune, minutesAfter, START } from './practice.mjs';

// The pages of the router and their states, as `PATH, STATE`.
export async function declaredStates() {
    const pages = JSON.parse(await attune(['pages']));
    return pages.flatMap(({ path, states }) => states.map(state => `${path}, ${state}`));
}

// The name of the practice in the end.
export const PRACTICE = 'Praxisgemeinschaft Ashdown & Featherstone für systemische Psychotherapie';

const IMPRINT = 'Ashdown & Featherstone\nLindenstraße 14, 10969 Berlin\n\nResponsible for the content: Meredith Ashdown';

// A yellow that is too light to read on white, which the service has to correct.
const ACCENT = '#ffd400';

// A green disc.
const LOGO = 'data:image/png;base64,'
    + 'iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAABlBMVEX///8UUy2apIowAAAAAnRSTlMA/1uRIrUAAACHSURBVHja'
    + 'rdKxDYAgEAVQjAWlIzAKo8lojuIIlBTEU+7rJxFCLLzGV9wFvI8xvXIJ30kkKBaRqPAiWSFX3S1osgU7etHtChKGMLYWHPe0zj+Y'
    + 'gGBmYKuwwF6xALEDB6QRPJD/x5fTB5dv/7TdBhfV7rCulwtnBAyFMTE4RlnDZdx8AHwSrzoB4w1dojEtI/0AAAAASUVORK5CYII=';

// Brings a practice into all states at once. Yields them in groups, each under settings of its own: `states` has the URL's
// path of each state, and words that only this state shows.
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
    await clock.set(minutesAfter(START, 180));
    const held = await john.hold(day(6));
    const pay = booking => new URL(booking.pay_url).pathname;
    const due = await asked(7 * 1440);
    const nothingLeft = await asked(8 * 1440);
    await practice.request('POST', checkout(nothingLeft), {});
    const notWanted = await asked(9 * 1440);
    await admin.post(`/api/admin/bookings/${notWanted.id}/cancel`);

    const everywhere = {
        '/, default': ['/', 'Appointments with'],
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
        logo: LOGO,
    });
    yield {
        settings: 'a practice with texts, a logo and a colour',
        states: {
            ...everywhere,
            '/imprint, text': ['/imprint', 'Lindenstraße'],
            '/privacy, text': ['/privacy', 'We process only'],
        },
    };
}

// What one of the two lists lacks.
export function differences(declared, reached) {
    return [
        ...declared.filter(state => !reached.has(state)).map(state => `no way leads to ${state}`),
        ...[...reached].filter(state => !declared.includes(state)).map(state => `the router does not declare ${state}`),
    ];
}
