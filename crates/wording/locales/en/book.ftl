### Booking an appointment

book-button-front = Book an appointment

## The three steps

book-steps = Progress
book-step-time = Choose a time
book-step-who = Your details
book-step-check = Check and book
book-step-done = (done)

## Choosing service, therapist and time

book-time = When does it suit you?
book-service = What would you like to book?
book-service-price = { $duration }, { $price }
book-service-free = { $duration }, free of charge
book-therapist = With whom?
book-therapist-unnamed = Therapist
book-chosen = (chosen)
book-next = Next free time
book-next-button = Take this time
book-times = Free times from { $first } to { $last }
book-slot = { $date }, { $time }
book-none-on = { $date }: no free times
book-none-between = { $first } to { $last }: no free times
book-none =
    { $count ->
        [one] There is no free time within the next day, which is how far ahead you can book. Please try again later, or contact the practice.
       *[other] There is no free time within the next { $count } days, which is how far ahead you can book. Please try again later, or contact the practice.
    }
book-none-from = From { $date } on, there are no free times yet. Please look at earlier ones.
book-earlier = Earlier times
book-later = Later times
book-zone = Time zone
book-zone-shown = All times are in { $place }
book-zone-practice = The practice is in another time zone: { $place }. The date may differ there.
book-zone-button = Show the times in this zone
book-zone-hint = Your browser is set to another time zone: { $zone }.
book-zone-hint-button = Show the times in { $zone }
book-taken = This time is no longer free.
book-taken-sentence = { $when } has been booked, or can no longer be booked here. Nothing was charged. Please choose another time.
book-taken-note = Your note is kept.
book-closed = No appointments yet
book-closed-sentence = Appointments cannot be booked here at the moment. Please contact the practice.

## Who books

book-who = Who are you?
book-slot-heading = Your appointment
book-fact-service = Service
book-fact-therapist = With
book-fact-price = Price
book-fact-price-free = Free of charge
book-fact-practice = For the practice
book-other-time = Choose another time
book-not-reserved = This time is reserved in the last step, when you book it.
book-new = I am here for the first time
book-new-sentence = Please tell us who you are. We email you a link that confirms your address and leads back to this appointment.
book-new-wrong = Something is not right yet. Your appointment stays chosen.
book-new-button = Send me the link
book-new-no-password = You need no password. You can set one later in your account.
book-new-closed = The practice adds new accounts. Please contact us.
book-register = Register with a password
book-known = I have an account
book-log-in = Log in and go on

# After the form of a new client.

book-mailed = We have sent you an email. Please open the link in it to go on with your appointment: { $when }.
book-mailed-not-reserved = It is not reserved for you until you book it.
book-mailed-again = Enter another email address

## The summary

book-check = Is everything right?
book-you = Your details
book-you-name = Name
book-you-email = Email
book-terms = If your plans change
book-move = Moving
book-move-until = Until { $when }, free of charge and as often as you need.
book-move-late = This appointment begins so soon that it cannot be moved here. Please contact the practice.
book-cancel = Cancelling
book-cancel-free = Until it begins, free of charge.
book-cancel-free-until = Until { $when }, free of charge.
book-cancel-full = Until it begins: you get { $amount } back, the full amount.
book-cancel-part = Until { $when }: you get { $amount } back, the full amount. After that: { $late }.
book-cancel-nothing = Until { $when }: you get { $amount } back, the full amount. After that, nothing is refunded.
book-cancel-late-part = This appointment begins soon: you get { $late } of { $amount } back.
book-cancel-late-nothing = This appointment begins soon, so nothing is refunded.
book-grace = Booked by mistake?
book-grace-sentence = In the first { $minutes } after booking, cancelling is always free of charge.
book-note = Note (optional)
book-note-hint = For your therapist. At most { $max } characters.
book-note-too-long = Please shorten the note to { $max } characters.
book-button = Book
book-button-pay = Book and pay { $amount }
book-button-price = Book for { $amount }
book-pay-online = You pay on the page of our payment provider. This time is reserved for { $minutes }, and confirmed as soon as your payment arrives.
book-pay-offline = This time is reserved until { $until }, and confirmed as soon as your payment arrives. You learn how to pay on the next page and by email.

## After the address of a new account is verified

book-verified-free = Go on with this appointment
book-verified-taken = Choose another time
