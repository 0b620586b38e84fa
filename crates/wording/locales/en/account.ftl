### The account of a client or therapist, and their second factor. The messages are plain texts.

## The account

account = Your account
account-back = Back to your account
account-saved-profile = Your changes are saved.
account-saved-password = Your new password is set. All other devices are logged out.
account-saved-sessions = That is done. A device that was logged out has to log in again.
account-saved-second-factor = Your second factor is removed.

account-you = You
account-preferred-name = Preferred name
account-preferred-name-hint = What we call you in emails and sessions, if that is not your first and last name.
account-zone = Time zone
account-zone-hint = In which we tell you times, such as Europe/London. If you leave it empty, it is that of the practice, { $zone }.
account-zone-invalid = We do not know this time zone. Please choose one from the list, such as Europe/London.
account-language = Language
account-language-hint = Of our emails, and of these pages unless you choose another one there.
account-language-none = Not chosen
account-save = Save changes

account-calendar = Your appointments in your calendar
account-calendar-sentence = Your calendar program can show your appointments and follow their changes. It subscribes to an address that is made for you alone.
account-calendar-content = It learns the times and the name of the practice. Each entry is called “{ $title }” and leads to a page here, for which you have to log in. Unpaid and cancelled appointments are left out, and so are all names and amounts.
account-calendar-add = Turn on the calendar
account-calendar-added = The calendar is on. Please subscribe to its address now.
account-calendar-address = Address of the calendar
account-calendar-hint = Anyone who has this address can see your times, so please keep it to yourself. It stays the same when you change your password or your email address.
account-calendar-open = Open in the calendar program
account-calendar-copy = Copy the address
account-calendar-copied = Copied
account-calendar-by-hand = If nothing opens, copy the address and enter it in your calendar program where you can subscribe to a calendar, or add one from the internet. How soon a change appears there depends on the program; it may take a day.
account-calendar-renew = Make a new address
account-calendar-renew-sentence = If someone else has learnt the address, make a new one. The present address stops working at once, and you have to subscribe again.
account-calendar-renewed = The calendar has a new address, and the former one no longer works. Please subscribe again.
account-calendar-remove = Turn off the calendar
account-calendar-removed = The calendar is off, and its address no longer works. You can delete it in your calendar program.

account-email = Email address
account-email-change = Change email address
account-new-email = New email address
account-email-same = This is your address already.
account-email-button = Send a link to the new address
account-email-mailed = We have sent a link to { $email }. Please open it to confirm the new address. Until then, your present address stays as it is.
account-current-password = Current password
account-confirm-hint = So that no one else changes your address.
account-password-wrong = This password is wrong.
account-code-wrong = This code is wrong, or was used before. Please enter the one that your app shows now.
account-too-many = There were too many wrong attempts. Please wait an hour.

account-password-set = You can log in with a password.
account-password-none = Your account has no password yet. You log in with a link that we email to you. You need a password to change your email address.
account-password-change = Change password
account-password-button = Change the password
account-password-link = Send me a link to set a password
account-password-mailed = We have sent a link to { $email }. Please open it to set your password.
account-password-first = Set a password
account-password-first-button = Set the password
account-password-expired = A password can be set within ten minutes after you have opened a link from an email. Please ask for a new link.

account-second-factor-on = On since { $date }. When you log in, we ask for a code of your authenticator app as well.
account-second-factor-off = Off. With a second factor, logging in takes a code from your phone in addition to the password.
account-second-factor-add = Set up a second factor
account-second-factor-remove = Remove the second factor
account-second-factor-due = Please set up a second factor by { $date }. After that, you can do nothing else before you have set it up.

account-sessions = Where you are logged in
account-sessions-sentence = If you do not recognise a device, log it out and change your password. The times are those of { $zone }.
account-session-unknown = Unknown device
account-session-this = This device
account-session-times = Logged in on { $since }, last used on { $used }
account-session-end = Log out
account-session-about = { $program }, logged in on { $since }
account-sessions-end = Log out all other devices

## The second factor

second-factor = Second factor
second-factor-set-up = Set up a second factor
second-factor-required = Your account needs a second factor before you can go on.
second-factor-sentence = It protects what is stored about you and others, even if someone learns your password.
second-factor-app = You need an authenticator app on your phone. It shows a code that changes every 30 seconds, and we ask for it when you log in.
second-factor-password-first = Your account has no password yet. Please set one first.
second-factor-begin = Go on
second-factor-scan = Scan this picture with your authenticator app. Then enter the code that the app shows.
second-factor-qr = QR code for your authenticator app
second-factor-open-app = Open the authenticator app on this device
second-factor-secret = If you cannot scan the picture, enter this key in the app:
second-factor-confirm = Set up the second factor
second-factor-code-again = Please enter the code that your app shows now.
second-factor-again = Start again with a new picture
second-factor-done = Your second factor is set up.
second-factor-codes = Your recovery codes
second-factor-codes-sentence = If you lose your phone, each of these codes replaces a code of the app once, together with your password.
second-factor-codes-once = They are not shown again. Please print them, or write them down, and keep them in a safe place.
second-factor-codes-copy = Copy the codes
second-factor-codes-copied = Copied
second-factor-codes-kept = I have kept the codes
second-factor-remove = Remove the second factor
second-factor-on-sentence = When you log in, we ask for a code of your authenticator app as well. If you remove the second factor, your password alone is enough, and the recovery codes no longer work.
