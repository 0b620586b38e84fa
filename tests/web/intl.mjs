// Dates and amounts as Node's Intl (ICU) writes them, for the tests of crates/wording. Without arguments, fails if the
// file differs from this Node; `--write` writes the file.
//
// Every space is a plain one in the file, because versions of ICU differ in the kind of space. Dates have no time, because
// Attune joins the two in its own way. Amounts have the narrow sign of their currency, `$` and not `US$`: a practice has
// one currency, and its clients know which.

import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../../crates/wording/tests/intl.json', import.meta.url);
const LOCALES = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR', es: 'es-ES' };
const CURRENCIES = ['EUR', 'CHF', 'GBP', 'USD', 'JPY'];
const SUMS = [0, 0.5, 9.99, 1234, 12345.6, 1234567.89];
// Every month and every weekday, the first of a month, and a leap day.
const DATES = [
    '2024-01-15', '2024-02-29', '2024-03-08', '2024-04-30', '2024-05-05', '2024-06-22', '2024-07-09', '2024-08-01',
    '2024-09-30', '2024-10-31', '2024-11-10', '2024-12-25',
];

const plain = (text) => text.replace(/\p{Zs}/gu, ' ');

function dates(locale) {
    const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone: 'UTC' });
    const short = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', timeZone: 'UTC' });
    return Object.fromEntries(DATES.map((date) => {
        const noon = new Date(`${date}T12:00:00Z`);
        return [date, [full, short].map((format) => plain(format.format(noon)))];
    }));
}

// By currency and minor units, such as `EUR 50`.
function amounts(locale) {
    return Object.fromEntries(CURRENCIES.flatMap((currency) => {
        const format = new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
        const unit = 10 ** format.resolvedOptions().maximumFractionDigits;
        return SUMS.map((sum) => Math.round(sum * unit))
            .map((minor) => [`${currency} ${minor}`, plain(format.format(minor / unit))]);
    }));
}

const found = Object.fromEntries(Object.entries(LOCALES).map(([language, locale]) =>
    [language, { dates: dates(locale), amounts: amounts(locale) }]));

if (process.argv.includes('--write')) {
    writeFileSync(FILE, `${JSON.stringify(found, null, 1)}\n`);
} else {
    const written = JSON.parse(readFileSync(FILE, 'utf8'));
    const lines = (tables) => Object.entries(tables).flatMap(([language, both]) =>
        Object.values(both).flatMap((table) =>
            Object.entries(table).map(([name, value]) => `${language} ${name}: ${JSON.stringify(value)}`)));
    const [ours, nodes] = [lines(written), lines(found)];
    const differences = [
        ...ours.filter((line) => !nodes.includes(line)).map((line) => `only in the file: ${line}`),
        ...nodes.filter((line) => !ours.includes(line)).map((line) => `only in Node: ${line}`),
    ];
    if (differences.length > 0) {
        console.error([...differences, 'node tests/web/intl.mjs --write writes the file anew.'].join('\n'));
        process.exitCode = 1;
    }
}
