### The account of a client or therapist, and their second factor. The messages are plain texts.

## The account

account = Ihr Konto
account-back = Zurück zu Ihrem Konto
account-saved-profile = Ihre Änderungen sind gespeichert.
account-saved-password = Ihr neues Passwort ist festgelegt. Alle anderen Geräte sind abgemeldet.
account-saved-sessions = Das ist erledigt. Auf einem abgemeldeten Gerät ist eine neue Anmeldung nötig.
account-saved-second-factor = Ihr zweiter Faktor ist entfernt.

account-you = Zur Person
account-preferred-name = Anrede mit Namen
account-preferred-name-hint = Wie wir Sie in E-Mails und Terminen nennen, wenn es nicht Ihr Vor- und Nachname ist.
account-zone = Zeitzone
account-zone-hint = In ihr nennen wir Ihnen Zeiten, zum Beispiel Europe/Berlin. Wenn das Feld leer bleibt, gilt die Zeitzone der Praxis, { $zone }.
account-zone-invalid = Diese Zeitzone kennen wir nicht. Bitte wählen Sie eine aus der Liste, zum Beispiel Europe/Berlin.
account-language = Sprache
account-language-hint = Die Sprache unserer E-Mails und dieser Seiten, wenn Sie dort keine andere wählen.
account-language-none = Nicht gewählt
account-save = Änderungen speichern

account-calendar = Ihre Termine in Ihrem Kalender
account-calendar-sentence = Ihr Kalenderprogramm kann Ihre Termine anzeigen und ihren Änderungen folgen. Es abonniert dazu eine Adresse, die nur für Sie erstellt wird.
account-calendar-content = Es erfährt die Zeiten und den Namen der Praxis. Jeder Eintrag heißt „{ $title }“ und führt zu einer Seite hier, für die Sie sich anmelden müssen. Unbezahlte und abgesagte Termine fehlen darin, ebenso alle Namen und Beträge.
account-calendar-add = Kalender einschalten
account-calendar-added = Der Kalender ist eingeschaltet. Bitte abonnieren Sie jetzt seine Adresse.
account-calendar-address = Adresse des Kalenders
account-calendar-hint = Wer diese Adresse hat, kann Ihre Zeiten sehen. Bitte geben Sie sie nicht weiter. Die Adresse bleibt gleich, wenn Sie Ihr Passwort oder Ihre E-Mail-Adresse ändern.
account-calendar-open = Im Kalenderprogramm öffnen
account-calendar-copy = Adresse kopieren
account-calendar-copied = Kopiert
account-calendar-by-hand = Wenn sich nichts öffnet, kopieren Sie die Adresse, und geben Sie sie in Ihrem Kalenderprogramm dort ein, wo Sie einen Kalender abonnieren oder aus dem Internet hinzufügen können. Wie bald dort eine Änderung erscheint, hängt vom Programm ab; es kann einen Tag dauern.
account-calendar-renew = Neue Adresse erstellen
account-calendar-renew-sentence = Wenn jemand anderes die Adresse erfahren hat, erstellen Sie eine neue. Die jetzige funktioniert dann sofort nicht mehr, und Sie müssen den Kalender neu abonnieren.
account-calendar-renewed = Der Kalender hat eine neue Adresse, die frühere funktioniert nicht mehr. Bitte abonnieren Sie ihn neu.
account-calendar-remove = Kalender ausschalten
account-calendar-removed = Der Kalender ist ausgeschaltet, seine Adresse funktioniert nicht mehr. In Ihrem Kalenderprogramm können Sie ihn löschen.

account-email = E-Mail-Adresse
account-email-change = E-Mail-Adresse ändern
account-new-email = Neue E-Mail-Adresse
account-email-same = Das ist bereits Ihre Adresse.
account-email-button = Link an die neue Adresse senden
account-email-mailed = Wir haben einen Link an { $email } gesendet. Bitte öffnen Sie ihn, um die neue Adresse zu bestätigen. Bis dahin bleibt Ihre jetzige Adresse, wie sie ist.
account-current-password = Jetziges Passwort
account-confirm-hint = Damit sonst niemand Ihre Adresse ändert.
account-password-wrong = Dieses Passwort ist falsch.
account-code-wrong = Dieser Code ist falsch oder wurde schon verwendet. Bitte geben Sie den Code ein, den Ihre App jetzt anzeigt.
account-too-many = Das waren zu viele falsche Versuche. Bitte warten Sie eine Stunde.

account-password-set = Sie können sich mit einem Passwort anmelden.
account-password-none = Ihr Konto hat noch kein Passwort. Sie melden sich mit einem Link an, den wir Ihnen per E-Mail senden. Um Ihre E-Mail-Adresse zu ändern, brauchen Sie ein Passwort.
account-password-change = Passwort ändern
account-password-button = Passwort ändern
account-password-link = Link zum Festlegen eines Passworts senden
account-password-mailed = Wir haben einen Link an { $email } gesendet. Bitte öffnen Sie ihn, um Ihr Passwort festzulegen.
account-password-first = Passwort festlegen
account-password-first-button = Passwort festlegen
account-password-expired = Ein Passwort können Sie in den zehn Minuten festlegen, nachdem Sie einen Link aus einer E-Mail geöffnet haben. Bitte fordern Sie einen neuen Link an.

account-second-factor-on = Aktiv seit { $date }. Beim Anmelden fragen wir zusätzlich nach einem Code aus Ihrer Authenticator-App.
account-second-factor-off = Nicht aktiv. Mit einem zweiten Faktor ist zum Anmelden außer dem Passwort ein Code von Ihrem Telefon nötig.
account-second-factor-add = Zweiten Faktor einrichten
account-second-factor-remove = Zweiten Faktor entfernen
account-second-factor-due = Bitte richten Sie bis { $date } einen zweiten Faktor ein. Danach können Sie erst weiterarbeiten, wenn Sie ihn eingerichtet haben.

account-sessions = Wo Sie angemeldet sind
account-sessions-sentence = Wenn Sie ein Gerät nicht kennen, melden Sie es ab, und ändern Sie Ihr Passwort. Die Zeiten gelten für { $zone }.
account-session-unknown = Unbekanntes Gerät
account-session-this = Dieses Gerät
account-session-times = Angemeldet am { $since }, zuletzt verwendet am { $used }
account-session-end = Abmelden
account-session-about = { $program }, angemeldet am { $since }
account-sessions-end = Alle anderen Geräte abmelden

## The second factor

second-factor = Zweiter Faktor
second-factor-set-up = Zweiten Faktor einrichten
second-factor-required = Ihr Konto braucht einen zweiten Faktor, bevor Sie fortfahren können.
second-factor-sentence = Er schützt, was über Sie und andere gespeichert ist, auch wenn jemand Ihr Passwort erfährt.
second-factor-app = Sie brauchen eine Authenticator-App auf Ihrem Telefon. Die App zeigt einen Code, der sich alle 30 Sekunden ändert, und wir fragen beim Anmelden danach.
second-factor-password-first = Ihr Konto hat noch kein Passwort. Bitte legen Sie zuerst eines fest.
second-factor-begin = Weiter
second-factor-scan = Scannen Sie dieses Bild mit Ihrer Authenticator-App. Geben Sie dann den Code ein, den die App anzeigt.
second-factor-qr = QR-Code für Ihre Authenticator-App
second-factor-open-app = Authenticator-App auf diesem Gerät öffnen
second-factor-secret = Wenn Sie das Bild nicht scannen können, geben Sie diesen Schlüssel in der App ein:
second-factor-confirm = Zweiten Faktor einrichten
second-factor-code-again = Bitte geben Sie den Code ein, den Ihre App jetzt anzeigt.
second-factor-again = Mit einem neuen Bild von vorn beginnen
second-factor-done = Ihr zweiter Faktor ist eingerichtet.
second-factor-codes = Ihre Wiederherstellungscodes
second-factor-codes-sentence = Wenn Sie Ihr Telefon verlieren, ersetzt jeder dieser Codes einmal einen Code der App, zusammen mit Ihrem Passwort.
second-factor-codes-once = Die Codes werden nicht noch einmal angezeigt. Bitte drucken Sie sie aus, oder schreiben Sie sie auf, und bewahren Sie sie an einem sicheren Ort auf.
second-factor-codes-copy = Codes kopieren
second-factor-codes-copied = Kopiert
second-factor-codes-kept = Ich habe die Codes aufbewahrt
second-factor-remove = Zweiten Faktor entfernen
second-factor-on-sentence = Beim Anmelden fragen wir zusätzlich nach einem Code aus Ihrer Authenticator-App. Wenn Sie den zweiten Faktor entfernen, genügt Ihr Passwort, und die Wiederherstellungscodes funktionieren nicht mehr.
