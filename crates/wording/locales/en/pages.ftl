### Pages. The messages are plain texts; links and buttons have their whole text.

## The frame of every page

skip-to-content = Skip to content
page-title = { $title } – { $practice }
contact-question = Questions?
contact-call = Call { $phone }
contact-write = Write to { $email }
for-developers = For developers: API documentation
not-found = Page not found
not-found-sentence = This page does not exist. Please check the URL.
failed = Something went wrong
try-again = Try again

## The page of a join link

appointment-begins = Begins
appointment-duration = Duration
join-early = Your appointment is on { $short_date } at { $time }
join-opens = The room opens on { $short_date } at { $time }.
join-opens-sentence = You can leave this page open and check again then.
join-check-again = Check again
join-open = The room is open
join-button = Join the appointment
join-permissions = Your browser will ask for camera and microphone. Please allow both.
join-over = This appointment is over
join-over-sentence = It ended on { $ended_at }.
join-wait = While you wait
join-headphones = Headphones make the conversation more private.
join-personal = This link is personal. Please do not pass it on.
join-help = If it does not work
join-help-call = Call the practice on { $phone }
join-help-write = Write to the practice: { $email }

join-unknown-sentence = This page does not exist. Email applications sometimes break a link in two: please use the button in the email, or copy the whole link.
join-cancelled = This appointment was cancelled
join-cancelled-sentence = If you did not expect this, please check the latest email about your appointment, or contact the practice.
join-revoked = This link is no longer valid
join-revoked-sentence = Please look for a newer email about your appointment, or request your links again. If that does not help, please contact the practice.
join-unconfirmed = This appointment is not confirmed
join-unconfirmed-sentence = It has no room yet. This link works once the appointment is confirmed. If you think it should be confirmed by now, please contact the practice.
join-failed-sentence = Your appointment cannot be opened at the moment. Please try again soon. If the problem persists, please contact the practice.

## The page on which a client pays for an appointment that the practice booked

pay-due = Pay for your appointment
pay-due-sentence = We have reserved this time for you. It is confirmed as soon as you have paid.
pay-button = Pay { $amount }
pay-amount = Amount
pay-until = Reserved until
pay-booking = Booking number
pay-processing = Your payment is being processed
pay-processing-sentence = You do not need to do anything. You receive an email as soon as your appointment is confirmed.
pay-paid = Nothing is left to pay
pay-paid-sentence = Thank you. You find everything about your appointment in the emails that we sent you.
pay-expired = This time is no longer reserved
pay-expired-sentence = The payment did not arrive in time. If you would still like an appointment, please book again or contact the practice.
pay-cancelled-sentence = You do not need to pay for it. If you did not expect this, please contact the practice.
pay-failed-sentence = You cannot pay at the moment, and nothing was charged. Please try again soon. If the problem persists, please contact the practice.

## Checkout

checkout-done = Thank you
checkout-done-sentence = As soon as your payment is confirmed, your appointment is booked, and you receive an email with everything you need. This usually takes less than a minute. You can close this page.
checkout-cancelled = Not paid
checkout-cancelled-sentence = You have not paid, and nothing was charged. Your time is held for a short while: until then, you can pay from your bookings.

test-checkout = Test payment
test-checkout-sentence = No money is involved: the button counts as a payment.
test-checkout-paid = Paid
test-checkout-paid-sentence = Thank you. Your appointment is confirmed.
test-checkout-unknown = Not found
test-checkout-unknown-sentence = This payment page does not exist. Please check the URL.
test-checkout-closed = Closed
test-checkout-closed-sentence = This payment page is closed. If your appointment has not been paid, please book again.
test-checkout-failed-sentence = This payment page cannot be shown at the moment. Please try again soon.
test-checkout-amount = Amount
test-checkout-appointment = Appointment
test-checkout-button = Pay { $amount }

## The front page, the imprint and the privacy statement

front = Appointments with { $practice }
front-sentence = You receive the time of your appointment and your personal link by email. Open the link when your appointment begins.
front-lost-link = You cannot find your link?
front-lost-link-sentence = Please look for the newest email about your appointment. If it is not there, contact the practice, and you receive your link again.
front-contact = How to reach us
front-phone = Phone
front-email = Email
front-website = Website
legal-elsewhere = You can read it at this address:
