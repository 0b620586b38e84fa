### The pages of therapists.

tab-today = Today
therapists-only = For therapists
therapists-only-sentence = This page is for the therapists of the practice.

## The day

today-title = Today, { $day }
today-therapists = Whose day
today-day = The day
today-nothing = There are no appointments and no free times on this day.
today-before = The day before
today-after = The day after
today-today = Today
today-waiting = Waiting now
today-who-waits = Waiting now: { $clients }
today-in-room = In the room
today-since = since { $time }
today-about = { $client }, { $time }
today-range = { $from }–{ $to }
today-join = Join
today-complete = Took place
today-no-show = No-show
today-reopen = Undo
today-free = free
today-changed = This appointment has changed in the meantime. This is the day as it is now.

## The week and the month

tab-week = Week
tab-clients = Clients
tab-practice = Practice
week-title = Week from { $from } to { $to }
week-before = The week before
week-after = The week after
week-this = This week
week-place = Times in { $place }. Shaded: outside the working hours.
week-caption = { $therapist }, { $week }: days as columns, hours as rows
week-time = Time
week-closed = closed
week-nothing = No appointments.
month = Month
month-before = The month before
month-after = The month after
month-caption = { $therapist }, { $month }: the appointments of each day
month-count =
    { $count ->
        [0] none
        [one] 1{ "\u00A0" }appointment
       *[other] { $count }{ "\u00A0" }appointments
    }

## One booking

booking-heading = { $client }, { $when }
booking-back = The day
booking-status = State
booking-client = Client
booking-therapist = Therapist
booking-held-until = Reserved until
booking-by-client = By the client
booking-note = Note
booking-note-hint = The client can read it.
booking-to-client = To the client
booking-to-series = To the series
booking-mark = How did it go?
booking-end = End for everyone
booking-changes = Changes
booking-move = Move
booking-move-button = Move the appointment
booking-reassign = Hand over to a colleague
booking-reassign-button = Hand over
booking-edit = Change service, price or note
booking-price-hint = 0 waives the payment.
booking-part-paid = { $received } has been paid. The price must be higher, or refund it first.
booking-cancel-nothing = Nothing is refunded, because nothing was paid.
booking-cancel-refund = { $refund } is refunded, all that was paid.
booking-revoke-links = Replace all links
booking-revoke-links-sentence = The links in earlier emails no longer work. Everyone gets a new one by email.
booking-revoke-links-button = Replace the links
booking-payments = Payments
booking-no-payments = There are no payments.
booking-payment = { $amount } on { $at }
booking-refunded = Refund of { $amount } on { $at }
booking-pay-page = Page on which the client pays
booking-checkout = Open the checkout for the client
booking-checkout-why = The client can pay on the page above at any time. This opens the checkout of the payment provider now, so that you see whether it works.
booking-checkout-button = Open the checkout
booking-pay = Record a payment
booking-pay-button = Record the payment
booking-paid-hint = If you leave it empty, all that is due.
booking-amount-left = At most { $left } is due.
booking-refund = Refund
booking-refund-button = Refund
booking-refund-hint = If you leave it empty, all that is left.
booking-participants = Guests
booking-invite = Invite a guest
booking-invite-button = Invite
booking-revoke-invitation = Revoke
booking-invitation-revoked = Revoked
booking-emails = Emails
booking-attendance = Who was in the room
booking-attendance-unknown = Unknown person
booking-history = History

booking-state =
    .pending_payment = not paid yet
    .scheduled = confirmed
    .completed = took place
    .no_show = no-show
    .cancelled = cancelled
    .expired = not paid in time
payment-state =
    .opening = being opened
    .open = open
    .processing = in progress
    .closing = being closed
    .settled = paid
    .unapplied = paid too late
    .closed = not paid
refund-stage =
    .queued = waiting
    .pending = in progress
    .succeeded = refunded
    .failed = failed
    .retried = failed, tried again
participant-role =
    .participant = Takes part
    .presenter = May share a screen
    .observer = Watches and listens
history =
    .booking-held = Booked, to be paid
    .booking-scheduled = Confirmed
    .booking-rescheduled = Moved
    .booking-reassigned = Handed over
    .booking-cancelled = Cancelled
    .booking-expired = Not paid in time
    .booking-completed = Took place
    .booking-no_show = No-show
    .booking-reopened = Undone
    .booking-links_revoked = Links replaced
    .booking-payment_changed = Payment changed
    .booking-edited = Edited
    .booking-entered = Entered afterwards
    .appointment-ended = Ended for everyone
    .participant-invited = Guest invited
    .participant-revoked = Invitation of a guest revoked
    .payment-unapplied = Payment came too late
    .notification-retried = Email sent again
    .notification-cancelled = Email taken back
    .payment_problem-resolved = Payment problem resolved
history-by = { $at }, { $who }
history-by-client = { $at }, { $who } (client)
history-by-payment = payment
history-by-system = automatically
history-was = was { $from }, now { $to }

## A series

series-title = Series of { $client }
series-changes = Change what is left
series-from = From
series-move = Move
series-move-sentence = The first appointment moves to this time, the others to the same time of day. The number of days between them stays.
series-move-button = Move the appointments
series-move-conflicts = Nothing was moved, because these dates are not free:
series-conflict = { $when }: { $why }
series-skip = Leave those that are not free where they are
series-cancel = Cancel
series-cancel-sentence =
    { $count ->
        [one] 1{ "\u00A0" }appointment is cancelled, and { $refund } is refunded.
       *[other] { $count }{ "\u00A0" }appointments are cancelled, and { $refund } is refunded.
    }
series-cancel-button = Cancel the appointments

## Booking for a client

book-for-title = Book for a client
book-for-check = Check the times
book-for-before = Before you save
book-for-summary =
    { $all ->
        [one] { $free ->
            [one] This time is free. Nothing is saved yet.
           *[other] This time is not offered to clients. Nothing is saved yet.
        }
       *[other] { $free } of { $all } times are free. Nothing is saved yet.
    }
book-for-free = Free
book-for-outside = Outside your rules
book-for-taken = Not possible
book-for-payment = Payment
book-for-request = The client pays: link by email, the time is reserved for days
book-for-instructions = The client pays you; the email says how
book-for-paid = Paid already
book-for-waived = Without payment
book-for-method-hint = Only if it is paid already.
book-for-past = It has taken place; no one gets an email
book-for-skip = Leave out the dates that are not free
book-for-button = Book
book-for-button-series = Book the series
book-for-conflicts = Nothing was booked, because these dates are not free:
book-for-count-invalid = A series has 1 to 53 appointments, every 1 to 52 weeks.

## Clients

clients-search = Name or email address
clients-search-hint = Parts of words are enough: ann mül
clients-none = There are no clients yet.
clients-none-found = No one was found.
clients-too-many = There are more. Please search for more of the name.
clients-add = Add a client
clients-add-button = Add
clients-invite = Send an invitation to set a password
clients-book-next = Book an appointment next
client-disabled = Disabled

## One person

user-email-confirmed = Confirmed
user-email-unconfirmed = Not confirmed yet
user-since = Account since
user-second-factor = Second factor
user-second-factor-on = set up
user-second-factor-off = not set up
user-access = Access
user-unpaid = { $amount } is due for { $when }.
user-upcoming = Upcoming appointments
user-no-upcoming = There are none.
user-past = Past appointments
user-account = Account
user-names = Change the name
user-email = Change the email address
user-email-button = Change the address
user-password-hint = Your own password, because this is sensitive.
user-invitation = Invitation
user-invitation-sentence = There is no password yet. The link in the invitation is good for seven days.
user-invite-button = Send the invitation again
user-withdraw-button = Withdraw it
user-grant-admin = Make this person a therapist
user-grant-admin-sentence = Therapists see and change everything: all clients, appointments, payments and settings.
user-grant-admin-button = Make a therapist
user-revoke-admin = Take away the rights of a therapist
user-revoke-admin-sentence = The account stays, as that of a client. Appointments with this therapist stay, too.
user-revoke-admin-button = Take the rights away
user-disable = Disable the account
user-disable-sentence = Every login ends at once, and links in emails no longer work. You can enable the account again.
user-disable-button = Disable
user-cancel-bookings = Also cancel the upcoming appointments; what was paid is refunded
user-enable = Enable the account
user-enable-button = Enable

## What waits for a therapist

today-needs = This needs you
today-payment = Payment to review
today-email = Email could not be sent
today-book = Book here
