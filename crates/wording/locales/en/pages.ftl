### Pages. The messages are plain texts; links and buttons have their whole text.

## The frame of every page

skip-to-content = Skip to content
page-title = { $title } – { $practice }
page-title-error = Error: { $title }
contact-question = Questions?
contact-call = Call { $phone }
contact-write = Write to { $email }
for-developers = For developers: API documentation
not-found = Page not found
not-found-sentence = This page does not exist. Please check the URL.
failed = Something went wrong
try-again = Try again
forged = Please try this again here
forged-sentence = Another site sent this form, so nothing was done.

## The page of a join link

appointment-begins = Begins
appointment-duration = Duration
join-early = Your appointment is on { $short_date } at { $time }
join-opens = The room opens on { $short_date } at { $time }.
join-countdown = The room opens { $time }.
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

## The pages behind mailed links

link-expired = This link is no longer valid
link-failed-sentence = This does not work at the moment. Please try again soon. If the problem persists, please contact the practice.

password = New password
password-hint = At least { $min } characters. A few words that do not belong together are easy to remember and hard to guess.
password-too-short = Please use at least { $min } characters.
password-too-long = Please use at most 128 characters.
password-too-common = This password is easy to guess. Please choose another one, without your name or email address.
password-set = Your password is set

reset = Set a new password
reset-sentence = All devices that are logged in to your account will be logged out.
reset-button = Set the password
reset-done-sentence = All devices are logged out. Please log in with the new password.
reset-expired-sentence = A link to set a password works once, within an hour. Please request a new one where you log in.

accept-invitation = Choose a password
accept-invitation-sentence = The practice has created an account for you. Choose a password, and you can log in.
accept-invitation-button = Set the password
accept-invitation-done-sentence = From now on, you can log in with your email address and this password.
accept-invitation-expired-sentence = If you have set a password already, please log in with it. Otherwise, please ask the practice to invite you again.

verify = Confirm your email address
verify-sentence = Please confirm that this address is yours. After that, you can log in.
verify-button = Confirm the address
verify-done = Your email address is confirmed
verify-done-sentence = You can log in now.
verify-slot-free = You chose { $when }. This time is still free, and it is yours once you book it.
verify-slot-taken = You chose { $when }. This time is no longer free. Please choose another one.
verify-expired-sentence = If you have confirmed your address already, you can log in. Otherwise, please request a new link where you log in.

confirm-email = Confirm your new email address
confirm-email-sentence = This address replaces the former one of your account: you log in with it, and we write to it.
confirm-email-button = Confirm the address
confirm-email-done = Your email address is changed
confirm-email-done-sentence = From now on, you log in with the new address, and we write to it.
confirm-email-expired-sentence = If you have confirmed your new address already, it is changed. Otherwise, please log in and change it again.
email-taken = This address belongs to another account
email-taken-sentence = It cannot be used for a second one. Please choose another address, or contact the practice.

undo-email = Restore your former email address
undo-email-sentence = If you did not change the address of your account, restore the former one. This is what happens:
undo-email-address = Your account gets back the address to which we sent this link.
undo-email-logged-out = Everyone who is logged in to your account is logged out.
undo-email-second-factor = A second factor that was added since the change is removed.
undo-email-password = The password of your account no longer works. You receive an email with a link to set a new one.
undo-email-button = Restore the address
undo-email-done = Your former email address is restored
undo-email-done-sentence = Everyone is logged out of your account. You receive an email with a link: please use it to set a new password.
undo-email-expired-sentence = A change of the address can be undone once, within 72 hours. If you did not change it, please contact the practice.

login = Log in
login-sentence = This link logs you in without your password. It works once.
login-code = Code from your authenticator app
login-code-hint = Six digits, which change every 30 seconds.
login-code-missing = Please enter the code.
login-code-wrong = This code is wrong, or was used before. Please enter the one that your app shows now.
login-button = Log in
login-done = You are logged in
login-done-sentence = This browser is logged in now. You can close this page.
login-expired-sentence = A link to log in works once, within 15 minutes. Please request a new one where you log in.
too-many-codes = Too many wrong codes
too-many-codes-sentence = Please wait an hour, and then request a new link where you log in. If you cannot wait, please contact the practice.

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

### The main menu

tabs-label = Main menu
tab-book = Book
tab-appointments = Your appointments
tab-account = Account
tab-login = Log in
log-out = Log out
language-menu = Language:

### Logging in and registering

log-in = Log in
field-email = Email address
field-email-invalid = Please enter an address like name@example.org.
field-email-taken = There is already an account with this address. Please log in instead.
field-password = Password
field-code = Code of your authenticator app
field-first-name = First name
field-last-name = Last name
field-name-invalid = Please enter at most 100 characters, without control characters.
login-wrong = The email address or the password is wrong.
login-wrong-code = The code is wrong, has expired, or was used before.
login-code-needed = Please enter a code of your authenticator app as well.
login-disabled = This account is disabled. Please contact the practice.
login-not-verified = Please open the link in the email that we sent you to confirm your address.
login-too-many = There were too many attempts. Please wait, or ask for a login link by email.
link-forgot = Forgot your password?
link-login-link = Log in with a link by email
link-register = New here? Register
link-have-account = Have an account already? Log in
forgot = Forgot your password?
forgot-sentence = We send you a link with which you set a new one.
login-link-heading = Log in with a link
login-link-sentence = We send you a link that logs you in without a password.
ask-link-button = Send me the link
link-mailed = Please look into your mailbox
link-mailed-sentence = If there is an account with this address, we have sent a link to it. It may take a minute to arrive.
register = Register
register-button = Register
register-mailed = Please look into your mailbox
register-mailed-sentence = We have sent you an email. Please open the link in it to go on.
register-closed = Registration is closed
register-closed-sentence = Accounts are added by the practice. Please contact us.
page-failed-sentence = This did not work. Please try again in a moment.
