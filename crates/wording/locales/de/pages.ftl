### Pages. The messages are plain texts; links and buttons have their whole text.

## The frame of every page

skip-to-content = Zum Inhalt springen
page-title = { $title } – { $practice }
page-title-error = Fehler: { $title }
contact-question = Fragen?
contact-call = { $phone } anrufen
contact-write = An { $email } schreiben
for-developers = Für die Entwicklung: API-Dokumentation
not-found = Seite nicht gefunden
not-found-sentence = Diese Seite gibt es nicht. Bitte prüfen Sie die Adresse.
failed = Etwas ist schiefgegangen
try-again = Erneut versuchen
forged = Bitte versuchen Sie es hier noch einmal
forged-sentence = Dieses Formular kam von einer anderen Website, daher wurde nichts ausgeführt.

## The page of a join link

appointment-begins = Beginn
appointment-duration = Dauer
join-early = Ihr Termin ist am { $short_date } um { $time }
join-opens = Der Raum öffnet am { $short_date } um { $time }.
join-countdown = Der Raum öffnet { $time }.
join-opens-sentence = Sie können diese Seite geöffnet lassen und dann noch einmal nachsehen.
join-check-again = Noch einmal nachsehen
join-open = Der Raum ist geöffnet
join-button = Am Termin teilnehmen
join-permissions = Ihr Browser fragt nach Kamera und Mikrofon. Bitte erlauben Sie beides.
join-over = Dieser Termin ist vorbei
join-over-sentence = Er endete am { $ended_at }.
join-wait = Während Sie warten
join-headphones = Mit Kopfhörern bleibt das Gespräch vertraulicher.
join-personal = Dieser Link ist persönlich. Bitte geben Sie ihn nicht weiter.
join-help = Wenn es nicht funktioniert
join-help-call = Praxis anrufen: { $phone }
join-help-write = Der Praxis schreiben: { $email }

join-unknown-sentence = Diese Seite gibt es nicht. E-Mail-Programme brechen einen Link manchmal um: Bitte verwenden Sie die Schaltfläche in der E-Mail, oder kopieren Sie den ganzen Link.
join-cancelled = Dieser Termin wurde abgesagt
join-cancelled-sentence = Wenn Sie das nicht erwartet haben, sehen Sie bitte in der neuesten E-Mail zu Ihrem Termin nach, oder wenden Sie sich an die Praxis.
join-revoked = Dieser Link ist nicht mehr gültig
join-revoked-sentence = Bitte suchen Sie nach einer neueren E-Mail zu Ihrem Termin, oder fordern Sie Ihre Links erneut an. Wenn das nicht hilft, wenden Sie sich bitte an die Praxis.
join-unconfirmed = Dieser Termin ist nicht bestätigt
join-unconfirmed-sentence = Er hat noch keinen Raum. Dieser Link funktioniert, sobald der Termin bestätigt ist. Wenn Sie meinen, dass er schon bestätigt sein müsste, wenden Sie sich bitte an die Praxis.
join-failed-sentence = Ihr Termin kann im Moment nicht geöffnet werden. Bitte versuchen Sie es bald noch einmal. Wenn das Problem bleibt, wenden Sie sich bitte an die Praxis.

## The page on which a client pays for an appointment that the practice booked

pay-due = Bezahlen Sie Ihren Termin
pay-due-sentence = Wir haben diese Zeit für Sie reserviert. Der Termin ist bestätigt, sobald Sie bezahlt haben.
pay-button = Jetzt { $amount } zahlen
pay-amount = Betrag
pay-until = Reserviert bis
pay-booking = Buchungsnummer
pay-processing = Ihre Zahlung wird verarbeitet
pay-processing-sentence = Sie müssen nichts tun. Sie erhalten eine E-Mail, sobald Ihr Termin bestätigt ist.
pay-paid = Es ist nichts mehr zu zahlen
pay-paid-sentence = Vielen Dank. Alles zu Ihrem Termin finden Sie in den E-Mails, die wir Ihnen gesendet haben.
pay-expired = Diese Zeit ist nicht mehr reserviert
pay-expired-sentence = Die Zahlung ist nicht rechtzeitig eingegangen. Wenn Sie weiterhin einen Termin möchten, buchen Sie bitte erneut, oder wenden Sie sich an die Praxis.
pay-cancelled-sentence = Sie müssen ihn nicht bezahlen. Wenn Sie das nicht erwartet haben, wenden Sie sich bitte an die Praxis.
pay-failed-sentence = Im Moment können Sie nicht bezahlen, und Ihnen wurde nichts berechnet. Bitte versuchen Sie es bald noch einmal. Wenn das Problem bleibt, wenden Sie sich bitte an die Praxis.

## Checkout

checkout-done = Vielen Dank
checkout-done-sentence = Sobald Ihre Zahlung bestätigt ist, ist Ihr Termin gebucht, und Sie erhalten eine E-Mail mit allem, was Sie brauchen. Das dauert meist weniger als eine Minute. Sie können diese Seite schließen.
checkout-cancelled = Nicht bezahlt
checkout-cancelled-sentence = Sie haben nicht bezahlt, und Ihnen wurde nichts berechnet. Ihre Zeit wird noch kurz freigehalten: Bis dahin können Sie in Ihren Buchungen bezahlen.

test-checkout = Testzahlung
test-checkout-sentence = Es fließt kein Geld: Die Schaltfläche gilt als Zahlung.
test-checkout-paid = Bezahlt
test-checkout-paid-sentence = Vielen Dank. Ihr Termin ist bestätigt.
test-checkout-unknown = Nicht gefunden
test-checkout-unknown-sentence = Diese Zahlungsseite gibt es nicht. Bitte prüfen Sie die Adresse.
test-checkout-closed = Geschlossen
test-checkout-closed-sentence = Diese Zahlungsseite ist geschlossen. Wenn Ihr Termin nicht bezahlt ist, buchen Sie bitte erneut.
test-checkout-failed-sentence = Diese Zahlungsseite kann im Moment nicht angezeigt werden. Bitte versuchen Sie es bald noch einmal.
test-checkout-amount = Betrag
test-checkout-appointment = Termin
test-checkout-button = Jetzt { $amount } zahlen

## The pages behind mailed links

link-expired = Dieser Link ist nicht mehr gültig
link-failed-sentence = Das funktioniert im Moment nicht. Bitte versuchen Sie es bald noch einmal. Wenn das Problem bleibt, wenden Sie sich bitte an die Praxis.

password = Neues Passwort
password-hint = Mindestens { $min } Zeichen. Einige Wörter, die nicht zusammengehören, sind leicht zu merken und schwer zu erraten.
password-too-short = Bitte verwenden Sie mindestens { $min } Zeichen.
password-too-long = Bitte verwenden Sie höchstens 128 Zeichen.
password-too-common = Dieses Passwort ist leicht zu erraten. Bitte wählen Sie ein anderes, ohne Ihren Namen und Ihre E-Mail-Adresse.
password-set = Ihr Passwort ist festgelegt

reset = Neues Passwort festlegen
reset-sentence = Alle Geräte, die in Ihrem Konto angemeldet sind, werden abgemeldet.
reset-button = Passwort festlegen
reset-done-sentence = Alle Geräte sind abgemeldet. Bitte melden Sie sich mit dem neuen Passwort an.
reset-expired-sentence = Ein Link zum Festlegen eines Passworts funktioniert einmal, innerhalb einer Stunde. Bitte fordern Sie dort, wo Sie sich anmelden, einen neuen an.

accept-invitation = Wählen Sie ein Passwort
accept-invitation-sentence = Die Praxis hat ein Konto für Sie angelegt. Wählen Sie ein Passwort, dann können Sie sich anmelden.
accept-invitation-button = Passwort festlegen
accept-invitation-done-sentence = Von jetzt an können Sie sich mit dieser E-Mail-Adresse und diesem Passwort anmelden.
accept-invitation-expired-sentence = Wenn Sie schon ein Passwort festgelegt haben, melden Sie sich bitte damit an. Sonst bitten Sie die Praxis, Sie noch einmal einzuladen.

verify = Bestätigen Sie Ihre E-Mail-Adresse
verify-sentence = Bitte bestätigen Sie, dass diese Adresse Ihnen gehört. Danach können Sie sich anmelden.
verify-button = Adresse bestätigen
verify-done = Ihre E-Mail-Adresse ist bestätigt
verify-done-sentence = Sie können sich jetzt anmelden.
verify-slot-free = Sie haben diese Zeit gewählt: { $when }. Noch ist diese Zeit frei, und sobald Sie buchen, gehört sie Ihnen.
verify-slot-taken = Sie haben diese Zeit gewählt: { $when }. Inzwischen ist diese Zeit nicht mehr frei. Bitte wählen Sie eine andere.
verify-expired-sentence = Wenn Sie Ihre Adresse schon bestätigt haben, können Sie sich anmelden. Sonst fordern Sie bitte dort, wo Sie sich anmelden, einen neuen Link an.

confirm-email = Bestätigen Sie Ihre neue E-Mail-Adresse
confirm-email-sentence = Diese Adresse ersetzt die bisherige Ihres Kontos: Sie melden sich mit ihr an, und wir schreiben an sie.
confirm-email-button = Adresse bestätigen
confirm-email-done = Ihre E-Mail-Adresse ist geändert
confirm-email-done-sentence = Von jetzt an melden Sie sich mit der neuen Adresse an, und wir schreiben an sie.
confirm-email-expired-sentence = Wenn Sie Ihre neue Adresse schon bestätigt haben, ist sie geändert. Sonst melden Sie sich bitte an, und ändern Sie sie noch einmal.
email-taken = Diese Adresse gehört zu einem anderen Konto
email-taken-sentence = Für ein zweites kann sie nicht verwendet werden. Bitte wählen Sie eine andere Adresse, oder wenden Sie sich an die Praxis.

undo-email = Ihre frühere E-Mail-Adresse wiederherstellen
undo-email-sentence = Wenn Sie die Adresse Ihres Kontos nicht geändert haben, stellen Sie die frühere wieder her. Das geschieht dann:
undo-email-address = Ihr Konto erhält die Adresse zurück, an die wir diesen Link gesendet haben.
undo-email-logged-out = Alle, die in Ihrem Konto angemeldet sind, werden abgemeldet.
undo-email-second-factor = Ein zweiter Faktor, der seit der Änderung hinzugefügt wurde, wird entfernt.
undo-email-password = Das Passwort Ihres Kontos gilt nicht mehr. Sie erhalten eine E-Mail mit einem Link, um ein neues festzulegen.
undo-email-button = Adresse wiederherstellen
undo-email-done = Ihre frühere E-Mail-Adresse ist wiederhergestellt
undo-email-done-sentence = Alle sind aus Ihrem Konto abgemeldet. Sie erhalten eine E-Mail mit einem Link: Bitte legen Sie damit ein neues Passwort fest.
undo-email-expired-sentence = Eine Änderung der Adresse kann einmal rückgängig gemacht werden, innerhalb von 72 Stunden. Wenn Sie die Adresse nicht geändert haben, wenden Sie sich bitte an die Praxis.

login = Anmelden
login-sentence = Dieser Link meldet Sie ohne Ihr Passwort an. Er funktioniert einmal.
login-code = Code aus Ihrer Authenticator-App
login-code-hint = Sechs Ziffern, die sich alle 30 Sekunden ändern.
login-code-missing = Bitte geben Sie den Code ein.
login-code-wrong = Dieser Code ist falsch oder wurde schon verwendet. Bitte geben Sie den Code ein, den Ihre App jetzt anzeigt.
login-button = Anmelden
login-done = Sie sind angemeldet
login-done-sentence = Dieser Browser ist jetzt angemeldet. Sie können diese Seite schließen.
login-expired-sentence = Ein Link zum Anmelden funktioniert einmal, innerhalb von 15 Minuten. Bitte fordern Sie dort, wo Sie sich anmelden, einen neuen an.
too-many-codes = Zu viele falsche Codes
too-many-codes-sentence = Bitte warten Sie eine Stunde, und fordern Sie dann dort, wo Sie sich anmelden, einen neuen Link an. Wenn Sie nicht warten können, wenden Sie sich bitte an die Praxis.

## The front page, the imprint and the privacy statement

front = Termine bei { $practice }
front-sentence = Die Zeit Ihres Termins und Ihren persönlichen Link erhalten Sie per E-Mail. Öffnen Sie den Link, wenn Ihr Termin beginnt.
front-lost-link = Sie finden Ihren Link nicht?
front-lost-link-sentence = Bitte suchen Sie nach der neuesten E-Mail zu Ihrem Termin. Wenn sie nicht da ist, wenden Sie sich an die Praxis, dann erhalten Sie Ihren Link noch einmal.
front-contact = So erreichen Sie uns
front-phone = Telefon
front-email = E-Mail
front-website = Website
legal-elsewhere = Sie können den Text unter dieser Adresse lesen:

## The main menu

tabs-label = Hauptmenü
tab-book = Buchen
tab-appointments = Ihre Termine
tab-account = Konto
tab-login = Anmelden
log-out = Abmelden
language-menu = Sprache:

## Logging in and registering

log-in = Anmelden
field-email = E-Mail-Adresse
field-email-invalid = Bitte geben Sie eine Adresse wie name@example.org ein.
field-email-taken = Mit dieser Adresse gibt es schon ein Konto. Bitte melden Sie sich stattdessen an.
field-password = Passwort
field-code = Code aus Ihrer Authenticator-App
field-first-name = Vorname
field-last-name = Nachname
field-name-invalid = Bitte geben Sie höchstens 100 Zeichen ein, ohne Steuerzeichen.
login-wrong = Die E-Mail-Adresse oder das Passwort ist falsch.
login-wrong-code = Der Code ist falsch, abgelaufen oder wurde schon verwendet.
login-code-needed = Bitte geben Sie auch einen Code aus Ihrer Authenticator-App ein.
login-disabled = Dieses Konto ist gesperrt. Bitte wenden Sie sich an die Praxis.
login-not-verified = Bitte öffnen Sie den Link in der E-Mail, die wir Ihnen zur Bestätigung Ihrer Adresse gesendet haben.
login-too-many = Das waren zu viele Versuche. Bitte warten Sie, oder fordern Sie per E-Mail einen Link zum Anmelden an.
link-forgot = Passwort vergessen?
link-login-link = Mit einem Link per E-Mail anmelden
link-register = Neu hier? Registrieren
link-have-account = Schon ein Konto? Anmelden
forgot = Passwort vergessen?
forgot-sentence = Wir senden Ihnen einen Link, mit dem Sie ein neues festlegen.
login-link-heading = Mit einem Link anmelden
login-link-sentence = Wir senden Ihnen einen Link, der Sie ohne Passwort anmeldet.
ask-link-button = Link senden
link-mailed = Bitte sehen Sie in Ihrem Postfach nach
link-mailed-sentence = Wenn es mit dieser Adresse ein Konto gibt, haben wir einen Link dorthin gesendet. Es kann eine Minute dauern, bis er ankommt.
register = Registrieren
register-button = Registrieren
register-mailed = Bitte sehen Sie in Ihrem Postfach nach
register-mailed-sentence = Wir haben Ihnen eine E-Mail gesendet. Bitte öffnen Sie den Link darin, um fortzufahren.
register-closed = Die Registrierung ist geschlossen
register-closed-sentence = Konten werden von der Praxis angelegt. Bitte wenden Sie sich an uns.
page-failed-sentence = Das hat nicht funktioniert. Bitte versuchen Sie es gleich noch einmal.
