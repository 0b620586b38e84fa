// Starts the real binary and uses it as its users do: over HTTP and from the command line.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { hiddenFields, postForm } from './checks.mjs';

const BINARY = process.env.ATTUNE_BIN ?? fileURLToPath(new URL('../../target/debug/attune', import.meta.url));
const ADMIN = { email: 'therapist@practice.example.org', password: 'umbrella-0-quiet-heron-harbour' };

// A Monday morning in winter, 10:00 in Berlin.
export const START = new Date('2027-03-01T09:00:00Z');

export const minutesAfter = (instant, minutes) => new Date(instant.getTime() + minutes * 60_000);

// The binary with these settings, and without the `ATTUNE` variables of this machine.
function start(folder, settings, args) {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^attune/i.test(name)));
    for (const [key, value] of Object.entries(settings)) {
        env[`ATTUNE__${key.toUpperCase().replaceAll('.', '__')}`] = value;
    }
    return spawn(BINARY, args, { cwd: folder, env });
}

const exited = process => new Promise((resolve, reject) => process.once('close', resolve).once('error', reject));

// What a command that ends prints.
export async function attune(args, { folder = tmpdir(), settings = {}, input = '' } = {}) {
    const process = start(folder, settings, args);
    // A command that does not read its input may end before it is written; its exit status tells whether it failed.
    process.stdin.on('error', () => {}).end(input);
    const [code, printed, log] = await Promise.all([exited(process), text(process.stdout), text(process.stderr)]);
    assert.equal(code, 0, `attune ${args.join(' ')}: ${printed}${log}`);
    return printed;
}

// The last segment of the path.
export const tokenOf = page => page.split('/').at(-1);

// Answers requests on a free port of this machine.
export async function listen(handler) {
    const server = createServer(handler);
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    return {
        origin: `http://127.0.0.1:${server.address().port}`,
        close: () => {
            server.closeAllConnections();
            return new Promise(resolve => server.close(resolve));
        },
    };
}

// The code of an authenticator app (RFC 6238) at an instant.
export function codeAt(letters, instant) {
    const bits = [...letters].map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
    const secret = Buffer.from(bits.join('').match(/.{8}/g).map(byte => Number.parseInt(byte, 2)));
    const step = Buffer.alloc(8);
    step.writeBigUInt64BE(BigInt(Math.floor(instant.getTime() / 30_000)));
    const mac = createHmac('sha1', secret).update(step).digest();
    const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fff_ffff;
    return String(number % 1_000_000).padStart(6, '0');
}

// A user with an account.
class User {
    #token;
    #loggedInAt;

    constructor(practice, { email, password }) {
        Object.assign(this, { practice, email, password });
    }

    // Logs in again after the clock was moved, because access tokens are short-lived.
    async request(method, path, body) {
        if (this.#loggedInAt !== this.practice.clock.now) {
            const { email, password } = this;
            const login = await this.practice.request('POST', '/api/auth/login', { email, password });
            [this.#token, this.#loggedInAt] = [login.access_token, this.practice.clock.now];
        }
        return this.practice.request(method, path, body, this.#token);
    }

    get(path) {
        return this.request('GET', path);
    }

    post(path, body = {}) {
        return this.request('POST', path, body);
    }

    patch(path, body) {
        return this.request('PATCH', path, body);
    }

    // Holds a slot; the response has a `checkout_url`.
    hold(startsAt) {
        return this.post('/api/bookings', { scheduled_at: startsAt.toISOString() });
    }

    // A paid booking and the URL of the user's join page.
    async book(startsAt) {
        const { id, checkout_url } = await this.hold(startsAt);
        await this.practice.request('POST', new URL(checkout_url).pathname, {});
        return this.booking(id);
    }

    // Sets up a second factor; returns the code that was used for it.
    async addSecondFactor() {
        const { otpauth_uri } = await this.post('/api/auth/totp', { current_password: this.password });
        const code = codeAt(new URL(otpauth_uri).searchParams.get('secret'), this.practice.clock.now);
        await this.post('/api/auth/totp/confirm', { code });
        return code;
    }

    // Logs in as a browser does; returns its cookies.
    async logInByPage() {
        const url = `${this.practice.origin}/login`;
        const { fields, cookies } = await hiddenFields(url);
        const { email, password } = this;
        const response = await postForm(url, { ...fields, email, password }, { cookies });
        assert.equal(response.status, 303, await response.text());
        return [...cookies, ...response.headers.getSetCookie().map(cookie => cookie.split(';')[0])];
    }

    // Asks for another email address; returns the page behind the link that is mailed there.
    async askForEmail(email) {
        await this.post('/api/auth/step-up', { password: this.password });
        await this.post('/api/auth/change-email', { email });
        return this.practice.mailed('confirm-email', email);
    }

    async booking(id) {
        const { bookings } = await this.get('/api/bookings');
        return bookings.find(booking => booking.id === id);
    }
}

// An installation with its database, a video server and a clock that a test sets.
export class Practice {
    #folder;
    #process;
    #log;
    #clients = 0;
    #read = new Set();

    static async open(settings = {}) {
        const practice = new Practice();
        const folder = practice.#folder = await mkdtemp(join(tmpdir(), 'attune-web-'));
        const file = join(folder, 'clock');
        practice.clock = {
            async set(instant) {
                // Replaced as a whole, so that the service never reads half an instant.
                await writeFile(`${file}.next`, instant.toISOString());
                await rename(`${file}.next`, file);
                this.now = instant;
            },
        };
        await practice.clock.set(START);
        practice.mail = join(folder, 'mail');
        await mkdir(practice.mail);
        practice.room = await listen((_, response) => {
            response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>Room</title><h1>Room</h1>');
        });
        practice.settings = {
            'http.bind': '127.0.0.1:0',
            data_dir: join(folder, 'data'),
            'auth.first_admin_email': '',
            'auth.registration': 'verified',
            'mail.dir': practice.mail,
            'practice.default_opens': '00:00',
            'practice.default_closes': '24:00',
            'jitsi.base_url': practice.room.origin,
            'jitsi.mode': 'jwt',
            'jitsi.app_id': 'attune',
            'jitsi.app_secret': 'c0b86f20f7d84c4fa9a2e1b35d7c9e04',
            'jitsi.server_secret': '5f0c2a9e7b3d41c68e1f7a90b2d4c6e8',
            'payments.provider': 'test',
            'limits.enabled': 'false',
            'log.format': 'json',
            'testing.clock_file': file,
            ...settings,
        };
        const add = ['user', 'add', '--email', ADMIN.email, '--first-name', 'Meredith', '--last-name', 'Ashdown'];
        await attune([...add, '--admin', '--password-stdin'],
            { folder, settings: practice.settings, input: ADMIN.password });
        await practice.#serve();
        practice.admin = new User(practice, ADMIN);
        return practice;
    }

    async #serve() {
        this.#process = start(this.#folder, this.settings, ['serve']);
        // The service must not outlive the tests, however they end.
        process.once('exit', () => this.#process.kill('SIGKILL'));
        this.#log = text(this.#process.stderr);
        for await (const line of createInterface({ input: this.#process.stdout })) {
            const [, origin] = line.match(/^listening on (http\S+?)\/?$/) ?? [];
            if (origin) {
                this.origin = origin;
                this.#process.stdout.resume();
                return;
            }
        }
        throw new Error(`attune serve ended: ${await this.#log}`);
    }

    // The body of a response that is no error. A body that is no image is sent as JSON.
    async request(method, path, body, token) {
        const isImage = body instanceof Uint8Array;
        const response = await fetch(this.origin + path, {
            method,
            headers: {
                Accept: 'application/json',
                ...body && { 'Content-Type': isImage ? 'image/png' : 'application/json' },
                ...token && { Authorization: `Bearer ${token}` },
            },
            body: isImage ? body : body && JSON.stringify(body),
        });
        const received = await response.text();
        assert.ok(response.ok, `${method} ${path}: ${response.status} ${received}`);
        return received && JSON.parse(received);
    }

    // Registers an account; returns it with the page that verifies its address.
    async register(firstName, lastName, slot = {}) {
        this.#clients += 1;
        const account = { email: `client.${this.#clients}@example.org`, password: `umbrella-${this.#clients}-quiet-heron` };
        const names = { first_name: firstName, last_name: lastName };
        await this.request('POST', '/api/auth/register', { ...account, ...names, ...slot });
        return { user: new User(this, account), page: await this.mailed('verify', account.email) };
    }

    async client(firstName, lastName) {
        const { user, page } = await this.register(firstName, lastName);
        await this.request('POST', '/api/auth/verify-email', { token: tokenOf(page) });
        return user;
    }

    // The path of a page of which a link is in an email to this address that was not read yet.
    async mailed(page, email) {
        let wake;
        // Watched before the folder is read, so that no email is missed.
        const watcher = watch(this.mail, () => wake?.());
        try {
            for (;;) {
                const changed = new Promise(resolve => { wake = resolve; });
                for (const name of await readdir(this.mail)) {
                    if (this.#read.has(name) || !name.endsWith('.eml')) continue;
                    const text = (await readFile(join(this.mail, name), 'utf8')).replaceAll(/=\r?\n/g, '');
                    const [path] = text.match(new RegExp(`/${page}/[\\w-]+`)) ?? [];
                    if (!path || !new RegExp(`^To: .*${email}`, 'im').test(text)) continue;
                    this.#read.add(name);
                    return path;
                }
                await changed;
            }
        } finally {
            watcher.close();
        }
    }

    // Ends the service; returns the errors in its log.
    async close() {
        this.#process.kill('SIGTERM');
        const code = await exited(this.#process);
        await Promise.all([this.room.close(), rm(this.#folder, { recursive: true })]);
        const errors = (await this.#log).split('\n').filter(line => line.includes('"level":"ERROR"'));
        return code === 0 ? errors : [`exit code ${code}`, ...errors];
    }
}
