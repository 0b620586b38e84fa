### The pages about a client's own appointments. The messages are plain texts; links and buttons have their whole text.

## The list

appointments = Your appointments
appointments-as-client = These are the appointments that you have booked as a client.
appointments-none = You have no appointments yet.
appointments-none-earlier = There are no earlier appointments.
appointments-book = Book an appointment
appointments-next = Next
appointments-to-do = To do
appointments-upcoming = After that
appointments-past = Past appointments
appointments-earlier = Earlier appointments
appointments-in-calendar = Show your appointments in your calendar
appointments-held = Reserved until { $until }
appointments-pay = Pay { $amount }

## What a list and a page say about an appointment

# For screen readers, after the text of a link that occurs several times: "Move: Monday, 15 January 2024 at 10:00".
appointment-about = : { $when }
appointment-line = { $service }, { $duration }
appointment-line-with = { $service } with { $therapist }, { $duration }
appointment-opens = The room opens on { $short_date } at { $time }.
appointment-join = Join the appointment
appointment-details = Details
appointment-move = Move
appointment-cancel = Cancel
appointment-calendar = Calendar file
appointment-state-confirmed = Confirmed
appointment-state-unpaid = Not paid yet
appointment-state-processing = Payment in progress
appointment-state-over = Over
appointment-state-completed = Took place
appointment-state-missed = Missed
appointment-state-cancelled = Cancelled
appointment-state-expired = Not paid in time
appointment-refund-pending = { $amount } has been on its way back to you since { $date }
appointment-refund-done = { $amount } was refunded on { $date }
appointment-refund-failed = { $amount } could not be refunded yet. The practice looks into it.

## One appointment

appointment-heading = Appointment on { $short_date } at { $time }
appointment-when = When
appointment-service = Service
appointment-therapist = With
appointment-price = Price
appointment-cancelled-at = Cancelled
appointment-by-you = By you
appointment-by-practice = By the practice
appointment-reason = Reason
appointment-refund = Refund
appointment-your-note = Your note
appointment-number = Booking number
appointments-all = All appointments
appointment-due = Please pay { $amount } by { $until }.
appointment-due-sentence = We have reserved this time for you. It is confirmed as soon as you have paid.
appointment-due-ask = If you do not know how to pay, please contact the practice.
appointment-move-until = You can move this appointment until { $until }.
appointment-free-until = If you cancel before { $until }, you get back all that you have paid.
appointment-free-over = Free cancellation ended on { $until }.
appointment-note-booked = Your appointment on { $when } is confirmed. We have sent you an email with everything you need.
appointment-note-held = We have reserved { $when } for you. Please pay, and the appointment is confirmed.
appointment-note-paid = Thank you, your payment has arrived. Your appointment on { $when } is confirmed.
appointment-note-moved = Your appointment is now on { $when }. Everyone who takes part gets an email.
appointment-note-cancelled = The appointment on { $when } is cancelled. We have sent you an email about it.
appointment-changed = The appointment has changed in the meantime. Nothing was done. Please check it, and try again.
appointment-ask = If you need help, please contact the practice.
appointment-ask-below = If you need help, please contact the practice. How to reach it is at the end of this page.
appointment-back = Back to the appointment

## Cancelling

cancel-heading = Cancel the appointment
cancel-full = You get { $refund } back, the full amount.
cancel-full-because = You cancel before { $free_until }, when free cancellation ends.
cancel-part = You get { $refund } back, and the practice keeps { $kept }.
cancel-part-because = Free cancellation ended on { $free_until }.
cancel-nothing = Nothing is refunded, because free cancellation ended on { $free_until }.
cancel-nothing-because = The practice keeps the { $kept } that you have paid.
cancel-no-money = You have paid nothing, and you pay nothing if you cancel.
cancel-refund-way = The money goes back the way you paid, usually within 5 to 10 days.
cancel-refund-by-hand = The practice returns the money to you itself.
cancel-reason = Reason (optional)
cancel-reason-hint = Only the practice can read it.
cancel-reason-invalid = Please use at most 500 characters.
cancel-button = Cancel the appointment
cancel-button-refund = Cancel the appointment, { $refund } back
cancel-button-nothing = Cancel the appointment, nothing back
cancel-keep = Keep the appointment
cancel-instead = Would another day be better?
cancel-instead-sentence = Moving costs nothing, and what you have paid stays valid.
cancel-quote-changed = What you get back has changed in the meantime. Nothing was cancelled. Please check the new amount.
cancel-closed = You cannot cancel this appointment
cancel-closed-cancelled = It is cancelled already.
cancel-closed-expired = It was not paid in time, so it is no longer reserved for you. You do not need to cancel it.
cancel-closed-processing = Your payment is being processed. Please try again once it has arrived.
cancel-closed-begun = It began on { $when }, and could be cancelled until then.
cancel-closed-over = It was on { $when }, and is over.

## Moving

move-heading = Move the appointment
move-choose = Choose another time
move-confirm = Move to this time?
move-at-present = At present
move-was = Was
move-now = Now
move-costs = Costs
move-costs-nothing = None. What you have paid stays valid.
move-button = Move to { $when }
move-keep = Keep the present time
move-other = Choose another time
move-present = now
# For screen readers, before the time of a button: "Monday, 15 January 2024, UTC+01:00, 10:00".
move-about = { $date }, { $offset },
move-earlier-days = Earlier days
move-later-days = Later days
move-next-free = There is no free time on these days. The next one is { $next }.
move-none-free = There is no free time from this day on.
move-taken = This time is not free any longer. Nothing has changed. Please choose another one.
move-closed = You cannot move this appointment
move-closed-since = It could be moved until { $until }.
move-closed-unpaid = It is not confirmed yet. Once it is paid, you can move it.
move-closed-over = It is over, or was cancelled.

payment-receipt = Receipt
payment-receipt-client = Receipt for
payment-receipt-paid = Paid
payment-receipt-keep = To keep the receipt, print this page or save it as a PDF.
payment-receipt-back = Back to the appointment
