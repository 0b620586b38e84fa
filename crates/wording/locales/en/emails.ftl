### Emails. Each kind has a subject, a heading, an opening above the appointment, and paragraphs below it.

greeting = Hello { $name },
greeting-without-name = Hello,
closing = Kind regards
colon = :
join-label = Join the appointment
pay-label = View and pay
pay-practice = If you do not know how to pay, please contact the practice.
phone = Phone { $phone }
imprint = Imprint
privacy = Privacy

# The link is personal in every email that has one.
keep-email = The link is personal. Please do not pass it on. The attached calendar entry does not contain it, so please keep this email.

meeting-info =
    .subject = Your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment is confirmed
    .opening = We look forward to seeing you:
    .after = { keep-email }

reminder =
    .subject = Reminder: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment begins soon
    .opening = Your appointment begins { $starts_in }:
    .after = { keep-email }

invitation =
    .subject = Invitation: appointment on { $short_date }, { $time } ({ $offset })
    .heading = You are invited to an appointment
    .opening = { $practice } invites you to this appointment:
    .after = You do not need an account. { keep-email }

rescheduled =
    .subject = New time: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment has a new time
    .opening = Your appointment was rescheduled. The new time is:
    .was = Before: { $was }
    .after = The link is personal. Please do not pass it on. The attached calendar entry contains the new time, but not the link, so please keep this email.

# The session was moved, and moved back before its reader was told.
moved-back =
    .subject = Unchanged: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment stays as it was
    .opening = Your appointment was moved and then moved back. It takes place at the time you know:
    .after = { keep-email }

cancelled =
    .subject = Cancelled: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment is cancelled
    .opening = This appointment was cancelled:
    .opening-by-recipient = You cancelled this appointment:
    .opening-by-practice = We cancelled this appointment:
    .reason = Our reason: { $reason }
    .refund = Your payment of { $refund } will be refunded in full, usually within 5 to 10 days.
    .refund-by-hand = Your payment of { $refund } will be refunded in full; we will return it to you ourselves.
    .part = { $refund } of your payment will be refunded, usually within 5 to 10 days; we keep { $kept }, because free cancellation ended on { $free_until }.
    .part-by-hand = { $refund } of your payment will be refunded, and we will return it to you ourselves; we keep { $kept }, because free cancellation ended on { $free_until }.
    .kept = We keep your payment of { $kept }, because free cancellation ended on { $free_until }.
    .book-again = If you would like another appointment, please book again.
    .book-again-at = If you would like another appointment, you can book it at { $website }.
    .book-again-contact = If you would like another appointment, please contact us. How to reach us is at the end of this email.
    .after = The attached calendar entry is marked as cancelled. Please check that the appointment has been removed from your calendar.

reassigned =
    .subject = Change: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = A colleague takes your appointment
    .opening = { $therapist } takes your appointment. Everything else stays as it is:
    .opening-without-name = A colleague takes your appointment. Everything else stays as it is:
    .after = { keep-email }

updated =
    .subject = Change: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = The length of your appointment has changed
    .opening = Your appointment now takes { $duration }:
    .after = The link is personal. Please do not pass it on. The attached calendar entry contains the new length, but not the link, so please keep this email.

meeting-link =
    .subject = Your link for the appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your link
    .opening = Here is your link for this appointment again:
    .after = Links in earlier emails may no longer work; please use this one. { keep-email }

receipt =
    .subject = Payment received: appointment on { $short_date }, { $time } ({ $offset })
    .heading = Thank you for your payment
    .opening = We received your payment of { $amount } on { $received_at }. It is for booking number { $booking }:
    .after = This email is your receipt, so please keep it. It is not a tax invoice.
    .after-part = { $left } is left to pay by { $pay_until }. We are holding this time for you until then. This email is your receipt, so please keep it. It is not a tax invoice.

payment-failed =
    .subject = Payment failed: appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your payment did not go through
    .opening = Your payment of { $amount } for this appointment did not go through, and you have not been charged:
    .after = Without the payment, we could not hold this time for you. If you would still like an appointment, please book again.
    .after-while-held = We are holding this time for you until { $retry_until }. Until then, you can pay again from your bookings.

payment-will-be-refunded =
    .subject = We will refund you: appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your payment will be refunded
    .opening = Your payment of { $amount } arrived too late for this appointment, or the appointment had already been paid for:
    .after = The full amount will be refunded automatically, usually within 5 to 10 days. You do not need to do anything. Your bookings show whether the appointment is confirmed.

refund =
    .subject = Your refund: appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your refund is on its way
    .opening = We refunded { $amount } to you on { $refunded_at }. This refund is for booking number { $booking }:
    .after = Your bank may take a few days to show it.

payment-instructions =
    .subject = How to pay: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Please pay for your appointment
    .opening = Please pay { $amount } by { $pay_until }, with the reference { $booking }. We are holding this time for you until then:
    .after = As soon as we have received your payment, your appointment is confirmed, and you receive an email with everything you need.

payment-request =
    .subject = Please pay: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Please pay for your appointment
    .opening = We have reserved this time for you. Please pay { $amount } by { $pay_until }:
    .after = As soon as you have paid, your appointment is confirmed, and you receive an email with everything you need. If you do not want the appointment, you do not need to do anything. The number of your booking is { $booking }.

payment-reminder =
    .subject = Not paid yet: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment has not been paid yet
    .opening = We are holding this time for you until { $pay_until }. Please pay { $amount } by then:
    .after = If you do not want the appointment, you do not need to do anything. The number of your booking is { $booking }.

hold-expired =
    .subject = Not booked: appointment on { $short_date }, { $time } ({ $offset })
    .heading = We no longer hold this time for you
    .opening = We did not receive your payment of { $amount } in time, so this appointment is not booked:
    .after = If you would still like an appointment, please book again. If you have paid already, please contact the practice and name booking number { $booking }.
    .after-part = The { $received } that we have received will be refunded. If you would still like an appointment, please book again. Questions? Please name booking number { $booking }.

cancelled-unpaid =
    .subject = Cancelled: your appointment on { $short_date }, { $time } ({ $offset })
    .heading = Your appointment is cancelled
    .opening = This appointment was cancelled:
    .opening-by-recipient = You cancelled this appointment:
    .opening-by-practice = We cancelled this appointment:
    .after-part = You no longer need to pay for it. The { $received } that we have received will be refunded. Questions? Please name booking number { $booking }.
    .after = You no longer need to pay for it. If you have paid already, please contact the practice and name booking number { $booking }.

### About several appointments of a series, which are listed below the opening.

meeting-info-series =
    .subject = Your { $count } appointments from { $short_date }
    .heading = Your { $count } appointments are confirmed
    .opening = We look forward to seeing you:
    .after = Each link is personal. Please do not pass it on. The attached calendar file contains all { $count } appointments, but not the links, so please keep this email.

rescheduled-series =
    .subject = New times: your { $count } appointments from { $short_date }
    .heading = Your { $count } appointments have new times
    .opening = These appointments were rescheduled. The new times are:
    .after = Each link is personal. Please do not pass it on. The attached calendar file contains the new times, but not the links, so please keep this email.

cancelled-series =
    .subject = Cancelled: your { $count } appointments from { $short_date }
    .heading = Your { $count } appointments are cancelled
    .opening = These appointments were cancelled:
    .opening-by-recipient = You cancelled these appointments:
    .opening-by-practice = We cancelled these appointments:
    .after = Please check that the appointments have been removed from your calendar.

receipt-series =
    .subject = Payments received: { $count } appointments from { $short_date }
    .heading = Thank you for your payments
    .opening = We received { $total } from you for { $count } appointments:
    .after = This email is your receipt, so please keep it. It is not a tax invoice.

payment-instructions-series =
    .subject = How to pay: your { $count } appointments from { $short_date }
    .heading = Please pay for your appointments
    .opening = Please pay for these { $count } appointments, { $total } in total. We are holding each time for you until its payment is due:
    .after = As soon as we have received the payment for an appointment, it is confirmed, and you receive an email with everything you need.

payment-request-series =
    .subject = Please pay: your { $count } appointments from { $short_date }
    .heading = Please pay for your appointments
    .opening = We have reserved these { $count } times for you. Please pay for each of them in time, { $total } in total:
    .after = As soon as you have paid for an appointment, it is confirmed, and you receive an email with everything you need. For one that you do not want, you do not need to do anything.

payment-reminder-series =
    .subject = Not paid yet: your { $count } appointments from { $short_date }
    .heading = These appointments have not been paid yet
    .opening = We are holding these { $count } times for you. Please pay for each of them in time, { $total } in total:
    .after = For an appointment that you do not want, you do not need to do anything.

hold-expired-series =
    .subject = Not booked: { $count } appointments from { $short_date }
    .heading = We no longer hold these times for you
    .opening = We did not receive your payment in time, so these appointments are not booked:
    .after = If you would still like an appointment, please book again. If you have paid already, please contact the practice and name the booking number.

series-payment =
    .received = { $amount } received on { $received_at }, booking number { $booking }
    .due = { $amount } to pay by { $pay_until }, booking number { $booking }
    .not-received = { $amount } not received, booking number { $booking }
    .no-longer-due = You no longer need to pay for it. Booking number { $booking }
    .returned = The { $received } that we have received will be refunded.

### To therapists. Subjects are as neutral as a client's; the text names the client.

client = Client: { $client }
client-without-name = without a name

therapist-booked =
    .subject = Booked: appointment on { $short_date }, { $time } ({ $offset })
    .heading = A new appointment
    .opening = This appointment was booked in your calendar:
    .after = The link is your own. Please do not pass it on.

therapist-booked-series =
    .subject = Booked: { $count } appointments from { $short_date }
    .heading = { $count } new appointments
    .opening = These appointments were booked in your calendar:
    .after = The links are your own. Please do not pass them on.

therapist-rescheduled =
    .subject = New time: appointment on { $short_date }, { $time } ({ $offset })
    .heading = An appointment has a new time
    .opening = This appointment in your calendar was rescheduled. It now takes place at this time:
    .after = The link is your own. Please do not pass it on. The attached calendar entry contains the new time.

therapist-rescheduled-series =
    .subject = New times: { $count } appointments from { $short_date }
    .heading = { $count } appointments have new times
    .opening = These appointments in your calendar were rescheduled. The new times are:
    .after = The links are your own. Please do not pass them on. The attached calendar file contains the new times.

therapist-cancelled =
    .subject = Cancelled: appointment on { $short_date }, { $time } ({ $offset })
    .heading = An appointment was cancelled
    .opening = The client cancelled this appointment in your calendar:
    .opening-by-recipient = You cancelled this appointment in your calendar:
    .opening-by-practice = The practice cancelled this appointment in your calendar:
    .after = The time is free again. The attached calendar entry is marked as cancelled. Please check that the appointment has been removed from your calendar.

therapist-reassigned =
    .subject = Handed over: appointment on { $short_date }, { $time } ({ $offset })
    .heading = An appointment was handed over
    .opening = { $therapist } takes this appointment, which was in your calendar:
    .opening-without-name = A colleague takes this appointment, which was in your calendar:
    .after = The time is free again. The attached calendar entry is marked as cancelled. Please check that the appointment has been removed from your calendar.

therapist-updated =
    .subject = Change: appointment on { $short_date }, { $time } ({ $offset })
    .heading = The length of an appointment has changed
    .opening = This appointment in your calendar now takes { $duration }:
    .after = The link is your own. Please do not pass it on. The attached calendar entry contains the new length.

therapist-cancelled-series =
    .subject = Cancelled: { $count } appointments from { $short_date }
    .heading = { $count } appointments were cancelled
    .opening = The client cancelled these appointments in your calendar:
    .opening-by-recipient = You cancelled these appointments in your calendar:
    .opening-by-practice = The practice cancelled these appointments in your calendar:
    .after = The times are free again. Please check that the appointments have been removed from your calendar.

therapist-payment =
    .subject = Payment received: appointment on { $short_date }, { $time } ({ $offset })
    .heading = A payment was received
    .opening = A payment of { $amount } was received on { $received_at }. It is for booking number { $booking }:
    .after = The client gets a receipt.

therapist-payment-series =
    .subject = Payments received: { $count } appointments from { $short_date }
    .heading = { $count } payments were received
    .opening = { $total } was received for these appointments:
    .after = The client gets a receipt.

therapist-payment-review =
    .subject = Payment to review: appointment on { $short_date }, { $time } ({ $offset })
    .heading = A payment needs review
    .opening = Something about the payment of this appointment does not match what is due, or a refund failed:
    .after = The practice's list of payment problems says what it is. The client is not told before someone has looked.

agenda =
    .subject = Your agenda for { $date }
    .heading = Your agenda for { $date }
    .opening = These are your appointments of the day:
    .after = The links are your own. Please do not pass them on. What was booked or changed after this email was sent is not in it.

### To the owners of accounts. Someone else may have caused the email, so each one says what to do then.

# Below the button.
works-once = The link works once, until { $expires }.

# Below a link of a client who chose a time before.
chosen-slot = The link leads back to the appointment that you chose: { $start }. It is not reserved for you until you book it.

# Below what someone else could have done with the account.
if-not-you = If this was you, you do not need to do anything. If it was not, please set a new password at once and contact the practice.

password-reset =
    .subject = Set a new password
    .heading = Set a new password
    .opening = With this link you can set a new password for your account:
    .button = Set a new password
    .after = If you did not ask for this, you can ignore this email. Your password stays as it is.

login-link =
    .subject = Your link to log in
    .heading = Log in without a password
    .opening = With this link you can log in to your account without a password:
    .button = Log in
    .after = The link is personal. Please do not pass it on. If you did not ask for this, you can ignore this email.

email-verification =
    .subject = Please confirm your email address
    .heading = Please confirm your email address
    .opening = An account at { $practice } was created with this email address. With this link you confirm that the address is yours:
    .button = Confirm this address
    .after = If you did not ask for this, you can ignore this email.

email-confirmation =
    .subject = Please confirm your new email address
    .heading = Please confirm your new email address
    .opening = This email address was entered for an account at { $practice }. With this link you confirm that it is yours:
    .button = Use this address
    .after = Until then, the account keeps its present address. If you did not ask for this, you can ignore this email.

# To the former address.
email-changed =
    .subject = The email address of your account was changed
    .heading = Your email address was changed
    .opening = Your account at { $practice } no longer uses the address to which we sent this email. It now uses this one:
    .button = Undo this change
    .after = If this was you, you do not need to do anything. If it was not, please undo it: your account gets this address back, everyone who uses it is logged out, and you are asked to set a new password.

account-invitation =
    .subject = Your account: please set a password
    .heading = You have an account
    .opening = { $practice } added an account for you. With this link you set a password for it:
    .button = Set a password
    .after = If you do not want to use the account, you can ignore this email. We send you emails about your appointments in any case.

registration-attempt =
    .subject = You already have an account
    .heading = You already have an account
    .opening = Someone, perhaps you, tried to register at { $practice } with this email address. You already have an account with it, so no other one was added.
    .after = If this was you, please log in instead, or ask for a link to set a new password. If it was not, you do not need to do anything.

password-changed =
    .subject = Your password was changed
    .heading = Your password was changed
    .opening = The password of your account was changed on { $when }.
    .after = { if-not-you }

second-factor-added =
    .subject = A second factor was set up
    .heading = A second factor was set up
    .opening = An authenticator app was set up for your account on { $when }. From now on, you log in with a code of this app as well.
    .after = { if-not-you }

second-factor-removed =
    .subject = The second factor was removed
    .heading = The second factor was removed
    .opening = The authenticator app was removed from your account on { $when }. From now on, you log in without a code.
    .after = { if-not-you }

role-changed =
    .subject = The rights of your account have changed
    .heading = The rights of your account have changed
    .opening = Your account no longer has the rights of an administrator.
    .opening-admin = Your account now has the rights of an administrator, and can see and change everything in the practice.
    .after = If you did not expect this, please contact the practice.

account-disabled =
    .subject = Your account was disabled
    .heading = Your account was disabled
    .opening = Your account was disabled on { $when }.
    .after = From now on, you cannot log in, the links in our emails no longer work, and you get no further emails. If you did not expect this, please contact the practice.

new-login =
    .subject = New login to your account
    .heading = A new login to your account
    .opening = There was a login to your account, from a device and a network that you did not use lately:
    .program = Program: { $program }
    .after = { if-not-you }

payment-status =
    .not_required = no payment due
    .pending = not paid yet
    .processing = payment in progress
    .succeeded = paid
    .failed = payment failed
    .cancelled = not paid
    .refund_pending = refund in progress
    .partially_refunded = partly refunded
    .refunded = refunded
