### The pages of therapists about the practice, and what their forms have in common.

saved = Saved.
save = Save
show = Show
search = Search
remove = Remove
page-before = Before
page-after = More
yes = yes
no = no
form-errors = Nothing was saved. Please check what is marked below.

## Fields

field-date = Date
field-time = Time
field-first-date = First day
field-last-date = Last day
field-last-date-hint = If you leave it empty, only the first day.
field-from = From
field-to = To
field-date-invalid = Please choose a date.
field-time-invalid = Please enter a time such as 9:30.
field-number-invalid = Please enter a number that makes sense here.
field-too-long = This is empty or too long.
field-phone-invalid = Please enter a phone number such as +49 30 23125 456.
field-url-invalid = Please enter an address that begins with https://.
field-color-invalid = Please enter a colour such as #14532d.
field-service = Service
field-therapist = Therapist
field-price = Price
field-amount = Amount
field-method = Paid by
field-reference = Reference, such as a receipt number
field-payment = Payment
field-reason = Reason
field-reason-for-client = Reason, which the client gets by email (optional)
field-override = Ignore working hours and rules
field-name = Name
field-role = Role
field-language = Language of emails
field-language-unknown = As the practice
field-zone = Time zone
field-zone-hint = Such as Europe/London. If you leave it empty, that of the practice.
field-count = Number of appointments
field-count-hint = 1 for a single one, more for a series.
field-every = Weeks from one to the next
method-cash = Cash
method-bank-transfer = Bank transfer
method-card = Card

## Why something was not done

refused-email-taken = There is already an account with this email address.
refused-slot-taken = This time is taken. Nothing was changed.
refused-already-paid = Nothing is due for this appointment.
refused-hold-expired = The time to pay has ended, and the time was released.
refused-payment-processing = A payment is being processed. Please try again once it has arrived.
refused-refund-in-progress = Another refund of this payment is in progress. Please wait until it is done.
refused-nothing-to-refund = There is nothing left to refund.
refused-invalid-state = This is not possible in the present state. Please check it.
refused-already-invited = Someone with this email address takes part already.
refused-too-many-participants = There are as many guests as possible.
refused-window-closed = It is too early or too late for this.
refused-version-conflict = Someone else has changed this in the meantime. Nothing was saved. Below is what you typed; what has changed is said beside it.
refused-quote-changed = The refund has changed in the meantime. Nothing was cancelled. Please check the new amount.
refused-daily-limit = The limit of appointments of this day is reached.
refused-series-conflict = Some of the dates are not free. Nothing was changed.
refused-practice-not-configured = The practice has no service yet.
refused-invitation-accepted = This account is in use, or disabled, so it cannot be invited.
refused-last-admin = This is the last therapist of the practice. Nothing was changed.
refused-step-up = Please enter your own password.
refused-image = Please choose a PNG, JPEG or WebP image of at most 200 KB.
refused-notice = The appointment would begin too soon: your rules need more notice.
refused-outside-hours = This is outside the working hours.
refused-in-the-past = This time is in the past.
refused-nonexistent-time = This time does not exist on that day, because the clocks are put forward.
refused-horizon = This is further ahead than can be booked.
refused-length = An appointment takes 1 minute to 12 hours.
refused-unknown-client = There is no such person who can be booked for.
refused-unknown-service = There is no such service.
refused-unknown-therapist = There is no such therapist.
refused-range = It would end before it begins, or is too long.
refused-overlapping-hours = Two times of one day overlap.
refused-too-many-hours = A week has at most 42 times.
refused-amount = Please enter an amount such as 80.00 that fits what is due.
refused-refund-too-large = This is more than is left of the payment.
refused-provider = The payment provider does not respond. Please try again soon.
refused-out-of-range = Something is outside of what is possible. Nothing was saved.
refused-sent-twice = This form was sent before with something else in it. Please check what was saved.
changed-to = Now: { $value }

## Working hours

hours-title = Working hours and time off
hours-week = The week
hours-day-hint = Such as 9:00-12:00, 13:00-17:30. Leave a day off empty.
hours-day-invalid = Please enter times such as 9:00-12:00, 13:00-17:30.
hours-exceptions = Time off and extra hours
hours-no-exceptions = There are none.
hours-add = Add time off or extra hours
hours-add-button = Add
hours-kind-label = What is it?
hours-kind =
    .dates = Whole days off
    .period = A part of a day off
    .extra = Extra hours
hours-time-hint = Only for a part of a day, and for extra hours.
hours-note = Name, such as Holidays
hours-note-hint = Only the practice can read it.
hours-closed-day = Closed on { $day }
hours-closed-days = Closed from { $from } to { $to }
hours-closed-period = Closed from { $from } to { $to }
hours-extra = Open on { $day }, { $hours }
hours-in-the-way = Nothing is saved yet. These appointments are in the way; they stay as they are if you save.
hours-confirm = Save all the same
hours-count =
    { $count ->
        [one] 1{ "\u00A0" }hour
       *[other] { $count }{ "\u00A0" }hours
    }

## Why is this time not offered?

why-title = Why is this time not offered?
why-button = Explain
why-offered = This time is offered.
why-all = Everything we looked at
why-allows = Allows it
why-stops = Stops it
why-future = The time is in the future
why-notice = Notice: at least { $notice } before
why-horizon =
    { $days ->
        [one] At most 1{ "\u00A0" }day ahead
       *[other] At most { $days }{ "\u00A0" }days ahead
    }
why-hours = Working hours of that day: { $hours }
why-no-hours = No working hours on that day
why-closed = Time off: { $exceptions }
why-grid = Appointments begin every { $step }
why-daily-limit =
    { $limit ->
        [one] At most 1{ "\u00A0" }appointment a day
       *[other] At most { $limit }{ "\u00A0" }appointments a day
    }
why-no-daily-limit = No limit of appointments a day
why-no-conflicts = No other appointment
why-conflicts = Another appointment is in the way: { $bookings }
why-conflict = { $client }, { $from } to { $to }
why-conflict-with-buffer = { $client }, { $from } to { $to }, and the break until { $until }
why-open-conflict = To the appointment of { $client }
why-book = Book it
why-book-anyway = Book it anyway
why-change-hours = Change working hours
why-change-policy = Change the rules

## Services

services-title = Services
services-none = There are no services yet.
service-inactive = Not offered
service-add = Add a service
service-add-button = Add
service-sentence = Appointments that are booked keep their length and price.
service-name = Name
service-name-hint = It is in emails and calendars, so it should not say that someone is in therapy.
service-name-invalid = Please enter 1 to 100 characters.
service-description = Description
service-minutes = Length in minutes
service-buffer = Break after it in minutes
service-buffer-hint = The calendar stays closed for it.
service-active = Clients can book it
service-currency = Currency
service-currency-invalid = Please enter a currency such as EUR.
service-name-in = Name, { $language }
service-description-in = Description, { $language }

## The rules

policy-title = Rules for booking and cancelling
policy-sentence = Appointments that are booked keep the terms they were booked with.
policy-hours-hint = In hours, such as 24 or 1:30.
policy-notice = How long before can clients still book?
policy-horizon = How many days ahead can they book?
policy-limit = Appointments of a therapist a day
policy-limit-hint = If you leave it empty, there is no limit.
policy-step = Every how many minutes can an appointment begin?
policy-step-hint = Clients see these times.
policy-free = Until how long before is cancelling free?
policy-percent = What is refunded after that, in percent
policy-percent-hint = 0 if nothing is.
policy-grace = How many minutes after booking is cancelling free in any case?
policy-grace-hint = For those who booked by mistake.
policy-reschedule = Until how long before can clients move an appointment?
policy-auto-complete = Mark appointments as taken place when they are over

## The practice

practice-hours = When clients can book
practice-why = The rule or the appointment that is in the way
practice-services = What can be booked, how long it takes and what it costs
practice-policy = Notice, free cancellation, limits
practice-profile = Name, contact, legal texts, logo and colour
practice-money = Revenue, unpaid appointments, problems
practice-emails = What was sent, what waits, what could not be sent
practice-team = The therapists and their second factor
profile-title = Practice
profile-name = Name of the practice
profile-phone = Phone
profile-website = Web site
profile-color = Colour of links and buttons
profile-color-hint = Such as #14532d. We make it darker or lighter where it could not be read.
profile-formality = German address
formality =
    .formal = Sie
    .informal = du
profile-imprint = Imprint: a text, or its web address
profile-privacy = Privacy policy: a text, or its web address
profile-offline = How clients pay you, if you collect payments yourself
profile-text-in = { $text } ({ $language })
profile-logo = Logo
profile-logo-file = Image
profile-logo-hint = PNG, JPEG or WebP, at most 200 KB.
profile-logo-button = Use this image
profile-logo-remove = Remove the logo

## Money

money-title = Money
money-problems = Payments that need you
money-no-problems = There are none.
money-resolve = Resolved
money-reference = Reference at the provider: { $reference }
money-unpaid = Upcoming appointments that are not paid
money-revenue = Revenue by month
money-month = Month
money-received = Received
money-refunded = Refunded
money-net = Total
money-none = Nothing was received in this time.
money-export = Export by day (CSV)
payment-problem =
    .wrong_amount = The amount is not the one that was due
    .wrong_currency = The currency is not the one that was due
    .wrong_mode = A test payment where a real one was due, or the reverse
    .wrong_booking = The payment names another appointment, or none
    .unknown_checkout = The provider does not know the checkout
    .unknown_booking = There is no such appointment
    .refund_failed = A refund failed

## Emails

emails-title = Emails
emails-state = State
emails-all = All
emails-none = There are no such emails.
emails-send-again = Send again
emails-cancel = Take back
emails-booking = To the appointment
emails-person = To the person
email-state =
    .pending = Waiting
    .held = Held since a backup was restored
    .sent = Sent
    .skipped = Not needed any longer
    .cancelled = Taken back
    .expired = Not sent in time
    .dead = Could not be sent
email-kind =
    .meeting_info = Confirmation
    .reminder = Reminder
    .invitation = Invitation of a guest
    .rescheduled = New time
    .cancelled = Cancellation
    .reassigned = New therapist
    .updated = New length
    .meeting_link = Meeting link
    .receipt = Receipt
    .payment_problem = Payment problem
    .refund = Refund
    .payment_instructions = How to pay
    .payment_request = Request to pay
    .payment_reminder = Reminder to pay
    .hold_expired = Not paid in time
    .therapist_booked = To the therapist: booked
    .therapist_rescheduled = To the therapist: new time
    .therapist_cancelled = To the therapist: cancelled
    .therapist_reassigned = To the therapist: handed over
    .therapist_updated = To the therapist: new length
    .therapist_payment = To the therapist: paid
    .therapist_payment_review = To the therapist: payment to review
    .agenda = Agenda of the day
    .password_reset = New password
    .login_link = Login link
    .email_verification = Confirmation of the address
    .email_confirmation = Confirmation of a new address
    .email_changed = Address was changed
    .account_invitation = Invitation to set a password
    .registration_attempt = Account exists already
    .password_changed = Password was changed
    .second_factor_added = Second factor was set up
    .second_factor_removed = Second factor was removed
    .role_changed = New role
    .account_disabled = Account was disabled
    .new_login = Login from a new device

## The team

team-title = Team
team-second-factor = Second factor { $state }
team-last-login = last used { $at }
team-how-to-add = To add a therapist, add a client first, and change their role on their page.

## The first steps

set-up-note = Your practice is new. A few steps, and clients can book.
set-up-begin = Set up the practice
set-up-step = Step { $number } of { $all }. You can leave out each step, and do it later.
set-up-skip = Go on without
set-up-back = Back
set-up-finish = Finish
set-up-you = Who are you?
set-up-you-sentence = Clients see this name when they book, in emails and in the room.
set-up-second-factor = A second factor for your account
set-up-second-factor-sentence = With an authenticator app, your password alone opens no one’s record.
set-up-second-factor-link = Set up a second factor
set-up-hours = When can clients book?
set-up-hours-sentence = You can change this at any time, and add time off.
set-up-service = What can they book?
set-up-service-sentence = Begin with one service; more can follow.
set-up-practice = How do clients reach you?
set-up-practice-sentence = It is at the end of every page and email.
set-up-video = Does the video server work?
set-up-video-sentence = This is what the server answered just now.
set-up-check =
    .links = Links
    .video-server = Video server
    .clock = Clock
    .end-meeting = Closing rooms
set-up-check-passed = Works
set-up-check-doubtful = Please check
set-up-check-failed = Does not work
