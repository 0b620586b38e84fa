### What differs for readers who are addressed with du.

not-found-sentence = Diese Seite gibt es nicht. Bitte prüfe die Adresse.
forged = Bitte versuche es hier noch einmal

join-early = Dein Termin ist am { $short_date } um { $time }
join-opens-sentence = Du kannst diese Seite geöffnet lassen und dann noch einmal nachsehen.
join-permissions = Dein Browser fragt nach Kamera und Mikrofon. Bitte erlaube beides.
join-wait = Während du wartest
join-personal = Dieser Link ist persönlich. Bitte gib ihn nicht weiter.

join-unknown-sentence = Diese Seite gibt es nicht. E-Mail-Programme brechen einen Link manchmal um: Bitte verwende die Schaltfläche in der E-Mail, oder kopiere den ganzen Link.
join-cancelled-sentence = Wenn du das nicht erwartet hast, sieh bitte in der neuesten E-Mail zu deinem Termin nach, oder wende dich an die Praxis.
join-revoked-sentence = Bitte suche nach einer neueren E-Mail zu deinem Termin, oder fordere deine Links erneut an. Wenn das nicht hilft, wende dich bitte an die Praxis.
join-unconfirmed-sentence = Er hat noch keinen Raum. Dieser Link funktioniert, sobald der Termin bestätigt ist. Wenn du meinst, dass er schon bestätigt sein müsste, wende dich bitte an die Praxis.
join-failed-sentence = Dein Termin kann im Moment nicht geöffnet werden. Bitte versuche es bald noch einmal. Wenn das Problem bleibt, wende dich bitte an die Praxis.

pay-due = Bezahle deinen Termin
pay-due-sentence = Wir haben diese Zeit für dich reserviert. Der Termin ist bestätigt, sobald du bezahlt hast.
pay-processing = Deine Zahlung wird verarbeitet
pay-processing-sentence = Du musst nichts tun. Du erhältst eine E-Mail, sobald dein Termin bestätigt ist.
pay-paid-sentence = Vielen Dank. Alles zu deinem Termin findest du in den E-Mails, die wir dir gesendet haben.
pay-expired-sentence = Die Zahlung ist nicht rechtzeitig eingegangen. Wenn du weiterhin einen Termin möchtest, buche bitte erneut, oder wende dich an die Praxis.
pay-cancelled-sentence = Du musst ihn nicht bezahlen. Wenn du das nicht erwartet hast, wende dich bitte an die Praxis.
pay-failed-sentence = Im Moment kannst du nicht bezahlen, und dir wurde nichts berechnet. Bitte versuche es bald noch einmal. Wenn das Problem bleibt, wende dich bitte an die Praxis.

checkout-done-sentence = Sobald deine Zahlung bestätigt ist, ist dein Termin gebucht, und du erhältst eine E-Mail mit allem, was du brauchst. Das dauert meist weniger als eine Minute. Du kannst diese Seite schließen.
checkout-cancelled-sentence = Du hast nicht bezahlt, und dir wurde nichts berechnet. Deine Zeit wird noch kurz freigehalten: Bis dahin kannst du in deinen Buchungen bezahlen.

test-checkout-paid-sentence = Vielen Dank. Dein Termin ist bestätigt.
test-checkout-unknown-sentence = Diese Zahlungsseite gibt es nicht. Bitte prüfe die Adresse.
test-checkout-closed-sentence = Diese Zahlungsseite ist geschlossen. Wenn dein Termin nicht bezahlt ist, buche bitte erneut.
test-checkout-failed-sentence = Diese Zahlungsseite kann im Moment nicht angezeigt werden. Bitte versuche es bald noch einmal.

link-failed-sentence = Das funktioniert im Moment nicht. Bitte versuche es bald noch einmal. Wenn das Problem bleibt, wende dich bitte an die Praxis.

password-too-short = Bitte verwende mindestens { $min } Zeichen.
password-too-long = Bitte verwende höchstens 128 Zeichen.
password-too-common = Dieses Passwort ist leicht zu erraten. Bitte wähle ein anderes, ohne deinen Namen und deine E-Mail-Adresse.
password-set = Dein Passwort ist festgelegt

reset-sentence = Alle Geräte, die in deinem Konto angemeldet sind, werden abgemeldet.
reset-done-sentence = Alle Geräte sind abgemeldet. Bitte melde dich mit dem neuen Passwort an.
reset-expired-sentence = Ein Link zum Festlegen eines Passworts funktioniert einmal, innerhalb einer Stunde. Bitte fordere dort, wo du dich anmeldest, einen neuen an.

accept-invitation = Wähle ein Passwort
accept-invitation-sentence = Die Praxis hat ein Konto für dich angelegt. Wähle ein Passwort, dann kannst du dich anmelden.
accept-invitation-done-sentence = Von jetzt an kannst du dich mit dieser E-Mail-Adresse und diesem Passwort anmelden.
accept-invitation-expired-sentence = Wenn du schon ein Passwort festgelegt hast, melde dich bitte damit an. Sonst bitte die Praxis, dich noch einmal einzuladen.

verify = Bestätige deine E-Mail-Adresse
verify-sentence = Bitte bestätige, dass diese Adresse dir gehört. Danach kannst du dich anmelden.
verify-done = Deine E-Mail-Adresse ist bestätigt
verify-done-sentence = Du kannst dich jetzt anmelden.
verify-slot-free = Du hast diese Zeit gewählt: { $when }. Noch ist diese Zeit frei, und sobald du buchst, gehört sie dir.
verify-slot-taken = Du hast diese Zeit gewählt: { $when }. Inzwischen ist diese Zeit nicht mehr frei. Bitte wähle eine andere.
verify-expired-sentence = Wenn du deine Adresse schon bestätigt hast, kannst du dich anmelden. Sonst fordere bitte dort, wo du dich anmeldest, einen neuen Link an.

confirm-email = Bestätige deine neue E-Mail-Adresse
confirm-email-sentence = Diese Adresse ersetzt die bisherige deines Kontos: Du meldest dich mit ihr an, und wir schreiben an sie.
confirm-email-done = Deine E-Mail-Adresse ist geändert
confirm-email-done-sentence = Von jetzt an meldest du dich mit der neuen Adresse an, und wir schreiben an sie.
confirm-email-expired-sentence = Wenn du deine neue Adresse schon bestätigt hast, ist sie geändert. Sonst melde dich bitte an, und ändere sie noch einmal.
email-taken-sentence = Für ein zweites kann sie nicht verwendet werden. Bitte wähle eine andere Adresse, oder wende dich an die Praxis.

undo-email = Deine frühere E-Mail-Adresse wiederherstellen
undo-email-sentence = Wenn du die Adresse deines Kontos nicht geändert hast, stelle die frühere wieder her. Das geschieht dann:
undo-email-address = Dein Konto erhält die Adresse zurück, an die wir diesen Link gesendet haben.
undo-email-logged-out = Alle, die in deinem Konto angemeldet sind, werden abgemeldet.
undo-email-password = Das Passwort deines Kontos gilt nicht mehr. Du erhältst eine E-Mail mit einem Link, um ein neues festzulegen.
undo-email-done = Deine frühere E-Mail-Adresse ist wiederhergestellt
undo-email-done-sentence = Alle sind aus deinem Konto abgemeldet. Du erhältst eine E-Mail mit einem Link: Bitte lege damit ein neues Passwort fest.
undo-email-expired-sentence = Eine Änderung der Adresse kann einmal rückgängig gemacht werden, innerhalb von 72 Stunden. Wenn du die Adresse nicht geändert hast, wende dich bitte an die Praxis.

login-sentence = Dieser Link meldet dich ohne dein Passwort an. Er funktioniert einmal.
login-code = Code aus deiner Authenticator-App
login-code-missing = Bitte gib den Code ein.
login-code-wrong = Dieser Code ist falsch oder wurde schon verwendet. Bitte gib den Code ein, den deine App jetzt anzeigt.
login-done = Du bist angemeldet
login-done-sentence = Dieser Browser ist jetzt angemeldet. Du kannst diese Seite schließen.
login-expired-sentence = Ein Link zum Anmelden funktioniert einmal, innerhalb von 15 Minuten. Bitte fordere dort, wo du dich anmeldest, einen neuen an.
too-many-codes-sentence = Bitte warte eine Stunde, und fordere dann dort, wo du dich anmeldest, einen neuen Link an. Wenn du nicht warten kannst, wende dich bitte an die Praxis.

front-sentence = Die Zeit deines Termins und deinen persönlichen Link erhältst du per E-Mail. Öffne den Link, wenn dein Termin beginnt.
front-lost-link = Du findest deinen Link nicht?
front-lost-link-sentence = Bitte suche nach der neuesten E-Mail zu deinem Termin. Wenn sie nicht da ist, wende dich an die Praxis, dann erhältst du deinen Link noch einmal.
front-contact = So erreichst du uns
legal-elsewhere = Du kannst den Text unter dieser Adresse lesen:

tab-appointments = Deine Termine

field-email-invalid = Bitte gib eine Adresse wie name@example.org ein.
field-email-taken = Mit dieser Adresse gibt es schon ein Konto. Bitte melde dich stattdessen an.
field-code = Code aus deiner Authenticator-App
field-name-invalid = Bitte gib höchstens 100 Zeichen ein, ohne Steuerzeichen.
login-code-needed = Bitte gib auch einen Code aus deiner Authenticator-App ein.
login-disabled = Dieses Konto ist gesperrt. Bitte wende dich an die Praxis.
login-not-verified = Bitte öffne den Link in der E-Mail, die wir dir zur Bestätigung deiner Adresse gesendet haben.
login-too-many = Das waren zu viele Versuche. Bitte warte, oder fordere per E-Mail einen Link zum Anmelden an.
forgot-sentence = Wir senden dir einen Link, mit dem du ein neues festlegst.
login-link-sentence = Wir senden dir einen Link, der dich ohne Passwort anmeldet.
link-mailed = Bitte sieh in deinem Postfach nach
register-mailed = Bitte sieh in deinem Postfach nach
register-mailed-sentence = Wir haben dir eine E-Mail gesendet. Bitte öffne den Link darin, um fortzufahren.
register-closed-sentence = Konten werden von der Praxis angelegt. Bitte wende dich an uns.
page-failed-sentence = Das hat nicht funktioniert. Bitte versuche es gleich noch einmal.
